//! Histories from seeds: a short run among the tests, a long one by hand.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::compile;
use crate::program::{self, Output};
use crate::report::Tally;
use crate::tree::Tree;

const LIMIT: Duration = Duration::from_secs(10 * 60);
/// Enough to show that the whole of it works, and short.
const SEEDS_OF_TESTS: u32 = 300;
/// Guards that a short run finds missing: they show that the run can fail.
const GUARDS_OF_TESTS: [&str; 2] = ["no_blind_resend", "one_undo"];

/// The stage of the tests. Seeds that once failed come first.
pub fn short(tree: &Tree) -> Result<Tally> {
    let mut tally = Tally::default();
    let regressions = kept(tree);
    let seeds = SEEDS_OF_TESTS.to_string();
    let mut runs = vec![(
        vec!["--seeds", seeds.as_str(), "--every-fault", "--regressions", regressions.as_str()],
        "simulate".to_string(),
    )];
    for guard in GUARDS_OF_TESTS {
        runs.push((vec!["--seeds", "100", "--break", guard], format!("simulate-without-{guard}")));
    }
    for (arguments, log) in runs {
        let mut command = Command::new(tree.program("tillgate-simulate"));
        command.args(arguments);
        let ended = program::run(&mut command, &tree.log(&log), Output::Together, LIMIT)?;
        if !ended.succeeded() {
            println!("   {}", ended.story());
        }
        let telling = |line: &&str| line.contains(" histories, ") || line.contains(" shows it");
        if let Some(line) = ended.stdout.lines().find(telling) {
            println!("   {line}");
        }
        tally.count(ended.succeeded());
    }
    Ok(tally)
}

/// The command: built to run fast, and told as it goes. It keeps the seeds that fail.
pub fn run(tree: &Tree, arguments: &[String]) -> Result<bool> {
    let mut build = compile::cargo(tree, "build");
    build.args(["--quiet", "--profile", "fast", "--package", "tillgate-simulation"]);
    build.args(["--features", compile::FEATURES]);
    if !build.status().context("cargo cannot be started")?.success() {
        return Ok(false);
    }
    let mut simulation = Command::new(tree.target.join("fast/tillgate-simulate"));
    simulation.args(["--regressions", &kept(tree), "--keep"]);
    simulation.arg("--diagram").arg(tree.target.join("states.mmd")).args(arguments);
    Ok(simulation.status().context("the simulation cannot be started")?.success())
}

/// Where seeds that failed are kept.
fn kept(tree: &Tree) -> String {
    tree.root.join("simulation/regressions").to_string_lossy().into_owned()
}
