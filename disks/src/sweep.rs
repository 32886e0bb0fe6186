//! Every fault at every operation of the plan, carried out and counted.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use tillgate_simulation::random::Random;

use crate::disk::{Fault, Operation, Survival};
use crate::life::{self, Case, Place, Report, Then};
use crate::shop::BreachKind;

/// Seconds between two signs of life.
const SIGN_OF_LIFE: Duration = Duration::from_secs(10);
/// What of a second power cut's moments is tried, in changes of the disk after the start.
const SECOND_CUTS: [u64; 4] = [1, 6, 19, 60];
/// The same after a sync that failed, when the system goes on and forgets what it could not write.
const CUTS_AFTER_FAILED_SYNC: [u64; 4] = [4, 15, 50, 150];
/// Changes between the first lie of a drive and the power cut.
const CUTS_AFTER_LIE: [u64; 4] = [1, 20, 100, 400];
/// A second power cut follows after every seventh change, or the cases are too many.
const SECOND_CUT_EVERY: u64 = 7;
/// Of so many cases with a second fault it must come about.
const STRUCK_AGAIN_MIN_PERCENT: usize = 90;

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    group: &'static str,
    name: &'static str,
    /// Whether the promise is held against it. A drive that lies is only looked at.
    promised: bool,
    /// Whether a second fault follows the first.
    twice: bool,
}

/// What was counted of a kind.
#[derive(Default)]
pub struct Counts {
    cases: usize,
    struck: usize,
    struck_again: usize,
    breaches: BTreeMap<BreachKind, usize>,
    quarantined: usize,
    refused: usize,
    unnoticed: usize,
}

/// What came of a sweep.
#[derive(Default)]
pub struct Totals {
    pub rows: BTreeMap<(usize, Kind), Counts>,
    /// Broken promises, with their cases.
    pub broken: Vec<(Case, Report)>,
    pub took: Duration,
}

/// The plan without a fault, which counts what there is to fail.
pub fn count() -> std::io::Result<Report> {
    Ok(life::run(Case { fault: None, then: Then::Reopen }, &Place::new()?))
}

/// All cases, or one in `every` of each kind.
pub fn cases(counted: &Report, every: u64) -> Vec<(usize, Kind, Case)> {
    let mut cases = Vec::new();
    let mut row = 0;
    let mut add = |kind: Kind, all: Vec<Case>| {
        let chosen =
            all.into_iter().enumerate().filter(|(n, _)| (*n as u64 + row as u64).is_multiple_of(every));
        cases.extend(chosen.map(|(_, case)| (row, kind, case)));
        row += 1;
    };
    let count = |operation| counted.counts.get(&operation).copied().unwrap_or_default();
    let kind = |group, name| Kind { group, name, promised: true, twice: false };
    // A moment that lies behind the end of the plan never comes.
    let comes = |change: u64, after: u64| change + after <= counted.changes;
    let sync = |at: u64| counted.syncs[at as usize - 1];

    for (name, survival) in SURVIVALS {
        let cuts = (1..=counted.changes).map(|at| (at, survival_at(survival, at)));
        let cases = cuts.map(|(at, survival)| cut(at, false, survival, Then::Reopen)).collect();
        add(kind("power cut", name), cases);
    }
    let before = (1..=counted.changes).flat_map(|at| {
        [Survival::Nothing, Survival::Everything, Survival::Some(at)]
            .map(|survival| cut(at, true, survival, Then::Reopen))
    });
    add(kind("power cut", "just before the next change"), before.collect());
    let again = (1..=counted.changes).step_by(SECOND_CUT_EVERY as usize).flat_map(|at| {
        SECOND_CUTS.into_iter().filter(move |after| comes(at, *after)).flat_map(move |after| {
            [Survival::Nothing, Survival::Some(at + after)]
                .map(|survival| cut(at, false, Survival::Some(at), Then::ReopenAndCut { after, survival }))
        })
    });
    let twice = |kind| Kind { twice: true, ..kind };
    add(twice(kind("power cut", "and again while it recovers")), again.collect());

    for operation in Operation::ALL {
        let all = |then: Then| -> Vec<Case> {
            let fails =
                move |at, lasting| Case { fault: Some(Fault::Fails { operation, at, lasting }), then };
            (1..=count(operation)).flat_map(|at| [fails(at, false), fails(at, true)]).collect()
        };
        let mut cases = all(Then::Reopen);
        if operation.changes() {
            cases.extend(all(Then::Reboot(Survival::Nothing)));
            cases.extend(all(Then::Reboot(Survival::Everything)));
        }
        add(kind("fails, once or from then on", operation.name()), cases);
    }
    let forgotten = (1..=count(Operation::Sync)).flat_map(|at| {
        CUTS_AFTER_FAILED_SYNC.into_iter().filter(move |after| comes(sync(at), *after)).map(move |after| {
            Case {
                fault: Some(Fault::Fails { operation: Operation::Sync, at, lasting: false }),
                then: Then::ReopenAndCut { after, survival: Survival::Nothing },
            }
        })
    });
    add(twice(kind("fails, once or from then on", "sync, and a power cut later")), forgotten.collect());

    for (name, any_write, reserve_taken) in [
        ("for what grows", false, false),
        ("for what grows, reserve gone", false, true),
        ("for any write", true, false),
        ("for any write, reserve gone", true, true),
    ] {
        let full = (1..=count(Operation::Write))
            .map(|at| Case { fault: Some(Fault::Full { at, any_write, reserve_taken }), then: Then::Reopen });
        add(kind("disk full", name), full.collect());
    }

    for (name, survival) in
        [("what was written is lost", Survival::Nothing), ("some of it is", Survival::Some(0))]
    {
        let lies = (1..=count(Operation::Sync)).flat_map(|at| {
            CUTS_AFTER_LIE.into_iter().filter(move |after| comes(sync(at), *after)).map(move |cut_after| {
                Case {
                    fault: Some(Fault::Lies {
                        at,
                        cut_after,
                        survival: survival_at(survival, at + cut_after),
                    }),
                    then: Then::Reopen,
                }
            })
        });
        add(Kind { promised: false, ..twice(kind("drive that lies", name)) }, lies.collect());
    }
    // So that each kind is met early, whatever is looked for.
    let mut random = Random::new(1);
    for last in (1..cases.len()).rev() {
        cases.swap(last, random.below(last as u64 + 1) as usize);
    }
    cases
}

const SURVIVALS: [(&str, Survival); 8] = [
    ("nothing unsynced survives", Survival::Nothing),
    ("everything does", Survival::Everything),
    ("some does, in sectors", Survival::Some(0)),
    ("last write torn between sectors", Survival::LastTornBetweenSectors),
    ("last write torn within a sector", Survival::LastTornWithinSector),
    ("first write missing", Survival::FirstMissing),
    ("grown, and filled with zeros", Survival::Zeros),
    ("names and lengths not durable", Survival::NamesMissing),
];

/// With another seed at each place.
fn survival_at(survival: Survival, at: u64) -> Survival {
    if let Survival::Some(_) = survival { Survival::Some(at) } else { survival }
}

fn cut(at: u64, before: bool, survival: Survival, then: Then) -> Case {
    Case { fault: Some(Fault::Cut { at, before, survival }), then }
}

/// Carries the cases out on so many threads. With `until_broken` it ends with the first broken promise.
pub fn sweep(cases: &[(usize, Kind, Case)], threads: usize, until_broken: bool) -> Totals {
    let (next, enough) = (AtomicUsize::new(0), AtomicBool::new(false));
    let mut totals = Totals::default();
    let began = Instant::now();
    std::thread::scope(|scope| {
        let (sender, reports) = mpsc::channel();
        for _ in 0..threads.max(1) {
            let (sender, next, enough) = (sender.clone(), &next, &enough);
            scope.spawn(move || {
                let place = Place::new().expect("a place for journals");
                while !enough.load(Ordering::SeqCst) {
                    let Some((row, kind, case)) = cases.get(next.fetch_add(1, Ordering::SeqCst)) else {
                        break;
                    };
                    if sender.send((*row, *kind, *case, life::run(*case, &place))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        let (mut told, mut done) = (Instant::now(), 0);
        for (row, kind, case, report) in reports {
            done += 1;
            let broken = totals.broken.len();
            totals.add(row, kind, case, report);
            if let Some((case, _)) = totals.broken.get(broken) {
                println!("  broken: {case:?}");
            }
            if until_broken && totals.broken.iter().any(|(_, report)| report.breaks_the_promise()) {
                enough.store(true, Ordering::SeqCst);
            }
            if told.elapsed() >= SIGN_OF_LIFE {
                told = Instant::now();
                println!("  {done} of {} cases, {} broken", cases.len(), totals.broken.len());
            }
        }
    });
    totals.took = began.elapsed();
    totals
}

impl Totals {
    fn add(&mut self, row: usize, kind: Kind, case: Case, report: Report) {
        let counts = self.rows.entry((row, kind)).or_default();
        counts.cases += 1;
        counts.struck += usize::from(report.struck);
        counts.struck_again += usize::from(report.struck_again);
        counts.quarantined += usize::from(report.quarantined > 0);
        counts.refused += usize::from(!report.refused.is_empty());
        counts.unnoticed += usize::from(report.unnoticed);
        let mut kinds: Vec<BreachKind> = report.breaches.iter().map(|breach| breach.kind).collect();
        kinds.sort();
        kinds.dedup();
        for kind in kinds {
            *counts.breaches.entry(kind).or_default() += 1;
        }
        if report.unnoticed || kind.promised && (!report.breaches.is_empty() || report.quarantined > 0) {
            self.broken.push((case, report));
        }
    }

    pub fn cases(&self) -> usize {
        self.rows.values().map(|counts| counts.cases).sum()
    }

    /// Kinds of which a case never came about, so that it proves nothing.
    pub fn never_struck(&self) -> Vec<String> {
        let missed = self.rows.iter().filter(|(_, counts)| counts.struck < counts.cases);
        missed
            .map(|((_, kind), counts)| {
                format!("{}, {}: {} of {}", kind.group, kind.name, counts.struck, counts.cases)
            })
            .collect()
    }

    /// Kinds of which the second fault came about too seldom. After the first a till goes another way, so a few may end before.
    pub fn seldom_struck_again(&self) -> Vec<String> {
        let seldom = self.rows.iter().filter(|((_, kind), counts)| {
            kind.twice && counts.struck_again * 100 < counts.cases * STRUCK_AGAIN_MIN_PERCENT
        });
        seldom
            .map(|((_, kind), counts)| {
                format!("{}, {}: {} of {}", kind.group, kind.name, counts.struck_again, counts.cases)
            })
            .collect()
    }

    pub fn print(&self) {
        println!(
            "{:<44}  {:>6}  {:>6}  {:>6}  {:>6}  {:>6}  {:>6}  {:>6}  {:>10}  {:>7}",
            "", "cases", "again", "twice", "lost", "misrep", "sold", "stuck", "quarantine", "refused"
        );
        let mut group = "";
        for ((_, kind), counts) in &self.rows {
            if kind.group != group {
                group = kind.group;
                println!(
                    "{group}{}",
                    if kind.promised {
                        ""
                    } else {
                        " (nothing is promised but that what is older than its mirror is noticed)"
                    }
                );
            }
            let of = |breach| counts.breaches.get(&breach).copied().unwrap_or_default();
            println!(
                "  {:<42}  {:>6}  {:>6}  {:>6}  {:>6}  {:>6}  {:>6}  {:>6}  {:>10}  {:>7}",
                kind.name,
                counts.cases,
                if kind.twice { counts.struck_again.to_string() } else { String::new() },
                of(BreachKind::BoughtTwice),
                of(BreachKind::Lost),
                of(BreachKind::Misreported),
                of(BreachKind::SoldOnAFailedDisk),
                of(BreachKind::Stuck),
                counts.quarantined,
                counts.refused,
            );
        }
    }
}
