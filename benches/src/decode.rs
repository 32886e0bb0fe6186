//! A catalogue into records, and the sum of all its costs. The text is in memory; only the reading is measured.

use std::time::Instant;

use rust_decimal::Decimal;

use crate::rounds::{Round, serve};
use crate::{Result, plain};

pub fn run(side: &str, file: &str) -> Result<()> {
    let text = std::fs::read(file)?;
    match side {
        // What the client does with an answer, but for fetching it.
        "ours" => serve(|| {
            measured(
                &text,
                |text| Ok(serde_json::from_slice::<tillgate::CysendCatalogue>(text)?),
                |read| {
                    let fixed = read.face_values.fixed.iter().map(|one| one.cost);
                    let ranges =
                        read.face_values.range.iter().flat_map(|one| [one.minimum_cost, one.maximum_cost]);
                    (fixed.chain(ranges).sum(), read.face_values.fixed.len() + read.face_values.range.len())
                },
            )
        }),
        "plain" => serve(|| {
            measured(
                &text,
                |text| Ok(serde_json::from_slice::<plain::Catalogue>(text)?),
                |read| {
                    let fixed = read.face_values.fixed.iter().map(|one| one.cost);
                    let ranges =
                        read.face_values.range.iter().flat_map(|one| [one.minimum_cost, one.maximum_cost]);
                    (fixed.chain(ranges).sum(), read.face_values.fixed.len() + read.face_values.range.len())
                },
            )
        }),
        other => Err(format!("there is no side {other:?}").into()),
    }
}

fn measured<T>(
    text: &[u8],
    read: impl Fn(&[u8]) -> Result<T>,
    sum: impl Fn(&T) -> (Decimal, usize),
) -> Result<Round> {
    let begun = Instant::now();
    let catalogue = read(text)?;
    let nanoseconds = begun.elapsed().as_nanos();
    let (sum, count) = sum(&catalogue);
    Ok(Round { nanoseconds, count: count as u64, sum: Some(sum.normalize().to_string()), ..Round::default() })
}
