//! Kills a seller at every crash point of a plan, lets it finish, and has the judge look at each order.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::expectation::{self, ABSENT, Expected, ISSUER_FAILED, Planned, REFUSED, SUCCEEDED};
use crate::judge::{self, Verdict};
use crate::plan::{self, Purchase, Step};
use crate::report::{Report, Tally};
use crate::sandbox::Sandbox;
use crate::sellers::{self, Language, Manner, Seller};
use crate::tree::{self, Tree};

/// Processes that sell at the same time.
const PARALLEL: usize = 2;
/// A quarter of an hour of absence in half a second, for the run after the kill.
const CLOCK_SPEED: u32 = 2_000;
/// An order settles within microseconds of real time: "accepted" in the answer, final in the next look-up.
const SANDBOX_SPEED: u32 = 100_000;
/// Failures that are shown in full; the others are counted.
const SHOWN_MAX: usize = 5;

/// Nothing may happen by itself: only what the plan asks for passes crash points, so that each run passes the same ones.
const POLICY: [(&str, u64); 6] = [
    // The orders of the batch go in one call, one after the other written down.
    ("batch_size_on_wire", 4),
    ("submit_within_ms", 86_400_000),
    ("look_up_first_ms", 86_400_000),
    ("look_up_unknown_max_ms", 86_400_000),
    ("look_up_accepted_max_ms", 86_400_000),
    ("overdue_after_ms", 864_000_000),
];

/// The command.
pub fn run(tree: &Tree, language: Option<&str>, stride: usize) -> Result<bool> {
    let languages = Language::chosen(language)?;
    let mut report = Report::default();
    if sellers::prepare(&mut report, tree, &languages).is_some() {
        for language in languages {
            report.cases(&format!("kills at every crash point, {}", language.name()), || {
                enumerate(tree, language, stride)
            });
        }
    }
    Ok(report.finish())
}

/// Each crash point is a case; it passes when the process died there and the judge finds every order right afterwards. With a
/// stride, every so manieth point, and the last.
pub fn enumerate(tree: &Tree, language: Language, stride: usize) -> Result<Tally> {
    let folder = tree.fresh(&format!("kills-{}", language.key()))?;
    let world = World { tree, seller: Seller::ready(tree, language)?, orders: orders(), folder };
    let points = world.points()?;
    let numbers: Vec<usize> = (1..=points.len())
        .filter(|number| (number - 1).is_multiple_of(stride) || *number == points.len())
        .collect();
    println!("   {} crash points in {} steps", points.len(), world.steps().len());
    if numbers.len() < points.len() {
        println!(
            "   killed at {} of them, one in {stride}; all: cargo xtask kills --language {}",
            numbers.len(),
            language.key()
        );
    }

    let runs = world.kill_at_each(&numbers);
    let mut totals = Verdict::default();
    let (mut tally, mut killed) = (Tally::default(), 0);
    let mut broken: Vec<(usize, String)> = Vec::new();
    for (&number, run) in numbers.iter().zip(runs) {
        let outcome = run.and_then(|run| {
            killed += 1;
            if run.points.iter().ne(points[..number].iter().map(|point| &point.name)) {
                bail!("it passed other crash points than the run without a kill");
            }
            let passed = points[..number].iter().filter(|point| point.lines_before == run.lines_before);
            let passed_in_step: Vec<String> = passed.map(|point| point.name.clone()).collect();
            world.judge(&run, &passed_in_step, &mut totals)
        });
        tally.count(outcome.is_ok());
        match outcome {
            Ok(()) => tree::empty(&world.place(number))?,
            Err(error) => broken.push((number, format!("{error:#}"))),
        }
    }
    for (number, why) in broken.iter().take(SHOWN_MAX) {
        println!("   killed at point {number} ({}): {why}", points[number - 1].name);
        println!("   what it left: {}", tree.told(&world.place(*number)));
    }
    println!("   {}: planned {} = counted {killed}", language.name(), numbers.len());
    println!(
        "   {}: {} orders, {} bought twice, {} lost, {} misreported, {} in review",
        language.name(),
        totals.count("orders"),
        totals.count("bought_twice"),
        totals.count("lost"),
        totals.count("misreported"),
        totals.count("in_review"),
    );
    if killed != numbers.len() {
        bail!("{} crash points were planned, and the seller died at {killed}", numbers.len());
    }
    Ok(tally)
}

struct World<'a> {
    tree: &'a Tree,
    seller: Seller,
    orders: Vec<(Planned, Purchase)>,
    folder: PathBuf,
}

/// A crash point of the run without a kill.
#[derive(Debug, PartialEq, Eq)]
struct Point {
    name: String,
    /// Lines that the seller had printed when it passed: the opening and the steps that were done.
    lines_before: usize,
}

/// A kill and what followed.
struct Run {
    place: PathBuf,
    /// Lines that the seller printed before it died: the opening and the steps that were done.
    lines_before: usize,
    /// The crash points that it passed, the one where it died included.
    points: Vec<String>,
    /// What the next process printed.
    told: String,
}

/// What is bought, and what becomes of it.
fn orders() -> Vec<(Planned, Purchase)> {
    let planned = |id: &str, end, end_if_answer_lost| Planned { id: id.to_string(), end, end_if_answer_lost };
    vec![
        (planned("a1", SUCCEEDED, SUCCEEDED), Purchase::top_up("a1", "simulate-success")),
        (planned("a2", SUCCEEDED, SUCCEEDED), Purchase::voucher("a2")),
        // A refusal that nobody could write down: the gateway does not know the order, and that settles it.
        (planned("a3", REFUSED, ABSENT), Purchase::top_up("a3", "simulate-success")),
        (planned("a4", SUCCEEDED, SUCCEEDED), Purchase::top_up("a4", "simulate-success")),
        (planned("a5", ISSUER_FAILED, ISSUER_FAILED), Purchase::top_up("a5", "simulate-failed")),
        (planned("b1", SUCCEEDED, SUCCEEDED), Purchase::top_up("b1", "simulate-success")),
        (planned("b2", SUCCEEDED, SUCCEEDED), Purchase::top_up("b2", "simulate-success")),
        (planned("e1", SUCCEEDED, SUCCEEDED), Purchase::top_up("e1", "simulate-success")),
    ]
}

/// How an order is placed, by its id.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Placing {
    Alone,
    /// Together with all the others of this kind.
    InBatch,
    Enqueued,
}

fn placing(id: &str) -> Placing {
    match id.as_bytes()[0] {
        b'b' => Placing::InBatch,
        b'e' => Placing::Enqueued,
        _ => Placing::Alone,
    }
}

/// What the gateway does wrong, in every run.
fn faults() -> [Value; 2] {
    [
        json!({ "operation": "createOrder", "user_uid": "a3", "kind": "refuse", "status": 400, "times": "forever" }),
        json!({ "operation": "createOrder", "user_uid": "a4", "kind": "accept_then_reset" }),
    ]
}

impl World<'_> {
    fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        let batch = self.batch();
        for (_, purchase) in &self.orders {
            match placing(&purchase.id) {
                Placing::Alone => steps.push(Step::Buy(purchase.clone())),
                Placing::Enqueued => steps.push(Step::Enqueue(purchase.clone())),
                Placing::InBatch if batch[0] == purchase.id => {
                    steps.push(Step::Batch(batch.clone(), purchase.clone()));
                }
                Placing::InBatch => {}
            }
            steps.push(Step::Settle(purchase.id.clone()));
            if purchase.mobile.is_none() {
                steps.push(Step::Reveal(purchase.id.clone()));
            }
        }
        // The same order once more, and a cancellation that comes too late, change nothing.
        let (_, first) = &self.orders[0];
        steps.extend([Step::Buy(first.clone()), Step::Cancel(first.id.clone()), Step::Events, Step::Close]);
        steps
    }

    /// The ids of the orders that are placed together.
    fn batch(&self) -> Vec<String> {
        let ids = self.orders.iter().map(|(order, _)| order.id.clone());
        ids.filter(|id| placing(id) == Placing::InBatch).collect()
    }

    fn place(&self, number: usize) -> PathBuf {
        self.folder.join(number.to_string())
    }

    /// The crash points of the plan, by two runs that must agree.
    fn points(&self) -> Result<Vec<Point>> {
        let mut counted = Vec::new();
        for number in ["whole-1", "whole-2"] {
            let place = self.folder.join(number);
            tree::empty(&place)?;
            let (sandbox, plan) = self.open(&place)?;
            let log = place.join("points");
            let manner = Manner { crash_log: Some(&log), tells_points: true, ..Manner::default() };
            let ended = self.seller.sell(&plan, &manner, &place.join("whole.log"))?.ok()?;
            counted.push(points_among(&ended.stdout)?);
            let run = Run { lines_before: 0, points: Vec::new(), told: ended.stdout, place };
            self.judge_by(&run, &sandbox.ledger, &mut Verdict::default(), |order| order.end)
                .context("without any kill")?;
        }
        if counted[0] != counted[1] {
            bail!(
                "two runs without a kill passed different crash points ({} and {}): the plan is not deterministic",
                counted[0].len(),
                counted[1].len()
            );
        }
        for name in [expectation::COMMITTED, expectation::RECEIVED] {
            if !counted[0].iter().any(|point| point.name == name) {
                bail!(
                    "the library has no crash point {name:?}; what is expected cannot be derived without it"
                );
            }
        }
        counted.pop().context("no run was made")
    }

    fn kill_at_each(&self, numbers: &[usize]) -> Vec<Result<Run>> {
        let next = AtomicUsize::new(0);
        let runs: Mutex<Vec<Option<Result<Run>>>> = Mutex::new(numbers.iter().map(|_| None).collect());
        std::thread::scope(|scope| {
            for _ in 0..PARALLEL {
                scope.spawn(|| {
                    loop {
                        let index = next.fetch_add(1, Ordering::SeqCst);
                        let Some(number) = numbers.get(index) else { break };
                        if (index + 1).is_multiple_of(50) {
                            println!("   {} of {}", index + 1, numbers.len());
                        }
                        let run = self.kill_at(*number);
                        runs.lock().expect("the runs")[index] = Some(run);
                    }
                });
            }
        });
        let runs = runs.into_inner().expect("the runs");
        runs.into_iter().map(|run| run.unwrap_or_else(|| bail!("it was not run"))).collect()
    }

    fn kill_at(&self, number: usize) -> Result<Run> {
        let place = self.place(number);
        tree::empty(&place)?;
        let (_sandbox, plan) = self.open(&place)?;
        let log = place.join("points");
        let manner = Manner { crash_at: Some(number), crash_log: Some(&log), ..Manner::default() };
        let killed = self.seller.sell(&plan, &manner, &place.join("killed.log"))?;
        if killed.signal != Some(9) || killed.timed_out {
            bail!("the seller did not die there: {}", killed.story());
        }
        let manner = Manner { clock_speed: Some(CLOCK_SPEED), ..Manner::default() };
        let after = self.seller.sell(&plan, &manner, &place.join("after.log"))?.ok()?;
        let lines_before = killed.stdout.lines().count();
        Ok(Run { lines_before, points: points_in(&log)?, told: after.stdout, place })
    }

    /// A gateway of its own, with its faults, and the plan.
    fn open(&self, place: &Path) -> Result<(Sandbox, PathBuf)> {
        let sandbox = Sandbox::start(self.tree, place, SANDBOX_SPEED)?;
        sandbox.order_faults(&faults())?;
        let plan = place.join("plan.txt");
        let text = plan::text(&place.join("journal"), &sandbox.gateway(), &POLICY, &self.steps());
        std::fs::write(&plan, text)?;
        Ok((sandbox, plan))
    }

    fn judge(&self, run: &Run, passed_in_step: &[String], totals: &mut Verdict) -> Result<()> {
        let steps = self.steps();
        // The first line is the opening's.
        let step = run.lines_before.checked_sub(1).and_then(|done| Some((done, steps.get(done)?)));
        // Only the first time does it buy anything.
        let placing = step.filter(|(index, step)| !steps[..*index].contains(step)).map(|(_, step)| step);
        self.judge_by(run, &run.place.join("ledger.jsonl"), totals, |order| match placing {
            Some(Step::Buy(p)) if p.id == order.id => {
                expectation::after_kill_while_buying(order, passed_in_step)
            }
            Some(Step::Enqueue(p)) if p.id == order.id => {
                expectation::after_kill_while_enqueueing(order, passed_in_step)
            }
            Some(Step::Batch(ids, _)) => match ids.iter().position(|id| *id == order.id) {
                Some(index) => expectation::after_kill_in_a_batch(order, index, passed_in_step),
                None => order.end,
            },
            _ => order.end,
        })
    }

    fn judge_by(
        &self,
        run: &Run,
        ledger: &Path,
        totals: &mut Verdict,
        end: impl Fn(&Planned) -> expectation::End,
    ) -> Result<()> {
        let expected: Vec<Expected> = self
            .orders
            .iter()
            .map(|(order, _)| Expected {
                id: order.id.clone(),
                language: self.seller.language.name(),
                story: String::new(),
                end: end(order),
            })
            .collect();
        let journal = run.place.join("journal");
        let verdict = judge::ask(self.tree, &run.place, &expected, &[&journal], ledger)?;
        totals.add(&verdict);
        if verdict.wrong() > 0 {
            bail!("the judge disagrees\n{}", verdict.table);
        }
        // What the caller was told must be the same as what was written down.
        for (order, (_, purchase)) in expected.iter().zip(&self.orders) {
            let mut settled = format!("settle {} {}", order.id, order.end.state);
            if let Some(reason) = order.end.failure {
                settled.push(' ');
                settled.push_str(reason);
            }
            let mut lines = vec![settled];
            if purchase.mobile.is_none() {
                let revealed = if order.end == SUCCEEDED { "revealed" } else { "error not_found local" };
                lines.push(format!("reveal {} {revealed}", order.id));
            }
            for line in lines {
                if !run.told.lines().any(|told| told == line) {
                    bail!("the seller was not told {line:?} but\n{}", run.told);
                }
            }
        }
        Ok(())
    }
}

/// `n name` per line.
fn points_in(log: &Path) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(log).with_context(|| format!("{} cannot be read", log.display()))?;
    let mut points = Vec::new();
    for line in text.lines() {
        let (number, name) = line.split_once(' ').context("a crash point without a name")?;
        if number.parse() != Ok(points.len() + 1) {
            bail!("crash point {number} is out of its turn in {}", log.display());
        }
        points.push(name.to_string());
    }
    Ok(points)
}

/// The same where what the seller printed stands between them. No step begins with a number.
fn points_among(told: &str) -> Result<Vec<Point>> {
    let (mut points, mut lines_before) = (Vec::new(), 0);
    for line in told.lines() {
        match line.split_once(' ') {
            Some((number, name)) if number.parse() == Ok(points.len() + 1) => {
                points.push(Point { name: name.to_string(), lines_before });
            }
            _ => lines_before += 1,
        }
    }
    if points.is_empty() {
        bail!("no crash point was passed");
    }
    Ok(points)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_point_knows_its_step() {
        let points = points_among("1 a\nopen ok\n2 b\n3 c\nbuy a1 succeeded\n4 d\n").unwrap();
        let told: Vec<_> = points.iter().map(|point| (point.name.as_str(), point.lines_before)).collect();
        assert_eq!(told, [("a", 0), ("b", 1), ("c", 1), ("d", 2)]);
        assert!(points_among("open ok\n").is_err());
    }

    #[test]
    fn crash_points_are_read_in_their_order() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("points");
        std::fs::write(&log, "1 journal.commit.before\n2 send.before\n").unwrap();
        assert_eq!(points_in(&log).unwrap(), ["journal.commit.before", "send.before"]);
        std::fs::write(&log, "1 a\n3 b\n").unwrap();
        assert!(points_in(&log).is_err());
    }
}
