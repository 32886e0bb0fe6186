//! Fuzzing: a bounded run of every target among the tests, a long one by hand.
//!
//! libFuzzer on stable Rust: the coverage that it wants is a pass of LLVM, which the compiler runs when asked by name. No sanitizer
//! is linked; what must not touch wrong memory is run again under Valgrind.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use lexopt::prelude::*;

use crate::compile;
use crate::program::{self, Output};
use crate::report::{Report, Tally};
use crate::setup;
use crate::tree::Tree;

const LIMIT: Duration = Duration::from_secs(30 * 60);
/// A single input that takes longer is a defect: no input of any target needs a hundredth of it.
const INPUT_TIMEOUT_S: u32 = 25;
/// As long as an input may be; longer ones find nothing that shorter ones do not.
const INPUT_SIZE_MAX: u32 = 4096;
/// What a run by hand takes for each target when nothing is said.
const SECONDS: u64 = 60;
/// The same numbers in each run of the tests: a red run is red again.
const SEED: &str = "-seed=20260301";

/// A target, and how many inputs its bounded run tries after the corpus.
struct Target {
    name: &'static str,
    runs: u32,
}

/// Together they take about a minute.
const TARGETS: [Target; 9] = [
    Target { name: "answers", runs: 20_000 },
    Target { name: "evidence", runs: 30_000 },
    Target { name: "callbacks", runs: 8_000 },
    Target { name: "dates", runs: 400_000 },
    Target { name: "decimals", runs: 300_000 },
    Target { name: "requests", runs: 40_000 },
    Target { name: "receiver", runs: 6_000 },
    Target { name: "journal", runs: 2_000 },
    Target { name: "c_entry", runs: 15_000 },
];

/// A defect that is planted in the target itself, and that the bounded run must find: it shows that the run can fail.
const PLANTED: (&str, &str) = ("evidence", "three_outcomes");

/// What the compiler is asked for, so that libFuzzer sees where an input goes and what it is compared with.
const COVERAGE: [&str; 7] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    // The pass numbers what it counts per unit.
    "-Ccodegen-units=1",
    "--cfg=fuzzing",
];

/// The command.
pub fn run(tree: &Tree, arguments: &[String]) -> Result<bool> {
    let (mut name, mut seconds) = (None, SECONDS);
    let mut parser = lexopt::Parser::from_args(arguments.to_vec());
    while let Some(argument) = parser.next()? {
        match argument {
            Long("seconds") => seconds = parser.value()?.parse()?,
            Long("bounded") => {
                let mut report = Report::default();
                report.cases("fuzzing, bounded", || bounded(tree));
                return Ok(report.finish());
            }
            Value(value) if name.is_none() => name = Some(value.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    let known = || TARGETS.map(|target| target.name).join(", ");
    if let Some(name) = &name
        && !TARGETS.iter().any(|target| target.name == *name)
    {
        bail!("there is no target {name:?}; there are {}", known());
    }
    setup::machine(tree, setup::For::Tests)?;
    let programs = build(tree)?;
    let mut all_well = true;
    for target in TARGETS.iter().filter(|target| name.as_ref().is_none_or(|name| name == target.name)) {
        println!("== {} for {seconds} s", target.name);
        let mut command = fuzzer(tree, &programs, target.name)?;
        // What is new goes into the first folder: a run by hand goes on where the last one ended.
        let found = folder(tree, "found", target.name)?;
        command.arg(format!("-max_total_time={seconds}")).arg(&found).arg(corpus(tree, target.name));
        let ended = command.status().context("the target cannot be started")?;
        if !ended.success() {
            all_well = false;
            how_to_keep(tree, target.name)?;
        }
    }
    Ok(all_well)
}

/// The stage of the tests: the corpus and a fixed number of inputs, then what C's functions touch, under Valgrind.
pub fn bounded(tree: &Tree) -> Result<Tally> {
    let begun = Instant::now();
    let programs = build(tree)?;
    println!("   built in {} s", begun.elapsed().as_secs());
    let mut tally = Tally::default();
    for target in &TARGETS {
        let mut command = fuzzer(tree, &programs, target.name)?;
        let inputs = inputs(&corpus(tree, target.name))?.len();
        // libFuzzer counts what it runs of the corpus, too.
        let runs = inputs + target.runs as usize;
        command.arg(SEED).arg(format!("-runs={runs}")).arg(fresh(tree, target.name)?);
        command.arg(corpus(tree, target.name));
        let ended =
            program::run(&mut command, &tree.log(&format!("fuzz-{}", target.name)), Output::Together, LIMIT)?;
        let done = done(&ended.stdout);
        let well = ended.succeeded() && inputs > 0 && done.is_some_and(|done| done >= runs);
        if well {
            println!(
                "   {}: {inputs} of the corpus and {} more in {:.1} s",
                target.name,
                target.runs,
                ended.took.as_secs_f32()
            );
        } else {
            println!("   {}", ended.story());
            how_to_keep(tree, target.name)?;
        }
        tally.count(well);
    }
    tally.count(under_valgrind(tree, &programs)?);
    tally.count(planted_is_found(tree, &programs)?);
    Ok(tally)
}

/// How many inputs libFuzzer says that it ran.
fn done(output: &str) -> Option<usize> {
    let line = output.lines().rev().find_map(|line| line.strip_prefix("Done "))?;
    line.split(' ').next()?.parse().ok()
}

/// Builds all targets, apart from every other build.
fn build(tree: &Tree) -> Result<PathBuf> {
    let platform = platform()?;
    let mut command = compile::cargo(tree, "build");
    command.env("CARGO_TARGET_DIR", tree.target.join("fuzz"));
    command.env("CARGO_ENCODED_RUSTFLAGS", COVERAGE.join("\u{1f}"));
    command.arg("--manifest-path").arg(tree.root.join("fuzz/Cargo.toml"));
    // Named, so that the programs of the build itself are built without coverage.
    command.args(["--locked", "--bins", "--target", &platform]);
    program::run(&mut command, &tree.log("fuzz-build"), Output::Together, LIMIT)?.ok()?;
    Ok(tree.target.join("fuzz").join(platform).join("debug"))
}

/// The name by which the compiler knows this machine.
fn platform() -> Result<String> {
    let said = Command::new("rustc").arg("-vV").output().context("rustc cannot be started")?;
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_string).context("rustc does not say what machine this is")
}

fn fuzzer(tree: &Tree, programs: &Path, target: &str) -> Result<Command> {
    let mut command = Command::new(programs.join(target));
    command.current_dir(&tree.root);
    command.arg(format!("-artifact_prefix={}/", folder(tree, "crashes", target)?.display()));
    command.arg(format!("-timeout={INPUT_TIMEOUT_S}")).arg(format!("-max_len={INPUT_SIZE_MAX}"));
    let dictionary = tree.root.join(format!("fuzz/dictionaries/{target}.dict"));
    if dictionary.is_file() {
        command.arg(format!("-dict={}", dictionary.display()));
    }
    Ok(command)
}

/// The whole corpus of C's entry points, each byte of memory watched.
fn under_valgrind(tree: &Tree, programs: &Path) -> Result<bool> {
    let mut command = Command::new("valgrind");
    // Addresses alone: what counts for coverage compares values before it is known that they were ever written.
    command.args(["--error-exitcode=99", "--quiet", "--leak-check=no", "--undef-value-errors=no"]);
    command.arg(programs.join("c_entry"));
    // The driver catches no signals: they are Valgrind's to explain.
    command.args(["-handle_segv=0", "-handle_abrt=0", "-timeout=600"]);
    let inputs = inputs(&corpus(tree, "c_entry"))?;
    command.args(&inputs);
    let ended = program::run(&mut command, &tree.log("fuzz-valgrind"), Output::Together, LIMIT)?;
    let well = ended.succeeded() && !inputs.is_empty();
    if well {
        println!("   c_entry under Valgrind: {} inputs in {:.1} s", inputs.len(), ended.took.as_secs_f32());
    } else {
        println!("   {}", ended.story());
    }
    Ok(well)
}

/// With a guard switched off, the bounded run of a target must fail, by its own judgement.
fn planted_is_found(tree: &Tree, programs: &Path) -> Result<bool> {
    let (target, guard) = PLANTED;
    let runs = TARGETS.iter().find(|one| one.name == target).map_or(0, |one| one.runs);
    let mut command = Command::new(programs.join(target));
    command.env("TILLGATE_GUARDS_OFF", guard).args([SEED, &format!("-runs={runs}")]);
    command.arg(format!("-artifact_prefix={}/", folder(tree, "planted", target)?.display()));
    command.arg(fresh(tree, "planted")?).arg(corpus(tree, target));
    let ended = program::run(&mut command, &tree.log("fuzz-planted"), Output::Together, LIMIT)?;
    let found = !ended.succeeded() && !ended.timed_out && ended.stdout.contains("panicked at");
    if found {
        println!("   without the guard {guard}, {target} fails as it must");
    } else {
        println!("   without the guard {guard}, {target} found nothing\n{}", ended.story());
    }
    Ok(found)
}

fn how_to_keep(tree: &Tree, target: &str) -> Result<()> {
    for input in inputs(&folder(tree, "crashes", target)?)? {
        let name = input.file_name().unwrap_or_default().to_string_lossy();
        println!(
            "   to keep it as a regression: cp {} fuzz/corpus/{target}/regression-{}",
            input.strip_prefix(&tree.root).unwrap_or(&input).display(),
            name.rsplit('-').next().unwrap_or(&name).chars().take(12).collect::<String>()
        );
    }
    Ok(())
}

fn corpus(tree: &Tree, target: &str) -> PathBuf {
    tree.root.join("fuzz/corpus").join(target)
}

/// A folder of this target below `target/fuzz`.
fn folder(tree: &Tree, what: &str, target: &str) -> Result<PathBuf> {
    let folder = tree.target.join("fuzz").join(what).join(target);
    std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    Ok(folder)
}

/// An empty one, so that what an earlier run found does not change this one.
fn fresh(tree: &Tree, target: &str) -> Result<PathBuf> {
    let folder = folder(tree, "bounded", target)?;
    std::fs::remove_dir_all(&folder)?;
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// The files of a folder, in the order of their names.
fn inputs(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    let mut files: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_run_is_read_from_the_last_line() {
        let output = "#178\tINITED cov: 9\n#400\tDONE   cov: 9\nDone 400 runs in 3 second(s)\n";
        assert_eq!(done(output), Some(400));
        assert_eq!(done("thread 'main' panicked"), None);
    }
}
