//! What fuzzing reaches from within: answers that come from no network, and readers of single texts.

use std::cell::RefCell;
use std::sync::Arc;

use crate::clock::Clock;
use crate::cysend::{CysendClient, CysendConfig};
use crate::orders::adapter::Adapter;
use crate::orders::{JournalKey, NewOrder};
use crate::{Decimal, Result, Timestamp};

/// An answer of a gateway, as the network would bring it.
#[derive(Clone, Debug, Default)]
pub struct NetworkAnswer {
    pub status: u16,
    /// Name and value. What HTTP does not allow is left out.
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
}

#[derive(Default)]
struct Network {
    answer: Option<NetworkAnswer>,
    /// The operations that were called.
    calls: Vec<&'static str>,
}

thread_local! {
    static NETWORK: RefCell<Network> = RefCell::default();
}

/// From now on, every call that this thread would send is answered by this, and nothing leaves. Calls are counted anew.
pub fn answer_with(answer: NetworkAnswer) {
    NETWORK.with(|network| *network.borrow_mut() = Network { answer: Some(answer), calls: Vec::new() });
}

/// How many calls were answered since.
pub fn calls_answered() -> u32 {
    NETWORK.with(|network| network.borrow().calls.len() as u32)
}

/// How many of these were calls of this operation.
pub fn calls_of(operation: &str) -> usize {
    NETWORK.with(|network| network.borrow().calls.iter().filter(|call| **call == operation).count())
}

/// The answer to a call of this thread, if it is not to leave.
pub(crate) fn planned_answer(operation: &'static str) -> Option<NetworkAnswer> {
    NETWORK.with(|network| {
        let mut network = network.borrow_mut();
        let answer = network.answer.clone()?;
        network.calls.push(operation);
        Some(answer)
    })
}

/// A client whose time comes from this clock.
pub fn cysend_client(config: CysendConfig, clock: Arc<dyn Clock>) -> Result<Arc<CysendClient>> {
    CysendClient::with_clock(config, clock)
}

/// What a till has between itself and this client.
pub fn cysend_adapter(client: Arc<CysendClient>) -> Result<Arc<dyn Adapter>> {
    Ok(Arc::new(crate::cysend::adapter::CysendAdapter::new(client)?))
}

/// A date as CY.SEND writes it.
pub fn cysend_date(text: &str) -> Option<Timestamp> {
    crate::cysend::wire::parse_date(text)
}

/// An amount as JSON writes it.
pub fn json_number(text: &str) -> std::result::Result<Decimal, String> {
    crate::money::json_number::parse(text)
}

/// Whether a key can be one of a journal.
pub fn check_key(key: &JournalKey) -> Result<()> {
    crate::orders::vault::Vault::new(Some(key), &[]).map(drop)
}

/// The digest by which two orders under one id are the same request.
pub fn fingerprint(account: &str, order: &NewOrder) -> String {
    crate::orders::ids::fingerprint(account, order)
}
