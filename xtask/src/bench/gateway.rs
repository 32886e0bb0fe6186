//! The gateway that all sides of a row buy at.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

/// One that ends when it is dropped.
pub struct Gateway {
    child: Child,
    pub url: String,
}

/// What it has counted since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub orders: u64,
    pub twice: u64,
    pub look_ups: u64,
    pub look_ups_in_a_second_max: u64,
}

impl Gateway {
    /// Starts one that gives out this catalogue; `manner` is what it says of an order: `success` or `accepted`.
    pub fn start(program: &Path, catalogue: &Path, manner: &str) -> Result<Self> {
        let mut child = Command::new(program)
            .arg("gateway")
            .arg(catalogue)
            .arg(manner)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} could not be started", program.display()))?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("the gateway has no output")?).read_line(&mut line)?;
        let url = line.trim().strip_prefix("listening on ").unwrap_or_default().to_string();
        let gateway = Self { child, url };
        if gateway.url.is_empty() {
            bail!("the gateway said {line:?} instead of where it listens");
        }
        Ok(gateway)
    }

    pub fn counts(&self) -> Result<Counts> {
        let answer = minreq::get(format!("{}/counts", self.url)).with_timeout(30).send()?;
        let value: serde_json::Value = serde_json::from_str(answer.as_str()?)?;
        let count = |name: &str| value[name].as_u64().with_context(|| format!("the gateway has no {name}"));
        Ok(Counts {
            orders: count("orders")?,
            twice: count("twice")?,
            look_ups: count("look_ups")?,
            look_ups_in_a_second_max: count("look_ups_in_a_second_max")?,
        })
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
