//! `cargo xtask bench`: what exactness and durability cost, beside others and beside our own client without a journal.
//!
//! A row has sides, each a program of its own that makes a round when it is asked for one. They are asked in turns, so that whatever
//! else this machine does falls on all of them; the ratio of a row is the median of the ratios of its rounds. Our sides are what is
//! shipped: the C library and the wheel as `cargo xtask package` makes them, the crate as a user's own release build makes it.

mod gateway;
mod machine;
mod makes;
mod peers;
mod rows;
mod sides;
mod table;

use anyhow::{Result, bail};

use crate::report::{Report, Tally};
use crate::setup;
use crate::tree::Tree;

use self::makes::Makes;
use self::rows::{ROWS, Row};
use self::table::Table;

/// How much is done: for figures, or only to see that it works.
#[derive(Clone, Copy)]
pub struct Scale {
    pub rounds: usize,
    pub products: u64,
    pub orders: u64,
    pub commits: u64,
    pub one_by_one: u64,
    pub calls_of_c: u64,
    pub calls_of_python: u64,
    pub calls_of_node: u64,
    pub calls_of_kotlin: u64,
    pub pages: u64,
    pub at_once: u64,
    pub held: u64,
    pub look_ups_per_second: u64,
    pub watch_s: u64,
}

const FULL: Scale = Scale {
    rounds: 7,
    products: 6_000,
    orders: 6_400,
    commits: 400,
    one_by_one: 200,
    calls_of_c: 5_000_000,
    calls_of_python: 300_000,
    calls_of_node: 1_000_000,
    calls_of_kotlin: 100_000,
    pages: 2_000,
    at_once: 1_000,
    held: 1_000_000,
    look_ups_per_second: 200,
    watch_s: 15,
};

/// Some seconds, for the tests: what it measures means nothing, but that all sides agree does.
const SMALL: Scale = Scale {
    rounds: 1,
    products: 60,
    orders: 128,
    commits: 10,
    one_by_one: 4,
    calls_of_c: 1_000,
    calls_of_python: 1_000,
    calls_of_node: 1_000,
    calls_of_kotlin: 1_000,
    pages: 20,
    at_once: 100,
    held: 500,
    look_ups_per_second: 20,
    watch_s: 2,
};

/// The command. Without names, all rows; in small, on what `cargo xtask test` has left built.
pub fn run(tree: &Tree, names: &[String], in_small: bool) -> Result<bool> {
    for name in names {
        if !ROWS.iter().any(|row| row.name == name) {
            let known: Vec<&str> = ROWS.iter().map(|row| row.name).collect();
            bail!("there is no row {name:?}; there are {}", known.join(", "));
        }
    }
    let chosen: Vec<&Row> =
        ROWS.iter().filter(|row| names.is_empty() || names.iter().any(|name| name == row.name)).collect();
    if in_small {
        let mut report = Report::default();
        report.cases("benches, in small", || rows_in_small(tree, &chosen));
        return Ok(report.finish());
    }
    let mut report = Report::default();
    if !report.prepare("set-up: the machine", || setup::machine(tree, setup::For::Benches)) {
        return Ok(report.finish());
    }
    let mut makes = None;
    report.prepare("build: what is measured", || {
        makes = Some(Makes::shipped(tree, &chosen)?);
        Ok(())
    });
    let Some(makes) = makes else { return Ok(report.finish()) };
    let mut table = Table::default();
    for row in chosen {
        report.cases(row.name, || {
            let lines = row.measure(tree, &makes, &FULL)?;
            for line in &lines {
                println!("   {}", line.in_short());
            }
            table.add(lines);
            // A missed goal is told in the table; a row fails when its sides do not agree.
            Ok(Tally::passed(1))
        });
    }
    let text = format!("{}\n{}", machine::told(tree)?, table.markdown());
    let file = tree.target.join("bench.md");
    std::fs::write(&file, &text)?;
    println!("\n{text}\nit stands in {}", tree.told(&file));
    Ok(report.finish())
}

/// The stage of the tests: every row in small, on what the tests have built, without the peers.
pub fn small(tree: &Tree) -> Result<Tally> {
    rows_in_small(tree, &ROWS.iter().collect::<Vec<_>>())
}

fn rows_in_small(tree: &Tree, rows: &[&Row]) -> Result<Tally> {
    let makes = Makes::of_tests(tree)?;
    let mut tally = Tally::default();
    for row in rows {
        match row.measure(tree, &makes, &SMALL) {
            Ok(lines) => tally.count(!lines.is_empty()),
            Err(error) => {
                println!("   {}: {error:#}", row.name);
                tally.count(false);
            }
        }
    }
    Ok(tally)
}
