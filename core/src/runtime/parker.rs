//! Waiting for a future on a plain thread.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

/// Polls until done, sleeping in between.
pub(super) fn block_on(mut work: Pin<&mut dyn Future<Output = ()>>) {
    let bell = Arc::new(Bell { thread: std::thread::current(), rung: AtomicBool::new(false) });
    let waker = Waker::from(bell.clone());
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(()) = work.as_mut().poll(&mut context) {
            return;
        }
        // Others may park and unpark this thread too, so the flag decides.
        while !bell.rung.swap(false, Ordering::Acquire) {
            std::thread::park();
        }
    }
}

struct Bell {
    thread: Thread,
    rung: AtomicBool,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rung.store(true, Ordering::Release);
        self.thread.unpark();
    }
}
