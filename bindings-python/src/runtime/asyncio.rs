//! Work of core as a future of asyncio.
//!
//! The work is polled in the thread of the event loop, so nothing of Python is touched elsewhere; its waker asks the porter
//! (`porter.rs`) to have the loop poll again. Cancelling the future drops the wait, the work itself goes on in core.

use super::error::guarded;
use super::operation::{Work, answer};
use super::porter;
use super::wait::{interpreter_is_ending, wait};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// Starts the work and returns its future.
pub fn begin(py: Python<'_>, work: Work) -> PyResult<Bound<'_, PyAny>> {
    let event_loop = running_loop(py)?;
    if interpreter_is_ending() {
        // An event loop in an exit handler: no porter runs any more, so the loop itself waits.
        return ended(py, answer(py, wait(py, work)?));
    }
    let future = event_loop.call_method0(intern!(py, "create_future"))?;
    let waiting = Arc::new(Wait {
        work: Mutex::new(Some(work)),
        event_loop: event_loop.unbind(),
        future: future.clone().unbind(),
    });
    waiting.step(py)?;
    if waiting.waits() {
        let forget = Forget(waiting).into_pyobject(py)?;
        future.call_method1(intern!(py, "add_done_callback"), (forget,))?;
    }
    Ok(future)
}

/// The future of what has ended already.
pub fn ended<'py>(py: Python<'py>, ended: PyResult<Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyAny>> {
    let future = running_loop(py)?.call_method0(intern!(py, "create_future"))?;
    settle(&future, ended)?;
    Ok(future)
}

fn running_loop(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    static GET_RUNNING_LOOP: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    GET_RUNNING_LOOP.import(py, "asyncio", "get_running_loop")?.call0()
}

fn settle(future: &Bound<'_, PyAny>, ended: PyResult<Bound<'_, PyAny>>) -> PyResult<()> {
    let py = future.py();
    if future.call_method0(intern!(py, "done"))?.is_truthy()? {
        return Ok(());
    }
    match ended {
        Ok(value) => future.call_method1(intern!(py, "set_result"), (value,))?,
        Err(error) => future.call_method1(intern!(py, "set_exception"), (error,))?,
    };
    Ok(())
}

/// Someone waits in an event loop for work of core.
pub struct Wait {
    work: Mutex<Option<Work>>,
    event_loop: Py<PyAny>,
    future: Py<PyAny>,
}

impl Wait {
    /// Polls; in the thread of the event loop.
    fn step(self: &Arc<Self>, py: Python<'_>) -> PyResult<()> {
        let ended = {
            let mut work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(waiting) = work.as_mut() else { return Ok(()) };
            let waker = Waker::from(self.clone());
            match guarded(|| waiting.as_mut().poll(&mut Context::from_waker(&waker))) {
                Ok(Poll::Pending) => return Ok(()),
                Ok(Poll::Ready(ended)) => {
                    *work = None;
                    Ok(ended)
                }
                Err(panic) => {
                    *work = None;
                    Err(panic)
                }
            }
        };
        settle(self.future.bind(py), answer(py, ended))
    }

    fn waits(&self) -> bool {
        self.work.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    fn forget(&self) {
        let work = self.work.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(work);
    }

    /// Has the event loop poll again. Called by the porter.
    pub fn deliver(self: Arc<Self>, py: Python<'_>) {
        let step = Step(self.clone()).into_pyobject(py).map(Bound::into_any);
        let event_loop = self.event_loop.bind(py);
        let told =
            step.and_then(|step| event_loop.call_method1(intern!(py, "call_soon_threadsafe"), (step,)));
        if told.is_err() {
            // The loop is closed: nobody waits any more.
            self.forget();
        }
    }
}

impl Wake for Wait {
    fn wake(self: Arc<Self>) {
        porter::carry(self);
    }
}

/// What the event loop calls to poll.
#[pyclass(frozen, module = "tillgate._native")]
struct Step(Arc<Wait>);

#[pymethods]
impl Step {
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        self.0.step(py)
    }
}

/// What the future calls when it is done or cancelled.
#[pyclass(frozen, module = "tillgate._native")]
struct Forget(Arc<Wait>);

#[pymethods]
impl Forget {
    fn __call__(&self, _future: &Bound<'_, PyAny>) {
        self.0.forget();
    }
}
