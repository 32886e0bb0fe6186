//! The one error type.

use std::collections::HashMap;
use std::fmt;

/// What is known about the money when a call ended in an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, uniffi::Enum)]
#[serde(rename_all = "snake_case")]
#[repr(u16)]
pub enum Outcome {
    /// The error arose here; no request was made for this call.
    Local = 1,
    /// The request surely never reached the gateway.
    NotSent = 2,
    /// The gateway said no, in its own words; nothing was bought by this call.
    Refused = 3,
    /// The request may have been carried out. Look the order up; do not send it again.
    Unknown = 4,
}

/// The facts of an error. Never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct ErrorDetails {
    /// What went wrong, in a sentence.
    pub reason: String,
    /// What happened to the money and what to do now, in plain words.
    pub advice: String,
    /// What is known about the money.
    pub outcome: Outcome,
    /// The argument or field that was wrong, as a path such as `orders[0].face_value`.
    pub field: Option<String>,
    /// The gateway's own error code (CY.SEND: `APIError.code`).
    pub gateway_code: Option<String>,
    /// The gateway's own words (CY.SEND: `APIError.message`). At most 500 characters.
    pub gateway_text: Option<String>,
    /// What the gateway adds to them (CY.SEND: `APIError.information`), such as the name of a missing parameter. At most 500
    /// characters.
    pub gateway_information: Option<String>,
    /// The fields of the gateway's error that this version does not know: name and JSON text. At most 32 of them, each of at
    /// most 2,000 characters.
    pub gateway_extra: HashMap<String, String>,
    /// The HTTP status of the answer.
    pub http_status: Option<u16>,
    /// The order that this is about.
    pub order_id: Option<String>,
    /// The correlation id that was sent with the request; it also stands in the logs.
    pub request_id: Option<String>,
}

macro_rules! errors {
    ($( $(#[doc = $doc:literal])* $kind:ident = $number:tt, $code:tt; )*) => {
        /// Everything that can go wrong. The kind says what to do; the details say what happened.
        #[derive(Clone, Debug, PartialEq, Eq, uniffi::Error)]
        #[repr(u16)]
        pub enum TillgateError {
            $(
                $(#[doc = $doc])*
                $kind {
                    /// The facts.
                    details: Box<ErrorDetails>,
                } = $number,
            )*
        }

        impl TillgateError {
            /// The facts.
            pub fn details(&self) -> &ErrorDetails {
                match self { $(Self::$kind { details } => details,)* }
            }

            /// The facts, to add to them.
            pub fn details_mut(&mut self) -> &mut ErrorDetails {
                match self { $(Self::$kind { details } => details,)* }
            }

            /// The number of the kind, the same in every language and in every version.
            pub fn number(&self) -> u16 {
                match self { $(Self::$kind { .. } => $number,)* }
            }

            /// The name of the kind in snake_case, the same in every language.
            pub fn code(&self) -> &'static str {
                match self { $(Self::$kind { .. } => $code,)* }
            }
        }
    };
}
errors! {
    /// An argument is wrong; `field` says which. Nothing was done.
    InvalidArgument = 1, "invalid_argument";
    /// The object was closed.
    Closed = 2, "closed";
    /// The process was forked after the runtime had started; open anew in the child.
    Forked = 3, "forked";
    /// The deadline passed. For a call that moves money the outcome says whether anything may have been bought.
    Timeout = 4, "timeout";
    /// No connection, or it broke.
    Network = 5, "network";
    /// The certificate of the gateway (or of the proxy) was not accepted, or the TLS handshake failed.
    Tls = 6, "tls";
    /// The gateway did not accept the credentials (401).
    Unauthorized = 7, "unauthorized";
    /// The credentials do not allow this (403).
    Forbidden = 8, "forbidden";
    /// The account's balance does not suffice (402).
    InsufficientFunds = 9, "insufficient_funds";
    /// The gateway has no such thing, or hides it from this account (404).
    NotFound = 10, "not_found";
    /// Too many calls, here or at the gateway (429).
    RateLimited = 11, "rate_limited";
    /// The gateway refused the request with its own error (other 4xx).
    GatewayRefused = 12, "gateway_refused";
    /// The gateway failed (5xx).
    GatewayFailed = 13, "gateway_failed";
    /// The answer could not be read: truncated, too large, not JSON, or not the gateway's.
    InvalidAnswer = 14, "invalid_answer";
    /// The same order id with another request.
    OrderConflict = 15, "order_conflict";
    /// No order with this id.
    UnknownOrder = 16, "unknown_order";
    /// Too late: the order can no longer be changed in this way.
    TooLate = 17, "too_late";
    /// The gateway, or this kind of order, does not offer this.
    NotSupported = 18, "not_supported";
    /// Another process holds the journal.
    JournalLocked = 19, "journal_locked";
    /// There is no journal at this path, and making one was not asked for.
    JournalMissing = 20, "journal_missing";
    /// The file is not a journal, or it is damaged.
    JournalDamaged = 21, "journal_damaged";
    /// The journal was written by a newer version of this library.
    JournalTooNew = 22, "journal_too_new";
    /// The journal can be read but not written.
    JournalReadOnly = 23, "journal_read_only";
    /// No space is left for the journal.
    JournalFull = 24, "journal_full";
    /// The disk failed; this handle makes no more money calls until the journal is opened again.
    JournalFailed = 25, "journal_failed";
    /// The journal is in quarantine: it does not fit this machine or this moment (a restored backup, a cloned disk).
    Quarantined = 26, "quarantined";
    /// The encryption key is missing, or it is not the one the journal was written with.
    WrongKey = 27, "wrong_key";
    /// A defect in this library. Orders are safe in the journal; open it again.
    Internal = 28, "internal";
}

/// The result of everything that can fail.
pub type Result<T, E = TillgateError> = std::result::Result<T, E>;

impl ErrorDetails {
    /// Facts of an error that arose here, before any request.
    pub fn local(reason: impl Into<String>, advice: impl Into<String>) -> Box<Self> {
        Box::new(Self {
            reason: reason.into(),
            advice: advice.into(),
            outcome: Outcome::Local,
            field: None,
            gateway_code: None,
            gateway_text: None,
            gateway_information: None,
            gateway_extra: HashMap::new(),
            http_status: None,
            order_id: None,
            request_id: None,
        })
    }
}

impl TillgateError {
    /// An argument that is wrong: where it stands, and why.
    pub fn invalid_argument(field: impl Into<String>, reason: impl Into<String>) -> Self {
        let mut details = ErrorDetails::local(
            reason,
            "Nothing was sent and nothing was bought. Correct the argument and call again.",
        );
        details.field = Some(field.into());
        Self::InvalidArgument { details }
    }

    /// A defect in this library.
    pub fn internal(reason: impl Into<String>) -> Self {
        Self::Internal {
            details: ErrorDetails::local(
                reason,
                "This is a defect in the library, please report it. Orders are safe in the journal: open it again and ask for their state.",
            ),
        }
    }

    /// What is known about the money.
    pub fn outcome(&self) -> Outcome {
        self.details().outcome
    }

    /// The same error, about this order.
    #[must_use]
    pub fn about_order(mut self, order_id: &str) -> Self {
        self.details_mut().order_id.get_or_insert_with(|| order_id.to_string());
        self
    }

    /// The same error, with another statement about the money.
    #[must_use]
    pub fn with_outcome(mut self, outcome: Outcome) -> Self {
        self.details_mut().outcome = outcome;
        self
    }
}

impl fmt::Display for TillgateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let details = self.details();
        write!(f, "{}: ", self.code())?;
        if let Some(field) = &details.field {
            write!(f, "{field}: ")?;
        }
        // Some end their sentence, and what follows belongs to it.
        write!(f, "{}", details.reason.strip_suffix('.').unwrap_or(&details.reason))?;
        if let Some(status) = details.http_status {
            write!(f, " (HTTP {status})")?;
        }
        if let Some(code) = &details.gateway_code {
            write!(f, " [{code}]")?;
        }
        if let Some(order) = &details.order_id {
            write!(f, " (order {order})")?;
        }
        write!(f, ". {}", details.advice)
    }
}

impl std::error::Error for TillgateError {}
