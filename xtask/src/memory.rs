//! A million calls in each language, and what they left behind in the memory of their process.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::program::{self, Output};
use crate::report::{Report, Tally};
use crate::sandbox::Sandbox;
use crate::sellers::{self, Language};
use crate::tree::Tree;
use crate::{c, kotlin, python};

const LIMIT: Duration = Duration::from_secs(10 * 60);

/// All that is allocated once is allocated in these.
const WARM_UP: u64 = 240_000;
const CALLS: u64 = 1_000_000;
/// Ten turns, in each of which each kind of call is made once, and two calls that wait for the journal.
const CALLS_IN_TEN_TURNS: u64 = 52;
/// The smallest thing that can be left behind: no allocator in use here takes less for one.
const LEAST_BYTES: u64 = 32;
/// Less than what comes of one such thing left behind in each turn (6 MB). Of the calls that wait, which are a tenth, 218 bytes would
/// have to be left by each: an order or an error has several times as many.
const GROWTH_MAX_KIB: u64 = 4_096;

const _: () = assert!(GROWTH_MAX_KIB * 1024 < 10 * CALLS / CALLS_IN_TEN_TURNS * LEAST_BYTES);

/// The command.
pub fn command(tree: &Tree, language: Option<&str>) -> Result<bool> {
    let languages = Language::chosen(language)?;
    let mut report = Report::default();
    if sellers::prepare(&mut report, tree, &languages).is_some() {
        report.cases("a million calls", || run(tree, &languages));
    }
    Ok(report.finish())
}

/// Each language is a case. A program that does leave something behind is one more: it must be noticed.
pub fn run(tree: &Tree, languages: &[Language]) -> Result<Tally> {
    // Kotlin takes as long as all others together.
    let (kotlin, others): (Vec<_>, Vec<_>) =
        languages.iter().partition(|language| **language == Language::Kotlin);
    let each = |languages: Vec<&Language>| -> Result<Vec<(&str, i64)>> {
        let grown = |language: &Language| {
            Ok((language.name(), grown_kib(tree, language.key(), &mut calls(tree, *language)?)?))
        };
        languages.into_iter().map(grown).collect()
    };
    let (kotlin, others) = std::thread::scope(|scope| {
        let kotlin = scope.spawn(|| each(kotlin));
        let others = each(others);
        let kotlin = kotlin.join().unwrap_or_else(|_| Err(anyhow::anyhow!("Kotlin's calls panicked")));
        (kotlin, others)
    });
    let mut tally = Tally::default();
    for (name, grown) in others?.into_iter().chain(kotlin?) {
        println!("   {name}: {grown} KiB more after {CALLS} calls");
        tally.count(grown <= GROWTH_MAX_KIB as i64);
    }
    if languages.contains(&Language::C) {
        let grown = grown_kib(tree, "c-leaks", &mut Command::new(c::memory(tree, &["-DLEAKS"])?))?;
        println!("   C, with one text never freed in each turn: {grown} KiB more, which must be noticed");
        tally.count(grown > GROWTH_MAX_KIB as i64);
    }
    Ok(tally)
}

/// The program of a language, without its arguments.
fn calls(tree: &Tree, language: Language) -> Result<Command> {
    let source = |name: &str| tree.root.join("conformance/memory").join(name);
    Ok(match language {
        Language::Rust => Command::new(tree.program("tillgate-memory")),
        Language::C => Command::new(c::memory(tree, &[])?),
        Language::Python => {
            let mut command = python::python(tree, &python::installed(tree), &[]);
            command.arg(source("memory.py"));
            command
        }
        Language::Node => {
            let mut command = Command::new("node");
            command.args(["--expose-gc", "--max-semi-space-size=1"]).arg(source("memory.mjs"));
            command
        }
        Language::Kotlin => {
            let mut command = Command::new(kotlin::JAVA);
            // Little, so that it does not hide what is left behind, and all of it there from the start, so that it does not grow.
            command.args(["-Xms48m", "-Xmx48m", "-XX:+AlwaysPreTouch"]);
            command.args(kotlin::arguments(tree, "MemoryKt")?);
            command
        }
    })
}

/// By how much the process was larger after the calls than before them, which may be less than nothing.
fn grown_kib(tree: &Tree, name: &str, command: &mut Command) -> Result<i64> {
    let place = tree.fresh(&format!("memory-{name}"))?;
    let sandbox = Sandbox::start_immediate(tree, &place)?;
    command.current_dir(&place).args(sandbox.example_arguments(&place));
    command.args([WARM_UP, CALLS].map(|calls| calls.to_string()));
    // One arena of glibc's: which thread of many takes how much of its own is not what this is about.
    command.env("MALLOC_ARENA_MAX", "1");
    told(command, &place)
}

fn told(command: &mut Command, place: &Path) -> Result<i64> {
    let ended = program::run(command, &place.join("calls.log"), Output::Apart, LIMIT)?.ok()?;
    let told: Vec<i64> = ended.stdout.lines().map(str::parse).collect::<Result<_, _>>()?;
    let [before, after] = told[..] else { bail!("it told {told:?} instead of two sizes") };
    if before <= 0 || after <= 0 {
        bail!("{before} and {after} KiB are no sizes");
    }
    Ok(after - before)
}
