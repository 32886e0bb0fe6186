//! A call, and what is known of it afterwards.

use crate::error::TillgateError;
use crate::secret::Secret;
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderValue};
use std::sync::Arc;
use std::time::Duration;

/// What a call does at the gateway, and so whether it may be repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, uniffi::Enum)]
#[repr(u16)]
pub enum OperationKind {
    /// Changes nothing; repeated by itself when it fails.
    Read = 1,
    /// Changes nothing but costs money each time; never repeated by itself.
    ReadThatCosts = 2,
    /// Each call counts against a limit (passwords, verification codes); never repeated by itself.
    CountsAttempts = 3,
    /// Changes something, and twice is the same as once; never repeated by itself.
    IdempotentWrite = 4,
    /// Changes something; never repeated by itself.
    Write = 5,
    /// Moves money; goes through the journal, and is never repeated blindly.
    Money = 6,
}

/// One operation of a gateway: a row of its table.
#[derive(Debug)]
pub(crate) struct Operation {
    /// The gateway's own name for it.
    pub(crate) name: &'static str,
    pub(crate) method: Method,
    /// Relative to the base address; `{name}` stands for a path parameter.
    pub(crate) path: &'static str,
    pub(crate) kind: OperationKind,
}

/// A call of an operation. It cannot be printed: its arguments may be secrets.
pub(crate) struct Request {
    pub(crate) operation: &'static Operation,
    /// What this very call is, where arguments change it: the filter `mobile` makes a read one that costs.
    pub(crate) kind: OperationKind,
    pub(crate) path_parameters: Vec<(&'static str, String)>,
    pub(crate) query: Vec<(&'static str, String)>,
    /// What of the parameters and the body is secret. Where an error answer repeats it, it is taken out.
    pub(crate) secrets: Vec<Secret>,
    /// Credentials and what else the gateway wants. Values that are secret are marked as sensitive.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Body>,
    /// The time that the whole call may take, if it is less than the configured total timeout.
    pub(crate) finish_within: Option<Duration>,
    /// The time after which the call is not started any more.
    pub(crate) start_within: Option<Duration>,
    /// A look-up whose answer settles an order: it has crash points, like the calls that move money.
    pub(crate) settles_an_order: bool,
}

/// What is sent along.
pub(crate) struct Body {
    pub(crate) content_type: HeaderValue,
    pub(crate) bytes: Vec<u8>,
}

impl Request {
    pub(crate) fn new(operation: &'static Operation) -> Self {
        Self {
            operation,
            kind: operation.kind,
            path_parameters: Vec::new(),
            query: Vec::new(),
            secrets: Vec::new(),
            headers: HeaderMap::new(),
            body: None,
            finish_within: None,
            start_within: None,
            settles_an_order: false,
        }
    }

    /// With a body of JSON.
    pub(crate) fn json(mut self, bytes: Vec<u8>) -> Self {
        self.body = Some(Body { content_type: HeaderValue::from_static("application/json"), bytes });
        self
    }

    /// With a parameter of the query, if there is one.
    pub(crate) fn query(mut self, name: &'static str, value: Option<impl ToString>) -> Self {
        self.query.extend(value.map(|value| (name, value.to_string())));
        self
    }

    /// With a secret parameter of the query, if there is one.
    pub(crate) fn secret_query(mut self, name: &'static str, value: &Option<Arc<Secret>>) -> Self {
        self.secrets.extend(value.as_deref().cloned());
        self.query(name, value.as_ref().map(|secret| secret.as_str()))
    }

    pub(super) fn has_crash_points(&self) -> bool {
        self.kind == OperationKind::Money || self.settles_an_order
    }
}

/// What is known of a call.
#[derive(Debug)]
#[allow(clippy::enum_variant_names, reason = "it is the law's own word")]
pub(crate) enum Sent {
    /// It failed before a connection was handed the request: own checks, name resolution, a refused connection, a failed
    /// handshake. The gateway surely did not see it.
    NotSent(TillgateError),
    /// The whole answer, whatever it says.
    Answered(Answer),
    /// It may have been seen, and no whole answer came.
    Lost(TillgateError),
}

/// A whole answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// The id that was sent along.
    pub(crate) request_id: String,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The body may be a voucher.
        write!(f, "Answer({}, {} bytes, {})", self.status, self.body.len(), self.request_id)
    }
}
