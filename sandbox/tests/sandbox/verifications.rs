//! Verifications of phone numbers.

use serde_json::{Value, json};
use tillgate_sandbox::{Account, SandboxConfig, VerificationMethod};

use crate::client::{Answer, Shop, basic, still};

fn begin(shop: &Shop, body: Value) -> Answer {
    shop.ask("POST", "/verification/phone-number", &body.to_string())
}

fn confirm(shop: &Shop, uid: &str, method: &str, code: &str) -> Answer {
    let body = json!({ "uid": uid, "method": method, "code": code });
    shop.ask("PUT", "/verification/phone-number", &body.to_string())
}

/// A verification that was begun: its id and its code.
fn begun(shop: &Shop) -> (String, String) {
    let told = begin(shop, json!({ "method": "sms", "number": "+41791234567" })).json();
    let sent = shop.sandbox.verifications().pop().unwrap();
    assert_eq!(told, json!({ "uid": sent.uid, "method": "sms", "status": "accepted" }));
    (sent.uid, sent.code)
}

/// A code that is not this one.
fn wrong(code: &str) -> &'static str {
    if code == "0000" { "0001" } else { "0000" }
}

#[test]
fn the_right_code_verifies() {
    let shop = Shop::open();
    let (uid, code) = begun(&shop);
    assert_eq!(confirm(&shop, &uid, "sms", wrong(&code)).json()["status"], "failed");
    let told = confirm(&shop, &uid, "sms", &code);
    assert_eq!(told.status, 200);
    assert_eq!(told.json(), json!({ "uid": uid, "method": "sms", "status": "success" }));
    assert_eq!(confirm(&shop, &uid, "sms", &code).json()["status"], "success", "it stays verified");
    assert_eq!(confirm(&shop, &uid, "sms", wrong(&code)).json()["status"], "failed");
}

#[test]
fn the_third_wrong_code_is_the_last() {
    let shop = Shop::open();
    let (uid, code) = begun(&shop);
    for _ in 0..3 {
        assert_eq!(confirm(&shop, &uid, "sms", wrong(&code)).json()["status"], "failed");
    }
    assert_eq!(confirm(&shop, &uid, "sms", &code).json()["status"], "failed");
    assert_eq!(shop.sandbox.verifications()[0].wrong_tries, 3);
}

#[test]
fn a_code_is_good_for_ten_minutes() {
    let shop = Shop::open();
    let (in_time, too_late) = (begun(&shop), begun(&shop));
    shop.sandbox.advance(599_999);
    assert_eq!(confirm(&shop, &in_time.0, "sms", &in_time.1).json()["status"], "success");
    shop.sandbox.advance(1);
    assert_eq!(confirm(&shop, &too_late.0, "sms", &too_late.1).json()["status"], "failed");
}

#[test]
fn what_was_asked_for_is_kept_for_who_tests() {
    let shop = Shop::open();
    let asked = json!({ "method": "ivr-call", "number": "41791234567", "template_id": 7, "language": "fr" });
    assert_eq!(begin(&shop, asked).json()["method"], "ivr-call");
    let sent = &shop.sandbox.verifications()[0];
    assert_eq!(
        (sent.method, sent.number.as_str(), sent.template_id, sent.language.as_str()),
        (VerificationMethod::IvrCall, "41791234567", Some(7), "fr")
    );
    assert!(sent.code.len() == 4 && sent.uid.len() == 8);
    assert_eq!(confirm(&shop, &sent.uid, "sms", &sent.code).status, 404, "the other method");
}

#[test]
fn wrong_requests_are_refused() {
    let shop = Shop::open();
    let number = "+41791234567";
    assert_eq!(begin(&shop, json!({ "method": "sms", "number": number, "language": "xx" })).status, 404);
    for wrong in [
        json!({ "method": "pigeon", "number": number }),
        json!({ "number": number }),
        json!({ "method": "sms" }),
        json!({ "method": "sms", "number": "079 123" }),
        json!({ "method": "sms", "number": "+1234567890123456" }),
        json!({ "method": "sms", "number": number, "template_id": "1" }),
    ] {
        assert_eq!(begin(&shop, wrong.clone()).status, 400, "{wrong}");
    }
    let (uid, _) = begun(&shop);
    assert_eq!(confirm(&shop, &uid, "sms", "12345").status, 400);
    assert_eq!(confirm(&shop, "unknown1", "sms", "1234").status, 404);
}

#[test]
fn another_account_cannot_confirm() {
    let other = Account { user: "other".to_owned(), token: None, ..Account::till() };
    let shop = Shop::with(SandboxConfig { accounts: vec![Account::till(), other], ..still() });
    let (uid, code) = begun(&shop);
    let body = json!({ "uid": uid, "method": "sms", "code": code }).to_string();
    let theirs = shop.ask_as(&basic("other", "secret"), "PUT", "/verification/phone-number", &body).unwrap();
    assert_eq!(theirs.status, 404);
}
