//! What the parts of a running sandbox share: its state, and the keeping of its time.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::{Notify, Semaphore, watch};

use crate::callbacks::{self, Delivery};
use crate::state::State;

const DELIVERIES_AT_ONCE_MAX: usize = 16;

#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<State>,
    /// Rung when something is due earlier than the timekeeper believes.
    pub(crate) wake: Notify,
    runtime: Handle,
    /// Bounds how many callbacks are delivered at once.
    deliverers: Semaphore,
    /// Callbacks on their way, and requests that were read and not answered yet.
    busy: watch::Sender<usize>,
    /// True once the sandbox stops.
    stopped: watch::Sender<bool>,
}

impl Shared {
    pub(crate) fn new(state: State, runtime: Handle) -> Arc<Shared> {
        Arc::new(Shared {
            state: Mutex::new(state),
            wake: Notify::new(),
            runtime,
            deliverers: Semaphore::new(DELIVERIES_AT_ONCE_MAX),
            busy: watch::Sender::new(0),
            stopped: watch::Sender::new(false),
        })
    }

    /// The state. A panic elsewhere must not silence the ledger, so poison is ignored.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state after everything that is due has happened.
    pub(crate) fn present(self: &Arc<Self>) -> MutexGuard<'_, State> {
        let mut state = self.state();
        // One after the other for one order, so that copies and old news come in their order; side by side otherwise.
        let mut of_orders: BTreeMap<Option<String>, Vec<Delivery>> = BTreeMap::new();
        for delivery in state.catch_up() {
            of_orders.entry(delivery.user_uid.clone()).or_default().push(delivery);
        }
        for deliveries in of_orders.into_values() {
            self.spawn_delivery(callbacks::deliver(Arc::clone(self), deliveries));
        }
        state
    }

    pub(crate) fn spawn_delivery(self: &Arc<Self>, work: impl Future<Output = ()> + Send + 'static) {
        let busy = self.busy();
        let mut stopped = self.stopped.subscribe();
        self.runtime.spawn(async move {
            let in_turn = async {
                let _turn = busy.0.deliverers.acquire().await;
                work.await;
            };
            tokio::select! {
                () = in_turn => {}
                _ = stopped.wait_for(|stopped| *stopped) => {}
            }
        });
    }

    /// Says that something is going on until the result is dropped.
    pub(crate) fn busy(self: &Arc<Self>) -> Busy {
        self.busy.send_modify(|going_on| *going_on += 1);
        Busy(Arc::clone(self))
    }

    /// Waits until nothing is due, no callback is on its way and no request is being worked on.
    pub(crate) async fn idle(self: &Arc<Self>) {
        drop(self.present());
        let mut busy = self.busy.subscribe();
        let _ = busy.wait_for(|going_on| *going_on == 0).await;
    }

    pub(crate) fn stop(&self) {
        self.stopped.send_replace(true);
    }

    pub(crate) fn stopped(&self) -> watch::Receiver<bool> {
        self.stopped.subscribe()
    }

    pub(crate) fn runtime(&self) -> &Handle {
        &self.runtime
    }
}

/// Something that goes on.
pub(crate) struct Busy(Arc<Shared>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.send_modify(|going_on| *going_on -= 1);
    }
}

/// Lets happen what becomes due, until the sandbox stops.
pub(crate) async fn keep_time(shared: Arc<Shared>) {
    let mut stopped = shared.stopped();
    loop {
        let wait = {
            let state = shared.present();
            state.next_due_ms().and_then(|due_ms| state.clock.wait_until(due_ms))
        };
        let due = async {
            match wait {
                Some(wait) => tokio::time::sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = due => {}
            () = shared.wake.notified() => {}
            _ = stopped.wait_for(|stopped| *stopped) => return,
        }
    }
}
