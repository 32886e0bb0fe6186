//! Many histories on all cores, and what came of them.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use tillgate_simulation::edges::{self, Edges};
use tillgate_simulation::fault::{Fault, Hits};
use tillgate_simulation::history::{self, Place, Report};

/// Broken histories that are told in full.
const TOLD_MAX: usize = 20;
/// Of each so much.
const TOLD_LENGTH_MAX: usize = 600;
/// Between two signs of life.
const SIGN_OF_LIFE: Duration = Duration::from_secs(10);

/// Which histories.
#[derive(Clone, Debug)]
pub struct Seeds {
    /// Seeds that come before the others.
    pub first: Vec<u64>,
    pub from: u64,
    pub count: u64,
    pub threads: usize,
}

/// What a run must bring about, besides breaking nothing.
pub struct Demands {
    pub least_of_each_fault: Option<u64>,
    pub every_edge: bool,
}

#[derive(Default)]
pub struct Totals {
    time: Duration,
    histories: u64,
    orders: u64,
    hits: Hits,
    edges: Edges,
    traces: HashSet<u64>,
    pub broken: Vec<(u64, Vec<String>)>,
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

    /// The smallest seed that broke something, and how.
    pub fn first_broken(&self) -> Option<(u64, &str)> {
        let (seed, broken) = self.broken.iter().min_by_key(|(seed, _)| *seed)?;
        Some((*seed, &broken[0]))
    }

    pub fn diagram(&self) -> String {
        edges::diagram(&self.edges)
    }

    /// The whole report.
    pub fn tell(&self) {
        println!("\nfaults");
        for (fault, count) in Fault::ALL.iter().zip(&self.hits.0) {
            println!("  {count:>9}  {}", fault.name());
        }
        println!("\ntransitions\n{}", edges::table(&self.edges));
        println!("{}", self.diagram());
        println!("{}", edges::excused(&self.edges));
        let digest = self.traces.iter().fold(0, |digest: u64, trace| digest ^ trace);
        println!(
            "{} histories, {} orders, {} different traces (digest {digest:016x}), {} broken, in {} s",
            self.histories,
            self.orders,
            self.traces.len(),
            self.broken.len(),
            self.time.as_secs()
        );
        for (seed, broken) in self.broken.iter().take(TOLD_MAX) {
            let all: String = broken.join("; ").chars().take(TOLD_LENGTH_MAX).collect();
            println!("  seed {seed}: {all}");
        }
    }

    /// Whether it was as it must be; says what was not.
    pub fn fulfils(&self, demands: &Demands) -> bool {
        let mut fulfilled = self.histories > 0 && self.broken.is_empty();
        if let Some(least) = demands.least_of_each_fault {
            for (fault, count) in Fault::ALL.iter().zip(&self.hits.0).filter(|(_, count)| **count < least) {
                println!("{:?} came about {count} times, not {least}", fault.name());
                fulfilled = false;
            }
        }
        if demands.every_edge {
            for edge in edges::missing(&self.edges) {
                println!("{edge} never came about");
                fulfilled = false;
            }
        }
        fulfilled
    }
}

/// Runs them, all or until one is broken.
pub fn run(seeds: &Seeds, until_broken: bool) -> Totals {
    let began = Instant::now();
    let all: Vec<u64> =
        seeds.first.iter().copied().chain(seeds.from..seeds.from.saturating_add(seeds.count)).collect();
    let next = AtomicUsize::new(0);
    let enough = AtomicBool::new(false);
    let mut totals = Totals::default();
    std::thread::scope(|scope| {
        let (sender, reports) = mpsc::channel();
        for _ in 0..seeds.threads.max(1) {
            let (sender, all, next, enough) = (sender.clone(), &all, &next, &enough);
            scope.spawn(move || {
                let place = Place::new().expect("a place for journals");
                while !enough.load(Ordering::SeqCst) {
                    let index = next.fetch_add(1, Ordering::SeqCst);
                    let Some(seed) = all.get(index) else { break };
                    if sender.send(history::run(*seed, &place)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        let mut told = Instant::now();
        for report in reports {
            totals.add(report);
            if !totals.broken.is_empty() && until_broken {
                enough.store(true, Ordering::SeqCst);
            }
            if told.elapsed() >= SIGN_OF_LIFE {
                told = Instant::now();
                println!("  {} of {} seeds, {} broken", totals.histories, all.len(), totals.broken.len());
            }
        }
    });
    totals.time = began.elapsed();
    totals
}
