//! What the examples share: the shop's own part. How it opens its till, where it saves ids, and what it says at the counter.
//! A real till has a key store and a database where this has files.
#![allow(dead_code, reason = "each example uses a part of it")]

use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use tillgate::{
    CysendAccount, CysendClient, CysendConfig, CysendCredentials, JournalKey, Order, OrderState, Secret,
    Till, TillConfig, block_on, new_journal_key,
};

/// What every example is told: by default the sandbox's.
pub struct Arguments {
    pub url: String,
    pub user: String,
    pub password: String,
    pub journal: String,
    /// What is the example's own.
    pub more: Vec<String>,
}

pub fn arguments() -> Arguments {
    let mut given = std::env::args().skip(1);
    Arguments {
        url: given.next().unwrap_or("http://127.0.0.1:8765/openapi/prod/v5.2.3".into()),
        user: given.next().unwrap_or("till".into()),
        // A real till takes the password from its key store: others on this machine can see a command line.
        password: given.next().unwrap_or("secret".into()),
        journal: given.next().unwrap_or("journal".into()),
        more: given.collect(),
    }
}

pub fn client(told: &Arguments) -> tillgate::Result<Arc<CysendClient>> {
    CysendClient::new(CysendConfig {
        credentials: CysendCredentials {
            user: Some(told.user.clone()),
            password: Some(Secret::new(told.password.clone())),
            token: None,
        },
        base_url: Some(told.url.clone()),
        ..CysendConfig::default()
    })
}

pub fn open_till(told: &Arguments) -> Result<Arc<Till>, Box<dyn Error>> {
    let till = block_on(Till::open(TillConfig {
        // Makes the journal of a new till. A till that has sold before leaves it off: then a journal that is gone is an
        // error, and not a till that has forgotten its orders.
        create: true,
        key: Some(key_of(&told.journal)?),
        ..TillConfig::new(told.journal.clone())
    }))?;
    block_on(till.attach_cysend(CysendAccount { client: client(told)?, name: None }))?;
    Ok(till)
}

/// The key that encrypts vouchers, and the name under which the journal knows it. They lie beside the journal for the sake
/// of the examples alone: a real till keeps the key where passwords are kept, and a copy elsewhere.
fn key_of(journal: &str) -> Result<JournalKey, Box<dyn Error>> {
    let path = format!("{journal}.key");
    let saved = match load(&path)? {
        Some(saved) => saved,
        None => {
            let new = format!("first {}", new_journal_key().reveal());
            save(&path, &new)?;
            new
        }
    };
    let (id, key) = saved.split_once(' ').ok_or("the file of the key is not NAME KEY")?;
    Ok(JournalKey { id: id.into(), key: Secret::new(key.to_string()) })
}

/// Writes a file whole or not at all, and onto the disk.
pub fn save(path: &str, text: &str) -> io::Result<()> {
    let new = format!("{path}.new");
    let mut file = fs::File::create(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(new, path)?;
    // The new name is on the disk once the folder is.
    let folder = Path::new(path).parent().filter(|folder| *folder != Path::new(""));
    fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// What was saved, or nothing if nothing was. One that cannot be read is an error, not a missing one.
pub fn load(path: &str) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(unreadable) => Err(unreadable),
    }
}

/// What to say at the counter.
pub fn in_words(order: &Order) -> String {
    match order.state {
        OrderState::Succeeded => {
            format!("Done: {} {} of {}.", order.amount.amount, order.amount.currency, order.product)
        }
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
        OrderState::NeedsReview => {
            let why = order.review.map(|reason| format!(" ({reason:?})")).unwrap_or_default();
            format!(
                "A person must look at order {}{why}: ask the gateway, then call resolve. Do not sell it again.",
                order.id
            )
        }
    }
}

/// Ends with 0 if it went well.
pub fn end(result: Result<bool, Box<dyn Error>>) -> ExitCode {
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // The text says what happened to the money and what to do now.
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
