//! The sweep over torn, failing and full disks: a part of it among the tests, all of it by hand.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::compile;
use crate::program::{self, Output};
use crate::report::Tally;
use crate::tree::Tree;

const LIMIT: Duration = Duration::from_secs(15 * 60);
/// One case in so many of each kind: some seconds.
const EVERY_OF_TESTS: &str = "61";
/// Guards without which the sweep must turn red: that shows that it can.
const GUARDS_OF_TESTS: [&str; 2] = ["durable_before_send", "disk_failure"];

/// The stage of the tests.
pub fn short(tree: &Tree) -> Result<Tally> {
    let mut tally = Tally::default();
    let ended = start(tree, &["--every", EVERY_OF_TESTS], "disks")?;
    for line in ended.stdout.lines().filter(|line| line.contains(" cases in ")) {
        println!("   {line}");
    }
    tally.count(ended.succeeded());
    for guard in GUARDS_OF_TESTS {
        let ended = start(tree, &["--every", "7", "--break", guard], &format!("disks-without-{guard}"))?;
        tally.count(ended.succeeded());
    }
    Ok(tally)
}

fn start(tree: &Tree, arguments: &[&str], log: &str) -> Result<program::Ended> {
    let mut command = Command::new(tree.program("tillgate-disks"));
    command.args(arguments);
    let ended = program::run(&mut command, &tree.log(log), Output::Together, LIMIT)?;
    if !ended.succeeded() {
        println!("   {}", ended.story());
    }
    Ok(ended)
}

/// The command: built to run fast, and told as it goes.
pub fn run(tree: &Tree, arguments: &[String]) -> Result<bool> {
    let mut build = compile::cargo(tree, "build");
    build.args(["--quiet", "--profile", "fast", "--package", "tillgate-disks"]);
    if !build.status().context("cargo cannot be started")?.success() {
        return Ok(false);
    }
    let program = tree.target.join("fast/tillgate-disks");
    Ok(Command::new(program).args(arguments).status().context("the sweep cannot be started")?.success())
}
