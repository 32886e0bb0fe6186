//! Every operation, parameter and field of the gateway's OpenAPI file, in each language.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::program::{self, Output};
use crate::report::{Report, Tally};
use crate::sellers::{self, Language};
use crate::tree::Tree;
use crate::{c, kotlin, python, setup};

const LIMIT: Duration = Duration::from_secs(15 * 60);

/// The command.
pub fn command(tree: &Tree) -> Result<bool> {
    let mut report = Report::default();
    if sellers::prepare(&mut report, tree, &Language::ALL).is_some() {
        report.cases("every operation, parameter and field", || run(tree));
    }
    Ok(report.finish())
}

/// Each operation with each language is a case, and so is each change that must turn it red.
pub fn run(tree: &Tree) -> Result<Tally> {
    let place = tree.fresh("operations")?;
    let conformance = tree.root.join("conformance");
    let exchanged = place.join("exchanged.json");
    let python_runner = conformance.join("runners/python/runner.py");
    let languages: [(&str, Vec<PathBuf>); 5] = [
        ("Rust", vec![tree.program("tillgate-runner")]),
        ("C", vec![c::watched_runner(tree)?]),
        ("Python", vec![setup::interpreter(tree), python_runner]),
        ("Node", vec![PathBuf::from("node"), conformance.join("runners/node/runner.mjs")]),
        ("Kotlin", vec![kotlin::JAVA.into(), kotlin::arguments_in_a_file(tree, "runner.RunnerKt")?]),
    ];
    let installed = python::installed(tree);
    let mut judge = python::python(tree, &installed, &["-m", "operations"]);
    judge.current_dir(&conformance).arg("--sandbox").arg(tree.program("tillgate-sandbox"));
    for (name, runner) in &languages {
        judge.args(["--language", name]).args(runner);
    }
    judge.arg("--keep").arg(&exchanged);
    let mut tally = judged(&mut judge, &place)?;
    let mut tests = own_tests(tree, &conformance, "operations/tests");
    tests.env("TILLGATE_EXCHANGED", &exchanged);
    tally += python::pytest(tree, &mut tests, "pytest-operations")?;
    Ok(tally)
}

/// Lets a judge of several languages do its work, and shows what it prints.
pub fn judged(judge: &mut Command, place: &Path) -> Result<Tally> {
    let ended = program::run(judge, &place.join("log"), Output::Apart, LIMIT)?;
    for line in ended.stdout.lines() {
        println!("   {line}");
    }
    let tally = counted(&ended.stdout).with_context(|| ended.story())?;
    if !ended.succeeded() && tally.failed == 0 {
        bail!("{}", ended.story());
    }
    Ok(tally)
}

/// A judge's own tests.
pub fn own_tests(tree: &Tree, conformance: &Path, tests: &str) -> Command {
    let arguments = ["-m", "pytest", "-q", "-rs", "--color=no", "-p", "no:cacheprovider", tests];
    let mut command = python::python(tree, conformance, &arguments);
    command.current_dir(conformance);
    command
}

/// `78 passed, 0 failed, 0 skipped`, the judge's last line.
fn counted(output: &str) -> Option<Tally> {
    let mut words = output.lines().last()?.split(' ');
    let mut count = |unit: &str| {
        let count = words.next()?.parse::<usize>().ok()?;
        words.next()?.starts_with(unit).then_some(count)
    };
    Some(Tally { passed: count("passed")?, failed: count("failed")?, skipped: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_judges_last_line_is_counted() {
        let tally = counted("a table\n76 passed, 2 failed, 0 skipped\n").unwrap();
        assert_eq!((tally.passed, tally.failed), (76, 2));
        assert_eq!(counted("Traceback (most recent call last):"), None);
    }
}
