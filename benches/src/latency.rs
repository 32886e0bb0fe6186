//! One order after the other: through a till, through the bare client, and one fdatasync of 4 KiB, in turns.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Instant;

use tillgate::{OrderState, block_on};

use crate::Result;
use crate::rounds::{Round, serve};
use crate::till::{self, Ids};

/// The file that is synced is as large as the journal's log before it is used anew.
const FILE_BLOCKS: u64 = 1_000;
const BLOCK: [u8; 4096] = [7; 4096];

pub fn run(url: &str, place: &str, count: &str) -> Result<()> {
    let count: usize = count.parse()?;
    let till = till::open(url, Path::new(place), None)?;
    let client = till::client(url, None)?;
    let file = File::create(Path::new(place).join("synced"))?;
    for block in 0..FILE_BLOCKS {
        file.write_all_at(&BLOCK, block * BLOCK.len() as u64)?;
    }
    file.sync_all()?;
    let (mut tills, mut clients) = (Ids::new("till"), Ids::new("client"));
    let mut block = 0;
    serve(|| {
        let begun = Instant::now();
        let (mut durable, mut bare, mut synced) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..count {
            let id = clients.next();
            let (request, at) = (till::request(&id), Instant::now());
            block_on(client.create_order(vec![request]))?;
            bare.push(at.elapsed().as_nanos() as u64);

            let at = Instant::now();
            // Written over, so that the file system has nothing but the bytes to write.
            file.write_all_at(&BLOCK, block % FILE_BLOCKS * BLOCK.len() as u64)?;
            file.sync_data()?;
            synced.push(at.elapsed().as_nanos() as u64);
            block += 1;

            let id = tills.next();
            let (order, at) = (till::new_order(&id), Instant::now());
            let order = block_on(till.buy(order))?;
            durable.push(at.elapsed().as_nanos() as u64);
            if order.state != OrderState::Succeeded {
                return Err(format!("{id} is {}", order.state).into());
            }
        }
        let samples = vec![("till".into(), durable), ("client".into(), bare), ("fdatasync".into(), synced)];
        Ok(Round {
            nanoseconds: begun.elapsed().as_nanos(),
            count: 2 * count as u64,
            samples,
            ..Round::default()
        })
    })?;
    block_on(till.close())?;
    Ok(())
}
