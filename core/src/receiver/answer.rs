//! From a request to its answer. What is refused is refused before its body is read, as far as that can be.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::header::{ALLOW, CONTENT_LENGTH, RETRY_AFTER};
use axum::http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::BodyExt;

use super::counts::{Fate, Held};
use super::listen::Shared;
use crate::CallbackRequest;
use crate::runtime;
use crate::testing::{Guard, guard};

/// A commit ends by itself; this is only what guards a connection against a disk that never answers.
const COMMIT_PATIENCE: Duration = Duration::from_secs(60);
/// When to come again after a journal that could not be written, in seconds.
const RETRY_AFTER_FAILURE_S: u64 = 30;

/// The one request that a connection carries.
pub(super) struct Turn {
    /// When it must have arrived whole, by the receiver's clock.
    pub(super) deadline: Duration,
    /// Its head has arrived: from here on it is answered, whatever else happens.
    pub(super) arrived: AtomicBool,
    /// It was counted.
    pub(super) decided: AtomicBool,
}

/// Answers a request.
pub(super) async fn answer(
    State(shared): State<Arc<Shared>>,
    Extension(turn): Extension<Arc<Turn>>,
    request: Request<Body>,
) -> Response<Body> {
    let said = match take_in(&shared, &turn, request).await {
        Ok(said) | Err(said) => said,
    };
    shared.decide(&turn, said.fate);
    let mut response = Response::new(Body::empty());
    *response.status_mut() = said.status;
    if said.status == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    }
    if let Some(seconds) = said.retry_after_s {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// What is answered, and as what it is counted.
struct Said {
    status: StatusCode,
    fate: Fate,
    retry_after_s: Option<u64>,
}

fn said(status: StatusCode, fate: Fate) -> Said {
    Said { status, fate, retry_after_s: None }
}

async fn take_in(shared: &Shared, turn: &Turn, request: Request<Body>) -> Result<Said, Said> {
    if !shared.paths.contain(request.uri().path()) && guard(Guard::CallbackPath) {
        return Err(said(StatusCode::NOT_FOUND, Fate::WrongPath));
    }
    if request.method() != Method::POST {
        return Err(said(StatusCode::METHOD_NOT_ALLOWED, Fate::WrongMethod));
    }
    let size_max_bytes = if guard(Guard::CallbackSize) { shared.body_size_max_bytes } else { usize::MAX };
    let length = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: u64| length > size_max_bytes as u64) {
        return Err(too_large());
    }
    // Only what has the right path counts here: a stranger must not use up the gateway's share.
    if let Err(wait) = shared.pace().try_start(shared.clock.elapsed()) {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        let retry_after_s = Some(seconds.max(1));
        return Err(Said { retry_after_s, ..said(StatusCode::TOO_MANY_REQUESTS, Fate::TooMany) });
    }
    let mut held = Held::new(&shared.counts);
    tokio::select! {
        whole = read(&mut held, request.into_body(), size_max_bytes) => whole?,
        () = shared.clock.sleep_until(turn.deadline) => {
            return Err(said(StatusCode::REQUEST_TIMEOUT, Fate::TooSlow));
        }
    }
    let request = CallbackRequest { body: std::mem::take(&mut held.bytes), account: shared.account.clone() };
    let tracker = shared.tracker.clone();
    // On a task of its own: a caller that goes away does not stop the commit.
    let handling = runtime::detached(async move { tracker.handle_callback(request).await });
    let handled = tokio::select! {
        handled = handling => handled,
        () = runtime::sleep(COMMIT_PATIENCE) => return Err(not_committed()),
    };
    // Why it could not be written down is the till's to say, not a stranger's to read.
    let handled = handled.map_err(|_| not_committed())?;
    shared.counts.named(handled.known_orders, handled.unknown_orders);
    match handled.http_status {
        200 => Ok(said(StatusCode::OK, Fate::Handled)),
        413 => Err(too_large()),
        _ => Err(said(StatusCode::BAD_REQUEST, Fate::NotReadable)),
    }
}

/// Reads a body as far as it may go.
async fn read(held: &mut Held<'_>, mut body: Body, size_max_bytes: usize) -> Result<(), Said> {
    while let Some(frame) = body.frame().await {
        // Its framing is wrong, or it broke off; then nobody reads this answer.
        let frame = frame.map_err(|_| said(StatusCode::BAD_REQUEST, Fate::BrokenOff))?;
        let Some(bytes) = frame.data_ref() else { continue };
        if held.bytes.len() + bytes.len() > size_max_bytes {
            return Err(too_large());
        }
        held.add(bytes);
    }
    Ok(())
}

fn too_large() -> Said {
    said(StatusCode::PAYLOAD_TOO_LARGE, Fate::TooLarge)
}

fn not_committed() -> Said {
    let retry_after_s = Some(RETRY_AFTER_FAILURE_S);
    Said { retry_after_s, ..said(StatusCode::SERVICE_UNAVAILABLE, Fate::NotCommitted) }
}

impl Turn {
    pub(super) fn new(deadline: Duration) -> Self {
        Self { deadline, arrived: AtomicBool::new(false), decided: AtomicBool::new(false) }
    }

    pub(super) fn has_arrived(&self) -> bool {
        self.arrived.load(Ordering::SeqCst)
    }
}
