//! The text of HTTP/1.1: reading a head and a body, printing a response. No sockets here.

use serde::Serialize;

/// A request head may not be larger.
pub(crate) const HEAD_SIZE_MAX: usize = 64 * 1024;
/// A request body may not be larger.
pub(crate) const BODY_SIZE_MAX: usize = 4 * 1024 * 1024;
const HEADERS_MAX: usize = 100;

/// The head of a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Head {
    pub(crate) method: String,
    /// Path and query as sent.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) framing: Framing,
    pub(crate) keep_alive: bool,
    pub(crate) expects_continue: bool,
    /// Who sent it; the text does not say.
    pub(crate) client: Option<std::net::IpAddr>,
}

/// How long the body of a request is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Framing {
    #[default]
    None,
    Length(usize),
    Chunked,
}

impl Head {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(given, _)| given.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The query, decoded, in the order given.
    pub(crate) fn query(&self) -> Vec<(String, String)> {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
    }
}

/// Reads a head from the start of `bytes`: `Ok(None)` while it is incomplete, else the head and its length.
pub(crate) fn parse_head(bytes: &[u8]) -> Result<Option<(Head, usize)>, String> {
    let mut space = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut request = httparse::Request::new(&mut space);
    let length = match request.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) if bytes.len() > HEAD_SIZE_MAX => {
            return Err(format!("the request head is larger than {HEAD_SIZE_MAX} bytes"));
        }
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => return Err(format!("not an HTTP/1.1 request: {error}")),
    };
    let headers: Vec<(String, String)> = request
        .headers
        .iter()
        .map(|header| (header.name.to_owned(), String::from_utf8_lossy(header.value).into_owned()))
        .collect();
    let mut head = Head {
        method: request.method.unwrap_or_default().to_owned(),
        target: request.path.unwrap_or_default().to_owned(),
        headers,
        ..Head::default()
    };
    head.framing = framing_of(&head)?;
    let connection = head.header("connection").unwrap_or_default().to_ascii_lowercase();
    head.keep_alive = match request.version {
        Some(1) => !connection.contains("close"),
        _ => connection.contains("keep-alive"),
    };
    head.expects_continue =
        head.header("expect").is_some_and(|value| value.eq_ignore_ascii_case("100-continue"));
    Ok(Some((head, length)))
}

fn framing_of(head: &Head) -> Result<Framing, String> {
    let lengths: Vec<&str> = head
        .headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map(|(_, value)| value.trim())
        .collect();
    if let Some(coding) = head.header("transfer-encoding") {
        if !coding.trim().eq_ignore_ascii_case("chunked") {
            return Err(format!("unknown transfer coding {coding:?}"));
        }
        if !lengths.is_empty() {
            return Err("both a length and a transfer coding".to_owned());
        }
        return Ok(Framing::Chunked);
    }
    match lengths.as_slice() {
        [] => Ok(Framing::None),
        [one] => match one.parse::<usize>() {
            Ok(length) if length <= BODY_SIZE_MAX => Ok(Framing::Length(length)),
            Ok(_) => Err(format!("the request body is larger than {BODY_SIZE_MAX} bytes")),
            Err(_) => Err(format!("not a length: {one:?}")),
        },
        _ => Err("more than one length".to_owned()),
    }
}

/// Reads a chunked body from the start of `bytes`: `Ok(None)` while it is incomplete, else the body and its length
/// on the wire.
pub(crate) fn parse_chunks(bytes: &[u8]) -> Result<Option<(Vec<u8>, usize)>, String> {
    let mut body = Vec::new();
    let mut at = 0;
    loop {
        let (line, size) = match httparse::parse_chunk_size(&bytes[at..]) {
            Ok(httparse::Status::Complete(found)) => found,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(_) => return Err("a chunk without a size".to_owned()),
        };
        let size =
            usize::try_from(size).ok().filter(|size| body.len().saturating_add(*size) <= BODY_SIZE_MAX);
        let Some(size) = size else {
            return Err(format!("the request body is larger than {BODY_SIZE_MAX} bytes"));
        };
        at += line;
        if size == 0 {
            // Trailers are skipped: nothing here reads them.
            let rest = &bytes[at..];
            if rest.starts_with(b"\r\n") {
                return Ok(Some((body, at + 2)));
            }
            return match rest.windows(4).position(|window| window == b"\r\n\r\n") {
                Some(end) => Ok(Some((body, at + end + 4))),
                None => Ok(None),
            };
        }
        let Some(chunk) = bytes.get(at..at + size + 2) else {
            return Ok(None);
        };
        if !chunk.ends_with(b"\r\n") {
            return Err("a chunk longer than its size".to_owned());
        }
        body.extend_from_slice(&chunk[..size]);
        at += size + 2;
    }
}

/// A response before it is printed.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Response {
        Response { status, headers: vec![("Content-Type", content_type.to_owned())], body: body.into() }
    }

    pub(crate) fn empty(status: u16) -> Response {
        Response { status, headers: Vec::new(), body: Vec::new() }
    }

    pub(crate) fn json(status: u16, value: &impl Serialize) -> Response {
        match serde_json::to_vec(value) {
            Ok(body) => Response::new(status, "application/json", body),
            Err(error) => {
                Response::new(500, "text/plain", format!("the sandbox could not print its answer: {error}"))
            }
        }
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Response {
        self.headers.push((name, value.into()));
        self
    }

    /// The head and the body as they go over the wire.
    pub(crate) fn print(&self, keep_alive: bool) -> (Vec<u8>, &[u8]) {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if self.status != 204 {
            head.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        if !keep_alive {
            head.push_str("Connection: close\r\n");
        }
        head.push_str("Server: tillgate-sandbox\r\n\r\n");
        (head.into_bytes(), &self.body)
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        413 => "Content Too Large",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Status",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_once_it_is_complete() {
        let bytes = b"POST /a?x=1%202 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc";
        assert!(parse_head(&bytes[..20]).unwrap().is_none());
        let (head, length) = parse_head(bytes).unwrap().unwrap();
        assert_eq!(&bytes[length..], b"abc");
        assert_eq!(head.path(), "/a");
        assert_eq!(head.query(), [("x".to_owned(), "1 2".to_owned())]);
        assert_eq!(head.framing, Framing::Length(3));
        assert!(head.keep_alive);
    }

    #[test]
    fn a_body_with_two_lengths_is_refused() {
        let bytes = b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert!(parse_head(bytes).is_err());
    }

    #[test]
    fn chunks_are_joined() {
        let bytes = b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\nrest";
        for end in 0..20 {
            assert_eq!(parse_chunks(&bytes[..end]).unwrap(), None, "{end}");
        }
        let (body, length) = parse_chunks(bytes).unwrap().unwrap();
        assert_eq!(body, b"abcde");
        assert_eq!(&bytes[length..], b"rest");
    }
}
