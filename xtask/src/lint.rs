//! Every warning is an error.

use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::compile::{self, FEATURES};
use crate::program::{self, Output};
use crate::report::{Report, Tally};
use crate::tree::Tree;
use crate::{conformance, node, python, samples, setup};

const LIMIT: Duration = Duration::from_secs(45 * 60);

pub fn run(tree: &Tree) -> Result<bool> {
    let mut report = Report::default();
    report.cases("formatting", || {
        let mut command = compile::cargo(tree, "fmt");
        command.args(["--all", "--check"]);
        let mut tally = one(&mut command, tree, "fmt")?;
        let mut command = compile::cargo(tree, "fmt");
        command.arg("--manifest-path").arg(tree.root.join("fuzz/Cargo.toml")).arg("--check");
        tally += one(&mut command, tree, "fmt-fuzz")?;
        Ok(tally)
    });
    report.cases("length of the runners", || conformance::lengths(tree));
    report.cases("samples on pages", || samples::check(tree));
    report.cases("clippy, as tests are built", || {
        let mut command = compile::cargo(tree, "clippy");
        command.args(["--workspace", "--all-targets", "--keep-going", "--features", FEATURES]);
        command.args(["--", "-D", "warnings"]);
        one(&mut command, tree, "clippy-testing")
    });
    report.cases("clippy, as core is shipped", || {
        let mut command = compile::cargo(tree, "clippy");
        command.args(["--package", "tillgate", "--lib", "--", "-D", "warnings"]);
        one(&mut command, tree, "clippy-shipped")
    });
    report.cases("clippy, what fuzzes", || {
        let mut command = compile::cargo(tree, "clippy");
        command.env("CARGO_TARGET_DIR", tree.target.join("fuzz"));
        command.arg("--manifest-path").arg(tree.root.join("fuzz/Cargo.toml"));
        command.args(["--locked", "--bins", "--lib", "--", "-D", "warnings"]);
        one(&mut command, tree, "clippy-fuzz")
    });
    if report.prepare("tools for Python", || setup::python(tree)) {
        report.cases("ruff and mypy", || python::lint(tree));
    }
    if report.prepare("tools for Node", || setup::node(tree)) {
        report.cases("tsc", || node::lint(tree));
    }
    Ok(report.finish())
}

fn one(command: &mut Command, tree: &Tree, name: &str) -> Result<Tally> {
    program::run(command, &tree.log(name), Output::Together, LIMIT)?.ok()?;
    Ok(Tally::passed(1))
}
