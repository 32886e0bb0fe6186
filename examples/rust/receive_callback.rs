//! Sells one top-up of 10 CHF, and receives the gateway's callback about it by the till itself.
//!
//!     cargo run -p tillgate --example receive_callback -- [URL [USER [PASSWORD [JOURNAL]]]]
//!
//! Without arguments it sells at the sandbox: `cargo run -p tillgate-sandbox -- --port 8765`.

mod shop;

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

use tillgate::{
    BeneficiaryField, CallbackReceiverConfig, Money, NewOrder, OrderState, Secret, block_on,
    new_callback_path, new_id,
};

use shop::{arguments, in_words, load, open_till, save};

fn main() -> ExitCode {
    shop::end(sell())
}

/// Whether it was sold.
fn sell() -> Result<bool, Box<dyn Error>> {
    let told = arguments();
    let till = open_till(&told)?;

    let receiver = block_on(till.receive_callbacks(CallbackReceiverConfig {
        // On this machine only, for the sandbox. What CY.SEND is to reach listens on another address, with a certificate,
        // or behind a proxy whose https address is `public_url`.
        address: Some("127.0.0.1:0".into()),
        // The same at each start, so that orders of an earlier one are heard of too.
        path: Some(path_of(&told.journal)?),
        ..CallbackReceiverConfig::default()
    }))?;
    // For the sandbox: who knows the address can send callbacks, so a real till tells it to the gateway alone.
    println!("callbacks at {}", receiver.callback_url());

    let id = new_id();
    save(&format!("{}.sale", told.journal), &id)?;
    block_on(till.buy(NewOrder { callback_url: Some(receiver.callback_url()), ..top_up(&id) }))?;
    // Nothing that a callback says is believed: it only makes the till ask the gateway sooner. So there is nothing to do
    // here but to wait, as without callbacks; or to read events.
    let order = block_on(till.wait(id, 120_000))?;

    println!("{}", in_words(&order));
    let status = block_on(receiver.status())?;
    println!("Taken: {} callbacks of {} requests.", status.handled, status.connections);
    block_on(receiver.close())?;
    block_on(till.close())?;
    Ok(order.state == OrderState::Succeeded)
}

/// The path that nobody guesses: it keeps strangers out, since callbacks are not signed.
fn path_of(journal: &str) -> Result<Arc<Secret>, Box<dyn Error>> {
    let file = format!("{journal}.path");
    if let Some(saved) = load(&file)? {
        return Ok(Secret::new(saved));
    }
    let path = new_callback_path();
    save(&file, &path.reveal())?;
    Ok(path)
}

fn top_up(id: &str) -> NewOrder {
    // 1111 is the catalogue's number of this face value. `live` would cost money; there is no default.
    NewOrder {
        beneficiary: vec![BeneficiaryField { name: "mobile".into(), value: "+41791234567".into() }],
        ..NewOrder::new(id, "1111", Money::new(10.into(), "CHF"), "simulate-success")
    }
}
