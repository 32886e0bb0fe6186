//! Sells one top-up of 10 CHF, and says what became of it.
//!
//!     cargo run -p tillgate --example sell -- [URL [USER [PASSWORD [JOURNAL]]]]
//!
//! Without arguments it sells at the sandbox: `cargo run -p tillgate-sandbox -- --port 8765`.

mod shop;

use std::error::Error;
use std::process::ExitCode;

use tillgate::{BeneficiaryField, Money, NewOrder, OrderState, block_on, new_id};

use shop::{arguments, in_words, open_till, save};

fn main() -> ExitCode {
    shop::end(sell())
}

/// Whether it was sold.
fn sell() -> Result<bool, Box<dyn Error>> {
    let told = arguments();
    let till = open_till(&told)?;

    // sample: sell
    let id = new_id();
    // Saved before anything is bought. If the machine dies from here on, the id tells what became of it.
    save(&format!("{}.sale", told.journal), &id)?;

    // 1111 is the catalogue's number of the face value. `live` would cost money; there is no default.
    let top_up = NewOrder {
        beneficiary: vec![BeneficiaryField { name: "mobile".into(), value: "+41791234567".into() }],
        ..NewOrder::new(&id, "1111", Money::new(10.into(), "CHF"), "simulate-success")
    };
    block_on(till.buy(top_up))?; // or .await, on any executor
    // Most orders are only accepted at first. This waits for their end, two minutes at most.
    let order = block_on(till.wait(id, 120_000))?;
    println!("{}", in_words(&order));
    // sample ends

    // Closing waits for what is on its way; what is still open is looked up when the till is opened again.
    block_on(till.close())?;
    Ok(order.state == OrderState::Succeeded)
}
