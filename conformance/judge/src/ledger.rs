//! The gateway's own book: one line of JSON per purchase, and one per change of its status.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

/// A purchase that the gateway really took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The caller's id (`user_uid`).
    pub id: String,
    /// `accepted`, `success` or `failed`, as it now is.
    pub status: String,
}

#[derive(Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Line {
    Accepted { sequence: u64, user_uid: String, status: String },
    Changed { sequence: u64, change: Change },
}

#[derive(Deserialize)]
struct Change {
    status: String,
}

pub fn read(path: &Path) -> Result<Vec<Taken>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    of_lines(&text)
}

fn of_lines(text: &str) -> Result<Vec<Taken>> {
    let mut rows = BTreeMap::new();
    for (index, line) in text.lines().enumerate() {
        let line: Line =
            serde_json::from_str(line).with_context(|| format!("line {} of the ledger", index + 1))?;
        match line {
            Line::Accepted { sequence, user_uid, status } => {
                rows.insert(sequence, Taken { id: user_uid, status });
            }
            Line::Changed { sequence, change } => {
                rows.get_mut(&sequence).context("a change of a purchase that is not in the ledger")?.status =
                    change.status;
            }
        }
    }
    Ok(rows.into_values().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_change_of_a_purchase_counts() {
        let text = r#"{"event":"accepted","sequence":1,"uid":"u-1","user_uid":"a","status":"accepted","cost":9.5}
{"event":"accepted","sequence":2,"uid":"u-2","user_uid":"b","status":"success"}
{"event":"changed","sequence":1,"uid":"u-1","user_uid":"a","change":{"status":"failed","at_ms":5}}
"#;
        let row = |id: &str, status: &str| Taken { id: id.into(), status: status.into() };
        assert_eq!(of_lines(text).unwrap(), [row("a", "failed"), row("b", "success")]);
        assert!(of_lines("{\"event\":\"changed\"").is_err());
    }
}
