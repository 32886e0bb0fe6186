//! What the tests of CY.SEND's client share: a client, an order, and the gateway's texts.

use crate::double::{Seen, json};
use std::sync::Arc;
use tillgate::{
    BeneficiaryField, CysendBeneficiary, CysendClient, CysendConfig, CysendCredentials, CysendOrder,
    CysendOrderRequest, CysendOrderScenario, JournalKey, ManualClock, Money, NewOrder, Result, Secret, Till,
    TillConfig, TransportConfig,
};

pub const PASSWORD: &str = "canary-password-4711";

pub fn credentials() -> CysendCredentials {
    CysendCredentials { user: Some("till".into()), password: Some(Secret::new(PASSWORD.into())), token: None }
}

pub fn client(url: &str) -> Arc<CysendClient> {
    client_with(url, TransportConfig::default())
}

pub fn client_with(url: &str, transport: TransportConfig) -> Arc<CysendClient> {
    // Nothing of the machine's own proxies in the tests.
    let transport = TransportConfig { use_environment_proxy: Some(false), ..transport };
    let config = CysendConfig {
        credentials: credentials(),
        base_url: Some(url.into()),
        transport: Some(transport),
        server: None,
    };
    CysendClient::new(config).expect("a client")
}

/// A client that shows a token.
pub fn token_client(url: &str) -> Arc<CysendClient> {
    let token = Some(Secret::new("t".repeat(32)));
    CysendClient::new(CysendConfig {
        credentials: CysendCredentials { token, ..CysendCredentials::default() },
        base_url: Some(url.into()),
        transport: Some(TransportConfig { use_environment_proxy: Some(false), ..TransportConfig::default() }),
        server: None,
    })
    .expect("a client")
}

pub fn order() -> CysendOrderRequest {
    CysendOrderRequest {
        user_uid: "till_1".into(),
        face_value_id: 1111,
        face_value: "10.50".parse().unwrap(),
        face_value_currency: "CHF".into(),
        scenario: CysendOrderScenario::SimulateSuccess,
        beneficiary_information: vec![CysendBeneficiary::new("mobile", "+41791234567")],
        gift_card_code: None,
        callback_url: None,
        notifications: Vec::new(),
    }
}

pub fn place(client: &CysendClient) -> Result<Vec<CysendOrder>> {
    tillgate::block_on(client.create_order(vec![order()]))
}

/// The gateway's own error body.
pub const OWN_ERROR: &str = r#"{"code":"API_123456","message":"No.","information":"Not this time."}"#;

/// The order as the gateway has it.
pub fn accepted() -> String {
    record(r#""status":"accepted""#)
}

/// An order's record, with these fields besides the ones that are always the same.
pub fn record(fields: &str) -> String {
    format!(
        r#"[{{"uid":"0101-123456-01","user_uid":"till_1","date":"2026-02-20 02:00:00","face_value_id":1111,
        "face_value":10.50,"face_value_currency":"CHF","scenario":"simulate-success","cost":9.975,"currency":"CHF",
        "beneficiary_information":[{{"name":"mobile","value":"+41791234567"}}],"response_code":"09",
        "response_title":"In progress","response_description":"In progress",{fields}}}]"#
    )
}

/// The order for a till that `confirmed` carries out.
pub fn till_order(id: &str) -> NewOrder {
    NewOrder {
        beneficiary: vec![BeneficiaryField { name: "mobile".into(), value: "+41791234567".into() }],
        ..NewOrder::new(id, "1111", Money::new("10.50".parse().unwrap(), "CHF"), "simulate-success")
    }
}

/// A gateway that carries every order out at once.
pub fn confirmed(seen: &Seen) -> Vec<u8> {
    let body: serde_json::Value = serde_json::from_slice(&seen.body).expect("an order");
    let id = body[0]["user_uid"].as_str().expect("an id");
    let record = record(r#""status":"success""#);
    json(201, &record.replace("till_1", id).replace("0101-123456-01", &format!("0101-{id}")))
}

/// A till on the day of the records here, with a journal in this folder.
pub fn till_in(dir: &tempfile::TempDir) -> Arc<Till> {
    let config = TillConfig {
        create: true,
        // 32 bytes, in base64.
        key: Some(JournalKey {
            id: "k".into(),
            key: Secret::new("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".into()),
        }),
        ..TillConfig::new(dir.path().join("journal").to_str().unwrap())
    };
    let clock = ManualClock::new("2026-02-20T02:00:00Z".parse().unwrap());
    tillgate::block_on(Till::open_with_clock(config, Arc::new(clock))).unwrap()
}
