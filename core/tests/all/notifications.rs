//! Notifications of an order: what is asked for, and how long it is remembered.

use crate::double::{Double, json};
use crate::shop::{accepted, client, confirmed, order, till_in, till_order};
use std::sync::Arc;
use tillgate::{
    CysendAccount, CysendDestinationParameter, CysendSubscription, NotificationParameter, OrderNotification,
    OrderState, Till, block_on,
};

const WIRE: &str = r#"[{"trigger_uid":"1111-2222-3333-4444","channel_uid":"5555-6666-7777-8888","destination":[{"name":"url","value":"https://till.example/a?b=1"},{"name":"cc_emails","value":"a@till.example"}]}]"#;

fn notification() -> OrderNotification {
    let parameter =
        |name: &str, value: &str| NotificationParameter { name: name.into(), value: value.into() };
    OrderNotification {
        trigger: "1111-2222-3333-4444".into(),
        channel: "5555-6666-7777-8888".into(),
        destination: vec![
            parameter("url", "https://till.example/a?b=1"),
            parameter("cc_emails", "a@till.example"),
        ],
    }
}

fn open(double: &Double, dir: &tempfile::TempDir) -> Arc<Till> {
    let till = till_in(dir);
    block_on(till.attach_cysend(CysendAccount { client: client(&double.url()), name: None })).unwrap();
    till
}

fn sent(double: &Double, index: usize) -> String {
    let body: serde_json::Value = serde_json::from_slice(&double.seen()[index].body).unwrap();
    body[0]["notifications"].to_string()
}

#[test]
fn a_client_sends_the_notifications_that_it_was_given() {
    let double = Double::answering(|_| json(201, &accepted()));
    let mut given = order();
    given.notifications = vec![CysendSubscription {
        trigger_uid: "1111-2222-3333-4444".into(),
        channel_uid: "5555-6666-7777-8888".into(),
        destination: vec![
            CysendDestinationParameter::new("url", "https://till.example/a?b=1"),
            CysendDestinationParameter::new("cc_emails", "a@till.example"),
        ],
        extra: [("note".to_string(), "1".to_string())].into(),
    }];
    block_on(client(&double.url()).create_order(vec![given])).unwrap();
    // Values compare equal whatever the order of their fields; what was read into `extra` is not sent back.
    let wire: serde_json::Value = serde_json::from_str(WIRE).unwrap();
    assert_eq!(sent(&double, 0), wire.to_string());
}

#[test]
fn a_till_asks_for_the_notifications_of_an_order() {
    let double = Double::answering(confirmed);
    let dir = tempfile::tempdir().unwrap();
    let till = open(&double, &dir);
    let mut new = till_order("till_1");
    new.notifications = vec![notification()];
    new.callback_url = Some("https://till.example/callback".into());
    let bought = block_on(till.buy(new)).unwrap();
    assert_eq!(bought.state, OrderState::Succeeded);
    assert_eq!(bought.notifications, [notification()]);
    let wire: serde_json::Value = serde_json::from_str(WIRE).unwrap();
    assert_eq!(sent(&double, 0), wire.to_string());
    let body = String::from_utf8(double.seen()[0].body.clone()).unwrap();
    assert!(body.contains(r#""callback_url":"https://till.example/callback""#), "both are sent: {body}");
    // An order without any sends no empty list.
    block_on(till.buy(till_order("till_2"))).unwrap();
    assert_eq!(sent(&double, 1), "null");
    block_on(till.close()).unwrap();
    assert_eq!(block_on(open(&double, &dir).order("till_1".into())).unwrap().notifications, [notification()]);
}

#[test]
fn a_notification_that_cannot_be_sent_is_refused_before_anything_is_written() {
    let double = Double::answering(confirmed);
    let dir = tempfile::tempdir().unwrap();
    let till = open(&double, &dir);
    let refused = |change: &dyn Fn(&mut OrderNotification), count: usize| {
        let mut one = notification();
        change(&mut one);
        let mut new = till_order("till_1");
        new.notifications = vec![one; count];
        let error = block_on(till.buy(new)).unwrap_err();
        assert_eq!(error.code(), "invalid_argument");
        error.details().field.clone().unwrap()
    };
    assert_eq!(refused(&|_| {}, 51), "order.notifications");
    assert_eq!(refused(&|_| {}, 65), "order.notifications");
    let own = "order.notifications[0]";
    assert_eq!(refused(&|one| one.trigger.clear(), 1), format!("{own}.trigger"));
    assert_eq!(refused(&|one| one.channel = "1".repeat(65), 1), format!("{own}.channel"));
    assert_eq!(refused(&|one| one.destination.clear(), 1), format!("{own}.destination"));
    assert_eq!(refused(&|one| one.destination[0].name.clear(), 1), format!("{own}.destination"));
    let many = |one: &mut OrderNotification| one.destination = vec![one.destination[0].clone(); 65];
    assert_eq!(refused(&many, 1), format!("{own}.destination"));
    assert_eq!(block_on(till.order("till_1".into())).unwrap_err().code(), "unknown_order");
    assert_eq!(double.connection_count(), 0);
}
