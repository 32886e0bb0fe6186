//! The request log: what was asked, and on request what was answered.

use tillgate_sandbox::{Fault, FaultKind, SandboxConfig};

use crate::client::{Shop, simulated, still};

#[test]
fn a_request_is_logged_with_its_parameters() {
    let shop = Shop::open();
    shop.ask("PUT", "/gift-card/a%2Fb/active?active=true&x=%2B1+2", "");
    let request = &shop.sandbox.requests()[0];
    assert_eq!(request.operation.as_deref(), Some("putActive"));
    assert_eq!(request.path_parameters, [("gift_card_code".to_owned(), "a/b".to_owned())]);
    let query = [("active".to_owned(), "true".to_owned()), ("x".to_owned(), "+1 2".to_owned())];
    assert_eq!(request.query, query);
}

#[test]
fn answers_are_kept_only_while_that_is_wanted() {
    let shop = Shop::open();
    shop.get("/customer/balance");
    shop.sandbox.keep_answers(true);
    let told = shop.buy(&simulated("a"));
    shop.fault(Fault::new(FaultKind::AcceptThenHtml { status: 403 }).on("balance"));
    shop.get("/customer/balance");
    shop.get("/openapi/ping");
    let kept: Vec<_> = shop.sandbox.requests().into_iter().map(|request| request.answer).collect();
    assert_eq!(kept[0], None);
    let order = kept[1].as_ref().unwrap();
    assert_eq!((order.body.as_str(), order.whole), (told.text(), true));
    assert_eq!(order.content_type.as_deref(), Some("application/json"));
    assert!(kept[2].as_ref().unwrap().body.contains("blocked by the proxy"), "the answer that was sent");
    assert_eq!(kept[3].as_ref().unwrap().body, "pong");
    shop.sandbox.keep_answers(false);
    assert!(shop.sandbox.requests().iter().all(|request| request.answer.is_none()));
}

#[test]
fn a_huge_answer_is_kept_in_part() {
    let config = SandboxConfig { catalogue_products: 3_000, keep_answers: true, ..still() };
    let shop = Shop::with(config);
    let told = shop.get("/store/catalogue");
    let kept = shop.sandbox.requests()[0].answer.clone().unwrap();
    assert!(told.body.len() > 1024 * 1024 && kept.body.len() <= 1024 * 1024 && !kept.whole);
    assert!(told.text().starts_with(&kept.body[..1_000]));
}
