//! `cargo xtask`: the one door for developers.

mod bench;
mod c;
mod cargo_tests;
mod compile;
mod conformance;
mod demo;
mod disks;
mod document;
mod examples;
mod expectation;
mod fuzz;
mod generate;
mod guards;
mod invent;
mod judge;
mod kills;
mod kotlin;
mod lint;
mod made_up;
mod memory;
mod mutate;
mod node;
mod operations;
mod package;
mod plan;
mod program;
mod python;
mod report;
mod runner;
mod samples;
mod sandbox;
mod sellers;
mod selling;
mod setup;
mod simulate;
mod test;
mod tree;

use std::process::ExitCode;

use anyhow::{Result, bail};
use lexopt::prelude::*;

const HELP: &str = "\
cargo xtask COMMAND

  test                  set up what is needed and run everything; the last line counts
  gen [--check]         write the generated files; --check only says which are out of date
  lint                  formatting, samples in pages, clippy, ruff, mypy, tsc: every warning is an error
  mutate [GUARD|RULE ...]
                        each guard of the rules of orders switched off: its tests are green with it and red without
  kills [--language L] [--every N]
                        a process killed at every crash point, or at one in N (rust, c, python, node, kotlin; all by default)
  document              the sandbox's answers held against CY.SEND's own description, with a report
  demo [--break GUARD]  sell through the worst moments and let a judge compare the books;
                        --break resend (or any guard's name) shows that the judge notices
  conformance [--language L]
                        what becomes of orders, by cases that are data; every public item with its docs; in each language
  invent                a record and an operation with random names in a copy's core, and nowhere else: in each language
                        they are there, with their docs, and the call comes to what it should
  memory [--language L] a million calls in each language, and what they left in the memory of their process
  operations            every operation, parameter and field of the gateway's OpenAPI file, in each language
  simulate [--seeds N] [--from S] [--every-fault [--least N]] [--every-edge] [--break GUARD | --every-guard]
                        histories of a till from seeds, with the promise checked whenever something is sent, carried
                        out or told, and whole at the end; the state diagram that they made; with a guard off, how
                        many seeds it takes to notice
  fuzz [TARGET] [--seconds N] [--bounded]
                        inputs that nobody thought of, into what reads answers, callbacks, journals and C's
                        arguments; one target or all, for a minute each; --bounded is the stage of the tests
  disks [--every N] [--break GUARD]
                        power cuts, failing and full disks at every operation of SQLite's, and what became of the
                        promise; with a guard off, the case that shows it
  bench [ROW ...] [--small]
                        what exactness and durability cost, beside others: one table, with the machine (target/bench.md);
                        in small, only whether the sides agree, on what the tests have built
  package [--try]       release builds into target/packages/: their sizes, symbols and parts; with --try, those
                        of this machine alone, and then each sells with the tree renamed and cargo not found
";

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all went well; an error says why it could not even be tried.
fn run() -> Result<bool> {
    let mut arguments = lexopt::Parser::from_env();
    let Some(first) = arguments.next()? else {
        print!("{HELP}");
        return Ok(false);
    };
    let command = match first {
        Value(command) => command.string()?,
        Short('h') | Long("help") => {
            print!("{HELP}");
            return Ok(true);
        }
        other => return Err(other.unexpected().into()),
    };
    let tree = tree::Tree::find()?;
    if matches!(command.as_str(), "simulate" | "fuzz" | "disks") {
        let arguments: Result<Vec<String>, _> =
            arguments.raw_args()?.map(|word| word.into_string()).collect();
        let arguments = arguments.map_err(|word| anyhow::anyhow!("{word:?} is no text"))?;
        return match command.as_str() {
            "fuzz" => fuzz::run(&tree, &arguments),
            "disks" => disks::run(&tree, &arguments),
            _ => simulate::run(&tree, &arguments),
        };
    }
    let (mut check, mut broken, mut language, mut guards) = (false, None, None, Vec::new());
    let (mut rows, mut stride) = (Vec::new(), std::num::NonZeroUsize::MIN);
    let mut which = package::Which::All;
    let mut in_small = false;
    while let Some(argument) = arguments.next()? {
        match (command.as_str(), argument) {
            (_, Short('h') | Long("help")) => {
                print!("{HELP}");
                return Ok(true);
            }
            ("gen", Long("check")) => check = true,
            ("demo", Long("break")) => broken = Some(arguments.value()?.string()?),
            ("kills" | "conformance" | "memory", Long("language")) => {
                language = Some(arguments.value()?.string()?)
            }
            ("kills", Long("every")) => stride = arguments.value()?.parse()?,
            ("package", Long("try")) => which = package::Which::Trial,
            ("bench", Long("small")) => in_small = true,
            ("bench", Value(row)) => rows.push(row.string()?),
            ("mutate", Value(word)) => guards.push(word.string()?),
            (_, other) => return Err(other.unexpected().into()),
        }
    }
    match command.as_str() {
        "test" => test::run(&tree),
        "gen" => generate::run(&tree, check),
        "lint" => lint::run(&tree),
        "mutate" => mutate::run(&tree, &guards),
        "document" => document::run(&tree),
        "kills" => kills::run(&tree, language.as_deref(), stride.get()),
        "demo" => demo::run(&tree, broken.as_deref()),
        "bench" => bench::run(&tree, &rows, in_small),
        "invent" => invent::command(&tree),
        "memory" => memory::command(&tree, language.as_deref()),
        "operations" => operations::command(&tree),
        "conformance" => conformance::command(&tree, language.as_deref()),
        "package" => package::run(&tree, which),
        other => bail!("there is no command {other:?}\n\n{HELP}"),
    }
}
