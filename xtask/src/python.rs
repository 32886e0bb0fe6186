//! Python: a wheel of the dev profile in an empty place, its tests, and types checked strictly.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::program::{self, Ended, Output};
use crate::report::Tally;
use crate::sandbox::Sandbox;
use crate::setup;
use crate::tree::{self, Tree};

const LIMIT: Duration = Duration::from_secs(45 * 60);

/// Where the package is installed, and nothing else.
pub fn installed(tree: &Tree) -> PathBuf {
    tree.work.join("python")
}

/// Builds a wheel for tests and installs it where nothing else is.
pub fn install(tree: &Tree) -> Result<()> {
    let wheels = tree.fresh("wheels")?;
    let mut build = maturin(tree, &wheels);
    build.args(["--profile", "dev", "--features", "testing"]);
    program::run(&mut build, &tree.log("maturin-dev"), Output::Together, LIMIT)?.ok()?;
    let place = installed(tree);
    tree::empty(&place)?;
    let mut install = Command::new(setup::interpreter(tree));
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--no-deps"]);
    install.arg("--target").arg(&place).arg(wheel(&wheels)?);
    program::run(&mut install, &tree.log("pip-wheel"), Output::Together, LIMIT)?.ok()?;
    Ok(())
}

/// `maturin build` into this folder.
pub fn maturin(tree: &Tree, wheels: &Path) -> Command {
    let mut command = Command::new(setup::interpreter(tree));
    command.current_dir(tree.root.join("bindings-python"));
    command.args(["-m", "maturin", "build", "--quiet", "--out"]).arg(wheels);
    command.env("CARGO_TARGET_DIR", &tree.target);
    // Cargo's own variables for xtask would name the wrong package.
    for name in ["CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_PKG_NAME", "CARGO_PKG_VERSION"] {
        command.env_remove(name);
    }
    command
}

/// The one wheel in a folder.
pub fn wheel(folder: &Path) -> Result<PathBuf> {
    let paths = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    let mut wheels = paths.into_iter().filter(|path| path.extension().is_some_and(|e| e == "whl"));
    match (wheels.next(), wheels.next()) {
        (Some(wheel), None) => Ok(wheel),
        _ => bail!("{} holds not exactly one wheel", folder.display()),
    }
}

/// The tests of the binding, the examples, and their types.
pub fn run(tree: &Tree) -> Result<Tally> {
    let mut tally = pytest(tree)?;
    for arguments in [vec!["examples/python"], vec!["conformance/runners/python"]] {
        let mut command = python(tree, &["-m", "mypy", "--strict"]);
        command.args(&arguments);
        count(&mut tally, &program::run(&mut command, &tree.log("mypy"), Output::Together, LIMIT)?);
    }
    let place = tree.fresh("python-examples")?;
    for example in examples(&tree.root.join("examples/python"))? {
        let name = example.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let place = place.join(&name);
        tree::empty(&place)?;
        let sandbox = Sandbox::start(tree, &place, Sandbox::SPEED_OF_EXAMPLES)?;
        let mut command = python(tree, &[]);
        command.current_dir(&place).arg(&example).args(sandbox.example_arguments(&place));
        count(&mut tally, &program::run(&mut command, &place.join("log"), Output::Together, LIMIT)?);
    }
    Ok(tally)
}

/// What is cheap to check without building anything.
pub fn lint(tree: &Tree) -> Result<Tally> {
    let mut tally = Tally::default();
    let ruff = setup::interpreter(tree).with_file_name("ruff");
    if ruff.is_file() {
        let mut command = Command::new(ruff);
        command.current_dir(&tree.root).args(["check", "--quiet", "--config", "bindings-python/pyproject.toml"]);
        command.args(["bindings-python", "examples/python", "conformance/runners/python"]);
        count(&mut tally, &program::run(&mut command, &tree.log("ruff"), Output::Together, LIMIT)?);
    } else {
        tally += Tally::skipped("ruff: not among the pinned tools");
    }
    let mut command = Command::new(setup::interpreter(tree));
    command.current_dir(tree.root.join("bindings-python"));
    command.args(["-m", "mypy", "--strict", "python/tillgate"]);
    count(&mut tally, &program::run(&mut command, &tree.log("mypy-package"), Output::Together, LIMIT)?);
    Ok(tally)
}

fn pytest(tree: &Tree) -> Result<Tally> {
    let mut command = python(tree, &["-m", "pytest", "-q", "-rs", "--color=no"]);
    command.current_dir(tree.root.join("bindings-python"));
    let ended = program::run(&mut command, &tree.log("pytest"), Output::Together, LIMIT)?;
    let tally = pytest_tally(&ended.stdout).with_context(|| ended.story())?;
    if !ended.succeeded() {
        println!("   {}", ended.story());
        if tally.failed == 0 {
            bail!("pytest failed without a failing test");
        }
    }
    Ok(tally)
}

/// An interpreter that finds the installed package and no other.
fn python(tree: &Tree, arguments: &[&str]) -> Command {
    let mut command = Command::new(setup::interpreter(tree));
    command.current_dir(&tree.root).args(arguments);
    command.env("PYTHONPATH", installed(tree)).env("MYPYPATH", installed(tree));
    command.env("TILLGATE_SANDBOX", tree.program("tillgate-sandbox"));
    command
}

fn count(tally: &mut Tally, ended: &Ended) {
    if !ended.succeeded() {
        println!("   {}", ended.story());
    }
    tally.count(ended.succeeded());
}

fn examples(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    let mut found = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    found.retain(|path| path.extension().is_some_and(|extension| extension == "py"));
    found.sort();
    Ok(found)
}

/// The last line of `pytest -q`: `3 failed, 20 passed, 1 skipped in 2.31s`; its `-rs` lines say why tests were skipped.
fn pytest_tally(output: &str) -> Option<Tally> {
    let last = output.lines().rev().find(|line| line.contains(" in "))?;
    let (counts, _) = last.split_once(" in ")?;
    let mut tally = Tally::default();
    for part in counts.trim_matches(['=', ' ']).split(", ") {
        match part.split_once(' ')? {
            (count, "passed" | "xfailed") => tally.passed += count.parse::<usize>().ok()?,
            (count, "failed" | "error" | "errors" | "xpassed") => tally.failed += count.parse::<usize>().ok()?,
            (count, "skipped") => {
                let reasons = output.lines().filter_map(|line| line.strip_prefix("SKIPPED "));
                tally.skipped.extend(reasons.map(str::to_string));
                // Several tests may share one line of reasons.
                let missing = count.parse::<usize>().ok()?.saturating_sub(tally.skipped.len());
                tally.skipped.extend(std::iter::repeat_n("see the line above".to_string(), missing));
            }
            _ => {}
        }
    }
    Some(tally)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pytests_last_line_is_read() {
        let output = "....\nSKIPPED [1] tests/a.py:3: needs fork\n3 failed, 20 passed, 1 skipped, 2 warnings in 2.31s\n";
        let tally = pytest_tally(output).unwrap();
        assert_eq!((tally.passed, tally.failed), (20, 3));
        assert_eq!(tally.skipped, ["[1] tests/a.py:3: needs fork"]);
        assert_eq!(pytest_tally("no tests ran in 0.01s").unwrap(), Tally::default());
        assert_eq!(pytest_tally("Traceback"), None);
    }
}
