//! Waiting in a thread of Python.

use super::error::guarded;
use super::operation::{Ended, Work};
use pyo3::prelude::*;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};
use tillgate::TillgateError;

/// How long Ctrl-C may go unnoticed.
const SLICE: Duration = Duration::from_millis(50);

/// Waits with the GIL released. A signal whose handler raises (Ctrl-C) ends the wait, and only the wait: the work goes on.
pub fn wait(py: Python<'_>, mut work: Work) -> PyResult<Result<Ended, TillgateError>> {
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(bell.clone());
    loop {
        let slice = py.detach(|| guarded(|| poll_until(&mut work, &bell, &waker, Instant::now() + SLICE)));
        match slice {
            Ok(Poll::Ready(ended)) => return Ok(Ok(ended)),
            Ok(Poll::Pending) => py.check_signals()?,
            Err(panic) => return Ok(Err(panic)),
        }
    }
}

fn poll_until(work: &mut Work, bell: &Bell, waker: &Waker, until: Instant) -> Poll<Ended> {
    loop {
        if let Poll::Ready(ended) = work.as_mut().poll(&mut Context::from_waker(waker)) {
            return Poll::Ready(ended);
        }
        if !bell.rang_before(until) {
            return Poll::Pending;
        }
    }
}

/// Rings when the work wants to be polled again.
#[derive(Default)]
struct Bell {
    rung: Mutex<bool>,
    changed: Condvar,
}

impl Bell {
    fn rang_before(&self, until: Instant) -> bool {
        let rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        let patience = until.saturating_duration_since(Instant::now());
        let (mut rung, _) = self
            .changed
            .wait_timeout_while(rung, patience, |rung| !*rung)
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *rung)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_one();
    }
}
