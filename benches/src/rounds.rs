//! What a side says, and when.

use std::io::{BufRead, Write};

use crate::Result;

/// What one round came to.
#[derive(Default, serde::Serialize)]
pub struct Round {
    /// How long the measured part took.
    pub nanoseconds: u128,
    /// How many orders, calls or face values that were.
    pub count: u64,
    /// What came of it, for the judge: both sides of a row must say the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sum: Option<String>,
    /// Single times, where a row compares medians of them. By name, in nanoseconds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<(String, Vec<u64>)>,
    /// Figures that are no times. By name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub figures: Vec<(String, u64)>,
}

/// Says that it is ready, then makes a round for each line of standard input until that ends.
pub fn serve(mut round: impl FnMut() -> Result<Round>) -> Result<()> {
    let mut output = std::io::stdout();
    writeln!(output, "ready")?;
    output.flush()?;
    for line in std::io::stdin().lock().lines() {
        line?;
        writeln!(output, "{}", serde_json::to_string(&round()?)?)?;
        output.flush()?;
    }
    Ok(())
}
