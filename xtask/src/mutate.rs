//! Each guard in turn is switched off, and its tests must notice: green as the code is, red without the guard.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::compile::{self, What};
use crate::guards::{self, Guard};
use crate::program::{self, Ended, Output};
use crate::report::{Report, Tally};
use crate::tree::Tree;

/// Without its guard a test may wait for what never comes.
const LIMIT: Duration = Duration::from_secs(120);

/// What the library says about a name that is no guard: a test that is red for that reason proves nothing.
const NO_SUCH_GUARD: &str = "no guard is called";

/// The page that lists guards and tests.
const PAGE: &str = "docs/rules.md";

/// The command: all guards, or those of these names, or of the rules of these numbers.
pub fn run(tree: &Tree, wanted: &[String]) -> Result<bool> {
    let mut report = Report::default();
    let mut artifacts = Vec::new();
    if report.prepare("build", || {
        artifacts = compile::build(tree, What::Tests)?;
        Ok(())
    }) {
        report.cases("guards switched off", || gate(tree, &tests_of_core(&artifacts)?, wanted));
    }
    Ok(report.finish())
}

/// The program of core's tests.
pub fn tests_of_core(artifacts: &[compile::Artifact]) -> Result<PathBuf> {
    compile::test_program(artifacts, "tillgate", "all")
}

/// Prints the table. A guard is a case; it passes when each of its tests is green with it and red without.
pub fn gate(tree: &Tree, program: &Path, wanted: &[String]) -> Result<Tally> {
    let guards = chosen(wanted)?;
    let (tests, mut flaws) = tests_by_guard(tree, program)?;
    let page =
        std::fs::read_to_string(tree.root.join(PAGE)).with_context(|| format!("{PAGE} is not there"))?;
    flaws.extend(not_on_the_page(&page, &tests));
    let tests_of = |guard: &Guard| -> Vec<&str> {
        tests.iter().filter(|(of, _)| *of == guard).map(|(_, test)| test.as_str()).collect()
    };
    println!("   {:<26}  rule  what happens without it", "guard");
    let (mut tally, mut caught) = (Tally::default(), 0);
    let (next, (sender, verdicts)) = (AtomicUsize::new(0), mpsc::channel());
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(4);
    std::thread::scope(|scope| -> Result<()> {
        for _ in 0..workers {
            let (sender, next, guards, tests_of) = (sender.clone(), &next, &guards, &tests_of);
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::SeqCst);
                    let Some(guard) = guards.get(index) else { return };
                    let tried = tests_of(guard).into_iter().map(|test| Trial::of(tree, program, guard, test));
                    if sender.send((index, tried.collect::<Result<Vec<Trial>>>())).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        // Told in the order of the guards, whichever is ready first.
        let mut ready = BTreeMap::new();
        for (index, trials) in verdicts {
            ready.insert(index, trials?);
            while let Some(trials) = ready.remove(&tally.cases()) {
                let passed = tell(guards[tally.cases()], &trials);
                caught += usize::from(passed);
                tally.count(passed);
            }
        }
        Ok(())
    })?;
    for flaw in &flaws {
        println!("   {flaw}");
        tally.count(false);
    }
    println!("   {} guards, {caught} caught", guards.len());
    Ok(tally)
}

/// Prints a guard's rows; whether all of its tests noticed.
fn tell(guard: &Guard, trials: &[Trial]) -> bool {
    println!("   {:<26}  {:>4}  {}", guard.name, guard.rule, guard.without);
    for trial in trials {
        println!("   {:<26}        {}", "", trial.told());
    }
    if trials.is_empty() {
        println!("   {:<26}        NO TEST", "");
    }
    !trials.is_empty() && trials.iter().all(Trial::passed)
}

/// The guards that are meant. A misspelt one would prove nothing.
fn chosen(wanted: &[String]) -> Result<Vec<&'static Guard>> {
    let mut guards: Vec<&Guard> = Vec::new();
    for word in wanted {
        let number = word.parse::<u8>().ok();
        let before = guards.len();
        guards.extend(guards::ALL.iter().filter(|guard| guard.name == word || Some(guard.rule) == number));
        if guards.len() == before {
            bail!("{word:?} is neither a guard nor the number of a rule");
        }
    }
    Ok(if wanted.is_empty() { guards::ALL.iter().collect() } else { guards })
}

/// The tests that are named for a guard, and the names that are wrong.
fn tests_by_guard(tree: &Tree, program: &Path) -> Result<(Vec<(&'static Guard, String)>, Vec<String>)> {
    let mut command = Command::new(program);
    command.arg("--list");
    let ended = program::run(&mut command, &tree.log("mutate-list"), Output::Apart, LIMIT)?.ok()?;
    let (mut tests, mut wrong) = (Vec::new(), Vec::new());
    for name in ended.stdout.lines().filter_map(|line| line.strip_suffix(": test")) {
        match guards::of_test(name) {
            Ok(Some(guard)) => tests.push((guard, name.to_string())),
            Ok(None) => {}
            Err(flaw) => wrong.push(flaw),
        }
    }
    Ok((tests, wrong))
}

/// What the page of the rules does not say: it has a row for each test, with its guard.
fn not_on_the_page(page: &str, tests: &[(&Guard, String)]) -> Vec<String> {
    let missing = tests.iter().filter_map(|(guard, test)| {
        let short = test.rsplit("::").next().unwrap_or(test);
        let row = [format!("| {} |", guard.rule), format!("`{}`", guard.name), format!("`{short}`")];
        let is_there = page.lines().any(|line| row.iter().all(|part| line.contains(part)));
        (!is_there).then(|| format!("{PAGE} has no row for {short} of {}", guard.name))
    });
    missing.collect()
}

/// One test, with its guard and without.
struct Trial {
    test: String,
    with: Ended,
    without: Ended,
}

impl Trial {
    fn of(tree: &Tree, program: &Path, guard: &Guard, test: &str) -> Result<Self> {
        let short = test.rsplit("::").next().unwrap_or(test);
        let start = |off: Option<&str>| {
            let mut command = Command::new(program);
            command.current_dir(tree.root.join("core")).args([test, "--exact"]).env("RUST_BACKTRACE", "0");
            let log = match off {
                Some(name) => {
                    command.env("TILLGATE_GUARDS_OFF", name);
                    format!("{short}-without")
                }
                None => {
                    command.env_remove("TILLGATE_GUARDS_OFF");
                    short.to_string()
                }
            };
            program::run(&mut command, &tree.log(&log), Output::Together, LIMIT)
        };
        let trial = Self { test: test.to_string(), with: start(None)?, without: start(Some(guard.name))? };
        if trial.without.stdout.contains(NO_SUCH_GUARD) {
            bail!("the library has no guard {:?}", guard.name);
        }
        Ok(trial)
    }

    fn is_green(&self) -> bool {
        self.with.succeeded() && says(&self.with.stdout, &self.test, "ok")
    }

    /// How the test noticed that the guard was off, if it did.
    fn red(&self) -> Option<&'static str> {
        let ended = &self.without;
        match (says(&ended.stdout, &self.test, "FAILED"), ended.timed_out, ended.signal) {
            (true, ..) => Some("red"),
            (_, true, _) => Some("red (hung)"),
            (_, _, Some(_)) => Some("red (the process died)"),
            _ => None,
        }
    }

    fn passed(&self) -> bool {
        self.is_green() && self.red().is_some()
    }

    fn told(&self) -> String {
        let short = self.test.rsplit("::").next().unwrap_or(&self.test);
        let seconds = |ended: &Ended| format!("{:.1} s", ended.took.as_secs_f32());
        let red = self
            .red()
            .map_or("NOT CAUGHT by".to_string(), |red| format!("{red} in {}:", seconds(&self.without)));
        let green = if self.is_green() {
            format!("green in {}", seconds(&self.with))
        } else {
            format!("NOT GREEN as it is: {}", self.with.story())
        };
        format!("{red} {short} ({green})")
    }
}

/// Whether this test ended so. It may start others in a process of its own, whose lines are not meant.
fn says(output: &str, test: &str, outcome: &str) -> bool {
    output.lines().any(|line| line == format!("test {test} ... {outcome}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guards_are_chosen_by_name_and_by_rule() {
        let names = |wanted: &[&str]| -> Result<Vec<&str>> {
            let wanted: Vec<String> = wanted.iter().map(|word| word.to_string()).collect();
            Ok(chosen(&wanted)?.iter().map(|guard| guard.name).collect())
        };
        assert_eq!(
            names(&["submit_by", "14"]).unwrap(),
            ["submit_by", "one_undo", "refund_sum", "undo_baseline"]
        );
        assert_eq!(names(&[]).unwrap().len(), guards::ALL.len());
        assert!(names(&["nobody"]).is_err() && names(&["21"]).is_err());
    }

    #[test]
    fn the_outcome_of_the_test_in_question_is_read() {
        let output = "test a::rule_01_x ... FAILED\ntest child ... FAILED\ntest b ... ok\nfailures:\n    a::rule_01_x\n";
        assert!(says(output, "a::rule_01_x", "FAILED") && says(output, "b", "ok"));
        assert!(!says(output, "rule_01_x", "FAILED") && !says(output, "b", "FAILED"));
    }

    #[test]
    fn a_test_that_the_page_does_not_list_is_a_flaw() {
        let guard = guards::named("submit_by").unwrap();
        let tests = [(guard, "rules::rule_06_a".to_string()), (guard, "rules::rule_06_b".to_string())];
        let page = "| 6 | `submit_by` | `rule_06_a` | `intents.rs` |\n| 7 | `submit_by` | `rule_06_b` | `intents.rs` |\n";
        assert_eq!(not_on_the_page(page, &tests), ["docs/rules.md has no row for rule_06_b of submit_by"]);
    }
}
