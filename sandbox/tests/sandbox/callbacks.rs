//! Callbacks, true and forged.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tillgate_sandbox::{Fault, FaultKind, Forgery, SandboxConfig};

use crate::client::{Shop, still, top_up};

/// A customer's server: keeps what comes, and answers with the statuses it was given, then with 200.
pub struct Receiver {
    address: SocketAddr,
    bodies: Arc<Mutex<Vec<String>>>,
}

impl Receiver {
    pub fn answering(statuses: &[u16]) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let bodies = Arc::new(Mutex::new(Vec::new()));
        let (kept, mut statuses) = (Arc::clone(&bodies), VecDeque::from(statuses.to_vec()));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let Some(body) = read_body(&mut stream) else { continue };
                kept.lock().unwrap().push(body);
                let status = statuses.pop_front().unwrap_or(200);
                let _ =
                    stream.write_all(format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n").as_bytes());
            }
        });
        Receiver { address, bodies }
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook?till=1", self.address)
    }

    pub fn statuses(&self) -> Vec<String> {
        let of = |body: &String| {
            let told: Value = serde_json::from_str(body).unwrap();
            told[0]["status"].as_str().unwrap().to_owned()
        };
        self.bodies.lock().unwrap().iter().map(of).collect()
    }

    pub fn count(&self) -> usize {
        self.bodies.lock().unwrap().len()
    }
}

fn read_body(stream: &mut impl Read) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let mut space = [httparse::EMPTY_HEADER; 16];
        let mut head = httparse::Request::new(&mut space);
        if let Ok(httparse::Status::Complete(start)) = head.parse(&bytes) {
            assert_eq!((head.method, head.path), (Some("POST"), Some("/hook?till=1")));
            let length = head.headers.iter().find(|header| header.name == "Content-Length").unwrap();
            let length: usize = std::str::from_utf8(length.value).unwrap().parse().unwrap();
            if bytes.len() >= start + length {
                return String::from_utf8(bytes[start..].to_vec()).ok();
            }
        }
        let mut space = [0; 64 * 1024];
        match stream.read(&mut space) {
            Ok(count) if count > 0 => bytes.extend_from_slice(&space[..count]),
            _ => return None,
        }
    }
}

fn with_callback(user_uid: &str, url: &str) -> String {
    format!("[{}]", top_up(user_uid, &format!(r#","scenario":"simulate-success","callback_url":"{url}""#)))
}

#[test]
fn a_change_of_status_is_told_to_the_address_of_the_order() {
    let shop = Shop::open();
    let receiver = Receiver::answering(&[]);
    let told = shop.buy(&with_callback("a", &receiver.url()));
    assert_eq!(told.json()[0]["callback_url"], receiver.url());
    shop.sandbox.idle_blocking();
    assert_eq!(receiver.count(), 0, "nothing has changed yet");
    shop.sandbox.advance(2_000);
    shop.sandbox.idle_blocking();
    assert_eq!(receiver.statuses(), ["success"]);
    let body: Value = serde_json::from_str(&receiver.bodies.lock().unwrap()[0]).unwrap();
    assert_eq!(body, shop.look_up("a").json());
}

#[test]
fn the_acceptance_is_told_too_where_that_is_asked_for() {
    let shop = Shop::with(SandboxConfig { callback_when_accepted: true, ..still() });
    let receiver = Receiver::answering(&[]);
    shop.buy(&with_callback("a", &receiver.url()));
    shop.sandbox.idle_blocking();
    shop.sandbox.advance(2_000);
    shop.sandbox.idle_blocking();
    assert_eq!(receiver.statuses(), ["accepted", "success"]);
}

#[test]
fn a_callback_is_repeated_until_200_ever_more_slowly() {
    let shop = Shop::open();
    let receiver = Receiver::answering(&[500, 204, 302]);
    shop.buy(&with_callback("a", &receiver.url()));
    let mut seen = Vec::new();
    for advance_ms in [2_000, 29_999, 1, 59_999, 1, 119_999, 1, 86_400_000] {
        shop.sandbox.advance(advance_ms);
        shop.sandbox.idle_blocking();
        seen.push(receiver.count());
    }
    assert_eq!(seen, [1, 1, 2, 2, 3, 3, 4, 4]);
    let answers: Vec<_> =
        shop.sandbox.callbacks().iter().map(|record| (record.attempt, record.status)).collect();
    assert_eq!(answers, [(1, Some(500)), (2, Some(204)), (3, Some(302)), (4, Some(200))]);
}

#[test]
fn repeats_end() {
    let shop = Shop::with(SandboxConfig { callback_attempts_max: 3, ..still() });
    // Nobody listens there any more.
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    shop.buy(&with_callback("a", &format!("http://{gone}/hook")));
    for _ in 0..10 {
        shop.sandbox.advance(86_400_000);
        shop.sandbox.idle_blocking();
    }
    let records = shop.sandbox.callbacks();
    assert_eq!(records.len(), 3);
    assert!(records.iter().all(|record| record.error.is_some()));
}

#[test]
fn a_callback_can_be_forced() {
    let shop = Shop::open();
    let receiver = Receiver::answering(&[]);
    let uid = shop.buy(&with_callback("a", &receiver.url())).json()[0]["uid"].as_str().unwrap().to_owned();
    let force = |uid: &str, user_uid: &str| {
        let body = format!(r#"{{"uid":"{uid}","user_uid":"{user_uid}"}}"#);
        shop.ask("POST", "/store/order/callback", &body).status
    };
    assert_eq!(force(&uid, "a"), 201);
    shop.sandbox.idle_blocking();
    assert_eq!(receiver.statuses(), ["accepted"]);
    assert_eq!(force(&uid, "b"), 404);
    assert_eq!(force("0101-000000-01", "a"), 404);
    assert_eq!(shop.ask("POST", "/store/order/callback", "{}").status, 400);
    shop.sandbox.send_callback("a").unwrap();
    shop.sandbox.idle_blocking();
    assert_eq!(receiver.count(), 2);
    assert!(shop.sandbox.send_callback("b").is_err());
}

#[test]
fn callbacks_come_twice_late_or_not_at_all_as_ordered() {
    for (kind, expected) in [
        (FaultKind::DuplicateCallbacks { copies: 2 }, vec!["success", "success", "success"]),
        (FaultKind::ReorderCallbacks {}, vec!["success", "accepted"]),
        (FaultKind::DropCallbacks {}, vec![]),
    ] {
        let shop = Shop::open();
        let receiver = Receiver::answering(&[]);
        shop.fault(Fault::new(kind));
        shop.buy(&with_callback("a", &receiver.url()));
        shop.sandbox.advance(2_000);
        shop.sandbox.idle_blocking();
        assert_eq!(receiver.statuses(), expected);
        assert_eq!(shop.look_up("a").json()[0]["status"], "success");
    }
}

#[test]
fn forged_callbacks_change_nothing_in_the_ledger() {
    let shop = Shop::open();
    let receiver = Receiver::answering(&[]);
    shop.buy(&with_callback("a", "http://127.0.0.1:9/unused"));
    let ledger = shop.sandbox.ledger();
    let forge = |forgery| shop.sandbox.forge_callback_blocking(&receiver.url(), &forgery).unwrap();
    let (user_uid, status) = ("a".to_owned(), "success".to_owned());
    assert_eq!(forge(Forgery::Status { user_uid, status }).status, Some(200));
    forge(Forgery::UnknownIds { user_uid: "nobody".to_owned() });
    forge(Forgery::NotJson {});
    forge(Forgery::Huge { bytes: 2_000_000 });
    forge(Forgery::Raw { body: "hello".to_owned(), content_type: "text/plain".to_owned() });
    let bodies = receiver.bodies.lock().unwrap().clone();
    let lie: Value = serde_json::from_str(&bodies[0]).unwrap();
    assert_eq!(
        (lie[0]["status"].as_str(), lie[0]["uid"].as_str()),
        (Some("success"), Some(ledger[0].uid.as_str()))
    );
    let unknown: Value = serde_json::from_str(&bodies[1]).unwrap();
    assert_eq!(unknown[0]["user_uid"], "nobody");
    assert!(serde_json::from_str::<Value>(&bodies[2]).is_err());
    assert_eq!(bodies[3].len(), 2_000_000);
    assert_eq!(bodies[4], "hello");
    assert_eq!(shop.sandbox.ledger(), ledger);
    let missing = Forgery::Status { user_uid: "nobody".to_owned(), status: "success".to_owned() };
    assert!(shop.sandbox.forge_callback_blocking(&receiver.url(), &missing).is_err());
}

#[test]
fn callbacks_never_leave_this_machine() {
    let shop = Shop::with(SandboxConfig { callback_attempts_max: 1, ..still() });
    for (id, url) in
        [("a", "http://192.0.2.1/hook"), ("b", "http://example.com/hook"), ("c", "https://127.0.0.1/hook")]
    {
        shop.buy(&with_callback(id, url));
    }
    shop.sandbox.advance(2_000);
    shop.sandbox.idle_blocking();
    let records = shop.sandbox.callbacks();
    assert_eq!(records.len(), 3);
    for record in records {
        assert!(record.error.as_deref().unwrap().starts_with("the sandbox posts callbacks to"), "{record:?}");
    }
}
