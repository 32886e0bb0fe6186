//! Asks the judge, a program that shares no code with the library.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::expectation::Expected;
use crate::program::{self, Output};
use crate::tree::Tree;

const LIMIT: Duration = Duration::from_secs(120);

/// What the judge counted.
#[derive(Debug, Default)]
pub struct Verdict {
    /// What it printed for people.
    pub table: String,
    counts: HashMap<String, u64>,
}

impl Verdict {
    pub fn count(&self, name: &str) -> u64 {
        self.counts.get(name).copied().unwrap_or(0)
    }

    /// Everything that it found wrong.
    pub fn wrong(&self) -> u64 {
        self.count("wrong")
    }

    pub fn add(&mut self, other: &Self) {
        for (name, count) in &other.counts {
            *self.counts.entry(name.clone()).or_default() += count;
        }
    }
}

/// Has the journals compared with the ledger. Every order that anyone has must be among the expected ones.
pub fn ask(
    tree: &Tree,
    folder: &Path,
    expected: &[Expected],
    journals: &[&Path],
    ledger: &Path,
) -> Result<Verdict> {
    let case = folder.join("expected.json");
    std::fs::write(&case, Value::from_iter(expected.iter().map(Expected::json)).to_string())?;
    let mut command = Command::new(tree.program("tillgate-judge"));
    command.arg("--expected").arg(&case).arg("--ledger").arg(ledger);
    for journal in journals {
        command.arg("--journal").arg(journal);
    }
    let ended = program::run(&mut command, &folder.join("judge.log"), Output::Apart, LIMIT)?;
    // 1: it judged, and something is wrong. Anything else: it could not judge.
    if !matches!(ended.exit_code, Some(0 | 1)) {
        bail!("the judge could not judge: {}", ended.story());
    }
    let (table, totals) = ended.stdout.trim_end().rsplit_once('\n').context("the judge said too little")?;
    let counts = totals.strip_prefix("totals ").context("the judge counted nothing")?;
    let counts = counts.split(' ').map(|count| {
        let (name, number) = count.split_once('=').context("the judge's totals cannot be read")?;
        Ok((name.to_string(), number.parse()?))
    });
    Ok(Verdict { table: table.to_string(), counts: counts.collect::<Result<_>>()? })
}
