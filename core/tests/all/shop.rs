//! What the tests of CY.SEND's client share: a client, an order, and the gateway's texts.

use std::sync::Arc;
use tillgate::{
    CysendBeneficiary, CysendClient, CysendConfig, CysendCredentials, CysendOrder, CysendOrderRequest,
    CysendOrderScenario, Result, Secret, TransportConfig,
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
