//! A till, a client, and the one order that all sides of all rows buy.

use std::path::Path;
use std::sync::Arc;

use tillgate::{
    BeneficiaryField, CysendAccount, CysendBeneficiary, CysendClient, CysendConfig, CysendCredentials,
    CysendOrderRequest, CysendOrderScenario, JournalKey, Money, NewOrder, Secret, Till, TillConfig,
    TransportConfig, block_on,
};

use crate::Result;

pub fn client(url: &str, transport: Option<TransportConfig>) -> Result<Arc<CysendClient>> {
    let credentials = CysendCredentials {
        user: Some("till".into()),
        password: Some(Secret::new("secret".to_string())),
        token: None,
    };
    Ok(CysendClient::new(CysendConfig {
        credentials,
        base_url: Some(url.into()),
        transport,
        ..CysendConfig::default()
    })?)
}

/// Opens the journal in this folder, or makes it.
pub fn open(url: &str, place: &Path, transport: Option<TransportConfig>) -> Result<Arc<Till>> {
    std::fs::create_dir_all(place)?;
    let mut config = TillConfig::new(place.join("journal").to_string_lossy());
    config.create = true;
    // A bench has nothing to hide; a key that stays the same opens the journal again.
    let key = Secret::new("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".to_string());
    config.key = Some(JournalKey { id: "bench".into(), key });
    let till = block_on(Till::open(config))?;
    block_on(till.attach_cysend(CysendAccount { client: client(url, transport)?, name: None }))?;
    Ok(till)
}

/// What the till buys.
pub fn new_order(id: &str) -> NewOrder {
    NewOrder {
        beneficiary: vec![BeneficiaryField { name: "mobile".into(), value: "+41791234567".into() }],
        ..NewOrder::new(id, "1111", Money::new(10.into(), "CHF"), "simulate-success")
    }
}

/// The same, as the bare client is told it.
pub fn request(id: &str) -> CysendOrderRequest {
    CysendOrderRequest {
        user_uid: id.into(),
        face_value_id: 1111,
        face_value: 10.into(),
        face_value_currency: "CHF".into(),
        scenario: CysendOrderScenario::SimulateSuccess,
        beneficiary_information: vec![CysendBeneficiary::new("mobile", "+41791234567")],
        gift_card_code: None,
        callback_url: None,
        notifications: Vec::new(),
    }
}

/// Ids that no other side and no earlier run has used.
pub struct Ids {
    begin: String,
    next: u64,
}

impl Ids {
    pub fn new(side: &str) -> Self {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let now = now.map(|since| since.as_millis() as u64).unwrap_or_default();
        Self { begin: format!("{side}{now:x}p{:x}", std::process::id()), next: 0 }
    }

    pub fn next(&mut self) -> String {
        self.next += 1;
        format!("{}n{}", self.begin, self.next)
    }
}
