//! Where all work runs: one tokio runtime per process, made when first needed.
//!
//! Every public async function hands its work to [`detached`]. Dropping the future that a caller holds drops the wait
//! alone: what was begun is carried to its end, and its outcome reaches the journal. The caller may poll with any executor.

mod home;
mod parker;
#[cfg(feature = "testing")]
mod simulated;

use crate::error::{ErrorDetails, Result, TillgateError};
use crate::testing::{Guard, guard};
use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::task::{JoinError, JoinHandle};

#[cfg(feature = "testing")]
pub use simulated::SimulatedRuntime;
#[cfg(feature = "testing")]
pub(crate) use simulated::random as simulated_random;

/// A boxed future: one type for all work, so that what runs it is compiled once.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Runs work as a task of its own, begun when its result is first waited for. Dropping the wait ends the wait, not the work.
pub(crate) fn detached<T: Send + 'static>(work: impl Future<Output = Result<T>> + Send + 'static) -> Wait<T> {
    let result = Slot::empty();
    let place = result.clone();
    // Nobody may be waiting any more; the work is done all the same.
    Wait { result, work: Work::Waits(Box::pin(async move { place.put(work.await) })) }
}

/// Runs work that does nothing but wait: it ends with the wait for it, so that it takes nothing from those who still wait. Never for
/// what sends or writes.
pub(crate) fn awaited<T: Send + 'static>(work: impl Future<Output = Result<T>> + Send + 'static) -> Wait<T> {
    let mut wait = detached(work);
    wait.work = match wait.work {
        Work::Waits(work) => Work::Watches(work),
        other => other,
    };
    wait
}

/// The same, begun at once.
pub(crate) fn started<T: Send + 'static>(
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<Wait<T>> {
    let mut wait = detached(work);
    wait.work.begin()?;
    Ok(wait)
}

/// Does work within the task that waits for it. A panic in it ends as it would in a task of its own, and costs none. Only within
/// other work that is [`detached`]: it does not outlive its wait.
pub(crate) async fn contained<T>(work: BoxFuture<'_, T>) -> Result<T> {
    let mut work = Some(work);
    std::future::poll_fn(move |context| {
        let Some(begun) = &mut work else { return Poll::Ready(Err(closed())) };
        // What has panicked is not polled again.
        let polled = catch_unwind(AssertUnwindSafe(|| begun.as_mut().poll(context)));
        if !matches!(polled, Ok(Poll::Pending)) {
            work = None;
        }
        match polled {
            Ok(polled) => polled.map(Ok),
            Err(panic) => Poll::Ready(Err(panicked(panic.as_ref()))),
        }
    })
    .await
}

/// Runs a function that blocks (SQLite, files) on a thread made for that, and waits for its result. Like [`detached`],
/// dropping the wait does not stop it.
pub(crate) fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Wait<T> {
    let result = Slot::empty();
    let place = result.clone();
    Wait { result, work: Work::Blocks(Box::new(move || place.put(work()))) }
}

/// Starts a task. It is not generic: whoever needs a result brings a place for it.
pub(crate) fn spawn(work: BoxFuture<'static, ()>) -> Result<TaskHandle> {
    #[cfg(feature = "testing")]
    if simulated::is_entered() {
        return Ok(TaskHandle { task: RunningTask::Simulated(simulated::spawn(work)?) });
    }
    Ok(TaskHandle { task: RunningTask::Real(home::handle()?.spawn(work)) })
}

/// A wait for the result of work. Next to nothing in it depends on the kind of result, or it would be compiled for each.
#[must_use = "work begins when it is waited for"]
pub(crate) struct Wait<T> {
    result: Slot<T>,
    work: Work,
}

impl<T> Future for Wait<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<T>> {
        std::task::ready!(self.work.poll_end(context))?;
        Poll::Ready(self.result.take())
    }
}

/// Work, from before its begin to its end.
enum Work {
    /// Not begun.
    Waits(BoxFuture<'static, ()>),
    /// Not begun, and it blocks its thread.
    Blocks(Box<dyn FnOnce() + Send>),
    /// Not begun, and it ends with the wait for it.
    Watches(BoxFuture<'static, ()>),
    Task(TaskHandle),
    Watcher(Watcher),
    /// What [`detached`] is not: work that ends when its caller lets go. Only for the test of that guard.
    InTheCallersHands(BoxFuture<'static, ()>),
    /// It could not be begun.
    Refused,
}

impl Work {
    /// Begins it where that has not been done.
    fn begin(&mut self) -> Result<()> {
        *self = match std::mem::replace(self, Self::Refused) {
            Self::Waits(work) if !guard(Guard::CancelDetached) => Self::InTheCallersHands(work),
            Self::Waits(work) => Self::Task(spawn(work)?),
            Self::Watches(work) => Self::Watcher(Watcher(spawn(work)?)),
            // A simulation has no other threads.
            Self::Blocks(work) if is_simulated() => Self::Task(spawn(Box::pin(async move { work() }))?),
            Self::Blocks(work) => {
                Self::Task(TaskHandle { task: RunningTask::Real(home::handle()?.spawn_blocking(work)) })
            }
            begun => begun,
        };
        Ok(())
    }

    /// Begins it where that has not been done, and waits for its end.
    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<Result<()>> {
        self.begin()?;
        match self {
            Self::Task(task) | Self::Watcher(Watcher(task)) => task.poll_end(context),
            Self::InTheCallersHands(work) => {
                let _entered = if is_simulated() { None } else { Some(home::handle()?.enter()) };
                work.as_mut().poll(context).map(Ok)
            }
            Self::Waits(_) | Self::Watches(_) | Self::Blocks(_) | Self::Refused => Poll::Ready(Err(closed())),
        }
    }
}

/// A task that only waits, and ends with those who wait for it.
struct Watcher(TaskHandle);

impl Drop for Watcher {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Where work leaves its result.
struct Slot<T>(Arc<Mutex<Option<Result<T>>>>);

impl<T> Slot<T> {
    fn empty() -> Self {
        Self(Arc::default())
    }

    fn put(&self, result: Result<T>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
    }

    /// After the end of the work: what ended well has left something.
    fn take(&self) -> Result<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_else(|| Err(closed()))
    }
}

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// Ready after this much real time. Any executor may poll it: the timer belongs to this runtime.
pub(crate) async fn sleep(duration: Duration) {
    if is_simulated() {
        // Real time does not pass in a simulation.
        return std::future::pending().await;
    }
    match home::handle() {
        Ok(handle) => {
            let timer = {
                let _entered = handle.enter();
                tokio::time::sleep(duration)
            };
            timer.await;
        }
        // In a forked child nothing may be done any more, early least of all.
        Err(_forked) => std::future::pending().await,
    }
}

/// Whether this thread runs a simulation, in which there are no other threads.
pub(crate) fn is_simulated() -> bool {
    #[cfg(feature = "testing")]
    return simulated::is_entered();
    #[cfg(not(feature = "testing"))]
    false
}

/// Waits on the calling thread until a future is done. Works on every thread, inside another runtime too, as long as
/// the future does not need that very thread to go on.
///
/// # Errors
/// Those of the future, and [`TillgateError::Forked`].
pub fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let mut result = None;
    wait_for(std::pin::pin!(async { result = Some(work.await) }))?;
    result.unwrap_or_else(|| Err(closed()))
}

/// Not generic, so that the waiting is compiled once, and the work not once for each kind of thread.
fn wait_for(work: Pin<&mut dyn Future<Output = ()>>) -> Result<()> {
    home::refuse_a_forked_child()?;
    if home::this_thread_is_a_worker() {
        // A worker that waits must first hand its queue to another thread, or two waits would stop the runtime.
        tokio::task::block_in_place(|| parker::block_on(work));
    } else {
        parker::block_on(work);
    }
    Ok(())
}

/// Ends the runtime for good: running tasks get `patience` to finish, and every later call is answered with
/// [`TillgateError::Closed`]. For hosts that unload the library; others need not call it.
///
/// # Errors
/// [`TillgateError::Forked`].
pub fn shut_down_runtime(patience: Duration) -> Result<()> {
    home::shut_down(patience)
}

/// A started task. Letting go of it does not stop the task.
#[derive(Debug)]
pub(crate) struct TaskHandle {
    task: RunningTask,
}

#[derive(Debug)]
enum RunningTask {
    Real(JoinHandle<()>),
    #[cfg(feature = "testing")]
    Simulated(simulated::Handle),
}

#[allow(dead_code, reason = "the tracker's loops use what the clients do not")]
impl TaskHandle {
    /// Stops the task at its next wait. Never for anything that may be sending money.
    pub(crate) fn abort(&self) {
        match &self.task {
            RunningTask::Real(task) => task.abort(),
            #[cfg(feature = "testing")]
            RunningTask::Simulated(task) => task.abort(),
        }
    }

    /// Whether the task has ended.
    pub(crate) fn is_finished(&self) -> bool {
        match &self.task {
            RunningTask::Real(task) => task.is_finished(),
            #[cfg(feature = "testing")]
            RunningTask::Simulated(task) => task.is_finished(),
        }
    }

    /// Waits for the end of the task; a panic in it is [`TillgateError::Internal`] with the panic's text.
    pub(crate) async fn finished(mut self) -> Result<()> {
        std::future::poll_fn(|context| self.poll_end(context)).await
    }

    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<Result<()>> {
        match &mut self.task {
            RunningTask::Real(task) => Pin::new(task).poll(context).map(|ended| ended.map_err(why_broken)),
            #[cfg(feature = "testing")]
            RunningTask::Simulated(task) => task.poll_end(context),
        }
    }
}

fn why_broken(broken: JoinError) -> TillgateError {
    match broken.try_into_panic() {
        Ok(panic) => panicked(panic.as_ref()),
        Err(_stopped) => closed(),
    }
}

/// What a caught panic is told as; also for the boundaries of the bindings.
pub fn panicked(panic: &(dyn Any + Send)) -> TillgateError {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a text");
    TillgateError::internal(format!("The work broke off: {text}."))
}

fn closed() -> TillgateError {
    TillgateError::Closed {
        details: ErrorDetails::local(
            "The library was shut down in this process.",
            "Orders are safe in the journal. Start the program again and ask for their state.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};
    use tokio::sync::Notify;

    #[test]
    fn work_runs_without_any_runtime_of_the_caller() {
        let answer = block_on(detached(async {
            tokio::task::yield_now().await;
            Ok(7)
        }));
        assert_eq!(answer, Ok(7));
    }

    #[test]
    fn dropping_the_wait_does_not_stop_the_work() {
        let go = Arc::new(Notify::new());
        let started = Arc::new(Notify::new());
        let done = Arc::new(Notify::new());
        let (inner_go, inner_started, inner_done) = (go.clone(), started.clone(), done.clone());
        block_on(async {
            let wait = detached(async move {
                inner_started.notify_one();
                inner_go.notified().await;
                inner_done.notify_one();
                Ok(())
            });
            tokio::select! {
                _ = wait => panic!("the work cannot be done yet"),
                () = started.notified() => {}
            }
            // The wait has been dropped here.
            go.notify_one();
            done.notified().await;
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn what_only_waits_ends_with_the_wait() {
        let held = Arc::new(());
        let inner = held.clone();
        block_on(async {
            let mut wait = Box::pin(awaited(async move {
                let _inner = inner;
                std::future::pending::<Result<()>>().await
            }));
            tokio::select! {
                biased;
                _ = &mut wait => panic!("it waits for ever"),
                other = detached(async { Ok(()) }) => other.unwrap(),
            }
            drop(wait);
            while Arc::strong_count(&held) > 1 {
                detached(async { Ok(()) }).await?;
            }
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn a_panic_becomes_an_error_with_its_text() {
        let result: Result<()> = block_on(detached(async { panic!("the drawer is stuck") }));
        let error = result.unwrap_err();
        assert_eq!(error.code(), "internal");
        assert!(error.details().reason.contains("the drawer is stuck"), "{error}");
        let result: Result<()> = block_on(blocking(|| panic!("{} is stuck", "the disk")));
        assert!(result.unwrap_err().details().reason.contains("the disk is stuck"));
        // Also after it has waited, in a task that goes on.
        let result: Result<Result<()>> = block_on(detached(async {
            Ok(contained(Box::pin(async {
                tokio::task::yield_now().await;
                panic!("the scanner is stuck")
            }))
            .await)
        }));
        assert!(result.unwrap().unwrap_err().details().reason.contains("the scanner is stuck"));
    }

    #[test]
    fn waiting_inside_the_runtime_itself_does_not_stop_it() {
        // More waits than there are workers.
        let waits: Vec<_> =
            (0..8).map(|n| detached(async move { block_on(detached(async move { Ok(n) })) })).collect();
        let sum = block_on(async move {
            let mut sum = 0;
            for wait in waits {
                sum += wait.await?;
            }
            Ok(sum)
        });
        assert_eq!(sum, Ok(28));
    }

    #[test]
    fn waiting_inside_somebody_elses_runtime_works() {
        let theirs = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let answer = theirs.block_on(async { block_on(detached(async { Ok(1) })) });
        assert_eq!(answer, Ok(1));
    }

    #[test]
    fn functions_that_block_do_not_hold_a_worker() {
        let (sender, receiver) = std::sync::mpsc::channel::<()>();
        let receiver = std::sync::Mutex::new(receiver);
        let released = Arc::new(AtomicBool::new(false));
        let inner = released.clone();
        block_on(async move {
            let mut wait = Box::pin(blocking(move || {
                receiver.lock().unwrap().recv().unwrap();
                inner.store(true, Ordering::SeqCst);
                Ok(())
            }));
            tokio::select! {
                biased;
                _ = &mut wait => panic!("nothing was sent yet"),
                other = detached(async { Ok(()) }) => other.unwrap(),
            }
            sender.send(()).unwrap();
            wait.await
        })
        .unwrap();
        assert!(released.load(Ordering::SeqCst));
    }

    #[cfg(unix)]
    #[test]
    fn a_forked_child_is_told_so_and_does_not_hang() {
        block_on(detached(async { Ok(()) })).unwrap();
        // SAFETY: the child only makes one check that takes no lock, and leaves by `_exit`.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let told = matches!(block_on(async { Ok(()) }), Err(TillgateError::Forked { .. }))
                && home::handle().is_err();
            // SAFETY: ends the child at once, without running the parent's exit handlers.
            unsafe { libc::_exit(if told { 0 } else { 1 }) };
        }
        let mut status = 0;
        // SAFETY: `child` is our own child and `status` outlives the call.
        assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
        assert_eq!(status, 0);
    }
}
