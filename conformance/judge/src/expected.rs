//! What must have become of each order.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// An order, and the one end that is right.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// The caller's id.
    pub id: String,
    /// The language that it was sold from.
    pub language: String,
    /// What happened to it, in plain words.
    pub story: String,
    /// The exact final state, as the law of orders writes it.
    pub state: String,
    /// Why it failed, where it failed.
    pub failure: Option<String>,
    /// How often the gateway must have taken it.
    pub taken: u64,
}

pub fn read(path: &Path) -> Result<Vec<Expected>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let expected: Vec<Expected> = serde_json::from_str(&text).context("what is expected cannot be read")?;
    if expected.is_empty() {
        bail!("no orders are expected: there is nothing to judge");
    }
    Ok(expected)
}
