//! The program, and the control over HTTP.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use serde_json::{Value, json};

use crate::client::{Answer, BASE, Broken, Shop, basic, connect, exchange, live, request_bytes, simulated};

struct Program {
    child: Child,
    stdin: Option<ChildStdin>,
    line: String,
    address: SocketAddr,
}

impl Program {
    fn start(arguments: &[&str]) -> Program {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tillgate-sandbox"))
            .args(arguments)
            .args(["--until-stdin-closes", "--speed", "0"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let host = line.split("://").nth(1).and_then(|rest| rest.split('/').next()).unwrap();
        let address = host.parse().unwrap();
        Program { child, stdin, line, address }
    }

    fn ask(&self, method: &str, target: &str, headers: &str, body: &str) -> Result<Answer, Broken> {
        exchange(&mut connect(self.address), &request_bytes(method, target, headers, body.as_bytes()))
    }

    fn control(&self, method: &str, what: &str, body: &Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.ask(method, &format!("/_sandbox/{what}"), "Content-Type: application/json\r\n", &body).unwrap()
    }

    fn buy(&self, body: &str) -> Result<Answer, Broken> {
        self.ask("POST", &format!("{BASE}/store/order"), &basic("ann", "pass:word"), body)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_program_is_steered_and_asked_over_http() {
    let folder = tempfile::tempdir().unwrap();
    let (ledger, ready) = (folder.path().join("ledger"), folder.path().join("ready"));
    let program = Program::start(&[
        "--account",
        "ann:pass:word:50.00:EUR",
        "--token",
        "ann=abc",
        "--ledger",
        ledger.to_str().unwrap(),
        "--ready-file",
        ready.to_str().unwrap(),
    ]);
    assert_eq!(std::fs::read_to_string(&ready).unwrap(), program.line);
    assert!(
        program.line.starts_with("listening on http://127.0.0.1:")
            && program.line.ends_with(&format!("{BASE}\n"))
    );

    let fault = json!({ "operation": "createOrder", "user_uid": "a", "kind": "accept_then_close" });
    assert_eq!(program.control("POST", "faults", &fault).json(), json!({ "ids": [1] }));
    assert_eq!(
        program.control("GET", "faults", &Value::Null).json()[0]["fault"]["kind"],
        "accept_then_close"
    );
    assert!(program.buy(&live("a")).is_err());
    assert_eq!(program.control("GET", "faults", &Value::Null).json(), json!([]));
    assert_eq!(program.buy(&simulated("b")).unwrap().status, 201);

    let rows = program.control("GET", "ledger", &Value::Null).json();
    assert_eq!(rows.as_array().unwrap().len(), 2);
    assert_eq!(program.control("GET", "ledger?user_uid=a", &Value::Null).json()[0]["live"], true);
    assert_eq!(lines(&ledger).len(), 2);
    assert_eq!(lines(&ledger)[0]["event"], "accepted");
    assert_eq!(
        program.control("GET", "balance", &Value::Null).text(),
        r#"[{"account":"ann","balance":40.025,"currency":"EUR"}]"#
    );

    let before = program.control("GET", "clock", &Value::Null).json()["now_ms"].as_i64().unwrap();
    let after =
        program.control("POST", "advance", &json!({ "ms": 60_000 })).json()["now_ms"].as_i64().unwrap();
    assert_eq!(after - before, 60_000);
    assert_eq!(lines(&ledger)[2]["event"], "changed");
    assert_eq!(program.control("POST", "speed", &json!({ "speed": 600 })).json()["speed"], 600.0);
    assert_eq!(program.control("POST", "speed", &json!({ "speed": -1 })).status, 400);
    assert_eq!(program.control("GET", "idle", &Value::Null).status, 200);

    let requests = program.control("GET", "requests", &Value::Null).json();
    assert_eq!(requests[0]["faults"], json!(["accept_then_close"]));
    assert!(!requests.to_string().contains("pass:word"));

    let forged =
        program.control("POST", "callbacks", &json!({ "url": "http://127.0.0.1:9/x", "kind": "not_json" }));
    assert!(forged.json()["error"].is_string(), "{}", forged.text());
    assert_eq!(program.control("GET", "callbacks", &Value::Null).json().as_array().unwrap().len(), 1);
}

#[test]
fn cards_rights_and_answers_are_set_from_outside() {
    let program = Program::start(&[
        "--account",
        "ann:pass:word:50.00:CHF",
        "--permission",
        "ann=GET:gift-card/*",
        "--permission",
        "ann=POST,PUT:verification/*",
        "--gift-card",
        "77:12.50:EUR",
    ]);
    let ask = |method: &str, path: &str, body: &str| {
        program.ask(method, &format!("{BASE}{path}"), &basic("ann", "pass:word"), body).unwrap()
    };
    assert_eq!(program.control("POST", "answers", &json!({ "keep": 1 })).status, 400);
    assert_eq!(program.control("POST", "answers", &json!({ "keep": true })).json(), json!({ "keep": true }));
    assert_eq!(ask("GET", "/gift-card/77", "").json()["remaining_balance"], 12.5);
    assert_eq!(ask("GET", "/customer/balance", "").status, 403);
    let begun = ask("POST", "/verification/phone-number", r#"{"method":"sms","number":"+41791234567"}"#);
    let sent = program.control("GET", "verifications", &Value::Null).json();
    assert_eq!(sent[0]["uid"], begun.json()["uid"]);
    let confirmation = json!({ "uid": sent[0]["uid"], "method": "sms", "code": sent[0]["code"] });
    let confirmed = ask("PUT", "/verification/phone-number", &confirmation.to_string());
    assert_eq!(confirmed.json()["status"], "success");
    let log = program.control("GET", "requests", &Value::Null).json();
    assert_eq!(log[0]["path_parameters"], json!([["gift_card_code", "77"]]));
    assert_eq!(log[3]["answer"]["body"], confirmed.text());
    let cards = program.control("GET", "gift_cards", &Value::Null).json();
    assert!(cards.as_array().unwrap().iter().any(|card| card["code"] == "77" && card["currency"] == "EUR"));
}

#[test]
fn an_option_for_nobody_is_refused() {
    for (option, value) in [("--permission", "bob=GET:*"), ("--subscribe", "bob=http://127.0.0.1:9/")] {
        let output =
            Command::new(env!("CARGO_BIN_EXE_tillgate-sandbox")).args([option, value]).output().unwrap();
        assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains("no account"));
    }
}

#[test]
fn faults_over_http_are_checked_all_before_any_is_taken() {
    let program = Program::start(&[]);
    let good = json!({ "kind": "reset_after_body" });
    for bad in
        [json!({ "kind": "boom" }), json!({ "kind": "reset_after_body", "tmies": 2 }), json!({ "times": 2 })]
    {
        assert_eq!(program.control("POST", "faults", &json!([good, bad])).status, 400, "{bad}");
    }
    assert_eq!(program.control("GET", "faults", &Value::Null).json(), json!([]));
    assert_eq!(program.control("POST", "faults", &json!([good, good])).status, 201);
    assert_eq!(program.control("DELETE", "faults/2", &Value::Null).status, 200);
    assert_eq!(program.control("DELETE", "faults/2", &Value::Null).status, 404);
    assert_eq!(program.control("DELETE", "faults", &Value::Null).json(), json!({ "cleared": 1 }));
}

#[test]
fn a_purchase_is_in_the_file_before_its_answer_even_if_the_sandbox_dies() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger");
    let mut program =
        Program::start(&["--account", "ann:pass:word:50:CHF", "--ledger", ledger.to_str().unwrap()]);
    assert_eq!(program.buy(&live("a")).unwrap().status, 201);
    program.child.kill().unwrap();
    program.child.wait().unwrap();
    assert_eq!(lines(&ledger)[0]["user_uid"], "a");
    // A second run must not mix its numbers with those of the first.
    let second =
        Command::new(env!("CARGO_BIN_EXE_tillgate-sandbox")).arg("--ledger").arg(&ledger).output().unwrap();
    assert!(!second.status.success());
    assert!(String::from_utf8_lossy(&second.stderr).contains("earlier run"));
}

#[test]
fn the_program_ends_with_its_input_or_by_a_signal() {
    let mut program = Program::start(&[]);
    drop(program.stdin.take());
    assert!(program.child.wait().unwrap().success());

    let mut program = Program::start(&[]);
    let killed = Command::new("kill").arg(program.child.id().to_string()).status().unwrap();
    assert!(killed.success());
    assert!(program.child.wait().unwrap().success());
}

#[test]
fn the_program_speaks_tls_and_writes_its_authority() {
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("ca.pem");
    let program = Program::start(&["--tls", "wrong_host", "--ca-out", authority.to_str().unwrap()]);
    assert!(program.line.starts_with("listening on https://127.0.0.1:"));
    assert!(std::fs::read_to_string(&authority).unwrap().starts_with("-----BEGIN CERTIFICATE-----"));
}

#[test]
fn other_addresses_than_this_machine_are_refused() {
    let output =
        Command::new(env!("CARGO_BIN_EXE_tillgate-sandbox")).args(["--address", "0.0.0.0"]).output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("127.0.0.1 or ::1 only"));
}

#[test]
fn pages_in_a_browser_cannot_steer_the_sandbox() {
    let shop = Shop::open();
    let ask = |host: &str, headers: &str| {
        let body = r#"{"ms":1}"#;
        let text = format!(
            "POST /_sandbox/advance HTTP/1.1\r\nHost: {host}\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        exchange(&mut connect(shop.sandbox.address()), text.as_bytes()).unwrap().status
    };
    assert_eq!(ask("localhost:8080", "Content-Type: application/json\r\n"), 200);
    assert_eq!(ask("rebound.example:8080", "Content-Type: application/json\r\n"), 403);
    assert_eq!(ask("127.0.0.1", "Content-Type: text/plain\r\n"), 415);
}
