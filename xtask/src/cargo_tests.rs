//! The tests that cargo runs, and the examples in Rust.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::compile::{self, Artifact, FEATURES, WORKSPACE};
use crate::examples;
use crate::program::{self, Output};
use crate::report::Tally;
use crate::tree::Tree;

const LIMIT: Duration = Duration::from_secs(30 * 60);

/// Runs all tests of the workspace, documentation included.
pub fn run(tree: &Tree) -> Result<Tally> {
    let mut command = compile::cargo(tree, "test");
    command.args(WORKSPACE).args(["--no-fail-fast", "--features", FEATURES]);
    let ended = program::run(&mut command, &tree.log("cargo-test"), Output::Together, LIMIT)?;
    let tally = tally(&ended.stdout);
    if !ended.succeeded() {
        if tally.failed == 0 {
            bail!("{}", ended.story());
        }
        println!("   {}", ended.story());
    }
    Ok(tally)
}

/// Runs each example at a sandbox of its own. One that core's `Cargo.toml` does not name is no program, and fails.
pub fn examples(tree: &Tree, artifacts: &[Artifact]) -> Result<Tally> {
    let folder = tree.fresh("rust-examples")?;
    let mut tally = Tally::default();
    let built: Vec<&Artifact> = artifacts.iter().filter(|artifact| artifact.is_example).collect();
    let program = |name: &str| {
        let example = built.iter().find(|example| example.target == name);
        let executable = example.and_then(|example| example.executable.as_ref());
        Ok(Command::new(executable.with_context(|| format!("{name} is no program"))?))
    };
    for source in std::fs::read_dir(tree.root.join("examples/rust"))? {
        let source = source?.path();
        let name = source.file_stem().unwrap_or_default().to_string_lossy();
        // What the others share, and no example.
        if name != "shop" {
            tally += examples::run(tree, &folder, &name, &program)?;
        }
    }
    Ok(tally)
}

/// What a test says that finds out while it runs that it cannot be run here: libtest takes it for passed.
const SKIPPED_ITSELF: &str = "skipped itself: ";
/// Why a test is ignored that another one starts in a process of its own. It is run, and counts with that one.
const CHILD: &str = "a child of ";

/// Adds up what the test programs said.
fn tally(output: &str) -> Tally {
    let mut tally = Tally::default();
    let mut skipped_themselves = 0;
    for line in output.lines() {
        if let Some(counts) = line.strip_prefix("test result: ") {
            for part in counts.split(['.', ';']) {
                match part.trim().split_once(' ') {
                    Some((count, "passed")) => tally.passed += count.parse().unwrap_or(0),
                    Some((count, "failed")) => tally.failed += count.parse().unwrap_or(0),
                    _ => {}
                }
            }
        } else if let Some((name, reason)) =
            line.strip_prefix("test ").and_then(|line| line.split_once(" ... ignored"))
        {
            let reason = reason.trim_start_matches(',').trim();
            let reason = if reason.is_empty() { "ignored, and its author did not say why" } else { reason };
            if !reason.starts_with(CHILD) {
                tally.skipped.push(format!("{name}: {reason}"));
            }
        } else if let Some(story) = line.strip_prefix(SKIPPED_ITSELF) {
            tally.skipped.push(story.to_string());
            skipped_themselves += 1;
        }
    }
    tally.passed = tally.passed.saturating_sub(skipped_themselves);
    tally
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_several_programs_add_up() {
        let output = "\
running 3 tests
test a ... ok
test slow ... ignored, takes ten minutes
test half ... ignored, a child of a

skipped itself: disk: nothing can be mounted
test disk ... ok
test result: ok. 3 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.00s
test other ... FAILED
test result: FAILED. 1 passed; 4 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s
";
        let tally = tally(output);
        assert_eq!((tally.passed, tally.failed), (3, 4));
        assert_eq!(tally.skipped, ["slow: takes ten minutes", "disk: nothing can be mounted"]);
    }
}
