//! The law of orders, rule by rule. A test that begins with `rule_NN` belongs to the main guard of the rule of that number,
//! and one that begins with `guard_NAME` to the guard of that name; each turns red when its guard is switched off
//! (`TILLGATE_GUARDS_OFF`).

mod answers;
mod clocks;
pub mod disks;
mod drivers;
pub mod gateway;
mod intents;
mod journals;
mod one_thread;
mod settling;
mod telling;
mod undoing;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gateway::{Gateway, Handle};
pub use one_thread::{begin, run};
use tillgate::orders::adapter::Abilities;
use tillgate::{
    Clock, JournalKey, ManualClock, Order, OrderPolicy, OrderState, Result, Secret, Till, TillConfig,
    Timestamp,
};

/// Steps that a test lets the clock make before it calls the promise broken.
const STEPS_MAX: usize = 5_000;

/// A till, its gateway and the clock of both.
pub struct World {
    pub dir: tempfile::TempDir,
    pub clock: ManualClock,
    pub gateway: Arc<Gateway>,
    pub till: Arc<Till>,
    pub policy: OrderPolicy,
}

/// Runs a test's body on the library's own threads, as tests with sockets need it. How far the library has come when a test
/// moves the clock depends on the machine then; tests of the rules run by [`one_thread::run`], where it does not.
pub fn run_on_threads(body: impl Future<Output = ()>) {
    tillgate::block_on(async {
        body.await;
        Ok(())
    })
    .unwrap();
}

pub fn noon() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

pub fn key() -> JournalKey {
    // 32 bytes, in base64.
    JournalKey { id: "k1".into(), key: Secret::new("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".into()) }
}

impl World {
    pub async fn new(abilities: Abilities) -> Self {
        Self::with_policy(abilities, OrderPolicy::default()).await
    }

    pub async fn with_policy(abilities: Abilities, policy: OrderPolicy) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = ManualClock::new(noon());
        let telling = clock.clone();
        let gateway = Gateway::new(abilities, move || telling.now());
        let config = config_in(dir.path().join("journal"), policy.clone());
        let till = Till::open_with_clock(config, Arc::new(clock.clone())).await.unwrap();
        till.attach(None, Arc::new(Handle(gateway.clone()))).await.unwrap();
        Self { dir, clock, gateway, till, policy }
    }

    pub fn config(&self) -> TillConfig {
        config_in(self.dir.path().join("journal"), self.policy.clone())
    }

    /// Closes the till and opens it again, as a new process would: the new clock knows nothing of the old one's running time.
    pub async fn reopen(&mut self) {
        self.till.close().await.unwrap();
        self.open_again().await;
    }

    pub async fn open_again(&mut self) {
        let wall = self.clock.now();
        self.clock = ManualClock::new(wall);
        self.till = Till::open_with_clock(self.config(), Arc::new(self.clock.clone())).await.unwrap();
        self.till.attach(None, Arc::new(Handle(self.gateway.clone()))).await.unwrap();
    }

    pub async fn state(&self, id: &str) -> OrderState {
        self.order(id).await.state
    }

    pub async fn order(&self, id: &str) -> Order {
        self.till.order(id.to_string()).await.unwrap()
    }

    /// Lets time pass, from one sleeper's waking to the next, until the order is as wanted.
    pub async fn until(&self, id: &str, wanted: impl Fn(&Order) -> bool) -> Order {
        for _ in 0..STEPS_MAX {
            let order = self.order(id).await;
            if wanted(&order) {
                return order;
            }
            self.settle().await;
            // Real disks are slower than this clock: time goes on when the order sleeps as well as the schedule.
            let busy = match order.state {
                OrderState::Pending => self.clock.sleepers() < 2,
                OrderState::Sending => true,
                _ => false,
            };
            if !busy {
                self.clock.advance_to_next();
            }
        }
        panic!("{id} never became what the rule demands: {:#?}", self.order(id).await);
    }

    /// Lets run what is able to run without the clock moving: in one thread all of it.
    pub async fn settle(&self) {
        if one_thread::is_entered() { one_thread::rest().await } else { self.clock.settle().await }
    }

    /// Lets this much time pass, in steps small enough for every look-up to be made in its turn.
    pub async fn pass(&self, time: Duration) {
        let end = self.clock.elapsed() + time;
        while self.clock.elapsed() < end {
            self.settle().await;
            // The schedule sleeps for two seconds at most.
            self.clock.advance(Duration::from_secs(2).min(end - self.clock.elapsed()));
        }
        self.settle().await;
    }

    /// Waits, without moving the clock, until something that runs in the background has happened.
    pub async fn soon(&self, what: &str, mut happened: impl FnMut() -> bool) {
        for _ in 0..STEPS_MAX {
            if happened() {
                return;
            }
            self.settle().await;
        }
        panic!("{what} never happened");
    }

    /// Takes what events there are, acknowledging each.
    pub async fn events(&self) -> Vec<tillgate::Event> {
        let stream = self.till.events();
        let mut events = Vec::new();
        while let Some(event) = stream.next(0).await.unwrap() {
            stream.acknowledge(event.id).await.unwrap();
            events.push(event);
        }
        events
    }
}

pub fn config_in(path: PathBuf, policy: OrderPolicy) -> TillConfig {
    TillConfig {
        journal_path: path.to_str().unwrap().to_string(),
        create: true,
        read_only: false,
        key: Some(key()),
        old_keys: Vec::new(),
        installation_id: Some("till-7".to_string()),
        epoch_mirror_path: None,
        policy: Some(policy),
    }
}

/// The kind of an error, as every language names it.
pub fn code<T>(result: &Result<T>) -> &'static str {
    match result {
        Ok(_) => "no error",
        Err(error) => error.code(),
    }
}
