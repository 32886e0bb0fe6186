//! What an answer that is not the wanted one is told as.

use super::request::{Answer, OperationKind};
use crate::error::{ErrorDetails, Outcome, TillgateError};
use std::collections::HashMap;

/// What the gateway itself said of an error, in its own error body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct GatewayWords {
    pub(crate) code: Option<String>,
    pub(crate) text: Option<String>,
    pub(crate) information: Option<String>,
    /// What else it said: name and JSON text.
    pub(crate) extra: HashMap<String, String>,
}

/// An error status. `words` is `None` when the body is not the gateway's own: then somebody else may have answered (a
/// proxy, a login page). What changes anything was surely refused only if the gateway said so in its own words, and with a
/// status that it documents as a refusal: `documented`.
pub(crate) fn refused(
    answer: &Answer,
    kind: OperationKind,
    words: Option<GatewayWords>,
    documented: &[u16],
) -> TillgateError {
    let by_the_gateway = words.is_some();
    let words = words.unwrap_or_default();
    let surely_refused = if is_read(kind) {
        (400..500).contains(&answer.status)
    } else {
        by_the_gateway && documented.contains(&answer.status)
    };
    let outcome = if surely_refused { Outcome::Refused } else { Outcome::Unknown };
    let mut reason = reason(answer.status).to_string();
    if !by_the_gateway {
        reason
            .push_str(" The answer is not in the gateway's own form; something in between may have sent it.");
    }
    let mut details = ErrorDetails::local(reason, advice(answer.status, kind, outcome));
    details.outcome = outcome;
    details.http_status = Some(answer.status);
    details.gateway_code = words.code;
    details.gateway_text = words.text;
    details.gateway_information = words.information;
    details.gateway_extra = words.extra;
    details.request_id = Some(answer.request_id.clone());
    match answer.status {
        401 => TillgateError::Unauthorized { details },
        402 => TillgateError::InsufficientFunds { details },
        403 => TillgateError::Forbidden { details },
        404 => TillgateError::NotFound { details },
        408 => TillgateError::Timeout { details },
        429 => TillgateError::RateLimited { details },
        500..=599 => TillgateError::GatewayFailed { details },
        400..=499 => TillgateError::GatewayRefused { details },
        _ => TillgateError::InvalidAnswer { details },
    }
}

/// A whole answer that cannot be understood.
pub(crate) fn unreadable(answer: &Answer, kind: OperationKind, why: impl std::fmt::Display) -> TillgateError {
    not_understood(answer.status, answer.request_id.clone(), kind, why)
}

/// The same, when only these facts of the answer are left.
pub(crate) fn not_understood(
    status: u16,
    request_id: String,
    kind: OperationKind,
    why: impl std::fmt::Display,
) -> TillgateError {
    let mut details =
        ErrorDetails::local(format!("The answer could not be understood: {why}."), unknown_advice(kind));
    details.outcome = Outcome::Unknown;
    details.http_status = Some(status);
    details.request_id = Some(request_id);
    TillgateError::InvalidAnswer { details }
}

fn is_read(kind: OperationKind) -> bool {
    matches!(kind, OperationKind::Read | OperationKind::ReadThatCosts)
}

fn reason(status: u16) -> &'static str {
    match status {
        300..=399 => "The gateway pointed elsewhere; this is never followed.",
        400 => "The gateway did not accept the request.",
        401 => "The gateway did not accept the credentials.",
        402 => "The balance of the account does not suffice.",
        403 => "The credentials do not allow this.",
        404 => "The gateway has no such thing, or hides it from these credentials.",
        408 => "The gateway waited too long for the request.",
        429 => "The gateway takes no more calls for now.",
        _ if (400..500).contains(&status) => "The gateway refused the request.",
        502 | 504 => "Something in front of the gateway could not reach it.",
        503 => "The gateway is overloaded or being maintained.",
        _ if (500..600).contains(&status) => "The gateway failed.",
        _ => "The gateway answered with a status that it does not document.",
    }
}

fn advice(status: u16, kind: OperationKind, outcome: Outcome) -> String {
    if outcome == Outcome::Unknown {
        return unknown_advice(kind).to_string();
    }
    let what_to_do = match status {
        401 => "Check the user and password, or the token, of this account.",
        402 => "Add funds to the account at the gateway, then sell again.",
        403 => "Ask the gateway's support which rights these credentials have.",
        404 => {
            "Check the ids in the request against the present catalogue, and that the account is the right one."
        }
        429 => "Wait, then call again less often.",
        _ => "The gateway's own words say what to correct.",
    };
    if is_read(kind) {
        what_to_do.to_string()
    } else {
        format!("Nothing was done by this call. {what_to_do}")
    }
}

/// What to do when nobody can tell whether the gateway carried it out.
pub(super) fn unknown_advice(kind: OperationKind) -> &'static str {
    match kind {
        OperationKind::Read => "This call only reads; nothing was bought by it. Call again later.",
        OperationKind::ReadThatCosts => {
            "This call only reads, but it may have been charged for. Call again if you accept that."
        }
        OperationKind::CountsAttempts => {
            "The gateway may have counted this attempt. Nothing was bought by it."
        }
        OperationKind::IdempotentWrite | OperationKind::Write => {
            "The gateway may have carried it out. Read the present state before you try again."
        }
        OperationKind::Money => {
            "The gateway may have carried it out, and may have taken the money. Do not send it again: look the order up by its id."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16) -> Answer {
        Answer { status, headers: Default::default(), body: Vec::new(), request_id: "id".into() }
    }

    #[test]
    fn only_the_gateways_own_documented_no_is_a_no_where_money_moves() {
        let words = Some(GatewayWords { code: Some("API_1".into()), ..GatewayWords::default() });
        let outcome = |status, kind, words| refused(&answer(status), kind, words, &[400, 404]).outcome();
        for status in [400, 404] {
            assert_eq!(outcome(status, OperationKind::Money, words.clone()), Outcome::Refused, "{status}");
            assert_eq!(outcome(status, OperationKind::Money, None), Outcome::Unknown, "{status}");
            assert_eq!(outcome(status, OperationKind::Read, None), Outcome::Refused, "{status}");
        }
        for status in [302, 307, 403, 408, 409, 429, 500, 502, 503, 504, 599] {
            assert_eq!(outcome(status, OperationKind::Money, words.clone()), Outcome::Unknown, "{status}");
        }
    }
}
