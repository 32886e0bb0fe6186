//! What went wrong on the way, and whether the gateway may have seen the request.

use super::attempt::Call;
use super::request::Sent;
use super::status::unknown_advice;
use crate::error::{ErrorDetails, Outcome, TillgateError};
use std::error::Error;
use std::io;

/// The failure of handing a request over and waiting for the head of its answer.
///
/// *Not sent* is claimed in two cases only. A request that could not be built. And an error of hyper-util's connector
/// (`is_connect`): its client makes that kind from the connector's own result alone (resolution, TCP, a proxy's CONNECT,
/// TLS), before it has a connection to give a request to. All else is in doubt, and doubt is *lost*.
pub(super) fn of_sending(call: &Call, error: &reqwest::Error) -> Sent {
    if error.is_builder() {
        let mut wrong =
            TillgateError::invalid_argument("request", format!("It cannot be sent: {}.", chain(error)));
        wrong.details_mut().request_id = Some(call.request_id.clone());
        return Sent::NotSent(wrong);
    }
    if !error.is_connect() {
        return Sent::Lost(lost(call, None, error));
    }
    let error = if let Some(tls) = find::<rustls::Error>(error) {
        TillgateError::Tls {
            details: details(call, Outcome::NotSent, tls_reason(tls), &not_sent_advice(tls_advice(tls))),
        }
    } else if error.is_timeout() {
        let reason = "No connection came about in time.";
        TillgateError::Timeout {
            details: details(call, Outcome::NotSent, reason, &not_sent_advice(CHECK_NETWORK)),
        }
    } else {
        let reason = format!("No connection came about: {}.", chain(error));
        TillgateError::Network {
            details: details(call, Outcome::NotSent, reason, &not_sent_advice(CHECK_NETWORK)),
        }
    };
    Sent::NotSent(error)
}

/// The failure of reading an answer that had begun.
pub(super) fn of_reading(call: &Call, status: u16, error: &reqwest::Error) -> TillgateError {
    if error.is_decode() && !error.is_timeout() {
        let reason = format!("The answer broke off or could not be unpacked: {}.", chain(error));
        let mut details = details(call, Outcome::Unknown, reason, lost_advice(call));
        details.http_status = Some(status);
        return TillgateError::InvalidAnswer { details };
    }
    lost(call, Some(status), error)
}

/// An answer larger than what is read.
pub(super) fn too_large(call: &Call, status: u16, size_max_bytes: u64) -> TillgateError {
    let reason = format!("The answer is larger than {size_max_bytes} bytes (answer_size_max_bytes).");
    let mut details = details(call, Outcome::Unknown, reason, lost_advice(call));
    details.http_status = Some(status);
    TillgateError::InvalidAnswer { details }
}

/// The deadline passed while the call was under way.
pub(super) fn too_late(call: &Call) -> TillgateError {
    let reason = "The deadline passed before the answer was here.";
    TillgateError::Timeout { details: details(call, Outcome::Unknown, reason, lost_advice(call)) }
}

/// The gateway has asked for a pause that lasts longer than this call may wait.
pub(super) fn paused(call: &Call) -> TillgateError {
    let reason = "The gateway has asked for a pause, and it is not over yet.";
    TillgateError::RateLimited {
        details: details(call, Outcome::NotSent, reason, &not_sent_advice("Call again later.")),
    }
}

/// The deadline passed before the call could start.
pub(super) fn no_turn(call: &Call) -> TillgateError {
    let reason = "The deadline passed while the call waited for its turn.";
    let advice = not_sent_advice("Fewer calls at once, or higher limits in the configuration, will help.");
    TillgateError::Timeout { details: details(call, Outcome::NotSent, reason, &advice) }
}

/// The causes of an error in a row, without addresses: those may hold secrets.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut texts: Vec<String> = Vec::new();
    let mut next = if error.is::<reqwest::Error>() { error.source() } else { Some(error) };
    while let Some(cause) = next {
        let text = match cause.downcast_ref::<reqwest::Error>() {
            Some(inner) => inner.to_string().split(" for url").next().unwrap_or_default().to_string(),
            None => cause.to_string(),
        };
        if !texts.iter().any(|known| known.contains(&text)) {
            texts.push(text);
        }
        next = cause.source();
    }
    if texts.is_empty() { String::from("the request broke off") } else { texts.join(": ") }
}

fn lost(call: &Call, status: Option<u16>, error: &reqwest::Error) -> TillgateError {
    let (reason, is_timeout) = if error.is_timeout() {
        ("The gateway fell silent before the answer was complete.".to_string(), true)
    } else {
        (format!("The connection broke before the answer was complete: {}.", chain(error)), false)
    };
    let mut details = details(call, Outcome::Unknown, reason, lost_advice(call));
    details.http_status = status;
    if is_timeout { TillgateError::Timeout { details } } else { TillgateError::Network { details } }
}

fn details(call: &Call, outcome: Outcome, reason: impl Into<String>, advice: &str) -> Box<ErrorDetails> {
    let mut details = ErrorDetails::local(reason, advice);
    details.outcome = outcome;
    details.request_id = Some(call.request_id.clone());
    details
}

const CHECK_NETWORK: &str = "Check the network, the proxy and the gateway's address.";

fn not_sent_advice(what_to_do: &str) -> String {
    format!("The request never left for the gateway, so nothing was bought. {what_to_do}")
}

fn lost_advice(call: &Call) -> &'static str {
    unknown_advice(call.request.kind)
}

fn tls_reason(error: &rustls::Error) -> String {
    use rustls::CertificateError as Bad;
    let rustls::Error::InvalidCertificate(bad) = error else {
        return format!("The TLS handshake failed: {error}.");
    };
    match bad {
        Bad::Expired | Bad::ExpiredContext { .. } => "The certificate has expired.".into(),
        Bad::NotValidYet | Bad::NotValidYetContext { .. } => "The certificate is not valid yet.".into(),
        Bad::NotValidForName | Bad::NotValidForNameContext { .. } => {
            "The certificate is for another host.".into()
        }
        Bad::UnknownIssuer => {
            "The certificate was issued by an authority that this machine does not know.".into()
        }
        other => format!("The certificate was not accepted: {other}."),
    }
}

fn tls_advice(error: &rustls::Error) -> &'static str {
    use rustls::CertificateError as Bad;
    match error {
        rustls::Error::InvalidCertificate(
            Bad::Expired | Bad::ExpiredContext { .. } | Bad::NotValidYet | Bad::NotValidYetContext { .. },
        ) => "Set this machine's date and time; if they are right, tell the gateway's operator.",
        rustls::Error::InvalidCertificate(Bad::UnknownIssuer) => {
            "Install the system's CA certificates; for a gateway or proxy of your own give its authority as extra_ca_pem."
        }
        _ => {
            "Check the gateway's address and whether something between opens the connections (a proxy, a login page)."
        }
    }
}

/// The first cause of this type. An `io::Error` hides what it wraps from `source`, so it is opened.
fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(found) = cause.downcast_ref::<T>() {
            return Some(found);
        }
        let wrapped = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(found) = wrapped.and_then(|wrapped| find::<T>(wrapped)) {
            return Some(found);
        }
        next = cause.source();
    }
    None
}
