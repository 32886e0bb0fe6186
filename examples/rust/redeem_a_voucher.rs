//! Sells a voucher and prints its code, once, whatever happens to this program on the way.
//!
//!     cargo run -p tillgate --example redeem_a_voucher -- [URL [USER [PASSWORD [JOURNAL]]]]
//!
//! Kill it at any moment and run it again: it never buys a second voucher, and a second slip says that it is one. Without
//! arguments it sells at the sandbox: `cargo run -p tillgate-sandbox -- --port 8765`.

mod shop;

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use tillgate::{Money, NewOrder, OrderState, Till, TillgateError, Voucher, block_on, new_id};

use shop::{arguments, in_words, load, open_till, save};

fn main() -> ExitCode {
    shop::end(sell())
}

/// Whether the customer has the voucher.
fn sell() -> Result<bool, Box<dyn Error>> {
    let told = arguments();
    let till = open_till(&told)?;

    let sale = format!("{}.voucher", told.journal);
    let id = match load(&sale)? {
        Some(saved) => saved,
        None => {
            let new = new_id();
            save(&sale, &new)?;
            new
        }
    };
    // Bought once, however often this runs with the saved id. 3333 is the catalogue's number of this face value; `live` would
    // cost money, and there is no default.
    let voucher = NewOrder::new(&id, "3333", Money::new(25.into(), "EUR"), "simulate-success");
    block_on(till.buy(voucher))?;
    let order = block_on(till.wait(id.clone(), 120_000))?;
    println!("{}", in_words(&order));
    if order.state == OrderState::Succeeded && order.has_voucher {
        hand_out(&till, &id, &format!("{}.slip", told.journal))?;
    } else if order.state == OrderState::Succeeded {
        println!("The gateway delivered no code. Keep the customer's receipt and ask the gateway.");
    }

    block_on(till.close())?;
    Ok(order.state == OrderState::Succeeded && order.has_voucher)
}

/// Prints the code; `slip` is the file that remembers how far that has come.
fn hand_out(till: &Till, id: &str, slip: &str) -> Result<(), Box<dyn Error>> {
    let done = load(slip)?;
    if done.as_deref() == Some("printed") {
        println!(
            "The slip was printed. If it is lost, a manager decides: whoever has the code has the money."
        );
        return Ok(());
    }
    let voucher = reveal(till, id)?;
    // Nobody can print and write that down in one step. So what is begun is written down before: after a crash between the
    // two, the slip may already be in somebody's hand.
    save(slip, "printing")?;
    if done.as_deref() == Some("printing") {
        println!("COPY. The printing was cut short: look for the first slip, and hand out one of the two.");
    }
    for (name, secret) in [("Code", &voucher.code), ("PIN", &voucher.pin_code), ("Serial", &voucher.serial)] {
        if let Some(secret) = secret {
            println!("{name:8}{}", secret.reveal());
        }
    }
    if let (None, Some(link)) = (&voucher.code, &voucher.pdf_link) {
        println!("Voucher {}", link.reveal());
    }
    std::io::stdout().flush()?;
    save(slip, "printed")?;
    Ok(())
}

fn reveal(till: &Till, id: &str) -> tillgate::Result<Voucher> {
    // No order, event or log holds the code. Asking for it is written into the order's history, and may be repeated: it is
    // the same code each time, and not another voucher.
    match block_on(till.reveal(id.into())) {
        Err(TillgateError::WrongKey { .. }) => {
            // The key that encrypted it is lost. The gateway tells the code again, and today's key encrypts it.
            block_on(till.refetch_code(id.into()))?;
            block_on(till.reveal(id.into()))
        }
        answer => answer,
    }
}
