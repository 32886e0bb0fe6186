//! Receives callbacks: a small web server that hands them to the till and answers when they are written down.
//!
//! `config` is what may be configured, `path` the secret path, `tls` our certificate, `listen` what a connection may do, `answer`
//! the way from a request to its answer, `counts` what came of it all. Nothing here judges what a callback says: that is
//! `Till::handle_callback`, the same for every web server.

mod answer;
mod config;
mod counts;
mod listen;
mod path;
mod tls;

pub use config::CallbackReceiverConfig;
pub use path::new_callback_path;

use std::sync::{Arc, Mutex, Weak};

use crate::clock::Clock;
use crate::orders::journal;
use crate::orders::tracker::Tracker;
use crate::runtime::detached;
use crate::{Result, TillgateError};
use listen::Shared;

/// A web server for a gateway's callbacks, and for nothing else. `Till.receive_callbacks` makes one.
///
/// It goes on until it is closed, or its till is: letting go of it alone does not end it. Safe to use from any number of threads.
#[derive(uniffi::Object)]
pub struct CallbackReceiver {
    shared: Arc<Shared>,
    callback_url: String,
    /// While anybody has one of them, or the till, they go on.
    _all: Arc<Receivers>,
}

/// What a receiver has done so far. Every connection carries one request, and ends in one of `handled`, `wrong_path`,
/// `wrong_method`, `too_large`, `too_slow`, `too_many`, `not_readable`, `not_committed` and `broken_off`.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct CallbackReceiverStatus {
    /// The address and port listened on.
    pub address: String,
    /// It takes no more connections.
    pub closed: bool,
    /// Connections so far.
    pub connections: u64,
    /// Connections that are open now.
    pub connections_open: u32,
    /// The most connections that were open at once.
    pub connections_open_max: u32,
    /// The most bytes of bodies that were in memory at once.
    pub body_bytes_held_max: u64,
    /// Callbacks that were written down and answered with 200.
    pub handled: u64,
    /// How many of our orders they named, each callback counted by itself.
    pub known_orders: u64,
    /// How many ids they named that are not ours.
    pub unknown_orders: u64,
    /// Requests for another path, answered with 404.
    pub wrong_path: u64,
    /// Requests that were no `POST`, answered with 405.
    pub wrong_method: u64,
    /// Requests with too large a body (answered with 413) or head (431).
    pub too_large: u64,
    /// Requests that did not arrive in time, answered with 408.
    pub too_slow: u64,
    /// Requests beyond the rate, answered with 429.
    pub too_many: u64,
    /// Requests that are no callbacks of the gateway, or not HTTP, answered with 400.
    pub not_readable: u64,
    /// Callbacks that could not be written down, answered with 503. See the till's status.
    pub not_committed: u64,
    /// Connections that ended without a whole request, or on close.
    pub broken_off: u64,
}

#[uniffi::export]
impl CallbackReceiver {
    /// Where the gateway is to post callbacks to: what goes into `NewOrder.callback_url`. Whoever has it can send callbacks, so
    /// keep it out of logs and pages.
    pub fn callback_url(&self) -> String {
        self.callback_url.clone()
    }

    /// What came so far and what became of it, since the start.
    ///
    /// Errors: `Forked`.
    pub async fn status(&self) -> Result<CallbackReceiverStatus> {
        let shared = self.shared.clone();
        detached(async move { Ok(shared.status()) }).await
    }

    /// Takes no more connections, and waits until the requests that have arrived are answered: no longer than
    /// `request_timeout_ms`, and as long as a commit takes. Closing again does nothing.
    ///
    /// Errors: `Forked`.
    pub async fn close(&self) -> Result<()> {
        let shared = self.shared.clone();
        detached(async move {
            shared.close().await;
            Ok(())
        })
        .await
    }
}

/// The receivers of one till. They end when nobody has the till or any of them any more.
pub(crate) struct Receivers {
    /// Nothing once the till is closed.
    listening: Mutex<Option<Vec<Weak<Shared>>>>,
}

impl Receivers {
    pub(crate) fn new() -> Self {
        Self { listening: Mutex::new(Some(Vec::new())) }
    }

    /// Begins to receive callbacks for a till.
    pub(crate) async fn begin(
        self: &Arc<Self>,
        tracker: Arc<Tracker>,
        config: CallbackReceiverConfig,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<CallbackReceiver>> {
        let settings = config::Settings::checked(config)?;
        // A name that is wrong shows now and not at the first callback.
        tracker.check_account(settings.account.as_deref())?;
        let listening = listen::begin(tracker, settings, clock).await?;
        let (shared, callback_url) = (listening.shared, listening.callback_url);
        // If the till was closed meanwhile.
        self.remember(&shared).inspect_err(|_| shared.stop())?;
        Ok(Arc::new(CallbackReceiver { shared, callback_url, _all: self.clone() }))
    }

    /// Closes them all, and lets none begin any more.
    pub(crate) async fn close(&self) {
        let listening = self.lock().take().unwrap_or_default();
        for shared in listening.iter().filter_map(Weak::upgrade) {
            shared.stop();
        }
        for shared in listening.iter().filter_map(Weak::upgrade) {
            shared.close().await;
        }
    }

    fn remember(&self, shared: &Arc<Shared>) -> Result<(), TillgateError> {
        let mut listening = self.lock();
        let listening = listening.as_mut().ok_or_else(journal::closed)?;
        listening.retain(|other| other.strong_count() > 0);
        listening.push(Arc::downgrade(shared));
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Vec<Weak<Shared>>>> {
        self.listening.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Drop for Receivers {
    fn drop(&mut self) {
        for shared in self.lock().take().unwrap_or_default().iter().filter_map(Weak::upgrade) {
            shared.stop();
        }
    }
}
