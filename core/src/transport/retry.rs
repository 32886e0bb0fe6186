//! Sending reads again. Nothing else ever is.

use super::Stack;
use super::attempt::{self, Call};
use super::request::{Answer, OperationKind, Sent};
use crate::testing::{Guard, guard};
use reqwest::header::RETRY_AFTER;
use std::time::Duration;

/// After the first time.
const REPEATS_MAX: u32 = 2;

/// Before the first repeat, at most; each further one may wait twice as long.
const PAUSE: Duration = Duration::from_millis(400);

/// Sends a call, and a read again while that may help and time is left.
pub(super) async fn send(stack: &Stack, call: &Call) -> Sent {
    let may_repeat = call.request.kind == OperationKind::Read || !guard(Guard::NoBlindResend);
    let mut repeat = 0;
    loop {
        let sent = attempt::once(stack, call).await;
        let asked = asked_pause(stack, &sent);
        if let Some(pause) = asked {
            stack.limits.pause_reads(&*stack.clock, pause);
        }
        if !may_repeat || repeat == REPEATS_MAX || !may_help(&sent) {
            return sent;
        }
        repeat += 1;
        let pause = asked.unwrap_or_default().max(jittered(PAUSE * (1 << (repeat - 1))));
        // A gateway may ask for a pause longer than any clock can tell.
        let start = stack.clock.elapsed().saturating_add(pause);
        if start >= call.start_by {
            return sent;
        }
        tracing::debug!(target: "tillgate", repeat, pause_ms = pause.as_millis() as u64, "trying again");
        stack.clock.sleep_until(start).await;
    }
}

/// Whether the same again may end otherwise.
fn may_help(sent: &Sent) -> bool {
    match sent {
        Sent::NotSent(error) | Sent::Lost(error) => matches!(error.code(), "network" | "timeout"),
        Sent::Answered(answer) => matches!(answer.status, 408 | 429 | 500 | 502 | 503 | 504),
    }
}

/// The pause that the gateway asks for.
fn asked_pause(stack: &Stack, sent: &Sent) -> Option<Duration> {
    let Sent::Answered(Answer { status: 429 | 503, headers, .. }) = sent else { return None };
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    // The other form is a date, by the gateway's clock (RFC 9110, section 10.2.3).
    let date = jiff::fmt::rfc2822::DateTimeParser::new().relaxed_weekday(true).parse_timestamp(text).ok()?;
    Some(Duration::try_from(date.duration_since(stack.clock.now())).unwrap_or_default())
}

/// Between half of it and all of it, so that tills that failed together do not come back together.
fn jittered(pause: Duration) -> Duration {
    let mut byte = [0];
    if ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut byte).is_err() {
        return pause;
    }
    pause / 2 + pause * u32::from(byte[0]) / 512
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_jittered_within_its_half() {
        for _ in 0..100 {
            let pause = jittered(PAUSE);
            assert!(pause >= PAUSE / 2 && pause <= PAUSE, "{pause:?}");
        }
    }
}
