//! Notifications: what can be subscribed to, and who is told of an order.

use serde_json::{Value, json};
use tillgate_sandbox::{Account, SandboxConfig, Subscription};

use crate::callbacks::Receiver;
use crate::client::{Answer, Shop, simulated, still, top_up};

const RESULT: &str = "2001-0001-0000-0001";
const STATUS: &str = "2001-0001-0000-0002";
const HTTP: &str = "3001-0000-0000-0001";

fn subscribed(trigger: &str, channel: &str, name: &str, value: &str) -> Value {
    let destination = json!([{ "name": name, "value": value }]);
    json!({ "trigger_uid": trigger, "channel_uid": channel, "destination": destination })
}

fn buy(shop: &Shop, more: &str, notifications: &Value) -> Answer {
    let more = format!(r#","scenario":"simulate-success"{more},"notifications":{notifications}"#);
    shop.buy(&format!("[{}]", top_up("a", &more)))
}

#[test]
fn events_belong_to_resource_types_and_subscriptions_to_both() {
    let shop = Shop::open();
    let uids = |path: &str| -> Vec<Value> {
        let list = shop.get(path).json();
        list.as_array().unwrap().iter().map(|one| one["uid"].clone()).collect()
    };
    let types = uids("/notification/resource_types");
    let events = shop.get("/notification/events").json();
    assert!(events.as_array().unwrap().iter().all(|event| types.contains(&event["resource_type_uid"])));
    let (events, channels) = (uids("/notification/events"), uids("/notification/channels"));
    for subscription in shop.get("/customer/subscriptions").json().as_array().unwrap() {
        assert!(events.contains(&subscription["trigger_uid"]));
        assert!(channels.contains(&subscription["channel_uid"]));
        assert_eq!(subscription["destination"][0]["value"], "till@sandbox.invalid");
    }
}

#[test]
fn an_order_tells_everybody_who_subscribed_to_it() {
    let shop = Shop::open();
    let receivers = [Receiver::answering(&[]), Receiver::answering(&[500]), Receiver::answering(&[])];
    let wanted = json!([
        subscribed(RESULT, HTTP, "url", &receivers[1].url()),
        subscribed(STATUS, HTTP, "url", &receivers[2].url()),
        subscribed(RESULT, "3001-0000-0000-0002", "to_emails", "a@b.invalid"),
    ]);
    let callback = format!(r#","callback_url":"{}""#, receivers[0].url());
    assert_eq!(buy(&shop, &callback, &wanted).status, 201);
    assert_eq!(shop.sandbox.ledger()[0].notifications.len(), 3);
    shop.sandbox.advance(2_000);
    shop.sandbox.idle_blocking();
    for receiver in &receivers {
        assert_eq!(receiver.statuses(), ["success"]);
    }
    shop.sandbox.advance(30_000);
    shop.sandbox.idle_blocking();
    assert_eq!(receivers[1].statuses(), ["success", "success"], "as often as a callback");
    assert_eq!(receivers[0].count() + receivers[2].count(), 2);
}

#[test]
fn the_trigger_says_which_statuses_are_told() {
    let shop = Shop::with(SandboxConfig { callback_when_accepted: true, ..still() });
    let (results, statuses) = (Receiver::answering(&[]), Receiver::answering(&[]));
    let wanted = json!([
        subscribed(RESULT, HTTP, "url", &results.url()),
        subscribed(STATUS, HTTP, "url", &statuses.url()),
    ]);
    buy(&shop, "", &wanted);
    shop.sandbox.idle_blocking();
    shop.sandbox.advance(2_000);
    shop.sandbox.idle_blocking();
    assert_eq!(results.statuses(), ["success"]);
    assert_eq!(statuses.statuses(), ["accepted", "success"]);
}

#[test]
fn an_account_may_subscribe_to_all_its_orders() {
    let receiver = Receiver::answering(&[]);
    let subscriptions = vec![Subscription::to_results_at(&receiver.url())];
    let account = Account { subscriptions, ..Account::till() };
    let shop = Shop::with(SandboxConfig { accounts: vec![account], ..still() });
    let listed = shop.get("/customer/subscriptions").json();
    assert_eq!(listed[1], subscribed(RESULT, HTTP, "url", &receiver.url()));
    shop.buy(&simulated("a"));
    shop.sandbox.advance(2_000);
    shop.sandbox.idle_blocking();
    assert_eq!(receiver.statuses(), ["success"]);
}

#[test]
fn a_subscription_that_could_never_be_told_refuses_the_order() {
    let shop = Shop::open();
    for wrong in [
        subscribed("2001-0002-0000-0001", HTTP, "url", "http://127.0.0.1:9/"),
        subscribed(RESULT, "3001-0000-0000-0009", "url", "http://127.0.0.1:9/"),
        subscribed(RESULT, HTTP, "to_emails", "http://127.0.0.1:9/"),
        subscribed(RESULT, HTTP, "url", "not an address"),
        json!({ "trigger_uid": RESULT, "channel_uid": HTTP }),
    ] {
        assert_eq!(buy(&shop, "", &json!([wrong])).status, 400, "{wrong}");
    }
    assert_eq!(buy(&shop, "", &json!("none")).status, 400);
    assert!(shop.sandbox.ledger().is_empty());
}
