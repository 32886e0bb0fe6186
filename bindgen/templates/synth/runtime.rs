//! What core's runtime does, in short: work runs detached, and any executor may wait for it.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use crate::{Result, TillgateError};

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

fn runtime() -> &'static tokio::runtime::Runtime {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .thread_name("synthetic")
            .build()
            .expect("threads for the runtime")
    })
}

fn spawn(work: Work) {
    runtime().spawn(work);
}

/// Runs the work in the background; dropping the returned future drops the wait alone.
pub(crate) async fn detached<T: Send + 'static>(work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    spawn(Box::pin(async move {
        let mut work = pin!(work);
        let result = std::future::poll_fn(|cx| {
            match std::panic::catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx))) {
                Ok(Poll::Ready(result)) => Poll::Ready(result),
                Ok(Poll::Pending) => Poll::Pending,
                Err(panic) => Poll::Ready(Err(panicked(panic.as_ref()))),
            }
        })
        .await;
        let _ = sender.send(result);
    }));
    receiver.await.unwrap_or_else(|_| Err(TillgateError::internal("the work was lost")))
}

/// Waits on this thread.
pub fn block_on<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(result) => return result,
            Poll::Pending => std::thread::park(),
        }
    }
}

/// What a caught panic is told as.
pub fn panicked(panic: &(dyn std::any::Any + Send)) -> TillgateError {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a text");
    TillgateError::internal(format!("The work broke off: {text}."))
}

/// Nothing: these threads end with the process.
pub fn shut_down_runtime(_patience: std::time::Duration) -> Result<()> {
    Ok(())
}
