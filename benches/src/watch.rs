//! A million open orders that are looked up: how much memory the process takes, and how fast it asks.

use std::path::Path;
use std::time::{Duration, Instant};

use tillgate::{OrderState, TransportConfig, block_on};

use crate::Result;
use crate::million::{TEMPLATE, copied};
use crate::rounds::{Round, serve};
use crate::till;

pub fn run(url: &str, place: &str, orders: &str, rate: &str, seconds: &str) -> Result<()> {
    let (orders, rate, seconds): (u64, u32, u64) = (orders.parse()?, rate.parse()?, seconds.parse()?);
    let place = Path::new(place);
    let till = till::open(url, place, None)?;
    let order = block_on(till.buy(till::new_order(TEMPLATE)))?;
    if order.state != OrderState::Accepted {
        return Err(format!("the order is {}", order.state).into());
    }
    block_on(till.close())?;
    let held = copied(place, orders)?;
    let before = memory("VmRSS")?;
    // What selling the one order took is not what is measured.
    std::fs::write("/proc/self/clear_refs", "5")?;
    let begun = Instant::now();
    let transport = TransportConfig { rate_limit_per_second: Some(rate), ..TransportConfig::default() };
    let till = till::open(url, place, Some(transport))?;
    let taken_up = begun.elapsed();
    serve(|| {
        // Not a wait for anything: this is how long the rate is watched.
        std::thread::sleep(Duration::from_secs(seconds));
        let most = memory("VmHWM")?;
        let status = block_on(till.status())?;
        Ok(Round {
            nanoseconds: taken_up.as_nanos(),
            count: status.open_orders,
            figures: vec![
                ("orders held".into(), held),
                ("memory before, KiB".into(), before),
                ("memory at most, KiB".into(), most),
                ("memory now, KiB".into(), memory("VmRSS")?),
            ],
            ..Round::default()
        })
    })?;
    block_on(till.close())?;
    Ok(())
}

/// A figure of this process, as the kernel keeps it.
fn memory(name: &str) -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let line = line.ok_or("the kernel does not tell the memory of a process")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}
