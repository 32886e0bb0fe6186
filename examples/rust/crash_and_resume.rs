//! Sells one top-up of 10 CHF, whatever happens to this program on the way.
//!
//!     cargo run -p tillgate --example crash_and_resume -- [URL [USER [PASSWORD [JOURNAL]]]]
//!
//! Kill it at any moment and run it again: it goes on with the sale that it finds, and never buys a second time. Without
//! arguments it sells at the sandbox: `cargo run -p tillgate-sandbox -- --port 8765`.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use tillgate::{
    BeneficiaryField, CysendAccount, CysendClient, CysendConfig, CysendCredentials, JournalKey, Money,
    NewOrder, Order, OrderState, Secret, Till, TillConfig, block_on, new_id, new_journal_key,
};

/// Twenty minutes in all.
const WAITS_MAX: u32 = 120;
const WAIT_MS: u64 = 10_000;

fn main() -> ExitCode {
    match sell_or_go_on() {
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
fn sell_or_go_on() -> Result<bool, Box<dyn std::error::Error>> {
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

    let sale = format!("{journal}.unfinished");
    let id = match fs::read_to_string(&sale) {
        Ok(id) => {
            println!("going on with {id}");
            id
        }
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => {
            // Saved before anything is bought. A new id for an old sale would buy a second time.
            let id = new_id();
            save(&sale, &id)?;
            println!("a new sale, {id}");
            id
        }
        Err(unreadable) => return Err(unreadable.into()),
    };

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

    // The file with the id stays until the customer has the goods or the money; then it makes room for the next sale.
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
