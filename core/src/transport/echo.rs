//! What an error answer repeats of the secrets that were sent. Gateways like to quote what they did not accept, and their words
//! go into errors, logs and the journal.

use super::request::{Answer, Request};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use zeroize::Zeroizing;

/// What stands in the place of a secret.
const VEIL: &str = "***";

/// Shorter ones hide nothing, and their letters are everywhere.
const SECRET_BYTES_MIN: usize = 3;

/// Takes the secrets of a request out of the answer's body, unless the answer says yes: then it is read as a record, whose
/// secrets are fields of their own. (No other status of the 2xx comes with a record.) All else in the body stays as it came,
/// byte by byte, so that it counts for what it is.
pub(super) fn veil(answer: &mut Answer, request: &Request) {
    if matches!(answer.status, 200..=202) {
        return;
    }
    let forms = forms(request);
    if !forms.is_empty() {
        answer.body = without(&answer.body, &forms);
    }
}

/// A text without the secrets in it.
pub(crate) fn veiled<'a>(text: &str, secrets: impl IntoIterator<Item = &'a str>) -> String {
    let mut secrets: Vec<&str> = secrets.into_iter().filter(|one| one.len() >= SECRET_BYTES_MIN).collect();
    // A longer one may begin with a shorter one.
    secrets.sort_unstable_by_key(|one| std::cmp::Reverse(one.len()));
    secrets.into_iter().fold(text.to_string(), |text, one| text.replace(one, VEIL))
}

/// A JSON text whose strings and numbers are veiled. A string stays a string and a number a number.
fn without(json: &[u8], forms: &[Zeroizing<String>]) -> Vec<u8> {
    let veiled = |text: &str| veiled(text, forms.iter().map(|form| form.as_str()));
    let mut out = Vec::with_capacity(json.len());
    let mut rest = json;
    while let Some(&first) = rest.first() {
        let size = match first {
            b'"' => string_size(rest),
            b'-' | b'0'..=b'9' => rest.iter().take_while(|byte| is_of_a_number(**byte)).count(),
            _ => rest.iter().take_while(|byte| !is_of_a_number(**byte) && **byte != b'"').count().max(1),
        };
        let (token, after) = rest.split_at(size);
        rest = after;
        let replacement = match first {
            b'"' => serde_json::from_slice::<String>(token)
                .ok()
                .map(|text| (veiled(&text), text))
                .filter(|(veiled, text)| veiled != text)
                .map(|(veiled, _)| serde_json::Value::from(veiled).to_string()),
            // What is no number must not become one: the body counts for what it is.
            b'-' | b'0'..=b'9' => std::str::from_utf8(token)
                .is_ok_and(|number| is_json(number) && veiled(number) != number)
                .then(|| "0".to_string()),
            _ => None,
        };
        out.extend_from_slice(replacement.as_ref().map_or(token, |text| text.as_bytes()));
    }
    out
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok()
}

fn is_of_a_number(byte: u8) -> bool {
    matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')
}

/// The bytes of the string that begins here, its quotes included; all that is left if it does not end.
fn string_size(json: &[u8]) -> usize {
    let mut escaped = false;
    let end = json.iter().skip(1).position(|byte| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    });
    end.map_or(json.len(), |end| end + 2)
}

/// Each secret of a request in the forms in which it went over the wire.
fn forms(request: &Request) -> Vec<Zeroizing<String>> {
    let mut forms: Vec<Zeroizing<String>> = Vec::new();
    for secret in &request.secrets {
        forms.extend(in_addresses(secret.as_str()).into_iter().flatten());
        forms.push(in_json(secret.as_str()));
        forms.push(Zeroizing::new(secret.as_str().to_string()));
    }
    for (name, value) in request.headers.iter().filter(|(_, value)| value.is_sensitive()) {
        let Some(text) = header_text(value) else { continue };
        let basic = text.strip_prefix("Basic ").filter(|_| name == AUTHORIZATION);
        let opened = basic.and_then(|encoded| BASE64.decode(encoded).ok()).map(Zeroizing::new);
        if let Some(pair) = opened.as_ref().and_then(|bytes| std::str::from_utf8(bytes).ok()) {
            let password = pair.split_once(':').map_or("", |(_, password)| password);
            forms.extend([pair, password].map(|text| Zeroizing::new(text.to_string())));
        }
        forms.push(Zeroizing::new(basic.unwrap_or(&text).to_string()));
    }
    forms.retain(|form| form.len() >= SECRET_BYTES_MIN);
    forms
}

fn header_text(value: &HeaderValue) -> Option<Zeroizing<String>> {
    std::str::from_utf8(value.as_bytes()).ok().map(|text| Zeroizing::new(text.to_string()))
}

/// As a segment of a path and as a value of a query.
fn in_addresses(secret: &str) -> Option<[Zeroizing<String>; 2]> {
    let mut url = Url::parse("http://localhost").ok()?;
    url.path_segments_mut().ok()?.push(secret);
    url.query_pairs_mut().append_key_only(secret);
    let path = url.path().trim_start_matches('/').to_string();
    Some([Zeroizing::new(path), Zeroizing::new(url.query()?.to_string())])
}

/// As in a string of a JSON body that was quoted whole.
fn in_json(secret: &str) -> Zeroizing<String> {
    let quoted = Zeroizing::new(serde_json::Value::from(secret).to_string());
    Zeroizing::new(quoted[1..quoted.len() - 1].to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;
    use crate::transport::{Operation, OperationKind, secret_header};
    use reqwest::Method;

    static OPERATION: Operation =
        Operation { name: "try", method: Method::GET, path: "/try", kind: OperationKind::Read };

    fn seen(status: u16, body: &str) -> String {
        let mut request = Request::new(&OPERATION);
        request.secrets = vec![
            Secret::clone(&Secret::new("ca/na ry\"1".into())),
            Secret::clone(&Secret::new("4711".into())),
        ];
        request.headers.insert(
            AUTHORIZATION,
            secret_header(&format!("Basic {}", BASE64.encode("till:hush:hush"))).unwrap(),
        );
        let mut answer = Answer {
            status,
            headers: Default::default(),
            body: body.as_bytes().to_vec(),
            request_id: String::new(),
        };
        veil(&mut answer, &request);
        String::from_utf8(answer.body).unwrap()
    }

    #[test]
    fn what_an_error_repeats_of_the_secrets_is_taken_out() {
        for (body, veiled) in [
            (r#"{"code":"A","message":"No card ca/na ry\"1."}"#, r#"{"code":"A","message":"No card ***."}"#),
            (r#"{"message":"GET /card/ca%2Fna%20ry%221"}"#, r#"{"message":"GET /card/***"}"#),
            (r#"{"message":"?code=ca%2Fna+ry%221"}"#, r#"{"message":"?code=***"}"#),
            (r#"{"message":"{\"code\":\"ca/na ry\\\"1\"}"}"#, r#"{"message":"{\"code\":\"***\"}"}"#),
            (r#"{"\u0063a/na ry\"1":["x",{"y":"ca\/na ry\u00221"}]}"#, r#"{"***":["x",{"y":"***"}]}"#),
            (
                r#"["Basic dGlsbDpodXNoOmh1c2g=","hush:hush","till:hush:hush"]"#,
                r#"["Basic ***","***","***"]"#,
            ),
            (r#"{"tries":-47.110e1,"code":"04711"}"#, r#"{"tries":-47.110e1,"code":"0***"}"#),
            (r#"{"code": 4711 , "n":[147110,4]}"#, r#"{"code": 0 , "n":[0,4]}"#),
        ] {
            assert_eq!(seen(404, body), veiled);
        }
    }

    #[test]
    fn what_is_no_json_does_not_become_json() {
        for body in [r#"{"code":"A","card":4711-5678}"#, r#"{"code":"A","card":04711}"#] {
            assert_eq!(seen(400, body), body);
        }
    }

    #[test]
    fn all_else_stays_as_it_came() {
        for body in [
            "",
            "<html lang=\"de\">\u{e9} & 12",
            r#"{"code":"A","code":"B","x":1.50E+3, "y" : null,"#,
            r#"{"open": "never ends \"#,
            r#"{"bad \q escape":"A"}"#,
        ] {
            assert_eq!(seen(400, body), body);
        }
        // What says yes is a record, not words.
        assert_eq!(seen(200, r#"{"code":"4711"}"#), r#"{"code":"4711"}"#);
    }
}
