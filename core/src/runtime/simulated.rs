//! A runtime for simulations: one thread, no time of its own, and an order of tasks that follows from a seed.
//!
//! While a [`SimulatedRuntime`] is entered, everything that this thread starts runs on it: tasks are polled one at a time
//! when [`SimulatedRuntime::step`] is called, functions that block run in place, and the journal commits in a task instead of a
//! thread. With a clock that is moved by hand, a run is the same whenever its seed is. Dropping the runtime drops every
//! task where it stands, as the end of a process does.

use super::BoxFuture;
use crate::error::Result;
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Wake, Waker};

thread_local! {
    static ENTERED: RefCell<Option<Rc<Inner>>> = const { RefCell::new(None) };
}

/// Runs what its thread starts, in an order that follows from a seed.
pub struct SimulatedRuntime {
    inner: Rc<Inner>,
}

/// While this lives, its thread starts tasks on the simulated runtime.
#[must_use = "the runtime is left as soon as this is dropped"]
pub struct Entered {
    before: Option<Rc<Inner>>,
}

struct Inner {
    tasks: RefCell<BTreeMap<u64, Task>>,
    ready: Arc<Mutex<Vec<u64>>>,
    next: Cell<u64>,
    random: Cell<u64>,
}

struct Task {
    work: BoxFuture<'static, ()>,
    waker: Arc<TaskWaker>,
    end: Arc<Mutex<End>>,
}

struct TaskWaker {
    id: u64,
    queued: AtomicBool,
    ready: Arc<Mutex<Vec<u64>>>,
}

/// How a task stands.
enum End {
    /// And who waits for it.
    Running(Option<Waker>),
    Finished,
    Panicked(Box<dyn Any + Send>),
}

/// A task of a simulated runtime.
pub(super) struct Handle {
    id: u64,
    end: Arc<Mutex<End>>,
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "simulated task {}", self.id)
    }
}

impl SimulatedRuntime {
    /// A runtime without tasks.
    pub fn new(seed: u64) -> Self {
        let inner = Inner {
            tasks: RefCell::default(),
            ready: Arc::default(),
            next: Cell::new(0),
            random: Cell::new(seed),
        };
        Self { inner: Rc::new(inner) }
    }

    /// From now on this thread's tasks are this runtime's.
    pub fn enter(&self) -> Entered {
        Entered { before: ENTERED.replace(Some(self.inner.clone())) }
    }

    /// Starts a task.
    pub fn spawn(&self, work: BoxFuture<'static, ()>) {
        self.inner.spawn(work);
    }

    /// Polls one task that can go on, drawn by the seed; false when there is none.
    pub fn step(&self) -> bool {
        let Some(id) = self.inner.draw() else { return false };
        let Some(mut task) = self.inner.tasks.borrow_mut().remove(&id) else { return true };
        task.waker.queued.store(false, Ordering::SeqCst);
        let waker = Waker::from(task.waker.clone());
        let poll = std::panic::AssertUnwindSafe(|| task.work.as_mut().poll(&mut Context::from_waker(&waker)));
        match std::panic::catch_unwind(poll) {
            Ok(Poll::Pending) => {
                self.inner.tasks.borrow_mut().insert(id, task);
            }
            Ok(Poll::Ready(())) => task.ends(End::Finished),
            Err(panic) => {
                task.ends(End::Panicked(panic));
            }
        }
        true
    }

    /// How many tasks have not ended.
    pub fn tasks(&self) -> usize {
        self.inner.tasks.borrow().len()
    }
}

impl Drop for SimulatedRuntime {
    fn drop(&mut self) {
        // What is dropped may start or stop others; it must find no task half taken out.
        loop {
            let tasks = std::mem::take(&mut *self.inner.tasks.borrow_mut());
            if tasks.is_empty() {
                break;
            }
            drop(tasks);
        }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let before = self.before.take();
        ENTERED.with(|entered| entered.replace(before));
    }
}

/// Whether this thread is in a simulation.
pub(crate) fn is_entered() -> bool {
    ENTERED.with(|entered| entered.borrow().is_some())
}

/// What is random outside of a simulation follows from its seed in there.
pub(crate) fn random() -> Option<u128> {
    let inner = ENTERED.with(|entered| entered.borrow().clone())?;
    Some(u128::from(inner.random()) << 64 | u128::from(inner.random()))
}

/// Starts a task on the runtime that this thread has entered.
pub(super) fn spawn(work: BoxFuture<'static, ()>) -> Result<Handle> {
    let inner = ENTERED.with(|entered| entered.borrow().clone()).ok_or_else(super::closed)?;
    Ok(inner.spawn(work))
}

impl Task {
    fn ends(self, end: End) {
        let before = std::mem::replace(&mut *lock(&self.end), end);
        // What its dropping sets free may ask how it ended.
        drop(self.work);
        if let End::Running(Some(waiting)) = before {
            waiting.wake();
        }
    }
}

impl Inner {
    fn spawn(&self, work: BoxFuture<'static, ()>) -> Handle {
        let id = self.next.get() + 1;
        self.next.set(id);
        let end = Arc::new(Mutex::new(End::Running(None)));
        let waker = Arc::new(TaskWaker { id, queued: AtomicBool::new(false), ready: self.ready.clone() });
        self.tasks.borrow_mut().insert(id, Task { work, waker: waker.clone(), end: end.clone() });
        waker.wake();
        Handle { id, end }
    }

    fn draw(&self) -> Option<u64> {
        let mut ready = self.ready.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if ready.is_empty() {
            return None;
        }
        let index = (self.random() % ready.len() as u64) as usize;
        Some(ready.remove(index))
    }

    /// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
    fn random(&self) -> u64 {
        let state = self.random.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
        self.random.set(state);
        let mut z = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        if !self.queued.swap(true, Ordering::SeqCst) {
            self.ready.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push(self.id);
        }
    }
}

impl Handle {
    pub(super) fn abort(&self) {
        // Outside of the borrow: what is dropped may start others.
        let stopped = ENTERED
            .with(|entered| entered.borrow().clone())
            .and_then(|inner| inner.tasks.borrow_mut().remove(&self.id));
        drop(stopped);
    }

    pub(super) fn is_finished(&self) -> bool {
        !matches!(*lock(&self.end), End::Running(_))
    }

    /// How it ended, once it has.
    pub(super) fn poll_end(&self, context: &mut Context<'_>) -> Poll<Result<()>> {
        match &mut *lock(&self.end) {
            End::Finished => Poll::Ready(Ok(())),
            End::Panicked(panic) => Poll::Ready(Err(super::panicked(panic.as_ref()))),
            End::Running(waiting) => {
                *waiting = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

fn lock(end: &Mutex<End>) -> MutexGuard<'_, End> {
    end.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::{blocking, detached};

    fn trace(seed: u64) -> Vec<u32> {
        let runtime = SimulatedRuntime::new(seed);
        let _entered = runtime.enter();
        let trace = Arc::new(Mutex::new(Vec::new()));
        for number in 0..8 {
            let trace = trace.clone();
            runtime.spawn(Box::pin(async move {
                let doubled = detached(async move { blocking(move || Ok(number * 2)).await }).await;
                trace.lock().unwrap().push(doubled.unwrap());
            }));
        }
        while runtime.step() {}
        assert_eq!(runtime.tasks(), 0);
        let trace = trace.lock().unwrap();
        trace.clone()
    }

    #[test]
    fn a_seed_is_one_order_of_events_and_another_seed_another() {
        assert_eq!(trace(1), trace(1));
        assert_ne!(trace(1), trace(2));
        let mut sorted = trace(3);
        sorted.sort();
        assert_eq!(sorted, [0, 2, 4, 6, 8, 10, 12, 14]);
    }

    #[test]
    fn a_panic_is_told_and_ends_one_task_only() {
        let runtime = SimulatedRuntime::new(0);
        let _entered = runtime.enter();
        let told = Arc::new(Mutex::new(None));
        let inner = told.clone();
        runtime.spawn(Box::pin(async move {
            let result: Result<()> = detached(async { panic!("the drawer is stuck") }).await;
            *inner.lock().unwrap() = Some(result);
        }));
        while runtime.step() {}
        let told = told.lock().unwrap().take().unwrap().unwrap_err();
        assert!(told.details().reason.contains("the drawer is stuck"));
    }

    #[test]
    fn dropping_the_runtime_drops_what_it_ran() {
        struct Dropped(Arc<AtomicBool>);
        impl Drop for Dropped {
            fn drop(&mut self) {
                self.0.store(true, Ordering::SeqCst);
            }
        }
        let dropped = Arc::new(AtomicBool::new(false));
        let held = Dropped(dropped.clone());
        let runtime = SimulatedRuntime::new(0);
        runtime.spawn(Box::pin(async move {
            let _held = held;
            std::future::pending::<()>().await;
        }));
        while runtime.step() {}
        assert!(!dropped.load(Ordering::SeqCst));
        drop(runtime);
        assert!(dropped.load(Ordering::SeqCst));
    }
}
