//! Gift cards: told, switched, paying for orders.

use serde_json::json;
use tillgate_sandbox::{Amount, Fault, FaultKind, GiftCard, OrderState, SandboxConfig};

use crate::client::{Shop, still, top_up};

fn paid_with(user_uid: &str, code: &str, scenario: &str) -> String {
    format!("[{}]", top_up(user_uid, &format!(r#","scenario":"{scenario}","gift_card_code":"{code}""#)))
}

fn left(shop: &Shop, code: &str) -> String {
    shop.sandbox.gift_card(code).unwrap().remaining_balance.to_string()
}

#[test]
fn a_card_is_told_with_all_its_fields() {
    let shop = Shop::open();
    let card = shop.get("/gift-card/567890123").json();
    assert_eq!(
        card,
        json!({
            "code": "567890123",
            "serial": "9567890123",
            "name": "Showcase card",
            "logo": "https://sandbox.invalid/gift-card/logo.png",
            "active": true,
            "face_value": 500,
            "currency": "EUR",
            "remaining_balance": 450.25,
            "expiration": "2090-01-01T00:00:00+00:00",
            "usage_instruction": "Name the code in your order.",
        })
    );
    assert_eq!(shop.get("/gift-card/1").status, 404);
    assert_eq!(shop.get("/gift-card/1/active").status, 404);
    assert_eq!(shop.ask("PUT", "/gift-card/1/active?active=true", "").status, 404);
}

#[test]
fn a_card_is_switched_on_and_off() {
    let shop = Shop::open();
    let active = || shop.get("/gift-card/234567890/active").json();
    assert_eq!(active(), json!({ "active": false }));
    let switched = shop.ask("PUT", "/gift-card/234567890/active?active=true", "");
    assert_eq!((switched.status, switched.body.len()), (200, 0));
    assert_eq!(active(), json!({ "active": true }));
    assert_eq!(shop.ask("PUT", "/gift-card/234567890/active?active=maybe", "").status, 400);
    assert_eq!(shop.ask("PUT", "/gift-card/234567890/active", "").status, 400);
    shop.ask("PUT", "/gift-card/234567890/active?active=false", "");
    assert_eq!(active(), json!({ "active": false }));
}

#[test]
fn a_live_order_is_paid_by_the_card_and_not_by_the_account() {
    let shop = Shop::open();
    let told = shop.buy(&paid_with("a", "567890123", "live")).json();
    assert_eq!(told[0]["gift_card_code"], "567890123");
    assert_eq!(shop.balance(), "1000.00");
    assert_eq!(left(&shop, "567890123"), "440.275", "9.50 CHF at 1.05");
    let row = &shop.sandbox.ledger()[0];
    assert_eq!(row.gift_card_amount, Amount::parse("9.975"));
    assert_eq!(row.gift_card_currency.as_deref(), Some("EUR"));
    shop.buy(&paid_with("b", "567890123", "simulate-success"));
    assert_eq!(left(&shop, "567890123"), "440.275", "a simulation takes nothing");
}

#[test]
fn a_failed_order_gives_the_card_its_money_back() {
    let shop = Shop::open();
    let failed = FaultKind::Outcome { status: OrderState::Failed, response_code: None, after_ms: 1_000 };
    shop.fault(Fault::new(failed).on("createOrder"));
    shop.buy(&paid_with("a", "123456789", "live"));
    assert_eq!(left(&shop, "123456789"), "40.50");
    shop.sandbox.advance(1_000);
    assert_eq!(left(&shop, "123456789"), "50.00");
    assert_eq!(shop.balance(), "1000.00");
}

#[test]
fn a_card_that_cannot_pay_refuses_the_order() {
    let shop = Shop::open();
    let status = |code: &str| shop.buy(&paid_with("a", code, "live")).status;
    assert_eq!(status("1"), 404, "unknown");
    assert_eq!(status("234567890"), 400, "not active");
    assert_eq!(status("456789012"), 400, "expired");
    assert_eq!(status("345678901"), 402, "short");
    let other_product = r#"[{"user_uid":"b","face_value_id":7001,"face_value":0.1,"face_value_currency":"CHF",
        "beneficiary_information":[],"gift_card_code":"123456789"}]"#;
    assert_eq!(shop.buy(other_product).status, 400, "another product");
    assert!(shop.sandbox.ledger().is_empty());
    let cost = paid_with("c", "234567890", "live");
    assert_eq!(shop.ask("PUT", "/store/order/cost", &cost).status, 400);
}

#[test]
fn two_orders_in_one_request_cannot_spend_a_card_twice() {
    let card = GiftCard::new("77", Amount::parse("15").unwrap(), "CHF");
    let shop = Shop::with(SandboxConfig { gift_cards: vec![card], ..still() });
    let order = |id: &str| top_up(id, r#","gift_card_code":"77""#);
    assert_eq!(shop.buy(&format!("[{},{}]", order("a"), order("b"))).status, 402);
    assert_eq!(left(&shop, "77"), "15");
    assert_eq!(shop.buy(&format!("[{}]", order("a"))).status, 201);
    assert_eq!(left(&shop, "77"), "5.50");
}

#[test]
fn a_card_leaves_in_the_catalogue_what_it_buys() {
    let shop = Shop::open();
    let products = |code: &str| {
        let found = shop.get(&format!("/store/catalogue?gift_card_code={code}"));
        assert_eq!(found.status, 200);
        let ids = found.json()["products"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["product_id"].clone())
            .collect();
        serde_json::Value::Array(ids)
    };
    assert_eq!(products("123456789"), json!([1234]));
    assert_eq!(products("567890123"), json!([1234, 1240]));
    for path in ["", "/countries", "/categories", "/products", "/face-value"] {
        for code in ["234567890", "456789012"] {
            let answer = shop.get(&format!("/store/catalogue{path}?gift_card_code={code}"));
            assert_eq!((answer.status, answer.body.len()), (204, 0), "{path} {code}");
        }
        assert_eq!(shop.get(&format!("/store/catalogue{path}?gift_card_code=1")).status, 404, "{path}");
    }
}
