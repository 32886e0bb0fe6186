//! One time that a request is handed to a connection.

use super::request::{Answer, OperationKind, Request, Sent};
use super::{REQUEST_ID, Stack, failure, id_header};
use crate::error::{Outcome, Result, TillgateError};
use crate::testing::{self, Guard, guard};
use reqwest::Url;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue};
use std::time::Duration;

/// A call, ready to be sent as often as its kind allows.
pub(super) struct Call {
    pub(super) request: Request,
    pub(super) url: Url,
    pub(super) request_id: String,
    /// By the clock's elapsed time.
    pub(super) deadline: Duration,
    /// No attempt starts after it; by the clock's elapsed time.
    pub(super) start_by: Duration,
}

/// Sends a call once.
pub(super) async fn once(stack: &Stack, call: &Call) -> Sent {
    let clock = &*stack.clock;
    let is_read = matches!(call.request.kind, OperationKind::Read | OperationKind::ReadThatCosts);
    if is_read && stack.limits.pause() >= call.start_by {
        return Sent::NotSent(failure::paused(call));
    }
    let _turn = tokio::select! {
        biased;
        turn = stack.limits.turn(clock, is_read) => match turn {
            Ok(turn) => turn,
            Err(error) => return Sent::NotSent(error),
        },
        () = clock.sleep_until(call.start_by) => return Sent::NotSent(failure::no_turn(call)),
    };
    if clock.elapsed() >= call.start_by {
        return Sent::NotSent(failure::no_turn(call));
    }
    let request = match http_request(call) {
        Ok(request) => request,
        Err(error) => return Sent::NotSent(error),
    };
    if call.request.has_crash_points() {
        testing::crash_point("send.before");
    }
    let sent = tokio::select! {
        biased;
        sent = exchange(stack, call, request) => sent,
        // Nobody can tell how far the request had come.
        () = clock.sleep_until(call.deadline) => Sent::Lost(failure::too_late(call)),
    };
    if call.request.has_crash_points() {
        testing::crash_point("receive.after");
    }
    match sent {
        Sent::Lost(error) if !guard(Guard::ThreeOutcomes) => {
            Sent::NotSent(error.with_outcome(Outcome::NotSent))
        }
        sent => sent,
    }
}

async fn exchange(stack: &Stack, call: &Call, request: reqwest::Request) -> Sent {
    #[cfg(feature = "testing")]
    if let Some(planned) = testing::inner::planned_answer(call.request.operation.name) {
        return Sent::Answered(answer_of(planned, call));
    }
    let mut response = match stack.client(call.request.kind).execute(request).await {
        Ok(response) => response,
        Err(error) => return failure::of_sending(call, &error),
    };
    let status = response.status().as_u16();
    let headers = std::mem::take(response.headers_mut());
    // The size that a gateway announces is a hint for the reserve, bounded; what comes is counted.
    let announced = response.content_length().unwrap_or(0).min(stack.answer_size_max_bytes).min(1 << 20);
    let mut body = Vec::with_capacity(announced as usize);
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                let size = (body.len() + chunk.len()) as u64;
                if size > stack.answer_size_max_bytes && guard(Guard::AnswerSize) {
                    return Sent::Lost(failure::too_large(call, status, stack.answer_size_max_bytes));
                }
                body.extend_from_slice(&chunk);
            }
            Ok(None) => break,
            Err(error) => return Sent::Lost(failure::of_reading(call, status, &error)),
        }
    }
    Sent::Answered(Answer { status, headers, body, request_id: call.request_id.clone() })
}

/// What a test has planned, in the place of what came.
#[cfg(feature = "testing")]
fn answer_of(planned: testing::inner::NetworkAnswer, call: &Call) -> Answer {
    let mut headers = reqwest::header::HeaderMap::new();
    for (name, value) in planned.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(&value)) {
            headers.append(name, value);
        }
    }
    Answer { status: planned.status, headers, body: planned.body, request_id: call.request_id.clone() }
}

fn http_request(call: &Call) -> Result<reqwest::Request> {
    let mut request = reqwest::Request::new(call.request.operation.method.clone(), call.url.clone());
    let headers = request.headers_mut();
    *headers = call.request.headers.clone();
    headers.entry(ACCEPT).or_insert(HeaderValue::from_static("application/json"));
    headers.insert(HeaderName::from_static(REQUEST_ID), id_header(&call.request_id));
    if let Some(body) = &call.request.body {
        headers.insert(CONTENT_TYPE, body.content_type.clone());
        *request.body_mut() = Some(body.bytes.clone().into());
    }
    if call.url.as_str().len() > URL_SIZE_MAX {
        return Err(TillgateError::invalid_argument("request", "The arguments are too long for an address."));
    }
    Ok(request)
}

/// Longer addresses are refused by common servers, with answers that are hard to read.
const URL_SIZE_MAX: usize = 8000;
