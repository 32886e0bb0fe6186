//! When each order is looked up next.
//!
//! Every account has a queue of its own, so that a gateway that does not answer holds back nobody else's orders. Only what
//! can be read again from the journal is kept here.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use tokio::sync::Notify;

use super::{Tracker, look_up};
use crate::Result;
use crate::orders::machine::Record;
use crate::orders::types::*;
use crate::runtime;

/// Look-ups that callbacks ask for, of one order, are at least this far apart.
const HINT_SPACING: Duration = Duration::from_secs(1);
/// How often the journal is asked for hints that another process appended.
const HINT_POLL: Duration = Duration::from_secs(2);
/// Until an order is asked for again that could not be read.
const UNREADABLE_WAIT: Duration = Duration::from_secs(60);
/// Hints taken over at a time.
const HINTS_AT_ONCE: u32 = 256;

/// The queues of due look-ups.
pub(super) struct Schedule {
    inner: Mutex<Inner>,
    /// Shared, so that the task that waits on it does not keep the tracker alive.
    wake: Arc<Notify>,
}

#[derive(Default)]
struct Inner {
    queues: HashMap<Arc<str>, Queue>,
    /// Behind pointers: a table keeps places for twice as many as it holds, and there may be a million.
    watches: HashMap<Arc<str>, Box<Watch>>,
    /// When orders were last looked up, for as long as hints must keep their distance. Apart from the watches, since a final
    /// order has none and callbacks go on naming it.
    looked_up: HashMap<Arc<str>, Duration>,
    next_ticket: u64,
}

#[derive(Default)]
struct Queue {
    due: BinaryHeap<Reverse<(At, u64, Arc<str>)>>,
    in_flight: usize,
}

/// A point of the running time, in nanoseconds: half as large as a `Duration`, and there may be millions.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct At(u64);

impl At {
    /// Later than any that comes.
    const NEVER: Self = Self(u64::MAX);

    fn new(at: Duration) -> Self {
        Self(u64::try_from(at.as_nanos()).unwrap_or(u64::MAX))
    }

    fn duration(self) -> Duration {
        Duration::from_nanos(self.0)
    }
}

struct Watch {
    /// The queue's own name, shared by all that wait in it.
    account: Arc<str>,
    /// The entry of the queue that counts; older ones are passed over.
    ticket: u64,
    /// When that entry is due; never once it was taken out.
    due: At,
    state: OrderState,
    /// Look-ups since the state changed: the waits double with it.
    made: u32,
    /// Running time of the last counted "not found" of this process; never while there is none.
    last_counted: At,
    in_flight: bool,
    hinted: bool,
    /// A callback came while a look-up was under way: its answer may be older than the callback.
    hinted_again: bool,
}

impl Schedule {
    pub(super) fn new() -> Self {
        Self { inner: Mutex::new(Inner::default()), wake: Arc::new(Notify::new()) }
    }

    /// Puts an order into its queue, or takes it out when there is nothing to wait for.
    fn set(&self, record: &Record, now: Duration, wait: impl Fn(u32, bool) -> Option<Duration>) {
        let planned = self.inner.lock().expect("the schedule").set(record, now, wait);
        // An order that came to its end puts nothing before what is waited for.
        if planned {
            self.wake.notify_one();
        }
    }

    /// A callback named the order: it is looked up soon, once for all callbacks until then.
    pub(super) fn hint(&self, record: &Record, now: Duration) {
        self.inner.lock().expect("the schedule").hint(record, now);
        self.wake.notify_one();
    }

    /// Takes what is due out of an account's queue, as far as there is room.
    fn take_due(&self, account: &str, now: Duration, room: usize) -> Vec<Arc<str>> {
        let mut inner = self.inner.lock().expect("the schedule");
        let Inner { queues, watches, .. } = &mut *inner;
        let Some(queue) = queues.get_mut(account) else { return Vec::new() };
        let mut taken = Vec::new();
        while queue.in_flight < room
            && queue.due.peek().is_some_and(|Reverse((due, _, _))| *due <= At::new(now))
            && let Some(Reverse((_, ticket, key))) = queue.due.pop()
        {
            if let Some(watch) = watches.get_mut(&key)
                && watch.ticket == ticket
                && !watch.in_flight
            {
                watch.in_flight = true;
                watch.due = At::NEVER;
                watch.made = watch.made.saturating_add(1);
                queue.in_flight += 1;
                taken.push(key);
            }
        }
        taken
    }

    /// When something is due at the earliest, among accounts with room.
    fn next_due(&self, accounts: &[(String, usize)]) -> Option<Duration> {
        let inner = self.inner.lock().expect("the schedule");
        accounts
            .iter()
            .filter_map(|(account, room)| inner.queues.get(account.as_str()).filter(|q| q.in_flight < *room))
            .filter_map(|queue| queue.due.peek().map(|Reverse((due, _, _))| due.duration()))
            .min()
    }

    /// A look-up that the schedule had started has ended. Returns whether a callback came meanwhile.
    fn ended(&self, key: &str) -> bool {
        let mut inner = self.inner.lock().expect("the schedule");
        let Inner { queues, watches, .. } = &mut *inner;
        let mut hinted_again = false;
        if let Some(watch) = watches.get_mut(key) {
            watch.in_flight = false;
            hinted_again = std::mem::take(&mut watch.hinted_again);
            if let Some(queue) = queues.get_mut(&watch.account) {
                queue.in_flight = queue.in_flight.saturating_sub(1);
            }
        }
        self.wake.notify_one();
        hinted_again
    }

    /// A look-up was made, by the schedule or by hand.
    pub(super) fn looked_up(&self, key: &str, now: Duration, answered: bool) {
        let mut inner = self.inner.lock().expect("the schedule");
        inner.looked_up.retain(|_, last| now.saturating_sub(*last) < HINT_SPACING);
        inner.looked_up.insert(Arc::from(key), now);
        if let Some(watch) = inner.watches.get_mut(key) {
            watch.hinted &= !answered;
        }
    }

    /// A "not found" counts: the running time since the one before it in this process. The first adds none.
    pub(super) fn counted(&self, key: &str, now: Duration) -> Duration {
        let mut inner = self.inner.lock().expect("the schedule");
        let Some(watch) = inner.watches.get_mut(key) else { return Duration::ZERO };
        // Never is later than now, which leaves nothing.
        let since = now.saturating_sub(watch.last_counted.duration());
        watch.last_counted = At::new(now);
        since
    }

    /// Asks again at a later time although nothing is known of the order now: the journal could not be read.
    fn again(&self, key: &str, at: Duration) {
        let mut inner = self.inner.lock().expect("the schedule");
        let Inner { queues, watches, next_ticket, .. } = &mut *inner;
        let Some((key, watch)) = watches.get_key_value(key) else { return };
        let (key, account) = (key.clone(), watch.account.clone());
        *next_ticket += 1;
        if let Some(watch) = watches.get_mut(&key) {
            watch.ticket = *next_ticket;
            watch.due = At::new(at);
        }
        queues.entry(account).or_default().due.push(Reverse((At::new(at), *next_ticket, key)));
    }

    /// The order is known to be there: an absence starts anew.
    pub(super) fn seen(&self, key: &str) {
        if let Some(watch) = self.inner.lock().expect("the schedule").watches.get_mut(key) {
            watch.last_counted = At::NEVER;
        }
    }
}

impl Inner {
    /// Returns whether something is planned anew.
    fn set(&mut self, record: &Record, now: Duration, wait: impl Fn(u32, bool) -> Option<Duration>) -> bool {
        let known = self.watches.get_key_value(record.key.as_str()).map(|(key, _)| key.clone());
        // Most orders come to their end before anybody has to ask, and are never watched.
        if known.is_none() && wait(0, false).is_none() {
            return false;
        }
        let key: Arc<str> = known.unwrap_or_else(|| Arc::from(record.key.as_str()));
        let watch = self.watches.entry(key.clone()).or_insert_with(|| {
            let account =
                self.queues.get_key_value(record.order.account.as_str()).map(|(name, _)| name.clone());
            Box::new(Watch {
                account: account.unwrap_or_else(|| Arc::from(record.order.account.as_str())),
                ticket: 0,
                due: At::NEVER,
                state: record.order.state,
                made: 0,
                last_counted: At::NEVER,
                in_flight: false,
                hinted: false,
                hinted_again: false,
            })
        });
        if watch.state != record.order.state {
            watch.state = record.order.state;
            watch.made = 0;
        }
        let Some(wait) = wait(watch.made, watch.hinted) else {
            if !watch.in_flight {
                self.watches.remove(&key);
            }
            return false;
        };
        if watch.in_flight {
            // Planned again when it has ended.
            return false;
        }
        let at = At::new(now + wait);
        if watch.hinted && watch.due <= at {
            // What a callback asked for is not put off by a plan that did not know of it.
            return false;
        }
        self.next_ticket += 1;
        watch.ticket = self.next_ticket;
        watch.due = at;
        let queue = self.queues.entry(watch.account.clone()).or_default();
        queue.due.push(Reverse((at, watch.ticket, key)));
        true
    }

    /// All in one step: a look-up that started or ended in between would leave the order hinted with nothing planned.
    fn hint(&mut self, record: &Record, now: Duration) {
        let key = record.key.as_str();
        if let Some(watch) = self.watches.get_mut(key) {
            if watch.in_flight {
                watch.hinted_again = true;
                return;
            }
            if watch.hinted {
                return;
            }
        }
        let last = self.looked_up.get(key);
        let spacing =
            last.map_or(Duration::ZERO, |last| HINT_SPACING.saturating_sub(now.saturating_sub(*last)));
        self.set(record, now, |_, _| Some(spacing));
        if let Some(watch) = self.watches.get_mut(key) {
            watch.hinted = true;
        }
    }
}

impl Tracker {
    /// Plans the next look-up of an order, after anything about it changed.
    pub(super) fn plan(&self, record: &Record) {
        if self.journal.store().cannot_write().is_some() {
            return;
        }
        let now = self.journal.now();
        self.schedule.set(record, now.running, |made, hinted| self.wait_of(record, made, hinted, &now));
    }

    fn wait_of(
        &self,
        record: &Record,
        made: u32,
        hinted: bool,
        now: &crate::orders::moment::Moment,
    ) -> Option<Duration> {
        let growing_from = |made: u32, max_ms: u64| {
            let wait = self.policy.look_up_first_ms.saturating_mul(1 << made.min(32)).min(max_ms);
            Some(Duration::from_millis(wait.max(1)))
        };
        let growing = |max_ms| growing_from(made, max_ms);
        let slow = Duration::from_millis(self.policy.look_up_slow_ms.max(1));
        match record.order.state {
            // Whoever drives it lets it expire; this is for one that nobody drives any more.
            OrderState::Pending => Some(record.time_left(now).unwrap_or(Duration::from_millis(1))),
            OrderState::Unknown => {
                // Where nobody can be asked, the order may be sent again instead, which starts the count of look-ups anew.
                let asked = self.attached_account(&record.order.account).is_none_or(|a| a.abilities.look_up);
                let repeats = (record.order.attempts.len() as u32).saturating_sub(1);
                let made = if asked { made } else { made.max(repeats) };
                let wait = growing_from(made, self.policy.look_up_unknown_max_ms)?;
                Some(self.second_step_wait(record, now).map_or(wait, |second| second.max(wait)))
            }
            OrderState::Accepted => growing(self.policy.look_up_accepted_max_ms),
            OrderState::NeedsReview => Some(slow),
            OrderState::Failed if record.order.failure == Some(FailureReason::Absent) => {
                // At least so long, whatever the wall clock did: nobody else notices that it was bought after all.
                let watched = record.absent_since.is_some_and(|since| {
                    since.elapsed_lower(now) < Duration::from_millis(self.policy.appearance_watch_ms)
                });
                if hinted { growing(self.policy.look_up_unknown_max_ms) } else { watched.then_some(slow) }
            }
            _ if hinted => growing(self.policy.look_up_unknown_max_ms),
            _ => None,
        }
    }

    /// Starts the task that makes look-ups when they are due.
    pub(super) fn start_schedule(self: &Arc<Self>) -> Result<()> {
        // What cannot be written down is not asked: that is for the process that buys.
        if self.journal.store().cannot_write().is_some() {
            return Ok(());
        }
        let tracker = Arc::downgrade(self);
        let (clock, wake) = (self.clock.clone(), self.schedule.wake.clone());
        let task = runtime::spawn(Box::pin(async move {
            let mut hints_polled = clock.elapsed();
            while let Some(until) = turn(&tracker, &mut hints_polled) {
                tokio::select! {
                    biased;
                    () = clock.sleep_until(until) => {}
                    () = wake.notified() => {}
                }
            }
        }))?;
        *self.scheduler.lock().expect("the scheduler") = Some(task);
        Ok(())
    }
}

/// Starts what is due; says until when to sleep, or nothing when the tracker is gone.
fn turn(tracker: &Weak<Tracker>, hints_polled: &mut Duration) -> Option<Duration> {
    let tracker = tracker.upgrade()?;
    let now = tracker.clock.elapsed();
    if now.saturating_sub(*hints_polled) >= HINT_POLL {
        *hints_polled = now;
        tracker.take_hints(HINTS_AT_ONCE);
    }
    let accounts: Vec<(String, usize)> = tracker
        .attached
        .read()
        .expect("the list of accounts")
        .iter()
        .map(|a| (a.account.clone(), tracker.policy.look_ups_in_flight_max.max(1) as usize))
        .collect();
    for (account, room) in &accounts {
        for key in tracker.schedule.take_due(account, now, *room) {
            let looking = tracker.clone();
            let spawned = runtime::spawn(Box::pin(async move {
                let looking = LookUpUnderWay { tracker: looking, key };
                // What went wrong stands in the order's history, or is tried again.
                let _ = looking.tracker.look_up_now(&looking.key, look_up::Wish::Settle).await;
            }));
            if spawned.is_err() {
                return None;
            }
        }
    }
    let poll = *hints_polled + HINT_POLL;
    Some(tracker.schedule.next_due(&accounts).map_or(poll, |due| due.min(poll)))
}

/// A look-up that the schedule has started. However it ends, the order is planned anew.
struct LookUpUnderWay {
    tracker: Arc<Tracker>,
    key: Arc<str>,
}

impl Drop for LookUpUnderWay {
    fn drop(&mut self) {
        let hinted_again = self.tracker.schedule.ended(&self.key);
        match self.tracker.journal.store().order(&self.key) {
            Ok(Some(record)) => {
                self.tracker.plan(&record);
                if hinted_again {
                    self.tracker.schedule.hint(&record, self.tracker.clock.elapsed());
                }
            }
            Ok(None) => {}
            Err(_) => self.tracker.schedule.again(&self.key, self.tracker.clock.elapsed() + UNREADABLE_WAIT),
        }
    }
}
