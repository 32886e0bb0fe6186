//! The errors that the network and what stands in it make.

use tillgate::orders::adapter::SubmitOutcome;
use tillgate::{ErrorDetails, Outcome, TillgateError};

/// The kinds of error that the network makes.
#[derive(Clone, Copy)]
pub enum Kind {
    Network,
    Timeout,
    Forbidden,
    Unauthorized,
    GatewayRefused,
    GatewayFailed,
    InvalidAnswer,
}

pub fn error(kind: Kind, outcome: Outcome, http_status: Option<u16>) -> TillgateError {
    let mut details = ErrorDetails::local("the network", "See the order's state.");
    details.outcome = outcome;
    details.http_status = http_status;
    match kind {
        Kind::Network => TillgateError::Network { details },
        Kind::Timeout => TillgateError::Timeout { details },
        Kind::Forbidden => TillgateError::Forbidden { details },
        Kind::Unauthorized => TillgateError::Unauthorized { details },
        Kind::GatewayRefused => TillgateError::GatewayRefused { details },
        Kind::GatewayFailed => TillgateError::GatewayFailed { details },
        Kind::InvalidAnswer => TillgateError::InvalidAnswer { details },
    }
}

pub fn lost() -> SubmitOutcome {
    SubmitOutcome::Unknown(error(Kind::Network, Outcome::Unknown, None))
}
