//! The state diagram: every transition that the state machine allows, and by what. `core/src/orders/machine.rs` is where each
//! comes from; a transition that is not here is a breach.

use std::collections::BTreeMap;
use std::fmt::Write;

/// From, by what, to.
pub type Edge = (String, String, String);

/// Transitions that were made, and how often.
pub type Edges = BTreeMap<Edge, u64>;

/// Whether histories bring a transition about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comes {
    /// A run that demands every edge fails without it.
    Surely,
    /// Legal, and so seldom, or so far from what an honest world does, that no run demands it.
    Hardly(&'static str),
}

use Comes::{Hardly, Surely};

const RACE: &str = "a look-up that began before has to end between two commits";
const WORD: &str = "a person may say so of an order in conflict, which seldom waits for one in this state";
const FASTER: &str = "a look-up that tells what is not true has to be faster than the answer";
const CALLED_OFF: &str = "it takes a gateway that has an order which was never sent";

/// Each legal transition: from, by what (the history's word), to.
pub const LEGAL: &[(&str, &str, &str, Comes)] = &[
    ("new", "intent", "pending", Surely),
    ("pending", "attempt", "sending", Surely),
    ("pending", "cancel", "cancelled", Surely),
    ("pending", "expire", "expired", Surely),
    ("pending", "quarantine", "unknown", Surely),
    ("pending", "review", "needs_review", Hardly(RACE)),
    ("sending", "not_sent", "pending", Surely),
    ("sending", "not_sent", "unknown", Surely),
    ("sending", "refused", "unknown", Surely),
    ("sending", "no_answer", "unknown", Surely),
    ("sending", "answer", "unknown", Surely),
    ("sending", "nothing_to_undo", "unknown", Surely),
    ("sending", "recovered", "unknown", Surely),
    ("sending", "quarantine", "unknown", Surely),
    ("sending", "answer", "accepted", Surely),
    ("sending", "evidence", "accepted", Surely),
    ("sending", "answer", "succeeded", Surely),
    ("sending", "evidence", "succeeded", Surely),
    ("sending", "answer", "failed", Surely),
    ("sending", "evidence", "failed", Surely),
    ("sending", "refused", "failed", Surely),
    ("sending", "nothing_to_undo", "failed", Surely),
    ("sending", "review", "needs_review", Surely),
    ("sending", "undone", "reversed", Surely),
    ("unknown", "attempt", "sending", Surely),
    ("unknown", "evidence", "accepted", Surely),
    ("unknown", "evidence", "succeeded", Surely),
    ("unknown", "evidence", "failed", Surely),
    ("unknown", "not_found", "failed", Surely),
    ("unknown", "proved_absent", "failed", Surely),
    ("unknown", "review", "needs_review", Surely),
    ("unknown", "not_found", "needs_review", Surely),
    ("unknown", "undone", "reversed", Surely),
    ("unknown", "decision", "succeeded", Hardly(WORD)),
    ("unknown", "decision", "failed", Hardly(WORD)),
    ("unknown", "decision", "reversed", Hardly(WORD)),
    ("accepted", "evidence", "succeeded", Surely),
    ("accepted", "evidence", "failed", Surely),
    ("accepted", "quarantine", "unknown", Surely),
    ("accepted", "review", "needs_review", Surely),
    ("accepted", "undone", "reversed", Surely),
    ("accepted", "decision", "succeeded", Surely),
    ("accepted", "decision", "failed", Surely),
    ("accepted", "decision", "reversed", Hardly(WORD)),
    ("needs_review", "evidence", "succeeded", Surely),
    ("needs_review", "evidence", "failed", Surely),
    ("needs_review", "answer", "succeeded", Hardly(FASTER)),
    ("needs_review", "answer", "failed", Hardly(FASTER)),
    ("accepted", "answer", "succeeded", Hardly(FASTER)),
    ("accepted", "answer", "failed", Hardly(FASTER)),
    ("needs_review", "decision", "succeeded", Surely),
    ("needs_review", "decision", "failed", Surely),
    ("needs_review", "decision", "reversed", Surely),
    ("needs_review", "undone", "reversed", Surely),
    ("needs_review", "proved_absent", "failed", Surely),
    ("succeeded", "undone", "reversed", Surely),
    ("succeeded", "decision", "failed", Surely),
    ("succeeded", "decision", "reversed", Surely),
    ("failed", "decision", "succeeded", Surely),
    ("failed", "decision", "reversed", Surely),
    ("cancelled", "decision", "failed", Hardly(CALLED_OFF)),
    ("cancelled", "decision", "succeeded", Hardly(CALLED_OFF)),
    ("cancelled", "decision", "reversed", Hardly(CALLED_OFF)),
    ("expired", "decision", "failed", Hardly(CALLED_OFF)),
    ("expired", "decision", "succeeded", Hardly(CALLED_OFF)),
    ("expired", "decision", "reversed", Hardly(CALLED_OFF)),
    ("reversed", "decision", "succeeded", Hardly(WORD)),
    ("reversed", "decision", "failed", Hardly(WORD)),
];

/// Whether the state machine allows it.
pub fn is_legal(from: &str, by: &str, to: &str) -> bool {
    LEGAL.iter().any(|(f, b, t, _)| (*f, *b, *t) == (from, by, to))
}

fn count(edges: &Edges, from: &str, by: &str, to: &str) -> u64 {
    edges.get(&(from.to_string(), by.to_string(), to.to_string())).copied().unwrap_or_default()
}

/// Those that never came about and should have.
pub fn missing(edges: &Edges) -> Vec<String> {
    let never = |(from, by, to, comes): &&(&str, &str, &str, Comes)| {
        *comes == Surely && count(edges, from, by, to) == 0
    };
    LEGAL.iter().filter(never).map(|(from, by, to, _)| format!("{from} -> {to} by {by}")).collect()
}

/// Those that no run demands: for each reason how many there are, and how often they came about.
pub fn excused(edges: &Edges) -> String {
    let mut reasons: BTreeMap<&str, (u64, u64, u64)> = BTreeMap::new();
    for (from, by, to, comes) in LEGAL {
        if let Hardly(why) = comes {
            let times = count(edges, from, by, to);
            let (all, came, sum) = reasons.entry(why).or_default();
            (*all, *came, *sum) = (*all + 1, *came + u64::from(times > 0), *sum + times);
        }
    }
    let all: u64 = reasons.values().map(|(all, ..)| all).sum();
    let mut told = format!("{all} of {} transitions are not demanded:\n", LEGAL.len());
    for (why, (all, came, times)) in reasons {
        let _ = writeln!(told, "  {all:>3}, of which {came} came about, {times} times: {why}");
    }
    told
}

/// As a table for people.
pub fn table(edges: &Edges) -> String {
    let mut table = String::new();
    for (from, by, to, comes) in LEGAL {
        let why = if let Hardly(why) = comes { format!("   ({why})") } else { String::new() };
        let _ = writeln!(
            table,
            "  {:>9}  {:<36}{by}{why}",
            count(edges, from, by, to),
            format!("{from} -> {to}")
        );
    }
    table
}

/// As a diagram in Mermaid's words.
pub fn diagram(edges: &Edges) -> String {
    let mut arrows: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for ((from, by, to), count) in edges {
        arrows.entry((from, to)).or_default().push(format!("{by} {count}"));
    }
    let mut diagram = "stateDiagram-v2\n".to_string();
    for ((from, to), words) in arrows {
        let from = if from == "new" { "[*]" } else { from };
        let _ = writeln!(diagram, "    {from} --> {to}: {}", words.join(", "));
    }
    diagram
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_edge_stands_twice() {
        for (index, (from, by, to, _)) in LEGAL.iter().enumerate() {
            assert!(
                LEGAL[..index].iter().all(|(f, b, t, _)| (f, b, t) != (from, by, to)),
                "{from} {by} {to}"
            );
        }
    }

    #[test]
    fn what_never_came_about_is_missing() {
        let all: Edges = LEGAL
            .iter()
            .map(|(from, by, to, _)| ((from.to_string(), by.to_string(), to.to_string()), 1))
            .collect();
        assert_eq!(missing(&all), Vec::<String>::new());
        let mut less = all.clone();
        less.remove(&("succeeded".to_string(), "undone".to_string(), "reversed".to_string()));
        assert_eq!(missing(&less), ["succeeded -> reversed by undone"]);
        assert!(diagram(&all).contains("    [*] --> pending: intent 1\n"));
    }

    #[test]
    fn what_is_not_demanded_is_told_with_its_reason_and_count() {
        let all: Edges =
            LEGAL.iter().map(|(f, b, t, _)| ((f.to_string(), b.to_string(), t.to_string()), 2)).collect();
        let told = excused(&all);
        let hardly = LEGAL.iter().filter(|(.., comes)| *comes != Surely).count();
        assert!(told.starts_with(&format!("{hardly} of {} transitions", LEGAL.len())), "{told}");
        assert!(told.contains(&format!("    1, of which 1 came about, 2 times: {RACE}")), "{told}");
    }

    #[test]
    fn what_the_rules_forbid_is_not_legal() {
        assert!(is_legal("succeeded", "undone", "reversed"));
        for (from, by, to) in [
            ("succeeded", "evidence", "failed"),
            ("failed", "undone", "reversed"),
            ("unknown", "expire", "expired"),
            ("needs_review", "attempt", "sending"),
        ] {
            assert!(!is_legal(from, by, to), "{from} {by} {to}");
        }
    }
}
