//! A client that shows what really came over the wire, and a sandbox to use it on.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use base64::Engine as _;
use serde_json::Value;
use tillgate_sandbox::{Fault, Sandbox, SandboxConfig};

pub const BASE: &str = "/openapi/prod/v5.2.3";

/// How a request ended without a whole answer.
#[derive(Debug, PartialEq)]
pub enum Broken {
    /// The connection ended in good order after these bytes.
    Closed(Vec<u8>),
    /// The connection was reset after these bytes.
    Reset(Vec<u8>),
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(given, _)| given.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

pub fn basic(user: &str, password: &str) -> String {
    let encoded = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    format!("Authorization: Basic {encoded}\r\n")
}

pub fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    // A test that waits for ever says nothing; this is far beyond any answer.
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
}

pub fn request_bytes(method: &str, target: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let mut bytes =
        format!("{method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}Content-Length: {length}\r\n\r\n")
            .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// Sends bytes and reads one answer.
pub fn exchange(stream: &mut TcpStream, bytes: &[u8]) -> Result<Answer, Broken> {
    // A server that closes early makes the later bytes fail; what it answered is read all the same.
    let _ = stream.write_all(bytes);
    read_answer(stream)
}

pub fn read_answer(stream: &mut impl Read) -> Result<Answer, Broken> {
    read_next_answer(stream, &mut Vec::new())
}

/// Reads one of several answers; what came of the next ones stays in `bytes`.
pub fn read_next_answer(stream: &mut impl Read, bytes: &mut Vec<u8>) -> Result<Answer, Broken> {
    loop {
        if let Some((answer, length)) = whole_answer(bytes) {
            bytes.drain(..length);
            return Ok(answer);
        }
        let mut space = [0; 16 * 1024];
        match stream.read(&mut space) {
            Ok(0) => return Err(Broken::Closed(std::mem::take(bytes))),
            Ok(count) => bytes.extend_from_slice(&space[..count]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                return Err(Broken::Reset(std::mem::take(bytes)));
            }
            Err(error) => panic!("{error} after {} bytes", bytes.len()),
        }
    }
}

fn whole_answer(bytes: &[u8]) -> Option<(Answer, usize)> {
    let mut space = [httparse::EMPTY_HEADER; 32];
    let mut head = httparse::Response::new(&mut space);
    let httparse::Status::Complete(start) = head.parse(bytes).unwrap() else { return None };
    let headers: Vec<(String, String)> = head
        .headers
        .iter()
        .map(|header| (header.name.to_owned(), String::from_utf8_lossy(header.value).into_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length: usize = length.map_or(0, |(_, value)| value.parse().unwrap());
    let body = bytes.get(start..start + length)?.to_vec();
    Some((Answer { status: head.code.unwrap(), headers, body }, start + length))
}

/// A sandbox whose time stands still until it is moved.
pub fn still() -> SandboxConfig {
    SandboxConfig { speed: 0.0, ..SandboxConfig::default() }
}

pub struct Shop {
    pub sandbox: Sandbox,
}

impl Shop {
    pub fn open() -> Shop {
        Shop::with(still())
    }

    pub fn with(config: SandboxConfig) -> Shop {
        Shop { sandbox: Sandbox::start_blocking(config).unwrap() }
    }

    pub fn fault(&self, fault: Fault) {
        self.sandbox.order_fault(fault).unwrap();
    }

    pub fn ask_as(&self, auth: &str, method: &str, path: &str, body: &str) -> Result<Answer, Broken> {
        let headers = format!("{auth}Content-Type: application/json\r\n");
        let bytes = request_bytes(method, &format!("{BASE}{path}"), &headers, body.as_bytes());
        exchange(&mut connect(self.sandbox.address()), &bytes)
    }

    pub fn try_ask(&self, method: &str, path: &str, body: &str) -> Result<Answer, Broken> {
        self.ask_as(&basic("till", "secret"), method, path, body)
    }

    pub fn ask(&self, method: &str, path: &str, body: &str) -> Answer {
        self.try_ask(method, path, body).unwrap()
    }

    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "")
    }

    pub fn buy(&self, body: &str) -> Answer {
        self.ask("POST", "/store/order", body)
    }

    pub fn try_buy(&self, body: &str) -> Result<Answer, Broken> {
        self.try_ask("POST", "/store/order", body)
    }

    pub fn look_up(&self, user_uid: &str) -> Answer {
        self.get(&format!("/store/order?user_uid={user_uid}"))
    }

    /// How often an order was really bought.
    pub fn bought(&self, user_uid: &str) -> usize {
        self.sandbox.ledger().iter().filter(|row| row.user_uid == user_uid).count()
    }

    pub fn balance(&self) -> String {
        self.sandbox.balance("till").unwrap().to_string()
    }
}

/// An order of face value 1111 with this id and further fields, each preceded by a comma.
pub fn top_up(user_uid: &str, more: &str) -> String {
    format!(
        r#"{{"user_uid":"{user_uid}","face_value_id":1111,"face_value":10,"face_value_currency":"CHF",
            "beneficiary_information":[{{"name":"mobile","value":"+41791234567"}}]{more}}}"#
    )
}

/// A request body with one simulated order that succeeds.
pub fn simulated(user_uid: &str) -> String {
    format!("[{}]", top_up(user_uid, r#","scenario":"simulate-success""#))
}

pub fn live(user_uid: &str) -> String {
    format!("[{}]", top_up(user_uid, r#","scenario":"live""#))
}
