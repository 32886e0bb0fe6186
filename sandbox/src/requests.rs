//! The log of every request that came, and what was done with it.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// Older requests are forgotten beyond this number.
pub(crate) const REQUESTS_KEPT_MAX: usize = 10_000;
/// Bodies are kept up to this size.
pub(crate) const BODY_KEPT_MAX: usize = 64 * 1024;

/// One request to the gateway. Requests to the sandbox's own control are not logged.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RequestRecord {
    /// Position in the log, from 1.
    pub sequence: u64,
    /// When it came, in sandbox time: milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// The HTTP method; empty for a connection that ended before it could be read.
    pub method: String,
    /// Path and query as sent.
    pub target: String,
    /// The headers; credentials are reduced to the user name.
    pub headers: Vec<(String, String)>,
    /// The body, as far as it was read and up to 64 KiB.
    pub body: String,
    /// The `operationId` in the document, if the path and method have one.
    pub operation: Option<String>,
    /// User name of the account whose credentials were given.
    pub account: Option<String>,
    /// Names of the faults that struck it.
    pub faults: Vec<String>,
    /// Sequences of the ledger's rows that it bought.
    pub bought: Vec<u64>,
    /// The HTTP status that was put into the answer, whether or not it arrived whole.
    pub status: Option<u16>,
    /// What was done with it, in words.
    pub done: String,
}

#[derive(Debug, Default)]
pub(crate) struct RequestLog {
    kept: VecDeque<RequestRecord>,
    came: u64,
}

impl RequestLog {
    pub(crate) fn begin(&mut self, mut record: RequestRecord) -> u64 {
        self.came += 1;
        record.sequence = self.came;
        if self.kept.len() == REQUESTS_KEPT_MAX {
            self.kept.pop_front();
        }
        self.kept.push_back(record);
        self.came
    }

    /// The record with this sequence, unless it is forgotten.
    pub(crate) fn record(&mut self, sequence: u64) -> Option<&mut RequestRecord> {
        let first = self.kept.front()?.sequence;
        self.kept.get_mut(usize::try_from(sequence.checked_sub(first)?).ok()?)
    }

    pub(crate) fn kept(&self) -> impl Iterator<Item = &RequestRecord> {
        self.kept.iter()
    }
}
