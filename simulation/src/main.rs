//! Runs histories from seeds and says whether the promise held.

use std::collections::HashSet;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::Instant;

use lexopt::prelude::*;
use tillgate::testing::{Guard, switch_off};
use tillgate_simulation::fault::{Fault, Hits};
use tillgate_simulation::history::{self, Place, Report};
use tillgate_simulation::promise::Edges;

const HELP: &str = "\
tillgate-simulate [--seeds N] [--from S] [--threads N] [--every-fault] [--break GUARD]

Runs the histories of N seeds from S on and checks the promise at every step. With --every-fault it fails too when a
fault never came about. With --break one guard is off, and the seeds are run until one shows it.
";

/// Broken histories that are told in full.
const TOLD_MAX: usize = 5;
/// Seconds between two signs of life.
const SIGN_OF_LIFE_S: u64 = 10;

struct Asked {
    seeds: u64,
    from: u64,
    threads: usize,
    every_fault: bool,
    broken: Option<Guard>,
}

fn main() -> ExitCode {
    match asked() {
        Ok(Some(asked)) if simulate(&asked) => ExitCode::SUCCESS,
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
    let mut asked = Asked { seeds: 1_000, from: 1, threads, every_fault: false, broken: None };
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("seeds") => asked.seeds = arguments.value()?.parse()?,
            Long("from") => asked.from = arguments.value()?.parse()?,
            Long("threads") => asked.threads = arguments.value()?.parse()?,
            Long("every-fault") => asked.every_fault = true,
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

#[derive(Default)]
struct Totals {
    histories: u64,
    orders: u64,
    hits: Hits,
    edges: Edges,
    traces: HashSet<u64>,
    broken: Vec<(u64, Vec<String>)>,
}

impl Totals {
    fn add(&mut self, report: Report) {
        self.histories += 1;
        self.orders += report.orders;
        self.hits.add(&report.hits);
        for (edge, count) in report.edges {
            *self.edges.entry(edge).or_default() += count;
        }
        self.traces.insert(report.trace);
        if !report.broken.is_empty() {
            self.broken.push((report.seed, report.broken));
        }
    }
}

/// Whether all went as it should.
fn simulate(asked: &Asked) -> bool {
    let _off = asked.broken.map(switch_off);
    // A task that panics is a finding and is told as one.
    if std::env::var_os("RUST_BACKTRACE").is_none() {
        std::panic::set_hook(Box::new(|_| {}));
    }
    let began = Instant::now();
    let totals = run(asked);
    println!(
        "{} histories, {} orders, {} different traces in {} s",
        totals.histories,
        totals.orders,
        totals.traces.len(),
        began.elapsed().as_secs()
    );
    println!(
        "digest of all traces: {:016x}",
        totals.traces.iter().fold(0, |digest: u64, trace| digest ^ trace)
    );
    if let Some(guard) = asked.broken {
        return match totals.broken.iter().min_by_key(|(seed, _)| *seed) {
            Some((seed, broken)) => {
                println!("{}: seed {seed} shows it: {}", guard.name(), broken[0]);
                true
            }
            None => {
                println!("{}: no seed shows it", guard.name());
                false
            }
        };
    }
    println!("\nfaults");
    for (fault, count) in Fault::ALL.iter().zip(&totals.hits.0) {
        println!("  {count:>9}  {}", fault.name());
    }
    println!("\ntransitions");
    for ((from, to), count) in &totals.edges {
        println!("  {count:>9}  {from} -> {to}");
    }
    println!("\n{} broken", totals.broken.len());
    for (seed, broken) in totals.broken.iter().take(TOLD_MAX) {
        println!("  seed {seed}: {}", broken.join("; "));
    }
    let missing = totals.hits.0.iter().filter(|count| **count == 0).count();
    if asked.every_fault && missing > 0 {
        println!("{missing} faults never came about");
        return false;
    }
    totals.histories > 0 && totals.broken.is_empty()
}

fn run(asked: &Asked) -> Totals {
    let next = AtomicU64::new(asked.from);
    let end = asked.from + asked.seeds;
    let enough = AtomicBool::new(false);
    let mut totals = Totals::default();
    std::thread::scope(|scope| {
        let (sender, reports) = mpsc::channel();
        for _ in 0..asked.threads.max(1) {
            let (sender, next, enough) = (sender.clone(), &next, &enough);
            scope.spawn(move || {
                let place = Place::new().expect("a place for journals");
                while !enough.load(Ordering::SeqCst) {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= end || sender.send(history::run(seed, &place)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        let mut told = Instant::now();
        for report in reports {
            totals.add(report);
            if !totals.broken.is_empty() && asked.broken.is_some() {
                enough.store(true, Ordering::SeqCst);
            }
            if told.elapsed().as_secs() >= SIGN_OF_LIFE_S {
                told = Instant::now();
                println!("  {} of {} seeds, {} broken", totals.histories, asked.seeds, totals.broken.len());
            }
        }
    });
    totals
}
