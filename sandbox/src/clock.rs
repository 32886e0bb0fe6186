//! The sandbox's own time: it can run faster than the wall clock, stand still, and be moved forward.

use std::time::{Duration, Instant};

use jiff::Timestamp;

/// Above this factor a `Duration` no longer holds what a second of real time means.
pub(crate) const SPEED_MAX: f64 = 1_000_000.0;

/// Sandbox time in milliseconds since the Unix epoch.
#[derive(Debug)]
pub(crate) struct Clock {
    at_anchor_ms: i64,
    anchor: Instant,
    speed: f64,
}

impl Clock {
    pub(crate) fn starting_at(start_ms: i64, speed: f64) -> Clock {
        Clock { at_anchor_ms: start_ms, anchor: Instant::now(), speed }
    }

    pub(crate) fn now_ms(&self) -> i64 {
        let elapsed_ms = self.anchor.elapsed().as_secs_f64() * 1000.0 * self.speed;
        self.at_anchor_ms.saturating_add(elapsed_ms as i64)
    }

    pub(crate) fn advance(&mut self, ms: u64) {
        self.at_anchor_ms = self.at_anchor_ms.saturating_add(i64::try_from(ms).unwrap_or(i64::MAX));
    }

    pub(crate) fn speed(&self) -> f64 {
        self.speed
    }

    pub(crate) fn set_speed(&mut self, speed: f64) {
        self.at_anchor_ms = self.now_ms();
        self.anchor = Instant::now();
        self.speed = speed;
    }

    /// How long a real process must wait until this sandbox time; `None` while time stands still.
    pub(crate) fn wait_until(&self, due_ms: i64) -> Option<Duration> {
        let missing_ms = due_ms.saturating_sub(self.now_ms());
        if missing_ms <= 0 {
            return Some(Duration::ZERO);
        }
        if self.speed <= 0.0 {
            return None;
        }
        // A day is soon enough to look again, and keeps the product far from overflow.
        let wait_ms = (missing_ms as f64 / self.speed).clamp(1.0, 86_400_000.0);
        Some(Duration::from_millis(wait_ms as u64))
    }
}

/// The two ways in which the gateway writes an instant. Both are seen, so both are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DateForm {
    /// `2019-02-20T02:00:00+00:00`, as the document says.
    Iso,
    /// `2019-02-20 02:00:00`, without an offset.
    Blank,
}

impl DateForm {
    pub(crate) fn alternating(number: u64) -> DateForm {
        if number.is_multiple_of(2) { DateForm::Blank } else { DateForm::Iso }
    }

    pub(crate) fn print(self, at_ms: i64) -> String {
        let at = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::MAX);
        let format = match self {
            DateForm::Iso => "%Y-%m-%dT%H:%M:%S+00:00",
            DateForm::Blank => "%Y-%m-%d %H:%M:%S",
        };
        at.strftime(format).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_of_speed_zero_moves_only_when_it_is_moved() {
        let mut clock = Clock::starting_at(1_000, 0.0);
        assert_eq!(clock.now_ms(), 1_000);
        assert_eq!(clock.wait_until(1_001), None);
        clock.advance(500);
        assert_eq!(clock.now_ms(), 1_500);
        assert_eq!(clock.wait_until(1_500), Some(Duration::ZERO));
    }

    #[test]
    fn an_instant_is_written_in_both_forms() {
        assert_eq!(DateForm::Iso.print(1_550_628_000_000), "2019-02-20T02:00:00+00:00");
        assert_eq!(DateForm::Blank.print(1_550_628_000_000), "2019-02-20 02:00:00");
    }
}
