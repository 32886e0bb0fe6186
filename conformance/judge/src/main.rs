//! Compares what a till's journal says of each order with what the gateway's ledger says, and both with what must have become
//! of it.
//!
//! It shares no code with the library: it reads the ledger's lines and the journal's tables as any program can. Exit codes: 0,
//! all agree; 1, something is wrong; 2, it could not judge.

mod expected;
mod journal;
mod ledger;
mod verdict;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

/// What to compare.
struct Arguments {
    expected: PathBuf,
    ledger: PathBuf,
    journals: Vec<PathBuf>,
}

fn main() -> ExitCode {
    match judge() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("tillgate-judge: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn judge() -> Result<bool> {
    let arguments = arguments()?;
    let expected = expected::read(&arguments.expected)?;
    let taken = ledger::read(&arguments.ledger)?;
    let mut told = Vec::new();
    for path in &arguments.journals {
        told.extend(journal::read(path).with_context(|| format!("{} cannot be read", path.display()))?);
    }
    let judged = verdict::judge(&expected, &told, &taken);
    print!("{}", verdict::table(&judged));
    let totals = verdict::totals(&judged);
    println!("{totals}");
    Ok(totals.wrong == 0)
}

fn arguments() -> Result<Arguments> {
    let (mut expected, mut ledger, mut journals) = (None, None, Vec::new());
    let mut given = std::env::args_os().skip(1);
    while let Some(name) = given.next() {
        let mut value = || given.next().map(PathBuf::from).context("an argument lacks its value");
        match name.to_str() {
            Some("--expected") => expected = Some(value()?),
            Some("--ledger") => ledger = Some(value()?),
            Some("--journal") => journals.push(value()?),
            _ => bail!("give --expected FILE --ledger FILE --journal FILE [--journal FILE …]"),
        }
    }
    match (expected, ledger) {
        (Some(expected), Some(ledger)) if !journals.is_empty() => {
            Ok(Arguments { expected, ledger, journals })
        }
        _ => bail!("give --expected FILE --ledger FILE --journal FILE [--journal FILE …]"),
    }
}
