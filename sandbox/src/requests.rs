//! The log of every request that came, and what was done with it.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::http::Response;

/// Older requests are forgotten beyond this number.
pub(crate) const REQUESTS_KEPT_MAX: usize = 10_000;
/// Bodies are kept up to this size.
pub(crate) const BODY_KEPT_MAX: usize = 64 * 1024;
/// The body of one answer is kept up to this size.
const ANSWER_KEPT_MAX: usize = 1024 * 1024;
/// All kept answers together are no larger; the oldest are forgotten first.
const ANSWERS_KEPT_MAX: usize = 64 * 1024 * 1024;

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
    /// The parameters in the path: name in the document, decoded value.
    #[serde(default)]
    pub path_parameters: Vec<(String, String)>,
    /// The parameters of the query, decoded, in the order given.
    #[serde(default)]
    pub query: Vec<(String, String)>,
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
    /// The answer, if answers are kept: they hold voucher codes and tokens.
    #[serde(default)]
    pub answer: Option<KeptAnswer>,
}

/// The answer to a request as it was written, whether or not it arrived whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptAnswer {
    /// The header `Content-Type`.
    pub content_type: Option<String>,
    /// The body, up to 1 MiB.
    pub body: String,
    /// Whether all of the body is there.
    pub whole: bool,
}

#[derive(Debug, Default)]
pub(crate) struct RequestLog {
    kept: VecDeque<RequestRecord>,
    came: u64,
    keeps_answers: bool,
    /// Bytes of all answers that are kept.
    answers_bytes: usize,
    /// The first record that may still have its answer.
    first_answer: u64,
}

impl RequestLog {
    pub(crate) fn begin(&mut self, mut record: RequestRecord) -> u64 {
        self.came += 1;
        record.sequence = self.came;
        if self.kept.len() == REQUESTS_KEPT_MAX
            && let Some(oldest) = self.kept.pop_front()
        {
            self.answers_bytes -= oldest.answer.map_or(0, |answer| answer.body.len());
        }
        self.kept.push_back(record);
        self.came
    }

    /// The record with this sequence, unless it is forgotten.
    pub(crate) fn record(&mut self, sequence: u64) -> Option<&mut RequestRecord> {
        let first = self.kept.front()?.sequence;
        self.kept.get_mut(usize::try_from(sequence.checked_sub(first)?).ok()?)
    }

    /// Keeps the answers from now on, or forgets them all and keeps none.
    pub(crate) fn keep_answers(&mut self, wanted: bool) {
        self.keeps_answers = wanted;
        if !wanted {
            self.kept.iter_mut().for_each(|record| record.answer = None);
            self.answers_bytes = 0;
        }
    }

    /// Writes down what a request is answered.
    pub(crate) fn answered(&mut self, sequence: u64, response: &Response, done: &str) {
        let keeps_answers = self.keeps_answers;
        let Some(record) = self.record(sequence) else { return };
        record.status = Some(response.status);
        record.done = done.to_owned();
        if !keeps_answers {
            return;
        }
        let before = record.answer.take().map_or(0, |answer| answer.body.len());
        let content_type = response.headers.iter().find(|(name, _)| *name == "Content-Type");
        let size = response.body.len().min(ANSWER_KEPT_MAX);
        let answer = KeptAnswer {
            content_type: content_type.map(|(_, value)| value.clone()),
            body: String::from_utf8_lossy(&response.body[..size]).into_owned(),
            whole: size == response.body.len(),
        };
        let now = answer.body.len();
        record.answer = Some(answer);
        self.answers_bytes = self.answers_bytes - before + now;
        while self.answers_bytes > ANSWERS_KEPT_MAX && self.first_answer < self.came {
            let oldest = self.first_answer;
            self.first_answer += 1;
            let forgotten = self.record(oldest).and_then(|record| record.answer.take());
            self.answers_bytes -= forgotten.map_or(0, |answer| answer.body.len());
        }
    }

    pub(crate) fn kept(&self) -> impl Iterator<Item = &RequestRecord> {
        self.kept.iter()
    }
}
