//! Waiting in a thread of Python.

use super::error::guarded;
use super::operation::{Ended, Work};
use pyo3::prelude::*;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::ThreadId;
use std::time::{Duration, Instant};
use tillgate::TillgateError;

/// How long Ctrl-C may go unnoticed.
const SLICE: Duration = Duration::from_millis(50);

/// Waits with the GIL released. A signal whose handler raises (Ctrl-C) ends the wait, and only the wait: the work goes on.
pub fn wait(py: Python<'_>, mut work: Work) -> PyResult<Result<Ended, TillgateError>> {
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(bell.clone());
    loop {
        let slice = py.detach(|| {
            let slice = guarded(|| poll_until(&mut work, &bell, &waker, Instant::now() + SLICE));
            stay_away_from_the_end();
            slice
        });
        match slice {
            Ok(Poll::Ready(ended)) => return Ok(Ok(ended)),
            Ok(Poll::Pending) => py.check_signals()?,
            Err(panic) => return Ok(Err(panic)),
        }
    }
}

/// The thread that ends the interpreter, once it has begun to.
static ENDING: Mutex<Option<ThreadId>> = Mutex::new(None);

/// From here on no thread but this one returns to Python from a wait.
pub fn interpreter_ends() {
    *ENDING.lock().unwrap_or_else(PoisonError::into_inner) = Some(std::thread::current().id());
}

/// Whether no thread of ours may enter Python any more.
pub fn interpreter_is_ending() -> bool {
    ENDING.lock().unwrap_or_else(PoisonError::into_inner).is_some()
}

/// Before 3.14, Python kills a daemon thread that asks for the GIL while the interpreter ends, and takes the process along if
/// frames of Rust are in between. Such a thread waits here for the end of the process, which is what newer Pythons do.
fn stay_away_from_the_end() {
    let ending = *ENDING.lock().unwrap_or_else(PoisonError::into_inner);
    if ending.is_some_and(|thread| thread != std::thread::current().id()) {
        loop {
            std::thread::park();
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
