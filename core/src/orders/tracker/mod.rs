//! Drives orders from the journal to a final state.
//!
//! `place` takes new orders in, `attempt` sends them, `schedule` and `look_up` settle what is not certain, `callbacks` turns
//! hints into look-ups, `undo` places orders that undo others, `events` hands out what happened, `recovery` takes over what
//! an earlier process left.

mod attempt;
mod callbacks;
mod events;
mod look_up;
mod place;
mod recovery;
mod schedule;
mod undo;

pub use place::Manner;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};

use super::adapter::{Abilities, Adapter, OrderReference, Parent};
use super::journal::{Applied, Journal};
use super::machine::{Fact, Record};
use super::store::{Command, Sealed};
use super::types::*;
use super::vault::Vault;
use crate::clock::Clock;
use crate::runtime::{self, TaskHandle};
use crate::testing::{Guard, guard};
use crate::{ErrorDetails, Result, TillgateError};

/// Waiting for attempts on close is bounded by their own deadlines; this is only what guards against a defect there.
const CLOSE_PATIENCE: Duration = Duration::from_secs(3_660);

/// The tracker of one journal.
pub struct Tracker {
    journal: Arc<Journal>,
    clock: Arc<dyn Clock>,
    vault: Vault,
    policy: OrderPolicy,
    attached: RwLock<Vec<Attached>>,
    schedule: schedule::Schedule,
    delivered: Mutex<HashMap<u64, events::Delivered>>,
    /// Woken whenever an order changed.
    changed: Notify,
    attempts_in_flight: AtomicUsize,
    attempt_ended: Notify,
    closing: AtomicBool,
    closed: AtomicBool,
    /// How far the journal's hints were taken over; 0 to begin anew.
    hints_taken: AtomicI64,
    /// A commit failed after something may have been sent: no new money call until the journal is opened again.
    spent: AtomicBool,
    unknown_callback_ids: AtomicU64,
    scheduler: Mutex<Option<TaskHandle>>,
}

/// An account that orders can go to.
#[derive(Clone)]
struct Attached {
    name: String,
    account: String,
    abilities: Abilities,
    adapter: Arc<dyn Adapter>,
    look_ups: Arc<Semaphore>,
}

impl Tracker {
    /// Takes over a journal: what an earlier process left is sorted out before anything else happens.
    pub async fn start(
        journal: Arc<Journal>,
        clock: Arc<dyn Clock>,
        vault: Vault,
        policy: OrderPolicy,
    ) -> Result<Arc<Self>> {
        let tracker = Arc::new(Self {
            journal,
            schedule: schedule::Schedule::new(),
            clock,
            vault,
            policy,
            attached: RwLock::new(Vec::new()),
            delivered: Mutex::new(HashMap::new()),
            changed: Notify::new(),
            attempts_in_flight: AtomicUsize::new(0),
            attempt_ended: Notify::new(),
            closing: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            hints_taken: AtomicI64::new(0),
            spent: AtomicBool::new(false),
            unknown_callback_ids: AtomicU64::new(0),
            scheduler: Mutex::new(None),
        });
        tracker.recover().await?;
        tracker.start_schedule()?;
        Ok(tracker)
    }

    /// Lets orders go to an account, and takes up its open orders.
    pub async fn attach(self: &Arc<Self>, name: Option<String>, adapter: Arc<dyn Adapter>) -> Result<()> {
        let account = adapter.account();
        let name = name.unwrap_or_else(|| account.gateway.clone());
        let attached = Attached {
            account: account.to_string(),
            abilities: adapter.abilities(),
            look_ups: Arc::new(Semaphore::new(self.policy.look_ups_in_flight_max.max(1) as usize)),
            adapter,
            name: name.clone(),
        };
        let account = attached.account.clone();
        {
            let mut all = self.attached.write().expect("the list of accounts");
            if all.iter().any(|other| other.name == name || other.account == account) {
                return Err(TillgateError::invalid_argument(
                    "name",
                    format!(
                        "an account named {name:?} is attached already, or this account is under another name"
                    ),
                ));
            }
            all.push(attached);
        }
        let taken_up = self.take_up(&account).await;
        if taken_up.is_err() {
            // So that it can be tried again.
            self.attached.write().expect("the list of accounts").retain(|a| a.account != account);
        }
        taken_up
    }

    /// One order.
    pub fn order(&self, id: &str) -> Result<Order> {
        Ok(self.record(id)?.order)
    }

    /// Waits until an order is final or in review, or until the time is over; returns it as it then is.
    pub async fn wait(&self, id: &str, timeout: Duration) -> Result<Order> {
        let until = self.clock.elapsed() + timeout;
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let order = self.order(id)?;
            let settled = order.state.is_final() || order.state == OrderState::NeedsReview;
            if settled || self.clock.elapsed() >= until || self.closing.load(Ordering::SeqCst) {
                return Ok(order);
            }
            tokio::select! {
                biased;
                () = changed => {}
                () = self.clock.sleep_until(until) => {}
            }
        }
    }

    /// Calls a pending order off.
    pub async fn cancel(self: &Arc<Self>, id: &str) -> Result<Order> {
        let record = self.record(id)?;
        Ok(self.apply(&record.key, Fact::Cancel, None).await?.record.order)
    }

    /// Writes down what a person decided.
    pub async fn resolve(self: &Arc<Self>, id: &str, decision: Decision) -> Result<Order> {
        for (field, text) in [("decided_by", &decision.decided_by), ("grounds", &decision.grounds)] {
            if text.trim().is_empty() || text.len() > 1_000 {
                return Err(TillgateError::invalid_argument(
                    format!("decision.{field}"),
                    "say who decided and on what grounds, in 1 to 1,000 bytes",
                ));
            }
        }
        let record = self.record(id)?;
        Ok(self.apply(&record.key, Fact::Decide(decision), None).await?.record.order)
    }

    /// Ends the quarantine. What was unknown goes on being looked up.
    pub async fn leave_quarantine(self: &Arc<Self>, decided_by: String, grounds: String) -> Result<()> {
        self.journal.commit(Command::LeaveQuarantine { decided_by, grounds }).await.map(drop)
    }

    /// Drops history, events and secrets of final orders that are older.
    pub async fn archive(&self, before: crate::Timestamp) -> Result<u64> {
        match self.journal.commit(Command::Archive { before }).await? {
            super::store::Done::Count(count) => Ok(count),
            other => Err(TillgateError::internal(format!("the journal answered {other:?} to an archiving"))),
        }
    }

    /// The voucher of an order. The reveal is committed before it is returned, and may be repeated.
    pub async fn reveal(self: &Arc<Self>, id: &str) -> Result<Voucher> {
        let record = self.record(id)?;
        let sealed = self.journal.store().sealed(&record.key, super::store::SecretKind::Voucher)?;
        let sealed = sealed.ok_or_else(|| TillgateError::NotFound {
            details: ErrorDetails::local(
                format!("order {} holds no voucher; it is {}", record.order.id, record.order.state),
                "A voucher comes with the success of an order for a prepaid code. Nothing was changed.",
            ),
        })?;
        let voucher = self.vault.open_voucher(&record.key, &sealed)?;
        self.apply(&record.key, Fact::Revealed, None).await?;
        Ok(voucher)
    }

    /// Asks the gateway for the voucher again and encrypts it anew: for a voucher whose key was lost.
    pub async fn refetch_code(self: &Arc<Self>, id: &str) -> Result<Order> {
        self.may_write_secrets()?;
        let record = self.record(id)?;
        self.look_up_now(&record.key, look_up::Wish::RenewVoucher).await?;
        self.order(id)
    }

    /// Asks the gateway now, and returns the order as it then is.
    pub async fn look_up(self: &Arc<Self>, id: &str) -> Result<Order> {
        let record = self.record(id)?;
        self.look_up_now(&record.key, look_up::Wish::Settle).await?;
        self.order(id)
    }

    /// How things stand.
    pub fn status(&self) -> Result<TillStatus> {
        let store = self.journal.store();
        let counts = store.counts()?;
        let cannot_buy = self.may_buy().err().map(|error| error.to_string());
        let mut unattached = Vec::new();
        let attached: Vec<String> =
            self.attached.read().expect("the list of accounts").iter().map(|a| a.account.clone()).collect();
        for account in store.open_accounts()? {
            if !attached.contains(&account) {
                unattached.push(account);
            }
        }
        Ok(TillStatus {
            quarantine: store.quarantine()?,
            epoch: store.epoch(),
            epoch_guard: store.epoch_guard(),
            cannot_buy,
            open_orders: counts.open_orders,
            in_review: counts.in_review,
            conflicts: counts.conflicts,
            unacknowledged_events: counts.unacknowledged_events,
            unknown_callback_ids: self.unknown_callback_ids.load(Ordering::SeqCst),
            keys_not_given: store.keys_not_given()?,
            unattached_accounts: unattached,
        })
    }

    /// A page of orders.
    pub fn list(&self, filter: &OrderFilter) -> Result<OrderPage> {
        if filter.limit == 0 || filter.limit > 1_000 {
            return Err(TillgateError::invalid_argument("filter.limit", "ask for 1 to 1,000 orders"));
        }
        let (orders, next) = self.journal.store().list(filter)?;
        Ok(OrderPage { orders, next })
    }

    /// The history of an order.
    pub fn history(&self, id: &str) -> Result<Vec<HistoryEntry>> {
        self.journal.store().history(&self.record(id)?.key)
    }

    /// Takes no new orders from now on, and ends every wait; the rest of closing follows.
    pub fn stop_selling(&self) {
        self.closing.store(true, Ordering::SeqCst);
        self.changed.notify_waiters();
    }

    /// Takes no new orders, waits for attempts up to their deadlines, and lets go of the journal. What is left stays
    /// `sending` and is looked up after the next open.
    pub async fn close(self: &Arc<Self>) -> Result<()> {
        self.stop_selling();
        if self.closed.swap(true, Ordering::SeqCst) {
            return Ok(());
        }
        let patience = runtime::sleep(CLOSE_PATIENCE);
        tokio::pin!(patience);
        loop {
            let ended = self.attempt_ended.notified();
            tokio::pin!(ended);
            ended.as_mut().enable();
            if self.attempts_in_flight.load(Ordering::SeqCst) == 0 {
                break;
            }
            tokio::select! {
                biased;
                () = ended => {}
                () = &mut patience => break,
            }
        }
        if let Some(scheduler) = self.scheduler.lock().expect("the scheduler").take() {
            // It only reads; a look-up that is cut off is made again.
            scheduler.abort();
        }
        let journal = self.journal.clone();
        runtime::blocking(move || {
            journal.close();
            Ok(())
        })
        .await
    }

    fn record(&self, id: &str) -> Result<Record> {
        let key = Record::key_of(id);
        if key.is_empty() {
            return Err(TillgateError::invalid_argument("id", "the id is empty"));
        }
        self.journal.store().order(&key)?.ok_or_else(|| {
            let mut details = ErrorDetails::local(
                format!("no order {id:?} is in this journal"),
                "If it was never placed with this journal, nothing was bought under this id by this till.",
            );
            details.order_id = Some(id.to_string());
            TillgateError::UnknownOrder { details }
        })
    }

    /// Commits a fact and tells everybody whom it concerns.
    async fn apply(self: &Arc<Self>, key: &str, fact: Fact, voucher: Option<Sealed>) -> Result<Applied> {
        let applied = self.journal.apply(key, fact, voucher).await?;
        if applied.changed {
            self.plan(&applied.record);
            if let Some(parent) = &applied.also {
                self.plan(parent);
            }
            self.changed.notify_waiters();
        }
        Ok(applied)
    }

    fn attached_named(&self, name: Option<&str>) -> Result<Attached> {
        let all = self.attached.read().expect("the list of accounts");
        match (name, all.as_slice()) {
            (Some(name), _) => all.iter().find(|a| a.name == name).cloned().ok_or_else(|| {
                TillgateError::invalid_argument("account", format!("no account named {name:?} is attached"))
            }),
            (None, [only]) => Ok(only.clone()),
            (None, []) => {
                Err(TillgateError::invalid_argument("account", "no account is attached to this till"))
            }
            (None, _) => Err(TillgateError::invalid_argument(
                "account",
                "several accounts are attached: name the one that is meant",
            )),
        }
    }

    fn attached_account(&self, account: &str) -> Option<Attached> {
        self.attached.read().expect("the list of accounts").iter().find(|a| a.account == account).cloned()
    }

    /// Whether new orders can be taken, and if not, why.
    fn may_buy(&self) -> Result<()> {
        if self.closing.load(Ordering::SeqCst) {
            return Err(super::journal::closed());
        }
        if guard(Guard::DiskFailure) {
            if let Some(error) = self.journal.store().cannot_send() {
                return Err(error);
            }
            if self.spent.load(Ordering::SeqCst) {
                return Err(TillgateError::JournalFailed {
                    details: ErrorDetails::local(
                        "the journal failed after an order may have been sent",
                        "Nothing was sent by this call. Close this till, see to the disk, and open it again: the orders that were under way are then looked up.",
                    ),
                });
            }
        }
        if let Some(why) = self.journal.store().quarantine()?
            && guard(Guard::Quarantine)
        {
            return Err(TillgateError::Quarantined {
                details: ErrorDetails::local(
                    why,
                    "Nothing was sent. Wait until the open orders are settled, make sure that no other machine uses this journal, then leave the quarantine.",
                ),
            });
        }
        self.may_write_secrets()
    }

    fn may_write_secrets(&self) -> Result<()> {
        if self.vault.has_key() || !guard(Guard::SecretsEncrypted) {
            return Ok(());
        }
        Err(TillgateError::WrongKey {
            details: ErrorDetails::local(
                "the till was opened without an encryption key",
                "Nothing was sent. Make a key for the journal, keep it safe, and open the till with it: voucher codes are stored encrypted or not at all.",
            ),
        })
    }

    fn reference(&self, record: &Record) -> Result<OrderReference> {
        Ok(OrderReference {
            id: record.order.id.clone(),
            gateway_uid: record.order.gateway_uid.clone(),
            kind: record.order.kind,
            parent: self.parent_of(record)?,
        })
    }

    fn parent_of(&self, record: &Record) -> Result<Option<Parent>> {
        let Some(of) = &record.order.of else { return Ok(None) };
        let parent = self.record(of)?;
        Ok(Some(Parent {
            id: parent.order.id,
            gateway_uid: parent.order.gateway_uid,
            baseline: record.baseline.clone(),
        }))
    }
}
