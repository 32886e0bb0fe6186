//! The sandbox against the gateway's own description, by a validator that is not ours.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::compile::{self, What};
use crate::program::{self, Output};
use crate::report::{Report, Tally};
use crate::tree::Tree;
use crate::{python, setup};

const LIMIT: Duration = Duration::from_secs(10 * 60);
const FOLDER: &str = "conformance/document";

/// The stage alone.
pub fn run(tree: &Tree) -> Result<bool> {
    let mut report = Report::default();
    let ready = report.prepare("tools for Python", || setup::python(tree))
        && report.prepare("build", || compile::build(tree, What::Sandbox).map(drop));
    if ready {
        report.cases("sandbox against the document", || check(tree));
    }
    Ok(report.finish())
}

/// Asks a sandbox everything, holds each answer against the description, and prints the report.
pub fn check(tree: &Tree) -> Result<Tally> {
    let written = tree.work.join("sandbox-against-the-document.txt");
    if written.exists() {
        // An old report must not pass for a new one.
        std::fs::remove_file(&written)?;
    }
    let mut tests = Command::new(setup::interpreter(tree));
    tests.current_dir(&tree.root).env("TILLGATE_SANDBOX", tree.program("tillgate-sandbox"));
    tests.args(["-m", "pytest", "-q", "-rs", "--color=no", "-p", "no:cacheprovider", FOLDER]);
    tests.arg("--report").arg(&written);
    let mut tally = python::pytest(tree, &mut tests, "pytest-document")?;
    let report = std::fs::read_to_string(&written).context("no report was written")?;
    report.lines().for_each(|line| println!("   {line}"));
    let mut types = Command::new(setup::interpreter(tree));
    types.current_dir(&tree.root).args(["-m", "mypy", "--strict", FOLDER]);
    python::count(
        &mut tally,
        &program::run(&mut types, &tree.log("mypy-document"), Output::Together, LIMIT)?,
    );
    Ok(tally)
}
