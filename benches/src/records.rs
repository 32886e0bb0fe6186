//! Ten records through a call, and one record through it, one after the other.

use std::path::Path;
use std::time::Instant;

use tillgate::{OrderFilter, block_on};

use crate::Result;
use crate::rounds::{Round, serve};
use crate::till::{self, Ids};

const RECORDS: u32 = 10;

pub fn run(url: &str, place: &str, count: &str) -> Result<()> {
    let count: u64 = count.parse()?;
    let till = till::open(url, Path::new(place), None)?;
    let mut ids = Ids::new("records");
    for _ in 0..RECORDS {
        block_on(till.buy(till::new_order(&ids.next())))?;
    }
    serve(|| {
        let begun = Instant::now();
        let (mut records, mut one) = (Vec::new(), Vec::new());
        for _ in 0..count {
            for (limit, times) in [(RECORDS, &mut records), (1, &mut one)] {
                let asked = Instant::now();
                let page = block_on(till.list(OrderFilter { limit, ..OrderFilter::default() }))?;
                times.push(asked.elapsed().as_nanos() as u64);
                if page.orders.len() != limit as usize {
                    return Err(format!("{} orders", page.orders.len()).into());
                }
            }
        }
        let samples = vec![("records".into(), records), ("one".into(), one)];
        Ok(Round { nanoseconds: begun.elapsed().as_nanos(), count, samples, ..Round::default() })
    })?;
    block_on(till.close())?;
    Ok(())
}
