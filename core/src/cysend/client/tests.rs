//! What the tracker's adapter is told: three outcomes of an attempt, three of a look-up.

#[allow(dead_code, reason = "shared with the integration tests, which use all of it")]
#[path = "../../../tests/all/double.rs"]
mod double;

use super::*;
use crate::error::Outcome;
use crate::runtime::block_on;
use double::{Double, json};
use std::time::Duration;

const OWN_ERROR: &str = r#"{"code":"API_123456","message":"No."}"#;
const RECORD: &str = r#"[{"uid":"0101","user_uid":"till_1","date":"2026-02-20T02:00:00+00:00","face_value_id":1,"face_value":10,
    "face_value_currency":"CHF","scenario":"live","cost":9,"currency":"CHF","beneficiary_information":[],"status":"accepted",
    "response_code":"09","response_title":"","response_description":""}]"#;

fn gateway(url: String) -> Arc<Gateway> {
    let credentials = CysendCredentials {
        user: Some("till".into()),
        password: Some(Secret::new("secret".into())),
        token: None,
    };
    let config = CysendConfig { credentials, base_url: Some(url), transport: None, server: None };
    CysendClient::new(config).unwrap().gateway().clone()
}

fn order() -> CysendOrderRequest {
    CysendOrderRequest {
        user_uid: "till_1".into(),
        face_value_id: 1,
        face_value: 10.into(),
        face_value_currency: "CHF".into(),
        scenario: CysendOrderScenario::Live,
        beneficiary_information: Vec::new(),
        gift_card_code: None,
        callback_url: None,
        notifications: Vec::new(),
    }
}

fn submitted(status: u16, body: &'static str) -> Submitted {
    let double = Double::answering(move |_| json(status, body));
    let gateway = gateway(double.url());
    let submitted =
        block_on(crate::runtime::detached(async move { Ok(gateway.submit(vec![order()], None).await) }));
    assert_eq!(double.seen().len(), 1);
    submitted.unwrap()
}

fn looked_up(status: u16, body: &'static str) -> LookUp {
    let double = Double::answering(move |_| json(status, body));
    let gateway = gateway(double.url());
    block_on(crate::runtime::detached(async move { Ok(gateway.look_up("till_1").await) })).unwrap()
}

#[test]
fn an_attempt_ends_as_answered_refused_or_unknown() {
    for status in [200, 201, 202] {
        assert!(matches!(submitted(status, RECORD), Submitted::Answered(orders) if orders[0].uid == "0101"));
    }
    for status in [400, 401, 402, 404] {
        assert!(matches!(submitted(status, OWN_ERROR), Submitted::Refused(_)), "{status}");
        assert!(matches!(submitted(status, "<html>"), Submitted::Unknown(_)), "{status}");
    }
    for (status, body) in [
        (204, ""),
        (302, ""),
        (403, OWN_ERROR),
        (409, OWN_ERROR),
        (500, OWN_ERROR),
        (201, "[]x"),
        (205, RECORD),
    ] {
        assert!(matches!(submitted(status, body), Submitted::Unknown(_)), "{status} {body}");
    }
}

#[test]
fn an_attempt_whose_time_is_over_does_not_start() {
    let double = Double::answering(|_| json(201, RECORD));
    let gateway = gateway(double.url());
    let submitted = block_on(crate::runtime::detached(async move {
        Ok(gateway.submit(vec![order()], Some(Duration::ZERO)).await)
    }));
    let Ok(Submitted::NotSent(error)) = submitted else { panic!("{submitted:?}") };
    assert_eq!(error.outcome(), Outcome::NotSent);
    assert_eq!(double.connection_count(), 0);
}

#[test]
fn an_order_is_absent_only_by_the_gateways_own_404() {
    assert!(matches!(looked_up(200, RECORD), LookUp::Found(orders) if orders.len() == 1));
    assert!(matches!(looked_up(404, OWN_ERROR), LookUp::NotFound));
    for (status, body) in [
        (404, ""),
        (404, "<html>"),
        (404, "{}"),
        (200, "[]"),
        (204, ""),
        (401, OWN_ERROR),
        (403, OWN_ERROR),
        (400, OWN_ERROR),
    ] {
        assert!(matches!(looked_up(status, body), LookUp::Unclear(_)), "{status} {body}");
    }
}

#[test]
fn an_empty_key_is_not_looked_up() {
    let double = Double::answering(|_| json(200, RECORD));
    let gateway = gateway(double.url());
    for key in ["", " ", "%", "a b"] {
        let gateway = gateway.clone();
        let looked_up = block_on(crate::runtime::detached(async move { Ok(gateway.look_up(key).await) }));
        assert!(matches!(looked_up, Ok(LookUp::Unclear(_))), "{key}");
    }
    assert_eq!(double.connection_count(), 0);
}
