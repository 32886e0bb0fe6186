//! Sells one top-up of 10 CHF, whatever happens to this program on the way.
//!
//!     cargo run -p tillgate --example crash_and_resume -- [URL [USER [PASSWORD [JOURNAL]]]]
//!
//! Kill it at any moment and run it again: it goes on with the sale that it finds, and never buys a second time. Without
//! arguments it sells at the sandbox: `cargo run -p tillgate-sandbox -- --port 8765`.

mod shop;

use std::error::Error;
use std::process::ExitCode;

use tillgate::{BeneficiaryField, Money, NewOrder, OrderState, block_on, new_id};

use shop::{arguments, in_words, load, open_till, save};

/// Twenty minutes in all.
const WAITS_MAX: u32 = 120;
const WAIT_MS: u64 = 10_000;

fn main() -> ExitCode {
    shop::end(sell_or_go_on())
}

/// Whether it was sold.
fn sell_or_go_on() -> Result<bool, Box<dyn Error>> {
    let told = arguments();
    let till = open_till(&told)?;
    let id = id_of_sale(&format!("{}.unfinished", told.journal))?;

    // The same id with the same request: an order that was placed before comes back as it is, and is not sent again.
    let mut order = block_on(till.buy(top_up(&id)))?;
    // If the program died at a bad moment and the gateway never got the order, it takes a quarter of an hour of asking
    // until that is certain. So wait for longer than that, and tell the people at the counter.
    for _ in 0..WAITS_MAX {
        println!("{id} is {}", order.state);
        if order.state.is_final() || order.state == OrderState::NeedsReview {
            break;
        }
        order = block_on(till.wait(id.clone(), WAIT_MS))?;
    }
    println!("{}", in_words(&order));

    block_on(till.close())?;
    Ok(order.state == OrderState::Succeeded)
}

/// The id of the sale that was begun, or of a new one. The file stays until the customer has the goods or the money; then it
/// makes room for the next sale.
fn id_of_sale(path: &str) -> Result<String, Box<dyn Error>> {
    if let Some(saved) = load(path)? {
        println!("going on with {saved}");
        return Ok(saved);
    }
    // Saved before anything is bought. A new id for an old sale would buy a second time.
    let new = new_id();
    save(path, &new)?;
    println!("a new sale, {new}");
    Ok(new)
}

fn top_up(id: &str) -> NewOrder {
    // 1111 is the catalogue's number of this face value. The scenario is a simulation: `live` would debit the account, and there
    // is no default.
    NewOrder {
        beneficiary: vec![BeneficiaryField { name: "mobile".into(), value: "+41791234567".into() }],
        ..NewOrder::new(id, "1111", Money::new(10.into(), "CHF"), "simulate-success")
    }
}
