//! Runs a test and all that it starts in one thread, one step at a time. Whether the machine is busy changes nothing: the clock
//! is moved only when nothing else can go on.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use tillgate::SimulatedRuntime;
use tokio::sync::oneshot;

/// The order in which tasks are polled: any will do, and the same one each time.
const SEED: u64 = 20;
/// Steps of one test before it is taken to go round in circles.
const STEPS_MAX: u64 = 20_000_000;

thread_local! {
    static RUNTIME: RefCell<Option<Rc<SimulatedRuntime>>> = const { RefCell::new(None) };
    /// How often everything has come to rest, and who waits for the next time.
    static RESTS: Cell<u64> = const { Cell::new(0) };
    static RESTING: RefCell<Vec<Waker>> = const { RefCell::new(Vec::new()) };
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Takes the runtime out of its place however a test ends.
struct Leaving;

impl Drop for Leaving {
    fn drop(&mut self) {
        RUNTIME.with(|place| place.take());
    }
}

/// Runs a test's body.
pub fn run(body: impl Future<Output = ()>) {
    let runtime = Rc::new(SimulatedRuntime::new(SEED));
    let _entered = runtime.enter();
    RUNTIME.with(|place| place.replace(Some(runtime.clone())));
    let _leaving = Leaving;
    let woken = Arc::new(Woken(AtomicBool::new(true)));
    let waker = Waker::from(woken.clone());
    let mut body = pin!(body);
    for _ in 0..STEPS_MAX {
        let is_woken = woken.0.swap(false, Ordering::SeqCst);
        if is_woken && body.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
            return;
        }
        if !runtime.step() && !woken.0.load(Ordering::SeqCst) {
            let resting = RESTING.take();
            assert!(!resting.is_empty(), "the test waits for what never comes");
            RESTS.set(RESTS.get() + 1);
            resting.into_iter().for_each(Waker::wake);
        }
    }
    panic!("the test goes round in circles");
}

/// Starts something beside the test's body.
pub fn begin<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> oneshot::Receiver<T> {
    let (sender, receiver) = oneshot::channel();
    let runtime = RUNTIME.with(|place| place.borrow().clone()).expect("a test that runs in one thread");
    runtime.spawn(Box::pin(async move {
        let _ = sender.send(work.await);
    }));
    receiver
}

/// Whether this test runs in one thread.
pub fn is_entered() -> bool {
    RUNTIME.with(|place| place.borrow().is_some())
}

/// Waits until nothing can go on by itself.
pub async fn rest() {
    let before = RESTS.get();
    poll_fn(|context| {
        if RESTS.get() != before {
            return Poll::Ready(());
        }
        RESTING.with(|resting| resting.borrow_mut().push(context.waker().clone()));
        Poll::Pending
    })
    .await;
}
