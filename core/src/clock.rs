//! Time, given from outside so that tests can move it.

use crate::money::Timestamp;
use crate::runtime::{self, BoxFuture};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Where the time comes from.
///
/// Two clocks in one: what the calendar says, which people and gateways read and which may jump; and what has elapsed,
/// which only goes forward and decides every wait, deadline and window.
pub trait Clock: Send + Sync {
    /// The wall clock.
    fn now(&self) -> Timestamp;

    /// Running time since an origin of this clock's own. Time in which the machine slept does not count.
    fn elapsed(&self) -> Duration;

    /// Ready as soon as [`Clock::elapsed`] has reached this value. Any executor may poll it.
    fn sleep_until(&self, elapsed: Duration) -> BoxFuture<'static, ()>;
}

/// The machine's own clocks.
#[derive(Clone, Debug)]
pub struct SystemClock {
    /// Rust's `Instant` is CLOCK_MONOTONIC on Linux and CLOCK_UPTIME_RAW on Apple's systems: neither counts suspension.
    origin: Instant,
}

impl SystemClock {
    /// A clock whose elapsed time begins now.
    pub fn new() -> Self {
        Self { origin: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn elapsed(&self) -> Duration {
        self.origin.elapsed()
    }

    fn sleep_until(&self, elapsed: Duration) -> BoxFuture<'static, ()> {
        Box::pin(runtime::sleep(elapsed.saturating_sub(self.elapsed())))
    }
}

/// The clock of whoever gives none: the machine's, or the fast one where tests ask for it.
#[allow(dead_code, reason = "an embedding without a journal or client has no use for it")]
pub(crate) fn default_clock() -> Arc<dyn Clock> {
    #[cfg(feature = "testing")]
    if let Some(fast) = moved::ScaledClock::from_environment() {
        return Arc::new(fast);
    }
    Arc::new(SystemClock::new())
}

#[cfg(feature = "testing")]
pub use moved::{ManualClock, ScaledClock};

#[cfg(feature = "testing")]
mod moved {
    use super::{BoxFuture, Clock, SystemClock, Timestamp};
    use std::collections::BTreeMap;
    use std::future::Future;
    use std::pin::Pin;
    use std::sync::{Arc, Mutex, MutexGuard};
    use std::task::{Context, Poll, Waker};
    use std::time::Duration;

    /// A clock that moves only when it is told to. Clones are the same clock.
    #[derive(Clone, Debug)]
    pub struct ManualClock {
        state: Arc<Mutex<State>>,
    }

    #[derive(Debug)]
    struct State {
        wall: Timestamp,
        elapsed: Duration,
        next_sleeper: u64,
        /// By time and then by age, so that sleepers wake in an order that is always the same.
        sleepers: BTreeMap<(Duration, u64), Waker>,
        /// Whoever waits for sleepers to come.
        watchers: Vec<Waker>,
    }

    impl ManualClock {
        /// A clock that stands still at this moment, with nothing elapsed.
        pub fn new(wall: Timestamp) -> Self {
            let state = State {
                wall,
                elapsed: Duration::ZERO,
                next_sleeper: 0,
                sleepers: BTreeMap::new(),
                watchers: Vec::new(),
            };
            Self { state: Arc::new(Mutex::new(state)) }
        }

        /// Moves both clocks forward and wakes who is due, in the order of their times.
        pub fn advance(&self, by: Duration) {
            let due = {
                let mut state = self.lock();
                state.elapsed += by;
                state.wall +=
                    jiff::SignedDuration::try_from(by).expect("a duration that a clock can move by");
                let later = (state.elapsed + Duration::from_nanos(1), 0);
                let later = state.sleepers.split_off(&later);
                std::mem::replace(&mut state.sleepers, later)
            };
            due.into_values().for_each(Waker::wake);
        }

        /// Moves to the moment at which the next sleeper wakes; false if nobody sleeps.
        pub fn advance_to_next(&self) -> bool {
            let Some(next) = self.next_waking() else { return false };
            self.advance(next.saturating_sub(self.elapsed()));
            true
        }

        /// The elapsed time at which the next sleeper wakes, if anyone sleeps.
        pub fn next_waking(&self) -> Option<Duration> {
            self.lock().sleepers.keys().next().map(|(at, _)| *at)
        }

        /// Sets the wall clock alone, as an operator or a time server does, backwards too.
        pub fn set_wall(&self, wall: Timestamp) {
            self.lock().wall = wall;
        }

        /// How many are asleep.
        pub fn sleepers(&self) -> usize {
            self.lock().sleepers.len()
        }

        /// Waits until at least so many are asleep: then the tasks that a test drives have come to rest.
        pub async fn wait_for_sleepers(&self, count_min: usize) {
            std::future::poll_fn(|context| {
                let mut state = self.lock();
                if state.sleepers.len() >= count_min {
                    return Poll::Ready(());
                }
                state.watchers.push(context.waker().clone());
                Poll::Pending
            })
            .await;
        }

        /// Lets tasks run that are able to run now. What waits for the network or a disk needs
        /// [`ManualClock::wait_for_sleepers`] instead: no number of turns is sure to be enough for it.
        pub async fn settle(&self) {
            for _ in 0..64 {
                // A turn of the library's own runtime, not only of the executor that polls this.
                let _ = crate::runtime::detached(async {
                    tokio::task::yield_now().await;
                    Ok(())
                })
                .await;
            }
        }

        fn lock(&self) -> MutexGuard<'_, State> {
            self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
        }
    }

    impl Clock for ManualClock {
        fn now(&self) -> Timestamp {
            self.lock().wall
        }

        fn elapsed(&self) -> Duration {
            self.lock().elapsed
        }

        fn sleep_until(&self, elapsed: Duration) -> BoxFuture<'static, ()> {
            Box::pin(Sleep { clock: self.clone(), until: elapsed, place: None })
        }
    }

    struct Sleep {
        clock: ManualClock,
        until: Duration,
        place: Option<u64>,
    }

    impl Future for Sleep {
        type Output = ();

        fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
            let clock = self.clock.clone();
            let mut state = clock.lock();
            if state.elapsed >= self.until {
                return Poll::Ready(());
            }
            let place = self.place.unwrap_or_else(|| {
                state.next_sleeper += 1;
                state.next_sleeper
            });
            self.place = Some(place);
            state.sleepers.insert((self.until, place), context.waker().clone());
            let watchers = std::mem::take(&mut state.watchers);
            drop(state);
            watchers.into_iter().for_each(Waker::wake);
            Poll::Pending
        }
    }

    impl Drop for Sleep {
        fn drop(&mut self) {
            if let Some(place) = self.place {
                self.clock.lock().sleepers.remove(&(self.until, place));
            }
        }
    }

    /// A clock that runs a number of times as fast as the machine's, for tests through a binding.
    #[derive(Clone, Debug)]
    pub struct ScaledClock {
        real: SystemClock,
        speed: u32,
        started: Timestamp,
    }

    impl ScaledClock {
        /// A clock that starts now; `speed` is at least 1.
        pub fn new(speed: u32) -> Self {
            Self { real: SystemClock::new(), speed: speed.max(1), started: Timestamp::now() }
        }

        /// By `TILLGATE_CLOCK_SPEED`, if it is set.
        pub(super) fn from_environment() -> Option<Self> {
            let text = std::env::var("TILLGATE_CLOCK_SPEED").ok()?;
            Some(Self::new(text.parse().expect("TILLGATE_CLOCK_SPEED is a whole number")))
        }
    }

    impl Clock for ScaledClock {
        fn now(&self) -> Timestamp {
            let elapsed = jiff::SignedDuration::try_from(self.elapsed()).unwrap_or(jiff::SignedDuration::MAX);
            self.started.saturating_add(elapsed).unwrap_or(Timestamp::MAX)
        }

        fn elapsed(&self) -> Duration {
            self.real.elapsed() * self.speed
        }

        fn sleep_until(&self, elapsed: Duration) -> BoxFuture<'static, ()> {
            self.real.sleep_until(elapsed / self.speed)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machines_clock_goes_forward_and_wakes_whom_it_should() {
        let clock = SystemClock::new();
        let until = clock.elapsed() + Duration::from_millis(2);
        runtime::block_on(async {
            clock.sleep_until(until).await;
            Ok(())
        })
        .unwrap();
        assert!(clock.elapsed() >= until);
    }

    #[cfg(feature = "testing")]
    #[test]
    fn a_moved_clock_wakes_exactly_those_who_are_due() {
        let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
        let second = Duration::from_secs(1);
        let sleep = |n: u32| {
            let sleeping = clock.sleep_until(second * n);
            runtime::detached(async move {
                sleeping.await;
                Ok(n)
            })
        };
        runtime::block_on(async {
            let mut first = Box::pin(sleep(1));
            let mut later = Box::pin(sleep(10));
            tokio::select! {
                _ = &mut first => panic!("nothing has elapsed"),
                _ = &mut later => panic!("nothing has elapsed"),
                () = clock.wait_for_sleepers(2) => {}
            }
            clock.advance(second * 9);
            assert_eq!(first.await, Ok(1));
            assert_eq!(clock.sleepers(), 1);
            clock.set_wall(Timestamp::UNIX_EPOCH);
            assert!(clock.advance_to_next());
            assert_eq!(later.await, Ok(10));
            assert_eq!(clock.elapsed(), second * 10);
            assert_eq!(clock.now(), Timestamp::from_second(1).unwrap());
            assert!(!clock.advance_to_next());
            clock.settle().await;
            Ok(())
        })
        .unwrap();
    }

    #[cfg(feature = "testing")]
    #[test]
    fn a_dropped_sleep_leaves_nothing_behind() {
        let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
        let mut sleep = clock.sleep_until(Duration::from_secs(1));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(sleep.as_mut().poll(&mut context).is_pending());
        assert_eq!(clock.sleepers(), 1);
        drop(sleep);
        assert_eq!(clock.sleepers(), 0);
    }

    #[cfg(feature = "testing")]
    #[test]
    fn a_fast_clock_counts_more_than_the_machines() {
        let fast = ScaledClock::new(1000);
        let real = SystemClock::new();
        let until = Duration::from_secs(1);
        runtime::block_on(async {
            fast.sleep_until(until).await;
            Ok(())
        })
        .unwrap();
        assert!(fast.elapsed() >= until);
        assert!(fast.elapsed() > real.elapsed());
    }
}
