//! Histories from seeds: a short run among the tests, a long one by hand.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::compile;
use crate::program::{self, Output};
use crate::report::Tally;
use crate::tree::Tree;

const LIMIT: Duration = Duration::from_secs(10 * 60);
/// Enough for every fault to come about, and short.
const SEEDS_OF_TESTS: u32 = 150;
/// A guard that a short run finds missing: it shows that the run can fail.
const GUARD_OF_TESTS: &str = "no_blind_resend";

/// The stage of the tests.
pub fn short(tree: &Tree) -> Result<Tally> {
    let mut tally = Tally::default();
    for (arguments, log) in [
        (vec!["--seeds".to_string(), SEEDS_OF_TESTS.to_string(), "--every-fault".to_string()], "simulate"),
        (vec!["--seeds".into(), "20".into(), "--break".into(), GUARD_OF_TESTS.into()], "simulate-broken"),
    ] {
        let mut command = Command::new(tree.program("tillgate-simulate"));
        command.args(arguments);
        let ended = program::run(&mut command, &tree.log(log), Output::Together, LIMIT)?;
        if !ended.succeeded() {
            println!("   {}", ended.story());
        }
        if let Some(line) = ended.stdout.lines().find(|line| line.contains(" histories, ")) {
            println!("   {line}");
        }
        tally.count(ended.succeeded());
    }
    Ok(tally)
}

/// The command: built to run fast, and told as it goes.
pub fn run(tree: &Tree, arguments: &[String]) -> Result<bool> {
    let mut build = compile::cargo(tree, "build");
    build.args(["--quiet", "--profile", "fast", "--package", "tillgate-simulation"]);
    if !build.status().context("cargo cannot be started")?.success() {
        return Ok(false);
    }
    let program = tree.target.join("fast/tillgate-simulate");
    Ok(Command::new(program).args(arguments).status().context("the simulation cannot be started")?.success())
}
