//! Every order has somebody who sees to it, also when the task that drove it has broken off or its account is gone.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::gateway::{Treat, order, with_look_up, without_look_up};
use super::{Handle, World, begin, code, run};
use tillgate::orders::adapter::EvidenceStatus;
use tillgate::{
    AttemptOutcome, BoxFuture, Clock, ManualClock, OrderPolicy, OrderState, Outcome, Till, TillgateError,
    Timestamp,
};

/// A clock that does something else besides, whenever it is asked for the time.
struct Meddling {
    clock: ManualClock,
    meddle: Box<dyn Fn() + Send + Sync>,
}

impl Clock for Meddling {
    fn now(&self) -> Timestamp {
        (self.meddle)();
        self.clock.now()
    }

    fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }

    fn sleep_until(&self, elapsed: Duration) -> BoxFuture<'static, ()> {
        self.clock.sleep_until(elapsed)
    }
}

/// Another's hand on a journal.
fn hand_on(journal: &Path) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(journal, flags).unwrap()
}

/// The state of an order, by its number in the journal.
fn state_in(journal: &Path, key: &str) -> Option<u16> {
    if !journal.exists() {
        return None;
    }
    hand_on(journal).query_row("SELECT state FROM orders WHERE key = ?1", [key], |row| row.get(0)).ok()
}

/// Another process becomes the one that buys.
fn take_over(journal: &Path) {
    hand_on(journal).execute("UPDATE meta SET value = value + 1 WHERE name = 'epoch'", []).unwrap();
}

impl World {
    fn journal(&self) -> PathBuf {
        self.dir.path().join("journal")
    }

    /// Closes the till and opens it again with a clock that meddles, with no account attached.
    async fn reopen_meddled_with(&mut self, meddle: impl Fn() + Send + Sync + 'static) {
        self.till.close().await.unwrap();
        self.clock = ManualClock::new(self.clock.now());
        let clock = Meddling { clock: self.clock.clone(), meddle: Box::new(meddle) };
        self.till = Till::open_with_clock(self.config(), Arc::new(clock)).await.unwrap();
    }

    async fn attach(&self) -> tillgate::Result<()> {
        self.till.attach(None, Arc::new(Handle(self.gateway.clone()))).await
    }
}

#[test]
fn a_pending_order_whose_driving_broke_off_expires_when_its_time_is_over() {
    run(async {
        let mut world = World::new(with_look_up()).await;
        let (journal, broken) = (world.journal(), Arc::new(AtomicBool::new(false)));
        let breaks = broken.clone();
        // Who asks for the time when the order stands there as pending is the task that drives it.
        world
            .reopen_meddled_with(move || {
                let is_pending = state_in(&journal, "a1") == Some(OrderState::Pending as u16);
                if is_pending && !breaks.swap(true, Ordering::SeqCst) {
                    panic!("a defect of the clock");
                }
            })
            .await;
        world.attach().await.unwrap();
        world.till.enqueue(order("a1")).await.unwrap();
        world.settle().await;
        assert!(broken.load(Ordering::SeqCst));
        assert_eq!(world.state("a1").await, OrderState::Pending);
        world.pass(Duration::from_secs(70)).await;
        assert_eq!(world.state("a1").await, OrderState::Expired);
        assert_eq!(world.gateway.calls("submit"), 0);
    });
}

#[test]
fn an_order_whose_account_was_taken_back_between_commit_and_send_is_pending_again() {
    run(async {
        let policy = OrderPolicy { resume_pending: true, ..Default::default() };
        let mut world = World::with_policy(with_look_up(), policy).await;
        world.gateway.treat([Treat::NotSent, Treat::NotSent]);
        for id in ["a1", "b1"] {
            world.till.enqueue(order(id)).await.unwrap();
        }
        world.soon("the first attempts", || world.gateway.calls("submit") == 2).await;
        world.reopen_meddled_with(|| {}).await;
        // The account's second order cannot be read, so that the account is not taken; the first is under way by then.
        let hand = hand_on(&world.journal());
        let body: String =
            hand.query_row("SELECT body FROM orders WHERE key = 'b1'", [], |row| row.get(0)).unwrap();
        let write = |body: &str| {
            hand.execute("UPDATE orders SET body = ?1 WHERE key = 'b1'", [body]).unwrap();
        };
        write("{");
        assert_eq!(code(&world.attach().await), "journal_damaged");
        world.settle().await;
        let left = world.order("a1").await;
        assert_eq!(left.state, OrderState::Pending, "nothing has left");
        assert_eq!(left.attempts.last().unwrap().outcome, AttemptOutcome::NotSent);
        assert!(left.attempts.last().unwrap().reason.as_deref().unwrap().contains("not attached"));
        write(&body);
        world.attach().await.unwrap();
        for id in ["a1", "b1"] {
            world.until(id, |o| o.state == OrderState::Accepted).await;
            assert_eq!(world.gateway.bought(id), 1);
        }
    });
}

#[test]
fn an_order_that_is_resumed_expires_too_when_its_driving_broke_off() {
    run(async {
        let policy = OrderPolicy { resume_pending: true, ..Default::default() };
        let mut world = World::with_policy(with_look_up(), policy).await;
        world.gateway.treat([Treat::NotSent]);
        world.till.enqueue(order("a1")).await.unwrap();
        world.soon("the first attempt", || world.gateway.calls("submit") == 1).await;
        let (breaks, broken) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (armed, struck) = (breaks.clone(), broken.clone());
        world
            .reopen_meddled_with(move || {
                if armed.swap(false, Ordering::SeqCst) {
                    struck.store(true, Ordering::SeqCst);
                    panic!("a defect of the clock");
                }
            })
            .await;
        world.attach().await.unwrap();
        breaks.store(true, Ordering::SeqCst);
        world.settle().await;
        assert!(broken.load(Ordering::SeqCst));
        assert_eq!(world.state("a1").await, OrderState::Pending);
        world.pass(Duration::from_secs(70)).await;
        assert_eq!(world.state("a1").await, OrderState::Expired);
    });
}

#[test]
fn what_fails_after_an_id_that_may_be_in_use_tells_nobody_that_nothing_was_sent() {
    run(async {
        let mut world = World::new(without_look_up()).await;
        let (journal, struck) = (world.journal(), Arc::new(AtomicBool::new(false)));
        let strikes = struck.clone();
        // Between the commit of the attempt's end and that of the review, another process takes the journal over.
        world
            .reopen_meddled_with(move || {
                let is_unknown = state_in(&journal, "a1") == Some(OrderState::Unknown as u16);
                if is_unknown && !strikes.swap(true, Ordering::SeqCst) {
                    take_over(&journal);
                }
            })
            .await;
        world.attach().await.unwrap();
        world.gateway.treat([Treat::InUse]);
        let error = world.till.buy(order("a1")).await.unwrap_err();
        assert!(struck.load(Ordering::SeqCst));
        assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
        assert_eq!(error.details().order_id.as_deref(), Some("a1"));
    });
}

/// Places two orders in one call, of which the gateway does to the first that comes what it is told, and has no connection for
/// the other. As soon as that one waits for its next attempt, another process takes the journal over.
async fn two_of_which_one_is_not_sent(first: Treat, state: OrderState) -> (World, TillgateError) {
    let mut world = World::new(with_look_up()).await;
    let (journal, struck) = (world.journal(), Arc::new(AtomicBool::new(false)));
    let strikes = struck.clone();
    world
        .reopen_meddled_with(move || {
            let mut states = ["a1", "b1"].map(|key| state_in(&journal, key).unwrap_or_default());
            states.sort_unstable();
            let wanted = [OrderState::Pending as u16, state as u16];
            if states == wanted && !strikes.swap(true, Ordering::SeqCst) {
                take_over(&journal);
            }
        })
        .await;
    world.attach().await.unwrap();
    world.gateway.treat([first, Treat::NotSent]);
    let till = world.till.clone();
    let buying = begin(async move { till.buy_batch(vec![order("a1"), order("b1")]).await });
    world.soon("the other process", || struck.load(Ordering::SeqCst)).await;
    world.settle().await;
    world.gateway.release.add_permits(1);
    (world, buying.await.unwrap().unwrap_err())
}

#[test]
fn a_batch_of_which_something_was_sent_never_tells_that_nothing_was() {
    run(async {
        let done = Treat::Do(EvidenceStatus::Succeeded);
        for (first, state) in [(done, OrderState::Succeeded), (Treat::Hold, OrderState::Sending)] {
            let (world, error) = two_of_which_one_is_not_sent(first, state).await;
            let bought = ["a1", "b1"].into_iter().find(|id| world.gateway.bought(id) == 1);
            assert!(bought.is_some());
            assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
            if state == OrderState::Sending {
                assert_eq!(error.details().order_id.as_deref(), bought, "{error}");
            }
        }
    });
}
