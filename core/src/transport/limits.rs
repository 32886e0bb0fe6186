//! How many calls at once, how fast, and when to hold back.

use crate::clock::Clock;
use crate::error::{ErrorDetails, Result, TillgateError};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The longest that a gateway's `Retry-After` is obeyed for.
const PAUSE_MAX: Duration = Duration::from_secs(600);

/// The limits of one client.
pub(super) struct Limits {
    turns: Arc<Semaphore>,
    turns_max: u32,
    pace: Option<Mutex<Pace>>,
    /// By the clock's elapsed time.
    reads_paused_until: Mutex<Duration>,
}

impl Limits {
    pub(super) fn new(calls_in_flight_max: u32, pace: Option<Pace>) -> Self {
        Self {
            turns: Arc::new(Semaphore::new(calls_in_flight_max as usize)),
            turns_max: calls_in_flight_max,
            pace: pace.map(Mutex::new),
            reads_paused_until: Mutex::new(Duration::ZERO),
        }
    }

    /// Waits for a turn. What is returned is the turn; dropping it gives it to the next.
    pub(super) async fn turn(&self, clock: &dyn Clock, is_read: bool) -> Result<OwnedSemaphorePermit> {
        // An answer to a call that went before may prolong the pause meanwhile.
        while is_read && clock.elapsed() < self.pause() {
            clock.sleep_until(self.pause()).await;
        }
        let turn = self.turns.clone().acquire_owned().await.map_err(|_| closed())?;
        if let Some(pace) = &self.pace {
            let start = locked(pace).next_start(clock.elapsed());
            clock.sleep_until(start).await;
        }
        Ok(turn)
    }

    /// The gateway asks for a pause of this length: reads wait, what moves money decides for itself.
    pub(super) fn pause_reads(&self, clock: &dyn Clock, length: Duration) {
        let until = clock.elapsed() + length.min(PAUSE_MAX);
        let mut paused_until = locked(&self.reads_paused_until);
        *paused_until = (*paused_until).max(until);
    }

    /// When reads may go on.
    pub(super) fn pause(&self) -> Duration {
        *locked(&self.reads_paused_until)
    }

    /// Lets nobody in any more and waits until all have left.
    pub(super) async fn close(&self) {
        if let Ok(all) = self.turns.acquire_many(self.turns_max).await {
            self.turns.close();
            drop(all);
        }
    }
}

/// An even pace with an allowance: each start pushes the next one back by an interval, and quiet time is saved up to a
/// burst (the generic cell rate algorithm).
#[derive(Debug)]
pub(crate) struct Pace {
    interval: Duration,
    allowance: Duration,
    /// The time at which the pace would be exactly kept.
    due: Duration,
}

impl Pace {
    pub(crate) fn new(per_second: u32, burst: u32) -> Self {
        let interval = Duration::from_secs(1) / per_second;
        Self { interval, allowance: interval * (burst - 1), due: Duration::ZERO }
    }

    /// A fortieth slower than the limit: calls that the machine or the network holds up arrive together with later ones, and the
    /// gateway counts what arrives.
    pub(crate) fn kept_below(per_second: u32, burst: u32) -> Self {
        let exact = Self::new(per_second, burst);
        let interval = exact.interval + exact.interval / 40;
        Self { interval, allowance: interval * (burst - 1), due: Duration::ZERO }
    }

    /// Starts a call now, or says how long it would have to wait; then nothing counts as started.
    pub(crate) fn try_start(&mut self, now: Duration) -> std::result::Result<(), Duration> {
        let wait = self.due.max(now).saturating_sub(self.allowance).saturating_sub(now);
        if wait.is_zero() {
            self.next_start(now);
            return Ok(());
        }
        Err(wait)
    }

    /// When the next call may start; it counts as started.
    fn next_start(&mut self, now: Duration) -> Duration {
        let due = self.due.max(now);
        self.due = due + self.interval;
        due.saturating_sub(self.allowance).max(now)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn closed() -> TillgateError {
    TillgateError::Closed {
        details: ErrorDetails::local(
            "The client was closed.",
            "Nothing was sent. Make a new client and call again.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_allowed_and_then_the_pace_is_kept() {
        let ms = Duration::from_millis;
        let mut pace = Pace::new(10, 3);
        let starts: Vec<_> = (0..6).map(|_| pace.next_start(ms(1000))).collect();
        assert_eq!(starts, [ms(1000), ms(1000), ms(1000), ms(1100), ms(1200), ms(1300)]);
        // Quiet time is saved up to the burst and no further.
        let starts: Vec<_> = (0..5).map(|_| pace.next_start(ms(60_000))).collect();
        assert_eq!(starts, [ms(60_000), ms(60_000), ms(60_000), ms(60_100), ms(60_200)]);
    }

    #[test]
    fn what_would_have_to_wait_is_told_for_how_long_and_does_not_count() {
        let ms = Duration::from_millis;
        let mut pace = Pace::new(10, 2);
        let tries: Vec<_> = (0..4).map(|_| pace.try_start(ms(1000))).collect();
        assert_eq!(tries, [Ok(()), Ok(()), Err(ms(100)), Err(ms(100))]);
        assert_eq!(pace.try_start(ms(1070)), Err(ms(30)));
        assert_eq!((pace.try_start(ms(1100)), pace.try_start(ms(1100))), (Ok(()), Err(ms(100))));
    }

    #[cfg(feature = "testing")]
    #[test]
    fn a_pause_that_the_gateway_asks_for_holds_reads_and_nothing_else() {
        use crate::clock::ManualClock;
        use std::future::Future;
        use std::task::{Context, Waker};
        let clock = ManualClock::new(jiff::Timestamp::UNIX_EPOCH);
        let limits = Limits::new(4, None);
        let mut context = Context::from_waker(Waker::noop());
        limits.pause_reads(&clock, Duration::from_secs(7));
        limits.pause_reads(&clock, Duration::from_secs(3));
        let mut read = std::pin::pin!(limits.turn(&clock, true));
        assert!(read.as_mut().poll(&mut context).is_pending());
        let mut other = std::pin::pin!(limits.turn(&clock, false));
        assert!(other.as_mut().poll(&mut context).is_ready());
        clock.advance(Duration::from_secs(6));
        assert!(read.as_mut().poll(&mut context).is_pending());
        clock.advance(Duration::from_secs(1));
        assert!(read.as_mut().poll(&mut context).is_ready());
    }

    #[test]
    fn closing_waits_for_those_inside_and_lets_nobody_in() {
        use std::future::Future;
        use std::task::{Context, Waker};
        let clock = crate::clock::SystemClock::new();
        let limits = Limits::new(2, None);
        let mut context = Context::from_waker(Waker::noop());
        let turn = crate::runtime::block_on(limits.turn(&clock, true)).unwrap();
        let mut closing = std::pin::pin!(limits.close());
        assert!(closing.as_mut().poll(&mut context).is_pending());
        drop(turn);
        assert!(closing.as_mut().poll(&mut context).is_ready());
        let refused = crate::runtime::block_on(limits.turn(&clock, true));
        assert_eq!(refused.err().map(|error| error.code()), Some("closed"));
    }
}
