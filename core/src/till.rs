//! The till: a journal, the accounts that orders go to, and what became of each order.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, SystemClock, default_clock};
use crate::cysend::CysendAccount;
use crate::cysend::adapter::CysendAdapter;
use crate::orders::adapter::Adapter;
use crate::orders::journal::Journal;
use crate::orders::sqlite::SqliteStore;
use crate::orders::tracker::{Manner, Tracker};
use crate::orders::vault::Vault;
use crate::orders::*;
use crate::receiver::{CallbackReceiver, CallbackReceiverConfig, Receivers};
use crate::runtime::{awaited, blocking, detached};
use crate::{Result, Timestamp};

/// Waits are cut to a day: longer ones are no waits but mistakes.
const WAIT_MAX_MS: u64 = 24 * 3_600_000;

/// Sells through gateways and always knows what became of each order.
///
/// Open one for a journal and keep it as long as the process runs. Safe to use from any number of threads.
#[derive(uniffi::Object)]
pub struct Till {
    tracker: Arc<Tracker>,
    receivers: Arc<Receivers>,
}

/// Durable events, each given again until it is acknowledged.
///
/// Several streams of one till share the events: each event goes to one of them at a time. Safe to use from any thread.
#[derive(uniffi::Object)]
pub struct EventStream {
    tracker: Arc<Tracker>,
}

#[uniffi::export]
impl Till {
    /// Opens the journal and sorts out what an earlier process left: what it was sending is `unknown` from now on and is
    /// looked up as soon as its account is attached.
    ///
    /// Errors: the `Journal…` kinds, `WrongKey`, `InvalidArgument`. A journal that does not fit this machine or this
    /// moment opens in quarantine; `status` says so.
    #[uniffi::constructor]
    pub async fn open(config: TillConfig) -> Result<Arc<Self>> {
        detached(Self::open_with_clock(config, default_clock())).await
    }

    /// Lets orders go to an account at CY.SEND, and takes up the open orders of that account.
    ///
    /// Errors: `InvalidArgument` when the name or the account is attached already, or a token's customer is not named.
    pub async fn attach_cysend(&self, account: CysendAccount) -> Result<()> {
        self.attach(account.name, Arc::new(CysendAdapter::new(account.client)?)).await
    }

    /// Places an order: writes it down, sends it, and returns it with the outcome of the attempt.
    ///
    /// Save the id before calling. The same id with the same request returns the order as it is, and sends nothing. An
    /// order that comes back `unknown` or `accepted` is looked up in the background until it is final: see `wait` and
    /// `events`. An attempt that surely was not sent is repeated until the order's time to act is over.
    pub async fn buy(&self, order: NewOrder) -> Result<Order> {
        let tracker = self.tracker.clone();
        detached(async move { only(tracker.place(vec![order], Manner::Now).await) }).await
    }

    /// Places several orders, 1 to 1,000: all are written down in one commit, then each is sent. Returns them in the order given.
    pub async fn buy_batch(&self, orders: Vec<NewOrder>) -> Result<Vec<Order>> {
        let tracker = self.tracker.clone();
        detached(async move { tracker.place(orders, Manner::Now).await }).await
    }

    /// Writes an order down as `pending` and returns; it is sent in the background.
    pub async fn enqueue(&self, order: NewOrder) -> Result<Order> {
        let tracker = self.tracker.clone();
        detached(async move { only(tracker.place(vec![order], Manner::Later).await) }).await
    }

    /// Undoes an order by another one, where the gateway can.
    ///
    /// Errors: `NotSupported`; `TooLate` when there is nothing to undo or an undo is under way; `InvalidArgument` when more
    /// is asked for than is left.
    pub async fn undo(&self, undo: NewUndo) -> Result<Order> {
        let tracker = self.tracker.clone();
        detached(async move { tracker.undo(undo).await }).await
    }

    /// Calls a `pending` order off. Later than that it answers `TooLate` and changes nothing.
    pub async fn cancel(&self, id: String) -> Result<Order> {
        let tracker = self.tracker.clone();
        detached(async move { tracker.cancel(&id).await }).await
    }

    /// The order with this id. Case and trailing blanks do not count.
    pub async fn order(&self, id: String) -> Result<Order> {
        let tracker = self.tracker.clone();
        blocking(move || tracker.order(&id)).await
    }

    /// Waits until an order is final or in review, at most so many milliseconds, and returns it as it then is.
    pub async fn wait(&self, id: String, timeout_ms: u64) -> Result<Order> {
        let tracker = self.tracker.clone();
        let timeout = Duration::from_millis(timeout_ms.min(WAIT_MAX_MS));
        awaited(async move { tracker.wait(&id, timeout).await }).await
    }

    /// A page of orders, newest first.
    pub async fn list(&self, filter: OrderFilter) -> Result<OrderPage> {
        let tracker = self.tracker.clone();
        blocking(move || tracker.list(&filter)).await
    }

    /// The history of an order, oldest entry first.
    pub async fn history(&self, id: String) -> Result<Vec<HistoryEntry>> {
        let tracker = self.tracker.clone();
        blocking(move || tracker.history(&id)).await
    }

    /// Asks the gateway about an order now, and returns it as it then is. An error means that nothing certain was learnt.
    pub async fn look_up(&self, id: String) -> Result<Order> {
        let tracker = self.tracker.clone();
        detached(async move { tracker.look_up(&id).await }).await
    }

    /// The voucher of an order. It is noted in the history before it is returned, and may be asked for again.
    ///
    /// Errors: `NotFound` when there is none; `WrongKey` when the key that encrypted it is not here (see `refetch_code`).
    pub async fn reveal(&self, id: String) -> Result<Voucher> {
        let tracker = self.tracker.clone();
        detached(async move { tracker.reveal(&id).await }).await
    }

    /// Asks the gateway for the voucher again and encrypts it with the present key: for a voucher whose key was lost.
    pub async fn refetch_code(&self, id: String) -> Result<Order> {
        let tracker = self.tracker.clone();
        detached(async move { tracker.refetch_code(&id).await }).await
    }

    /// Writes down what a person decided about an order in review or in conflict: `Succeeded`, `Failed` or `Reversed`. What is
    /// decided of an undo counts for its order: its amount is undone, or is not any more. An order that had been reversed by
    /// an undo that failed after all is then in conflict itself.
    ///
    /// Errors: `InvalidArgument` for another state; `TooLate` when there is nothing to decide.
    pub async fn resolve(&self, id: String, decision: Decision) -> Result<Order> {
        let tracker = self.tracker.clone();
        detached(async move { tracker.resolve(&id, decision).await }).await
    }

    /// Takes a gateway's callback and says what to answer. Give the raw body, not parsed. Nothing in it is believed: the
    /// orders it names are looked up. Answer only after this has returned.
    pub async fn handle_callback(&self, request: CallbackRequest) -> Result<CallbackAnswer> {
        let tracker = self.tracker.clone();
        detached(async move { tracker.handle_callback(request).await }).await
    }

    /// Receives callbacks by a web server of its own, and takes each in by `handle_callback`. Attach the account first. Put the
    /// receiver's `callback_url` into new orders. The receiver goes on until it or the till is closed. Works on a read-only till
    /// too, beside the process that buys.
    ///
    /// Errors: `InvalidArgument` when the address is in use or not allowed, the path can be guessed, the certificate cannot be
    /// used, a figure is out of its bounds, or the account is not attached; `Closed`.
    pub async fn receive_callbacks(&self, config: CallbackReceiverConfig) -> Result<Arc<CallbackReceiver>> {
        // Real time always, as for all that is said over a network.
        self.receive_callbacks_with_clock(config, Arc::new(SystemClock::new())).await
    }

    /// A stream of what happens to orders.
    pub fn events(&self) -> Arc<EventStream> {
        Arc::new(EventStream { tracker: self.tracker.clone() })
    }

    /// How the till stands: quarantine, whether orders can be bought, counts.
    pub async fn status(&self) -> Result<TillStatus> {
        let tracker = self.tracker.clone();
        blocking(move || tracker.status()).await
    }

    /// Ends the quarantine: the journal belongs to this machine from now on. It is journalled with who decided and why.
    /// Before that, make sure that no other machine uses the journal, and that its open orders are settled.
    pub async fn leave_quarantine(&self, decided_by: String, grounds: String) -> Result<()> {
        let tracker = self.tracker.clone();
        detached(async move { tracker.leave_quarantine(decided_by, grounds).await }).await
    }

    /// Drops the history, events and secrets of final orders that were last changed before this moment, and returns how
    /// many orders that were. Their ids, requests' fingerprints and final states stay for ever.
    pub async fn archive(&self, before: Timestamp) -> Result<u64> {
        let tracker = self.tracker.clone();
        detached(async move { tracker.archive(before).await }).await
    }

    /// Closes the till: takes no new orders, ends its receivers of callbacks, waits for attempts up to their deadlines, and lets go
    /// of the journal. What is left then is looked up after the next open. Closing again does nothing.
    pub async fn close(&self) -> Result<()> {
        let (tracker, receivers) = (self.tracker.clone(), self.receivers.clone());
        detached(async move {
            tracker.stop_selling();
            receivers.close().await;
            tracker.close().await
        })
        .await
    }
}

#[uniffi::export]
impl EventStream {
    /// The next event, or nothing when there is none within so many milliseconds. Waiting acknowledges nothing. An event
    /// that was given and not acknowledged holds back later events of its own order only, and comes again.
    pub async fn next(&self, timeout_ms: u64) -> Result<Option<Event>> {
        let tracker = self.tracker.clone();
        let timeout = Duration::from_millis(timeout_ms.min(WAIT_MAX_MS));
        awaited(async move { tracker.next_event(timeout).await }).await
    }

    /// Says that an event was handled, by its id; it does not come again.
    pub async fn acknowledge(&self, event_id: u64) -> Result<()> {
        let tracker = self.tracker.clone();
        detached(async move { tracker.acknowledge(event_id).await }).await
    }
}

impl Till {
    /// Opens a till that takes its time from this clock.
    pub async fn open_with_clock(config: TillConfig, clock: Arc<dyn Clock>) -> Result<Arc<Self>> {
        let policy = config.policy.clone().unwrap_or_default();
        let vault = Vault::new(config.key.as_ref(), &config.old_keys)?;
        let checks: Vec<(String, String)> = vault.check_values().collect();
        let opening = clock.clone();
        let store = blocking(move || SqliteStore::open(&config, &*opening, checks)).await?;
        let journal = Journal::start(store, clock.clone())?;
        let tracker = Tracker::start(journal, clock, vault, policy).await?;
        Ok(Arc::new(Self { tracker, receivers: Arc::new(Receivers::new()) }))
    }

    /// Receives callbacks, with the patience and the pace of this clock.
    pub async fn receive_callbacks_with_clock(
        &self,
        config: CallbackReceiverConfig,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<CallbackReceiver>> {
        let (tracker, receivers) = (self.tracker.clone(), self.receivers.clone());
        detached(async move { receivers.begin(tracker, config, clock).await }).await
    }

    /// Lets orders go to an account through any adapter, under a name (by default the gateway's).
    pub async fn attach(&self, name: Option<String>, adapter: Arc<dyn Adapter>) -> Result<()> {
        let tracker = self.tracker.clone();
        detached(async move { tracker.attach(name, adapter).await }).await
    }
}

/// What became of the one order of a call. Who gave one order has given no list.
fn only(placed: Result<Vec<Order>>) -> Result<Order> {
    match placed {
        Ok(orders) => Ok(orders.into_iter().next().expect("one order was placed, one comes back")),
        Err(mut error) => {
            if let Some(field) = &mut error.details_mut().field
                && let Some(within) = field.strip_prefix("orders[0]")
            {
                *field = format!("order{within}");
            }
            Err(error)
        }
    }
}
