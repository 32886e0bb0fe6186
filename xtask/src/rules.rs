//! The law of orders, rule by rule: its tests are green as the code is, and red when the rule's guard does not hold.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::compile::{self, What};
use crate::program::{self, Ended, Output};
use crate::report::{Report, Tally};
use crate::tree::Tree;

/// Without its guard a test may wait for what never comes.
const LIMIT: Duration = Duration::from_secs(120);

/// The guard of each rule, as `TILLGATE_GUARDS_OFF` has it.
pub const GUARDS: [&str; 20] = [
    "durable_before_send",
    "id_required",
    "same_id_same_request",
    "no_blind_resend",
    "three_outcomes",
    "submit_by",
    "match_found",
    "absence_proof",
    "unknown_stays_unknown",
    "final_is_final",
    "callbacks_are_hints",
    "events_until_acknowledged",
    "cancel_detached",
    "one_undo",
    "batch_by_id",
    "quarantine",
    "one_writer",
    "disk_failure",
    "secrets_encrypted",
    "clock_bounds",
];

/// What the library says about a name that is no guard: a test that is red for that reason proves nothing.
const NO_SUCH_GUARD: &str = "no guard is called";

/// The command: all rules, or those with these numbers.
pub fn run(tree: &Tree, numbers: &[u8]) -> Result<bool> {
    let mut report = Report::default();
    let mut artifacts = Vec::new();
    if report.prepare("build", || {
        artifacts = compile::build(tree, What::Tests)?;
        Ok(())
    }) {
        report.cases("rules", || {
            let program = compile::test_program(&artifacts, "tillgate", "all")?;
            table(tree, &program, numbers)
        });
    }
    Ok(report.finish())
}

/// Prints the table. A rule is a case; it passes when it is green with its guard and red without.
pub fn table(tree: &Tree, program: &Path, numbers: &[u8]) -> Result<Tally> {
    let tests = list(tree, program)?;
    let wanted: Vec<u8> = if numbers.is_empty() { (1..=20).collect() } else { numbers.to_vec() };
    let mut tally = Tally::default();
    println!("   {:<4}  {:<26}  {:<13}  {:<28}  tests", "rule", "guard", "as it is", "without its guard");
    for rule in wanted {
        let Some(guard) = GUARDS.get(usize::from(rule).wrapping_sub(1)) else {
            bail!("there are rules 1 to {}, not {rule}", GUARDS.len());
        };
        let names = tests.get(&rule).map(Vec::as_slice).unwrap_or_default();
        let (green, red, passed) = judge(tree, program, rule, guard, names)?;
        let short: Vec<&str> = names.iter().map(|name| name.rsplit("::").next().unwrap_or(name)).collect();
        println!("   {rule:>4}  {guard:<26}  {green:<13}  {red:<28}  {}", short.join(", "));
        tally.count(passed);
    }
    Ok(tally)
}

fn judge(
    tree: &Tree,
    program: &Path,
    rule: u8,
    guard: &str,
    names: &[String],
) -> Result<(String, String, bool)> {
    if names.is_empty() {
        return Ok(("NO TEST".to_string(), String::new(), false));
    }
    let with = start(tree, program, &format!("rule-{rule:02}"), names, None)?;
    let green = with.succeeded() && count(&with.stdout, names, "ok") == names.len();
    let without = start(tree, program, &format!("rule-{rule:02}-without"), names, Some(guard))?;
    if without.stdout.contains(NO_SUCH_GUARD) {
        bail!("rule {rule}: the library has no guard {guard:?}");
    }
    let red = count(&without.stdout, names, "FAILED");
    let shown = match (red, without.timed_out) {
        (0, false) if without.exit_code.is_none() => "red (the process died)".to_string(),
        (0, false) => "GREEN".to_string(),
        (0, true) => format!("red (hung, ended at {} s)", LIMIT.as_secs()),
        (red, hung) => format!("red ({red} of {}{})", names.len(), if hung { ", one hung" } else { "" }),
    };
    if !green {
        println!("   {}", with.story());
    }
    let passed = green && shown.starts_with("red");
    let seconds = with.took.as_secs_f32();
    Ok((if green { format!("green {seconds:.1} s") } else { "RED".to_string() }, shown, passed))
}

fn start(tree: &Tree, program: &Path, log: &str, names: &[String], off: Option<&str>) -> Result<Ended> {
    let mut command = Command::new(program);
    command.current_dir(tree.root.join("core")).args(names).arg("--exact");
    match off {
        Some(guard) => command.env("TILLGATE_GUARDS_OFF", guard),
        None => command.env_remove("TILLGATE_GUARDS_OFF"),
    };
    program::run(&mut command, &tree.log(log), Output::Together, LIMIT)
}

/// The tests by the number of their rule.
fn list(tree: &Tree, program: &Path) -> Result<BTreeMap<u8, Vec<String>>> {
    let mut command = Command::new(program);
    command.arg("--list");
    let ended = program::run(&mut command, &tree.log("rules-list"), Output::Apart, LIMIT)?.ok()?;
    Ok(by_rule(&ended.stdout))
}

/// `rules::intents::rule_03_the_same_request…: test` belongs to rule 3.
fn by_rule(list: &str) -> BTreeMap<u8, Vec<String>> {
    let mut tests: BTreeMap<u8, Vec<String>> = BTreeMap::new();
    for name in list.lines().filter_map(|line| line.strip_suffix(": test")) {
        let short = name.rsplit("::").next().unwrap_or(name);
        let number = short.strip_prefix("rule_").and_then(|rest| rest.get(..2)).and_then(|n| n.parse().ok());
        if let Some(number) = number {
            tests.entry(number).or_default().push(name.to_string());
        }
    }
    tests
}

/// How many of these tests ended so. A test may start others in a process of its own, whose lines are not meant.
fn count(output: &str, names: &[String], outcome: &str) -> usize {
    let ended = |name: &&String| output.lines().any(|line| line == format!("test {name} ... {outcome}"));
    names.iter().filter(ended).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_found_by_the_number_in_their_names() {
        let list = "rules::a::rule_03_same: test\nrules::a::other: test\nb::rule_18_disk: test\n\n3 tests, 0 benchmarks\n";
        let tests = by_rule(list);
        assert_eq!(tests[&3], ["rules::a::rule_03_same"]);
        assert_eq!(tests[&18], ["b::rule_18_disk"]);
        assert_eq!(tests.len(), 2);
    }

    #[test]
    fn outcomes_of_the_tests_in_question_are_counted() {
        let output = "test a::rule_01_x ... FAILED\ntest child ... FAILED\ntest b ... ok\nfailures:\n    a::rule_01_x\n";
        let names = ["a::rule_01_x".to_string(), "b".to_string()];
        assert_eq!((count(output, &names, "FAILED"), count(output, &names, "ok")), (1, 1));
    }
}
