//! The thread that carries wake-ups from core's threads to the event loops.
//!
//! Core's own threads never wait for the GIL: a busy interpreter must not hold up the deadlines of money calls. The porter is
//! stopped and joined before the interpreter ends, so that no thread of ours meets an interpreter that is half gone.

use super::asyncio::Wait;
use super::wait;
use pyo3::prelude::*;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

enum Errand {
    Deliver(Arc<Wait>),
    Stop,
}

struct Porter {
    process: u32,
    errands: Sender<Errand>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// Null until the first wake-up. A porter is never freed, as core's threads may hold it: one per process, and a forked child
/// makes its own.
static PORTER: AtomicPtr<Porter> = AtomicPtr::new(std::ptr::null_mut());

/// Takes a wake-up along. Once the interpreter has begun to end, it is dropped.
pub fn carry(wait: Arc<Wait>) {
    if wait::interpreter_is_ending() {
        return;
    }
    if let Some(porter) = porter() {
        let _ = porter.errands.send(Errand::Deliver(wait));
    }
}

/// Ends the porter for good; called by `atexit` in the thread that ends the interpreter.
#[pyfunction]
pub fn stop(py: Python<'_>) {
    py.detach(|| {
        wait::interpreter_ends();
        let Some(porter) = current() else { return };
        let _ = porter.errands.send(Errand::Stop);
        let thread = porter.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    });
}

fn current() -> Option<&'static Porter> {
    // SAFETY: set once from a leaked box, see `porter`.
    let porter = unsafe { PORTER.load(Ordering::Acquire).as_ref() }?;
    (porter.process == std::process::id()).then_some(porter)
}

fn porter() -> Option<&'static Porter> {
    if let Some(porter) = current() {
        return Some(porter);
    }
    let before = PORTER.load(Ordering::Acquire);
    let (errands, received) = channel();
    let new =
        Box::into_raw(Box::new(Porter { process: std::process::id(), errands, thread: Mutex::new(None) }));
    if PORTER.compare_exchange(before, new, Ordering::AcqRel, Ordering::Acquire).is_err() {
        // Another thread was quicker. Nobody else has seen this one.
        // SAFETY: it came from `Box::into_raw` just above and was not shared.
        drop(unsafe { Box::from_raw(new) });
        return current();
    }
    let porter = current()?;
    let thread =
        std::thread::Builder::new().name("tillgate-porter".into()).spawn(move || work(&received)).ok();
    *porter.thread.lock().unwrap_or_else(PoisonError::into_inner) = thread;
    Some(porter)
}

fn work(errands: &Receiver<Errand>) {
    while let Ok(first) = errands.recv() {
        // What has gathered goes along: the GIL is taken once.
        let mut bag = vec![first];
        bag.extend(errands.try_iter());
        let stop = bag.iter().any(|errand| matches!(errand, Errand::Stop));
        let delivered = Python::try_attach(|py| {
            for errand in bag {
                if let Errand::Deliver(wait) = errand {
                    wait.deliver(py);
                }
            }
        });
        if stop || delivered.is_none() {
            return;
        }
    }
}
