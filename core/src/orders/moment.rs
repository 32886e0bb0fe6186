//! Times that survive a clock that jumps.
//!
//! Waits use the lower bound of elapsed time, windows the upper; a clock that went back closes windows.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Timestamp, clock::Clock};

/// Now, by both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The wall clock.
    pub wall: Timestamp,
    /// Running time of this process, by the monotonic clock.
    pub running: Duration,
    /// The running time at which the journal was opened.
    pub opened: Duration,
    /// The journal's epoch; the running time of another epoch means nothing in this one.
    pub epoch: u64,
}

impl Moment {
    pub fn now(clock: &dyn Clock, opened: Duration, epoch: u64) -> Self {
        Self { wall: clock.now(), running: clock.elapsed(), opened, epoch }
    }

    pub fn stamp(&self) -> Stamp {
        Stamp { wall: self.wall, running_us: self.running.as_micros() as u64, epoch: self.epoch }
    }
}

/// A moment as the journal keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    pub wall: Timestamp,
    pub running_us: u64,
    pub epoch: u64,
}

impl Stamp {
    /// At least so much time has passed, whatever the wall clock did.
    pub fn elapsed_lower(&self, now: &Moment) -> Duration {
        if self.epoch == now.epoch {
            self.running_since(now)
        } else {
            // It was before this process opened the journal; of the time until then nothing is known.
            now.running.saturating_sub(now.opened)
        }
    }

    /// At most so much time has passed. The monotonic clock stands still while the machine sleeps, so the wall clock may
    /// only add; one that went back says that nobody knows.
    pub fn elapsed_upper(&self, now: &Moment) -> Duration {
        if !crate::testing::guard(crate::testing::Guard::ClockBounds) {
            return self.elapsed_lower(now);
        }
        let wall = now.wall.duration_since(self.wall);
        if wall.is_negative() {
            return Duration::MAX;
        }
        let wall = wall.unsigned_abs();
        if self.epoch == now.epoch { wall.max(self.running_since(now)) } else { wall }
    }

    fn running_since(&self, now: &Moment) -> Duration {
        now.running.saturating_sub(Duration::from_micros(self.running_us))
    }
}
