//! Each guard in turn is switched off, and its tests must notice: green as the code is, red without the guard.

use std::collections::BTreeMap;
use std::path::PathBuf;
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
use crate::{python, setup};

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
    let ready = report.prepare("what the machine needs", || {
        setup::machine(tree, setup::For::Tests)?;
        setup::python(tree)
    }) && report.prepare("build", || {
        artifacts = compile::build(tree, What::Tests)?;
        compile::build(tree, What::Sandbox).map(drop)
    }) && report.prepare("Python's package", || python::install(tree));
    if ready {
        report.cases("guards switched off", || gate(tree, &[core(&artifacts)?, Suite::Python], wanted));
    }
    Ok(report.finish())
}

/// Tests of core that have been built.
pub fn core(artifacts: &[compile::Artifact]) -> Result<Suite> {
    Ok(Suite::Core(compile::test_program(artifacts, "tillgate", "all")?))
}

/// Where there are tests of guards.
pub enum Suite {
    /// Core's own, in this program.
    Core(PathBuf),
    /// Of the Python binding, which is installed.
    Python,
}

impl Suite {
    /// Lists its tests.
    fn list(&self, tree: &Tree) -> Result<Vec<String>> {
        let mut command = match self {
            Self::Core(program) => Command::new(program),
            Self::Python => pytest(tree),
        };
        match self {
            Self::Core(_) => command.arg("--list"),
            Self::Python => command.args(["--collect-only", "tests/core"]),
        };
        let ended = program::run(&mut command, &tree.log("mutate-list"), Output::Apart, LIMIT)?.ok()?;
        let name = |line: &str| match self {
            Self::Core(_) => line.strip_suffix(": test").map(str::to_string),
            Self::Python => line.contains("::").then(|| line.to_string()),
        };
        Ok(ended.stdout.lines().filter_map(name).collect())
    }

    /// A command that runs one of them alone.
    fn one(&self, tree: &Tree, test: &str) -> Command {
        match self {
            Self::Core(program) => {
                let mut command = Command::new(program);
                command
                    .current_dir(tree.root.join("core"))
                    .args([test, "--exact"])
                    .env("RUST_BACKTRACE", "0");
                command
            }
            Self::Python => {
                let mut command = pytest(tree);
                command.args(["-rA", test]);
                command
            }
        }
    }

    /// Whether this test ended so. It may start others in a process of its own, whose lines are not meant.
    fn says(&self, output: &str, test: &str, outcome: Outcome) -> bool {
        let line = match (self, outcome) {
            (Self::Core(_), Outcome::Green) => format!("test {test} ... ok"),
            (Self::Core(_), Outcome::Red) => format!("test {test} ... FAILED"),
            (Self::Python, Outcome::Green) => format!("PASSED {test}"),
            (Self::Python, Outcome::Red) => format!("FAILED {test}"),
        };
        // pytest adds the reason where there is room for it.
        let is_it = |said: &str| {
            said.strip_prefix(&line).is_some_and(|rest| rest.is_empty() || rest.starts_with(" - "))
        };
        output.lines().any(is_it)
    }
}

/// pytest where the binding's tests are.
fn pytest(tree: &Tree) -> Command {
    let arguments = ["-m", "pytest", "-q", "--color=no", "-p", "no:cacheprovider"];
    let mut command = python::python(tree, &python::installed(tree), &arguments);
    command.current_dir(tree.root.join("bindings-python"));
    command
}

#[derive(Clone, Copy)]
enum Outcome {
    Green,
    Red,
}

/// Prints the table. A guard is a case; it passes when each of its tests is green with it and red without.
pub fn gate(tree: &Tree, suites: &[Suite], wanted: &[String]) -> Result<Tally> {
    let guards = chosen(wanted)?;
    let (tests, mut flaws) = tests_by_guard(tree, suites)?;
    let page =
        std::fs::read_to_string(tree.root.join(PAGE)).with_context(|| format!("{PAGE} is not there"))?;
    flaws.extend(not_on_the_page(&page, &tests));
    flaws.extend(only_on_the_page(&page, &tests));
    let tests_of =
        |guard: &Guard| -> Vec<&Test<'_>> { tests.iter().filter(|test| test.guard == guard).collect() };
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
                    let tried = tests_of(guard).into_iter().map(|test| Trial::of(tree, test));
                    if sender.send((index, tried.collect::<Result<Vec<Trial<'_>>>>())).is_err() {
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
fn tell(guard: &Guard, trials: &[Trial<'_>]) -> bool {
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

/// A test that is named for a guard.
struct Test<'a> {
    suite: &'a Suite,
    guard: &'static Guard,
    name: String,
}

impl Test<'_> {
    /// Without the file or module that it stands in.
    fn short(&self) -> &str {
        self.name.rsplit("::").next().unwrap_or(&self.name)
    }
}

/// The tests that are named for a guard, and the names that are wrong.
fn tests_by_guard<'a>(tree: &Tree, suites: &'a [Suite]) -> Result<(Vec<Test<'a>>, Vec<String>)> {
    let (mut tests, mut wrong) = (Vec::new(), Vec::new());
    for suite in suites {
        for name in suite.list(tree)? {
            match guards::of_test(&name) {
                Ok(Some(guard)) => tests.push(Test { suite, guard, name }),
                Ok(None) => {}
                Err(flaw) => wrong.push(flaw),
            }
        }
    }
    Ok((tests, wrong))
}

/// What the page of the rules does not say: it has a row for each test, with its guard.
fn not_on_the_page(page: &str, tests: &[Test<'_>]) -> Vec<String> {
    let missing = tests.iter().filter_map(|test| {
        let (rule, guard, name) = (test.guard.rule, test.guard.name, test.short());
        let row = [format!("| {rule} |"), format!("`{guard}`"), format!("`{name}`")];
        let is_there = page.lines().any(|line| row.iter().all(|part| line.contains(part)));
        (!is_there).then(|| format!("{PAGE} has no row for {name} of {guard}"))
    });
    missing.collect()
}

/// What the page lists and nobody has: each row has a guard with its rule, and a test of that guard.
fn only_on_the_page(page: &str, tests: &[Test<'_>]) -> Vec<String> {
    let rows = page.lines().filter_map(|line| {
        let cells: Vec<&str> = line.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        // Its rows begin with the number of a rule; other lines are the page's text.
        let rule = cells.get(1)?.parse::<u8>().ok()?;
        Some((rule, cells))
    });
    let wrong = rows.filter_map(|(rule, cells)| {
        let [_, _, guard, _, name, ..] = cells[..] else {
            return Some(format!("{PAGE} has a row of rule {rule} without a guard and a test"));
        };
        let is_so = tests
            .iter()
            .any(|test| test.guard.rule == rule && test.guard.name == guard && test.short() == name);
        (!is_so)
            .then(|| format!("{PAGE} lists {name} of {guard} with rule {rule}, and there is no such test"))
    });
    wrong.collect()
}

/// One test, with its guard and without.
struct Trial<'a> {
    test: &'a Test<'a>,
    with: Ended,
    without: Ended,
}

impl<'a> Trial<'a> {
    fn of(tree: &Tree, test: &'a Test<'a>) -> Result<Self> {
        let start = |off: Option<&str>| {
            let mut command = test.suite.one(tree, &test.name);
            let log = match off {
                Some(name) => {
                    command.env("TILLGATE_GUARDS_OFF", name);
                    format!("{}-without", test.short())
                }
                None => {
                    command.env_remove("TILLGATE_GUARDS_OFF");
                    test.short().to_string()
                }
            };
            program::run(&mut command, &tree.log(&log), Output::Together, LIMIT)
        };
        let trial = Self { test, with: start(None)?, without: start(Some(test.guard.name))? };
        if trial.without.stdout.contains(NO_SUCH_GUARD) {
            bail!("the library has no guard {:?}", test.guard.name);
        }
        Ok(trial)
    }

    fn is_green(&self) -> bool {
        self.with.succeeded() && self.test.suite.says(&self.with.stdout, &self.test.name, Outcome::Green)
    }

    /// How the test noticed that the guard was off, if it did.
    fn red(&self) -> Option<&'static str> {
        let ended = &self.without;
        let failed = self.test.suite.says(&ended.stdout, &self.test.name, Outcome::Red);
        match (failed, ended.timed_out, ended.signal) {
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
        let seconds = |ended: &Ended| format!("{:.1} s", ended.took.as_secs_f32());
        let red = self
            .red()
            .map_or("NOT CAUGHT by".to_string(), |red| format!("{red} in {}:", seconds(&self.without)));
        let green = if self.is_green() {
            format!("green in {}", seconds(&self.with))
        } else {
            format!("NOT GREEN as it is: {}", self.with.story())
        };
        format!("{red} {} ({green})", self.test.short())
    }
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
        let core = Suite::Core(PathBuf::new());
        let output = "test a::rule_01_x ... FAILED\ntest child ... FAILED\ntest b ... ok\nfailures:\n    a::rule_01_x\n";
        assert!(core.says(output, "a::rule_01_x", Outcome::Red) && core.says(output, "b", Outcome::Green));
        assert!(!core.says(output, "rule_01_x", Outcome::Red) && !core.says(output, "b", Outcome::Red));
        let output = "PASSED tests/a.py::test_b\nFAILED tests/a.py::test_c - assert 1 == 2\n";
        assert!(Suite::Python.says(output, "tests/a.py::test_b", Outcome::Green));
        assert!(Suite::Python.says(output, "tests/a.py::test_c", Outcome::Red));
        assert!(!Suite::Python.says(output, "tests/a.py::test_", Outcome::Red));
    }

    #[test]
    fn a_guard_passes_only_if_each_test_is_green_with_it_and_red_without() {
        let core = Suite::Core(PathBuf::new());
        let test =
            Test { suite: &core, guard: guards::named("submit_by").unwrap(), name: "a::rule_06_x".into() };
        let ended = |said: &str, exit_code: Option<i32>| Ended {
            command: "all".to_string(),
            exit_code,
            signal: exit_code.is_none().then_some(9),
            timed_out: false,
            stdout: format!("test a::rule_06_x ... {said}\n"),
            log: PathBuf::new(),
            took: Duration::ZERO,
        };
        let trial = |with: Ended, without: Ended| Trial { test: &test, with, without };
        let caught = trial(ended("ok", Some(0)), ended("FAILED", Some(101)));
        let died = trial(ended("ok", Some(0)), ended("", None));
        let not_caught = trial(ended("ok", Some(0)), ended("ok", Some(0)));
        let never_green = trial(ended("FAILED", Some(101)), ended("FAILED", Some(101)));
        assert!(caught.passed() && died.passed());
        assert!(!not_caught.passed() && !never_green.passed());
        assert!(not_caught.told().starts_with("NOT CAUGHT"));
        assert!(!tell(test.guard, &[caught, not_caught]), "each test must notice");
        assert!(!tell(test.guard, &[]), "no test, nothing proved");
    }

    #[test]
    fn a_test_that_the_page_does_not_list_is_a_flaw() {
        let (suite, guard) = (&Suite::Python, guards::named("submit_by").unwrap());
        let test = |name: &str| Test { suite, guard, name: name.to_string() };
        let tests = [test("rules::rule_06_a"), test("rules::rule_06_b")];
        let page = "| 6 | `submit_by` | `rule_06_a` | `intents.rs` |\n| 7 | `submit_by` | `rule_06_b` | `intents.rs` |\n";
        assert_eq!(not_on_the_page(page, &tests), ["docs/rules.md has no row for rule_06_b of submit_by"]);
    }

    #[test]
    fn a_row_without_its_guard_or_its_test_is_a_flaw() {
        let (suite, guard) = (&Suite::Python, guards::named("submit_by").unwrap());
        let tests = [Test { suite, guard, name: "rules::rule_06_a".to_string() }];
        let flaws =
            |row: &str| only_on_the_page(&format!("| rule | guard |\n|---|---|\n{row}\n"), &tests).len();
        assert_eq!(flaws("| 6 | `submit_by` | it starts late | `rule_06_a` | `intents.rs` |"), 0);
        assert_eq!(flaws("| 7 | `submit_by` | it starts late | `rule_06_a` | `intents.rs` |"), 1);
        assert_eq!(flaws("| 6 | `submit_to` | it starts late | `rule_06_a` | `intents.rs` |"), 1);
        assert_eq!(flaws("| 6 | `submit_by` | it starts late | `rule_06_gone` | `intents.rs` |"), 1);
        assert_eq!(flaws("| 6 | `submit_by` |"), 1);
    }
}
