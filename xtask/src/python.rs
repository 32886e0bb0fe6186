//! Python: a wheel of the dev profile in an empty place, its tests, and types checked strictly.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::compile::FEATURES;
use crate::examples;
use crate::made_up::MadeUp;
use crate::program::{self, Ended, Output};
use crate::report::Tally;
use crate::setup;
use crate::tree::{self, Tree};

const LIMIT: Duration = Duration::from_secs(15 * 60);

/// Where the package is installed, and nothing else.
pub fn installed(tree: &Tree) -> PathBuf {
    tree.work.join("python")
}

/// Builds a wheel for tests and installs it where nothing else is.
pub fn install(tree: &Tree) -> Result<()> {
    let mut features = String::from("testing,");
    // The same as for every other build, so that core is not compiled once more.
    features.push_str(FEATURES);
    install_from(tree, &tree.root, &tree.target, &features, &installed(tree))
}

fn install_from(tree: &Tree, workspace: &Path, target: &Path, features: &str, place: &Path) -> Result<()> {
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    let wheels = tree.fresh(&format!("{name}-wheels"))?;
    let mut build = maturin(tree, workspace, target, &wheels);
    build.args(["--profile", "dev"]);
    if !features.is_empty() {
        build.args(["--features", features]);
    }
    program::run(&mut build, &tree.log(&format!("maturin-{name}")), Output::Together, LIMIT)?.ok()?;
    tree::empty(place)?;
    let mut install = Command::new(setup::interpreter(tree));
    install.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-index",
        "--no-deps",
    ]);
    install.arg("--target").arg(place).arg(wheel(&wheels)?);
    program::run(&mut install, &tree.log(&format!("pip-{name}")), Output::Together, LIMIT)?.ok()?;
    Ok(())
}

/// `maturin build` of a workspace's Python binding into this folder.
pub fn maturin(tree: &Tree, workspace: &Path, target: &Path, wheels: &Path) -> Command {
    let mut command = Command::new(setup::interpreter(tree));
    command.current_dir(workspace.join("bindings-python"));
    command.args(["-m", "maturin", "build", "--quiet", "--out"]).arg(wheels);
    command.env("CARGO_TARGET_DIR", target);
    tree.keep_compiled(&mut command);
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

/// The binding's tests on a made-up core, which has every type of the interface whatever the real one uses.
pub fn run_made_up(tree: &Tree) -> Result<Tally> {
    let MadeUp { workspace, target } = MadeUp::with_binding(tree, "python")?;
    let place = tree.work.join("python-made-up");
    install_from(tree, &workspace, &target, "", &place)?;
    let mut tests = python(tree, &place, &["-m", "pytest", "-q", "-rs", "--color=no", "tests/synthetic"]);
    tests.current_dir(workspace.join("bindings-python"));
    let mut tally = pytest(tree, &mut tests, "pytest-made-up")?;
    let mut types = python(tree, &place, &["-m", "mypy", "--strict", "tests/synthetic/typed_use.py"]);
    types.current_dir(workspace.join("bindings-python"));
    count(&mut tally, &program::run(&mut types, &tree.log("mypy-made-up"), Output::Together, LIMIT)?);
    Ok(tally)
}

/// The tests of the binding, the examples, and their types.
pub fn run(tree: &Tree) -> Result<Tally> {
    let installed = installed(tree);
    let mut tally = Tally::default();
    let mut tests = python(tree, &installed, &["-m", "pytest", "-q", "-rs", "--color=no", "tests/core"]);
    tests.current_dir(tree.root.join("bindings-python"));
    tally += pytest(tree, &mut tests, "pytest")?;
    let mut servers =
        python(tree, &installed, &["-m", "pytest", "-q", "-rs", "--color=no", "-p", "no:cacheprovider"]);
    tally += pytest(tree, servers.arg("examples/python/web"), "pytest-web-servers")?;
    let typed = [
        ("examples/python", "mypy-examples"),
        ("conformance/runners/python", "mypy-runner"),
        ("conformance/operations", "mypy-operations"),
        ("conformance/orders", "mypy-orders"),
        ("conformance/items", "mypy-items"),
    ];
    for (folder, log) in typed {
        let mut command = python(tree, &installed, &["-m", "mypy", "--strict", folder]);
        count(&mut tally, &program::run(&mut command, &tree.log(log), Output::Together, LIMIT)?);
    }
    let place = tree.fresh("python-examples")?;
    let program = |name: &str| {
        let mut command = python(tree, &installed, &[]);
        command.arg(tree.root.join("examples/python").join(name).with_extension("py"));
        Ok(command)
    };
    for example in python_files(&tree.root.join("examples/python"))? {
        let name = example.file_stem().unwrap_or_default().to_string_lossy();
        // What the others share, and no example.
        if name != "shop" {
            tally += examples::run(tree, &place, &name, &program)?;
        }
    }
    Ok(tally)
}

/// What is cheap to check without building anything.
pub fn lint(tree: &Tree) -> Result<Tally> {
    let mut tally = Tally::default();
    let mut ruff = Command::new(setup::interpreter(tree).with_file_name("ruff"));
    ruff.current_dir(&tree.root).args(["check", "--quiet", "--config", "bindings-python/pyproject.toml"]);
    ruff.args(["bindings-python", "examples/python", "conformance", "benches"]);
    count(&mut tally, &program::run(&mut ruff, &tree.log("ruff"), Output::Together, LIMIT)?);
    let mut command = Command::new(setup::interpreter(tree));
    command.current_dir(tree.root.join("bindings-python"));
    command.args(["-m", "mypy", "--strict", "python/tillgate"]);
    count(&mut tally, &program::run(&mut command, &tree.log("mypy-package"), Output::Together, LIMIT)?);
    Ok(tally)
}

/// Runs pytest and counts what it counted.
pub fn pytest(tree: &Tree, command: &mut Command, log: &str) -> Result<Tally> {
    let ended = program::run(command, &tree.log(log), Output::Together, LIMIT)?;
    let tally = pytest_tally(&ended.stdout).with_context(|| ended.story())?;
    if !ended.succeeded() {
        println!("   {}", ended.story());
        if tally.failed == 0 {
            bail!("pytest failed without a failing test");
        }
    }
    Ok(tally)
}

/// An interpreter that finds the package in this place and no other.
pub fn python(tree: &Tree, installed: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(setup::interpreter(tree));
    command.current_dir(&tree.root).args(arguments);
    command.env("PYTHONPATH", installed).env("MYPYPATH", installed);
    command.env("TILLGATE_SANDBOX", tree.program("tillgate-sandbox"));
    command
}

/// Counts a program as one case; tells the story if it failed.
pub fn count(tally: &mut Tally, ended: &Ended) {
    if !ended.succeeded() {
        println!("   {}", ended.story());
    }
    tally.count(ended.succeeded());
}

fn python_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
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
            (count, "passed") => tally.passed += count.parse::<usize>().ok()?,
            (count, what @ ("xfailed" | "deselected")) => {
                let reason = format!("{what}, and nobody says why");
                tally.skipped.extend(std::iter::repeat_n(reason, count.parse().ok()?));
            }
            (count, "failed" | "error" | "errors" | "xpassed") => {
                tally.failed += count.parse::<usize>().ok()?
            }
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
