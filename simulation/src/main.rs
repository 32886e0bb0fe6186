//! Runs histories from seeds and says whether the promise held.

mod guards;
mod regressions;
mod run;

use std::path::PathBuf;
use std::process::ExitCode;

use lexopt::prelude::*;
use tillgate::testing::Guard;

use run::{Demands, Seeds};

const HELP: &str = "\
tillgate-simulate [--seeds N] [--from S] [--threads N]
                  [--every-fault [--least N]] [--every-edge] [--diagram FILE] [--regressions FILE [--keep]]
                  [--break GUARD | --every-guard]

Runs the histories of N seeds from S on. What is sent, carried out, told and answered is held against the journal and the
gateways' ledger when it happens; the rest of the promise is checked at the end of each history.

--every-fault   fails too when a fault came about less than --least times (by default once)
--every-edge    fails too when a transition that should come about never did
--diagram       writes the state diagram with the count on each transition, in Mermaid's words
--regressions   runs the seeds of this file first; with --keep, a seed that fails is added to it
--break         one guard is off, and seeds are run until one shows it
--every-guard   the same for each guard in turn, with a table of the seeds that each needed
";

struct Asked {
    seeds: Seeds,
    demands: Demands,
    diagram: Option<PathBuf>,
    regressions: Option<PathBuf>,
    keep: bool,
    mode: Mode,
}

#[derive(Clone, Copy)]
enum Mode {
    Promise,
    Break(Guard),
    EveryGuard,
}

fn main() -> ExitCode {
    match asked() {
        Ok(Some(asked)) if carry_out(&asked) => ExitCode::SUCCESS,
        Ok(Some(_)) => ExitCode::FAILURE,
        Ok(None) => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}\n\n{HELP}");
            ExitCode::from(2)
        }
    }
}

fn asked() -> Result<Option<Asked>, lexopt::Error> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut asked = Asked {
        seeds: Seeds { first: Vec::new(), from: 1, count: 1_000, threads },
        demands: Demands { least_of_each_fault: None, every_edge: false },
        diagram: None,
        regressions: None,
        keep: false,
        mode: Mode::Promise,
    };
    let (mut every_fault, mut least) = (false, 1);
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("seeds") => asked.seeds.count = arguments.value()?.parse()?,
            Long("from") => asked.seeds.from = arguments.value()?.parse()?,
            Long("threads") => asked.seeds.threads = arguments.value()?.parse()?,
            Long("every-fault") => every_fault = true,
            Long("least") => least = arguments.value()?.parse()?,
            Long("every-edge") => asked.demands.every_edge = true,
            Long("diagram") => asked.diagram = Some(arguments.value()?.into()),
            Long("regressions") => asked.regressions = Some(arguments.value()?.into()),
            Long("keep") => asked.keep = true,
            Long("break") => {
                let name = arguments.value()?.string()?;
                let guard = Guard::from_name(&name).ok_or(format!("no guard is called {name}"))?;
                asked.mode = Mode::Break(guard);
            }
            Long("every-guard") => asked.mode = Mode::EveryGuard,
            Short('h') | Long("help") => return Ok(None),
            other => return Err(other.unexpected()),
        }
    }
    asked.demands.least_of_each_fault = every_fault.then_some(least);
    Ok(Some(asked))
}

/// Whether all went as it should.
fn carry_out(asked: &Asked) -> bool {
    tillgate_simulation::history::hear_panics();
    match asked.mode {
        Mode::Break(guard) => guards::show(guard, &asked.seeds),
        Mode::EveryGuard => guards::show_all(&asked.seeds),
        Mode::Promise => keep_the_promise(asked),
    }
}

fn keep_the_promise(asked: &Asked) -> bool {
    let mut seeds = asked.seeds.clone();
    if let Some(file) = &asked.regressions {
        match regressions::read(file) {
            Ok(kept) => seeds.first = kept,
            Err(error) => {
                println!("{} cannot be read: {error}", file.display());
                return false;
            }
        }
    }
    let totals = run::run(&seeds, false);
    totals.tell();
    if let Some(file) = &asked.diagram
        && let Err(error) = std::fs::write(file, totals.diagram())
    {
        println!("{} cannot be written: {error}", file.display());
        return false;
    }
    if asked.keep
        && let Some(file) = &asked.regressions
        && let Err(error) = regressions::keep(file, &totals.broken)
    {
        println!("{} cannot be written: {error}", file.display());
        return false;
    }
    totals.fulfils(&asked.demands)
}
