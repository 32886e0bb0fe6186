//! The comparison itself.

use std::collections::BTreeSet;
use std::fmt::{self, Write};

use crate::expected::Expected;
use crate::journal::Told;
use crate::ledger::Taken;

/// An order, judged.
#[derive(Debug)]
pub struct Judged {
    expected: Option<Expected>,
    id: String,
    told: String,
    taken: u64,
    /// All that is wrong with it; nothing when all agree.
    wrong: Vec<Wrong>,
}

/// What can be wrong with an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// The gateway took it more than once.
    BoughtTwice,
    /// The gateway took it and the journal does not know it, or nobody knows an order that was placed.
    Lost,
    /// The journal says something else than is true.
    Misreported,
    /// A person would have to decide where the rules leave no doubt.
    InReview,
    /// Nobody placed it.
    Unexpected,
}

/// Judges every order that anyone speaks of.
pub fn judge(expected: &[Expected], told: &[Told], taken: &[Taken]) -> Vec<Judged> {
    let known: BTreeSet<&str> = expected.iter().map(|e| e.id.as_str()).collect();
    let elsewhere: BTreeSet<&str> = told
        .iter()
        .map(|t| t.id.as_str())
        .chain(taken.iter().map(|t| t.id.as_str()))
        .filter(|id| !known.contains(id))
        .collect();
    let expected = expected.iter().map(|e| (e.id.as_str(), Some(e)));
    expected
        .chain(elsewhere.into_iter().map(|id| (id, None)))
        .map(|(id, expected)| {
            let told: Vec<&Told> = told.iter().filter(|t| t.id == id).collect();
            let taken: Vec<&Taken> = taken.iter().filter(|t| t.id == id).collect();
            Judged {
                expected: expected.cloned(),
                id: id.to_string(),
                told: told.iter().map(|t| told_text(t)).collect::<Vec<_>>().join(" and "),
                taken: taken.len() as u64,
                wrong: wrong(expected, &told, &taken),
            }
        })
        .collect()
}

fn wrong(expected: Option<&Expected>, told: &[&Told], taken: &[&Taken]) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    if taken.len() > 1 {
        wrong.push(Wrong::BoughtTwice);
    }
    let Some(expected) = expected else {
        wrong.push(Wrong::Unexpected);
        return wrong;
    };
    let [told] = told else {
        wrong.push(if told.is_empty() { Wrong::Lost } else { Wrong::Misreported });
        return wrong;
    };
    if told.state == "needs_review" {
        wrong.push(Wrong::InReview);
    }
    // The truth is the ledger's: what the gateway delivered, and what it did not.
    let delivered = taken.iter().any(|t| t.status == "success");
    let contradicts = match told.state.as_str() {
        "succeeded" => !delivered,
        "failed" => delivered || (told.failure.as_deref() != Some("issuer") && !taken.is_empty()),
        "cancelled" | "expired" => !taken.is_empty(),
        _ => false,
    };
    let differs = told.state != expected.state
        || told.failure != expected.failure
        || told.conflict.is_some()
        || taken.len() as u64 != expected.taken;
    if contradicts || (differs && wrong.is_empty()) {
        wrong.push(Wrong::Misreported);
    }
    wrong
}

fn told_text(told: &Told) -> String {
    let mut text = told.state.clone();
    for reason in [&told.failure, &told.review].into_iter().flatten() {
        let _ = write!(text, "({reason})");
    }
    if let Some(conflict) = &told.conflict {
        let _ = write!(text, " in conflict: {conflict}");
    }
    text
}

impl Wrong {
    fn text(self) -> &'static str {
        match self {
            Self::BoughtTwice => "BOUGHT TWICE",
            Self::Lost => "LOST",
            Self::Misreported => "MISREPORTED",
            Self::InReview => "IN REVIEW",
            Self::Unexpected => "NOBODY PLACED IT",
        }
    }
}

/// The orders in columns, and then their stories.
pub fn table(judged: &[Judged]) -> String {
    let header = ["order", "language", "must be", "journal says", "taken by gateway", "verdict"];
    let mut rows = vec![header.map(str::to_string)];
    for one in judged {
        let (language, must) = one.expected.as_ref().map_or((String::new(), String::new()), |e| {
            let reason = e.failure.as_ref().map_or(String::new(), |reason| format!("({reason})"));
            (e.language.clone(), format!("{}{reason}", e.state))
        });
        let told = if one.told.is_empty() { "nothing".to_string() } else { one.told.clone() };
        let times = match one.taken {
            0 => "never".to_string(),
            1 => "once".to_string(),
            n => format!("{n} times"),
        };
        let verdict = if one.wrong.is_empty() {
            "right".to_string()
        } else {
            one.wrong.iter().map(|w| w.text()).collect::<Vec<_>>().join(", ")
        };
        rows.push([one.id.clone(), language, must, told, times, verdict]);
    }
    let widths: Vec<usize> =
        (0..header.len()).map(|c| rows.iter().map(|row| row[c].chars().count()).max().unwrap_or(0)).collect();
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        let _ = writeln!(text, "{}", cells.join("  ").trim_end());
        if index == 0 {
            let _ = writeln!(text, "{}", "-".repeat(widths.iter().sum::<usize>() + 2 * (header.len() - 1)));
        }
    }
    let mut stories: Vec<(&str, Vec<&str>)> = Vec::new();
    for expected in judged.iter().filter_map(|one| one.expected.as_ref()).filter(|e| !e.story.is_empty()) {
        match stories.iter_mut().find(|(story, _)| *story == expected.story) {
            Some((_, ids)) => ids.push(&expected.id),
            None => stories.push((&expected.story, vec![&expected.id])),
        }
    }
    if !stories.is_empty() {
        let _ = writeln!(text, "\nWhat happens to each, and what must become of it:");
    }
    for (story, ids) in stories {
        let _ = writeln!(text, "{}: {story}", ids.join(", "));
    }
    text
}

/// What was counted.
pub struct Totals {
    orders: usize,
    right: usize,
    pub wrong: usize,
    kinds: [(&'static str, usize); 5],
}

pub fn totals(judged: &[Judged]) -> Totals {
    let count = |wanted: Wrong| judged.iter().filter(|one| one.wrong.contains(&wanted)).count();
    let right = judged.iter().filter(|one| one.wrong.is_empty()).count();
    Totals {
        orders: judged.len(),
        right,
        wrong: judged.len() - right,
        kinds: [
            ("bought_twice", count(Wrong::BoughtTwice)),
            ("lost", count(Wrong::Lost)),
            ("misreported", count(Wrong::Misreported)),
            ("in_review", count(Wrong::InReview)),
            ("unexpected", count(Wrong::Unexpected)),
        ],
    }
}

/// The line that programs read.
impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "totals orders={} right={} wrong={}", self.orders, self.right, self.wrong)?;
        for (name, count) in &self.kinds {
            write!(f, " {name}={count}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected(state: &str, failure: Option<&str>, taken: u64) -> Expected {
        Expected {
            id: "a".into(),
            language: "C".into(),
            story: "It was sold.".into(),
            state: state.into(),
            failure: failure.map(str::to_string),
            taken,
        }
    }

    fn told(state: &str, failure: Option<&str>) -> Told {
        let failure = failure.map(str::to_string);
        Told { id: "a".into(), state: state.into(), failure, review: None, conflict: None }
    }

    fn taken(status: &str) -> Taken {
        Taken { id: "a".into(), status: status.into() }
    }

    fn verdict(expected: &Expected, told: &[Told], taken: &[Taken]) -> Vec<Wrong> {
        judge(std::slice::from_ref(expected), told, taken).into_iter().flat_map(|one| one.wrong).collect()
    }

    #[test]
    fn what_agrees_is_right() {
        let sold = expected("succeeded", None, 1);
        assert_eq!(verdict(&sold, &[told("succeeded", None)], &[taken("success")]), []);
        let absent = expected("failed", Some("absent"), 0);
        assert_eq!(verdict(&absent, &[told("failed", Some("absent"))], &[]), []);
        let issuer = expected("failed", Some("issuer"), 1);
        assert_eq!(verdict(&issuer, &[told("failed", Some("issuer"))], &[taken("failed")]), []);
    }

    #[test]
    fn each_broken_promise_is_named() {
        let sold = expected("succeeded", None, 1);
        let twice = [taken("success"), taken("success")];
        assert_eq!(verdict(&sold, &[told("succeeded", None)], &twice), [Wrong::BoughtTwice]);
        assert_eq!(verdict(&sold, &[], &[taken("success")]), [Wrong::Lost]);
        assert_eq!(verdict(&sold, &[], &[]), [Wrong::Lost]);
        let failed = [told("failed", Some("absent"))];
        assert_eq!(verdict(&sold, &failed, &[taken("success")]), [Wrong::Misreported]);
        assert_eq!(verdict(&sold, &[told("accepted", None)], &[taken("success")]), [Wrong::Misreported]);
        assert_eq!(verdict(&sold, &[told("needs_review", None)], &[taken("success")]), [Wrong::InReview]);
        let absent = expected("failed", Some("absent"), 0);
        assert_eq!(verdict(&absent, &[told("failed", Some("refused"))], &[]), [Wrong::Misreported]);
        assert_eq!(verdict(&absent, &[told("succeeded", None)], &[]), [Wrong::Misreported]);
    }

    #[test]
    fn an_order_that_nobody_placed_is_wrong() {
        let mut stray = taken("success");
        stray.id = "b".into();
        let sold = expected("succeeded", None, 1);
        let judged = judge(&[sold], &[told("succeeded", None)], &[taken("success"), stray]);
        let totals = totals(&judged);
        assert_eq!((totals.right, totals.wrong), (1, 1));
        assert!(table(&judged).contains("NOBODY PLACED IT"));
        assert!(totals.to_string().ends_with("in_review=0 unexpected=1"));
    }
}
