//! Sells through power cuts, failing disks and full disks at every operation, and prints what became of the promise.

use std::process::ExitCode;

use lexopt::prelude::*;
use tillgate::testing::{Guard, switch_off};
use tillgate_disks::sweep::{self, Totals};

const HELP: &str = "\
tillgate-disks [--every N] [--threads N] [--break GUARD]

Carries out one plan of orders on a disk that loses power, fails or is full, at each of its operations in turn, and holds the
journal against the gateway's ledger after each. --every N tries one case in N. With --break one guard is off, and the
cases are tried until one shows it.
";

/// Broken cases that are told in full.
const TOLD_MAX: usize = 5;

struct Asked {
    every: u64,
    threads: usize,
    broken: Option<Guard>,
}

fn main() -> ExitCode {
    match asked() {
        Ok(Some(asked)) => match run(&asked) {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(error) => {
                eprintln!("{error}");
                ExitCode::FAILURE
            }
        },
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
    let mut asked = Asked { every: 1, threads, broken: None };
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("every") => asked.every = arguments.value()?.parse::<u64>()?.max(1),
            Long("threads") => asked.threads = arguments.value()?.parse()?,
            Long("break") => {
                let name = arguments.value()?.string()?;
                asked.broken = Some(Guard::from_name(&name).ok_or(format!("no guard is called {name}"))?);
            }
            Short('h') | Long("help") => return Ok(None),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Some(asked))
}

/// Whether all went as it should.
fn run(asked: &Asked) -> std::io::Result<bool> {
    // A task that panics is a finding and is told as one.
    if std::env::var_os("RUST_BACKTRACE").is_none() {
        std::panic::set_hook(Box::new(|_| {}));
    }
    let counted = sweep::count()?;
    let counts: Vec<String> =
        counted.counts.iter().map(|(o, count)| format!("{count} {}", o.name())).collect();
    println!("the plan changes the disk {} times: {}", counted.changes, counts.join(", "));
    if !counted.breaches.is_empty() {
        println!("broken without any fault: {:?}", counted.breaches);
        return Ok(false);
    }
    let _off = asked.broken.map(switch_off);
    let cases = sweep::cases(&counted, asked.every);
    let totals = sweep::sweep(&cases, asked.threads, asked.broken.is_some());
    let Some(guard) = asked.broken else { return Ok(tell(&totals, asked.threads)) };
    let shown = totals.broken.iter().find(|(_, report)| report.breaks_the_promise());
    match shown {
        Some((case, report)) => {
            let worst = report.breaches.iter().min_by_key(|breach| breach.kind);
            let story = worst.map_or("an old journal was not noticed".to_string(), |b| b.story.clone());
            println!("{}: shown after {} cases, by {case:?}: {story}", guard.name(), totals.cases());
        }
        None => println!("{}: none of {} cases shows it", guard.name(), totals.cases()),
    }
    Ok(shown.is_some())
}

fn tell(totals: &Totals, threads: usize) -> bool {
    totals.print();
    println!(
        "\n{} cases in {} s on {threads} threads ({:.0} ms each), {} broken",
        totals.cases(),
        totals.took.as_secs(),
        totals.took.as_secs_f64() * 1_000.0 * threads as f64 / totals.cases().max(1) as f64,
        totals.broken.len()
    );
    for (case, report) in totals.broken.iter().take(TOLD_MAX) {
        println!("  {case:?}");
        if report.unnoticed {
            println!("    a journal older than its mirror was not noticed");
        }
        for breach in &report.breaches {
            println!("    {:?}: {}", breach.kind, breach.story);
        }
    }
    let never = totals.never_struck();
    if !never.is_empty() {
        println!("faults that never came about: {}", never.join("; "));
    }
    let seldom = totals.seldom_struck_again();
    if !seldom.is_empty() {
        println!("second faults that came about too seldom: {}", seldom.join("; "));
    }
    totals.cases() > 0 && totals.broken.is_empty() && never.is_empty() && seldom.is_empty()
}
