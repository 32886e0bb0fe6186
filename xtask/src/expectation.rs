//! What must have become of an order: one exact final state, never "any of".

use serde_json::{Value, json};

/// The end of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    pub state: &'static str,
    pub failure: Option<&'static str>,
    /// Rows in the gateway's ledger.
    pub taken: u32,
}

pub const SUCCEEDED: End = End { state: "succeeded", failure: None, taken: 1 };
/// The gateway refused it with its own error: nothing was bought.
pub const REFUSED: End = End { state: "failed", failure: Some("refused"), taken: 0 };
/// The gateway took it, and the issuer failed it.
pub const ISSUER_FAILED: End = End { state: "failed", failure: Some("issuer"), taken: 1 };
/// It never reached the gateway, and the gateway was asked for long enough.
pub const ABSENT: End = End { state: "failed", failure: Some("absent"), taken: 0 };
/// Its time to act was over, or its process was, before anything was sent.
pub const EXPIRED: End = End { state: "expired", failure: None, taken: 0 };

/// An order of a plan.
#[derive(Clone, Debug)]
pub struct Planned {
    pub id: String,
    /// Its end when nobody is killed.
    pub end: End,
    /// Its end when the seller was killed after the gateway had read it and before the outcome was written down.
    pub end_if_answer_lost: End,
}

/// An order, as the judge is told about it.
#[derive(Clone, Debug)]
pub struct Expected {
    pub id: String,
    pub language: &'static str,
    pub story: String,
    pub end: End,
}

impl Expected {
    pub fn json(&self) -> Value {
        json!({
            "id": self.id,
            "language": self.language,
            "story": self.story,
            "state": self.end.state,
            "failure": self.end.failure,
            "taken": self.end.taken,
        })
    }
}

/// The end of an order whose seller was killed while buying it, from the names of the crash points that the seller passed
/// in that purchase, the last one being where it died.
///
/// A purchase writes the intent with its attempt, sends, and writes the outcome (rule 1). Killed before the first of these
/// commits it never happened, and the same plan buys it. Killed between that commit and the first byte it was never sent;
/// the next process cannot know that, must not send again (rule 4), and settles the absence (rule 8). Killed after the
/// gateway's answer and before the second commit, what the gateway did counts (rule 7).
pub fn after_kill_while_buying(order: &Planned, passed: &[String]) -> End {
    match moment_of_death(passed) {
        (0, _) => order.end,
        (1, false) => ABSENT,
        (1, true) => order.end_if_answer_lost,
        _ => order.end,
    }
}

/// The same for an order that was enqueued. Its intent has a commit of its own: killed after that and before the attempt's, it
/// was surely never sent, and the next process lets it expire (rule 6).
pub fn after_kill_while_enqueueing(order: &Planned, passed: &[String]) -> End {
    match moment_of_death(passed) {
        (0, _) => order.end,
        (1, _) => EXPIRED,
        (2, false) => ABSENT,
        (2, true) => order.end_if_answer_lost,
        _ => order.end,
    }
}

/// The same for one order of a batch that goes in one call: all intents and attempts are one commit, and each outcome is one, in
/// the order of the batch. `index` counts from 0.
pub fn after_kill_in_a_batch(order: &Planned, index: usize, passed: &[String]) -> End {
    match moment_of_death(passed) {
        (0, _) => order.end,
        (1, false) => ABSENT,
        (commits, true) if commits <= index + 1 => order.end_if_answer_lost,
        _ => order.end,
    }
}

/// How many commits had reached the disk, and whether the gateway had answered.
fn moment_of_death(passed: &[String]) -> (usize, bool) {
    let commits = passed.iter().filter(|name| *name == COMMITTED).count();
    (commits, passed.iter().any(|name| name == RECEIVED))
}

/// Passed right after the file was told to keep a commit.
pub const COMMITTED: &str = "journal.fsync.after";
/// Passed by the transport after the gateway's answer was read, or was lost.
pub const RECEIVED: &str = "receive.after";

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_string).collect()
    }

    #[test]
    fn a_batch_and_an_enqueued_order_have_moments_of_their_own() {
        let sold = Planned { id: "b".into(), end: SUCCEEDED, end_if_answer_lost: SUCCEEDED };
        let refused = Planned { id: "a".into(), end: REFUSED, end_if_answer_lost: ABSENT };
        let one = names("journal.fsync.after");
        let two = names("journal.fsync.after journal.fsync.after");
        let answered = names("journal.fsync.after send.before receive.after");
        let first_written = names("journal.fsync.after send.before receive.after journal.fsync.after");
        assert_eq!(after_kill_while_enqueueing(&sold, &one), EXPIRED);
        assert_eq!(after_kill_while_enqueueing(&sold, &two), ABSENT);
        assert_eq!(after_kill_while_enqueueing(&sold, &[]), SUCCEEDED);
        assert_eq!(after_kill_in_a_batch(&sold, 0, &one), ABSENT);
        for (index, passed, end) in
            [(0, &answered, ABSENT), (0, &first_written, REFUSED), (1, &first_written, ABSENT)]
        {
            assert_eq!(after_kill_in_a_batch(&refused, index, passed), end);
        }
    }

    #[test]
    fn the_moment_of_the_kill_decides_the_end() {
        let refused = Planned { id: "a".into(), end: REFUSED, end_if_answer_lost: ABSENT };
        let sold = Planned { id: "b".into(), end: SUCCEEDED, end_if_answer_lost: SUCCEEDED };
        let before = names("journal.commit.before journal.fsync.before");
        let durable = names("journal.commit.before journal.fsync.before journal.fsync.after");
        let sending = names("journal.fsync.after journal.commit.after attempt.send.before send.before");
        let answered = names("journal.fsync.after send.before receive.after journal.commit.before");
        let written = names("journal.fsync.after send.before receive.after journal.fsync.after");
        for (passed, of_refused, of_sold) in [
            (&before, REFUSED, SUCCEEDED),
            (&durable, ABSENT, ABSENT),
            (&sending, ABSENT, ABSENT),
            (&answered, ABSENT, SUCCEEDED),
            (&written, REFUSED, SUCCEEDED),
        ] {
            assert_eq!(after_kill_while_buying(&refused, passed), of_refused, "{passed:?}");
            assert_eq!(after_kill_while_buying(&sold, passed), of_sold, "{passed:?}");
        }
    }
}
