//! Sells one top-up of 10 CHF, and says what became of it.
//!
//!     cargo run -p tillgate --example sell -- [URL [USER [PASSWORD [JOURNAL]]]]
//!
//! Without arguments it sells at the sandbox: `cargo run -p tillgate-sandbox -- --port 8765`.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use tillgate::{
    BeneficiaryField, CysendAccount, CysendClient, CysendConfig, CysendCredentials, JournalKey, Money,
    NewOrder, Order, OrderState, Secret, Till, TillConfig, block_on, new_id, new_journal_key,
};

fn main() -> ExitCode {
    match sell() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // The text says what happened to the money and what to do now.
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether it was sold.
fn sell() -> Result<bool, Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().unwrap_or("http://127.0.0.1:8765/openapi/prod/v5.2.3".into());
    let user = arguments.next().unwrap_or("till".into());
    // A real till takes the password from its key store: others on this machine can see a command line.
    let password = arguments.next().unwrap_or("secret".into());
    let journal = arguments.next().unwrap_or("journal".into());

    let till = block_on(Till::open(TillConfig {
        // Makes the journal of a new till. A till that has sold before leaves it off: then a journal that is gone is an
        // error, and not a till that has forgotten its orders.
        create: true,
        key: Some(key_of(&journal)?),
        ..TillConfig::new(journal.clone())
    }))?;
    let client = CysendClient::new(CysendConfig {
        credentials: CysendCredentials {
            user: Some(user),
            password: Some(Secret::new(password)),
            token: None,
        },
        base_url: Some(url),
        ..CysendConfig::default()
    })?;
    block_on(till.attach_cysend(CysendAccount { client, name: None }))?;

    // The id is saved before anything is bought. If the machine dies from here on, the id tells what became of the order.
    let id = new_id();
    save(&format!("{journal}.sale"), &id)?;

    let order = block_on(till.buy(top_up(&id)))?;
    println!("{id} is {} after the first answer", order.state);
    // Most orders are only accepted at first. This waits for their end, two minutes at most.
    let order = block_on(till.wait(id, 120_000))?;
    println!("{}", in_words(&order));

    // What is still under way goes on being looked up when the till is opened again.
    block_on(till.close())?;
    Ok(order.state == OrderState::Succeeded)
}

fn top_up(id: &str) -> NewOrder {
    // 1111 is the catalogue's number of this face value. The scenario is a simulation: `live` would debit the account, and there
    // is no default.
    NewOrder {
        beneficiary: vec![BeneficiaryField { name: "mobile".into(), value: "+41791234567".into() }],
        ..NewOrder::new(id, "1111", Money::new(10.into(), "CHF"), "simulate-success")
    }
}

/// What to say at the counter.
fn in_words(order: &Order) -> String {
    match order.state {
        OrderState::Succeeded => format!("Done: the top-up is on its way to {}.", order.beneficiary[0].value),
        OrderState::Failed | OrderState::Cancelled | OrderState::Expired => {
            let why = order.failure.as_ref().map(|failure| failure.as_str().to_string());
            let why = order.response_text.clone().or(why).unwrap_or(order.state.to_string());
            format!("Not done ({why}). Give the money back, or sell again: a new sale has a new id.")
        }
        OrderState::Reversed => "Done and undone again. Give the money back.".to_string(),
        OrderState::Pending | OrderState::Sending | OrderState::Unknown | OrderState::Accepted => format!(
            "Not certain yet ({}). Do not sell again and do not give the money back: wait, it is being looked up.",
            order.state
        ),
        OrderState::NeedsReview => format!(
            "A person must look at order {} ({:?}): ask the gateway, then call resolve. Do not sell it again.",
            order.id, order.review
        ),
    }
}

/// The key that encrypts vouchers. It lies beside the journal for the sake of the example alone: a real till keeps it
/// where passwords are kept, and a copy elsewhere.
fn key_of(journal: &str) -> io::Result<JournalKey> {
    let path = format!("{journal}.key");
    if !Path::new(&path).exists() {
        save(&path, &new_journal_key().reveal())?;
    }
    let key: Arc<Secret> = Secret::new(fs::read_to_string(path)?);
    Ok(JournalKey { id: "first".into(), key })
}

/// Writes a file whole or not at all, and onto the disk. A till has a database for this.
fn save(path: &str, text: &str) -> io::Result<()> {
    let new = format!("{path}.new");
    let mut file = fs::File::create(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(new, path)
}
