//! Very many calls through the library as a Rust program has it: see `conformance/README.md`.

#[path = "../../examples/rust/shop.rs"]
mod shop;

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

use tillgate::{
    BeneficiaryField, CysendClient, CysendConfig, Money, NewOrder, Secret, Till, TillgateError, block_on,
    cysend_response_advice, new_id,
};

/// Nine turns of five calls, and one of seven.
const CALLS_IN_TEN_TURNS: u64 = 52;

fn main() -> ExitCode {
    shop::end(calls())
}

fn calls() -> Result<bool, Box<dyn Error>> {
    let told = shop::arguments();
    let till = shop::open_till(&told)?;
    let id = new_id();
    let top_up = NewOrder {
        beneficiary: vec![BeneficiaryField { name: "mobile".into(), value: "+41791234567".into() }],
        ..NewOrder::new(&id, "1111", Money::new(10.into(), "CHF"), "simulate-success")
    };
    block_on(till.buy(top_up))?;
    for calls in &told.more {
        for _ in 0..calls.parse::<u64>()? / CALLS_IN_TEN_TURNS {
            for _ in 0..10 {
                turn(&id)?;
            }
            waiting(&till, &id)?;
        }
        println!("{}", resident_kib()?);
    }
    block_on(till.close())?;
    Ok(true)
}

/// An object, a text out of it, a text, a record, an error with all its facts.
fn turn(id: &str) -> Result<(), Box<dyn Error>> {
    let secret = Secret::new("secret".to_string());
    let advice = cysend_response_advice("00".to_string());
    let nowhere = CysendConfig { base_url: Some("nowhere".into()), ..CysendConfig::default() };
    let refused = matches!(CysendClient::new(nowhere), Err(TillgateError::InvalidArgument { .. }));
    right(secret.reveal() == "secret" && new_id() != id && advice.is_some() && refused)
}

/// What has to be waited for: a record, and an error.
fn waiting(till: &Arc<Till>, id: &str) -> Result<(), Box<dyn Error>> {
    let order = block_on(till.order(id.to_string()))?;
    let unknown = matches!(block_on(till.order("nobody".into())), Err(TillgateError::UnknownOrder { .. }));
    right(order.id == id && unknown)
}

fn right(right: bool) -> Result<(), Box<dyn Error>> {
    if right { Ok(()) } else { Err("a call came to something else".into()) }
}

/// What this process has in memory now.
fn resident_kib() -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
