//! Holds the journal against the gateway's ledger and against what the application was told. It reads a copy of the journal's file and
//! log, and shares no code with the till.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use tillgate_simulation::promise::STATES;

use crate::gateway::{Ledger, Product, voucher_code};
use crate::shop::{Books, BreachKind};
use crate::vfs::ORIGINAL;

/// An order as the journal has it.
pub struct Entry {
    pub state: String,
    pub failure: Option<String>,
    pub version: u64,
    pub in_conflict: bool,
    /// Word, state and version of each change.
    history: Vec<(String, i64, u64)>,
}

/// A journal as a stranger reads it.
#[derive(Default)]
pub struct Reading {
    pub epoch: u64,
    pub orders: BTreeMap<String, Entry>,
}

/// Reads what the journal's file and its log hold now, from copies in this folder: reading changes neither.
pub fn read_copy(journal: &Path, copies: &Path) -> Result<Reading, String> {
    let copy = copies.join("copy");
    for ending in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(with_ending(&copy, ending));
    }
    if !journal.exists() {
        return Ok(Reading::default());
    }
    fs::copy(journal, &copy).map_err(|error| error.to_string())?;
    let _ = fs::copy(with_ending(journal, "-wal"), with_ending(&copy, "-wal"));
    read(&copy).map_err(|error| error.to_string())
}

pub fn with_ending(path: &Path, ending: &str) -> std::path::PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(ending);
    path.into()
}

fn read(journal: &Path) -> rusqlite::Result<Reading> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let journal = Connection::open_with_flags_and_vfs(journal, flags, ORIGINAL)?;
    let epoch: String =
        journal.query_row("SELECT value FROM meta WHERE name = 'epoch'", [], |row| row.get(0))?;
    let mut reading = Reading { epoch: epoch.parse().unwrap_or_default(), orders: BTreeMap::new() };
    let mut orders = journal.prepare("SELECT id, body FROM orders")?;
    let orders: Vec<(i64, String)> =
        orders.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
    let mut history =
        journal.prepare("SELECT what, state, sequence FROM history WHERE order_id = ?1 ORDER BY sequence")?;
    for (number, body) in orders {
        let history = history
            .query_map([number], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)? as u64)))?
            .collect::<rusqlite::Result<_>>()?;
        let body: Value = serde_json::from_str(&body).unwrap_or_default();
        let order = &body["order"];
        let entry = Entry {
            state: order["state"].as_str().unwrap_or_default().to_string(),
            failure: order["failure"].as_str().map(str::to_string),
            version: order["version"].as_u64().unwrap_or_default(),
            in_conflict: !order["conflict"].is_null(),
            history,
        };
        reading.orders.insert(order["id"].as_str().unwrap_or_default().to_string(), entry);
    }
    Ok(reading)
}

/// When a process begins: whatever was told must be in the journal.
pub fn check_told(reading: &Reading, books: &mut Books) {
    let told: Vec<_> = books.told.iter().map(|(id, told)| (id.clone(), told.clone())).collect();
    for (id, told) in told {
        match reading.orders.get(&id) {
            None => {
                let story = format!("{id} was told to be {} and is not in the journal", told.state);
                books.breach(BreachKind::Lost, story);
            }
            Some(entry) if entry.version < told.version => {
                let story = format!(
                    "{id} was told to be {} (version {}) and the journal says {} (version {})",
                    told.state, told.version, entry.state, entry.version
                );
                books.breach(BreachKind::Misreported, story);
            }
            Some(_) => {}
        }
    }
}

/// At the end: each order has exactly one state that it may have.
pub fn check(reading: &Reading, found: &BTreeMap<String, (u64, String)>, ledger: &Ledger, books: &mut Books) {
    for row in &ledger.rows {
        let count = ledger.rows.iter().filter(|other| other.id == row.id).count();
        if count > 1 {
            books.breach(BreachKind::BoughtTwice, format!("{} was bought {count} times", row.id));
        }
        if !reading.orders.contains_key(&row.id) {
            books.breach(BreachKind::Lost, format!("{} was bought and the journal does not know it", row.id));
        }
    }
    let orders: Vec<_> = books.orders.iter().map(|(id, product)| (id.clone(), *product)).collect();
    for (id, product) in orders {
        let found = found.get(&id).map(|(_, state)| state.as_str());
        match (expected(&id, product, found, ledger), reading.orders.get(&id)) {
            (None, None) => {}
            (None, Some(entry)) => {
                let story = format!("{id} is {} and should not be there", entry.state);
                books.breach(BreachKind::Misreported, story);
            }
            (Some(state), None) => {
                books.breach(BreachKind::Lost, format!("{id} should be {state:?} and is not in the journal"));
            }
            (Some((state, failure)), Some(entry)) => {
                if (entry.state.as_str(), entry.failure.as_deref()) != (state, failure) || entry.in_conflict {
                    let story = format!(
                        "{id} is {} {:?} (conflict: {}) and should be {state} {failure:?}; found as {found:?}; history {:?}",
                        entry.state, entry.failure, entry.in_conflict, entry.history
                    );
                    books.breach(BreachKind::Misreported, story);
                }
                check_history(&id, entry, books);
            }
        }
    }
    check_told(reading, books);
    let finals = ["succeeded", "failed", "cancelled", "expired"];
    let told: Vec<_> = books.told.iter().map(|(id, told)| (id.clone(), told.state.to_string())).collect();
    for (id, told) in told {
        let is = reading.orders.get(&id).map(|entry| entry.state.clone()).unwrap_or_default();
        if finals.contains(&told.as_str()) && is != told && is != "reversed" {
            let story = format!("{id} was told to be {told}, which is final, and is {is}");
            books.breach(BreachKind::Misreported, story);
        }
    }
    let callbacks: Vec<_> = books.callbacks.iter().map(|(id, before)| (id.clone(), *before)).collect();
    for (id, before) in callbacks {
        if ledger.looked_up(&id) <= before {
            let story = format!("a callback for {id} was answered with 200, and no look-up followed");
            books.breach(BreachKind::Lost, story);
        }
    }
    let sold = reading.orders.get("S1").is_some_and(|entry| entry.state == "succeeded");
    let voucher = books.vouchers.get("S1").cloned();
    if sold && voucher.as_deref() != Some(&voucher_code("S1")) {
        books.breach(BreachKind::Lost, format!("the voucher of S1 was revealed as {voucher:?}"));
    }
}

type Final = (&'static str, Option<&'static str>);

/// The one state that an order must end in; nothing for one that must not exist. It follows from what the gateway has; where the gateway has
/// nothing, from the product and from the state in which a later process found the order first.
fn expected(id: &str, product: Option<Product>, found: Option<&str>, ledger: &Ledger) -> Option<Final> {
    if let Some(row) = ledger.row(id) {
        let undone = ledger.rows.iter().any(|other| other.undid.as_deref() == Some(id));
        return Some(match row.product {
            Product::IssuerFails => ("failed", Some("issuer")),
            _ if undone => ("reversed", None),
            _ => ("succeeded", None),
        });
    }
    let absent = ("failed", Some("absent"));
    let unanswered = matches!(found, Some("sending" | "unknown"));
    Some(match (product, found) {
        // What an earlier process left pending is not sent by a later one.
        (_, Some("pending" | "expired")) => ("expired", None),
        (Some(Product::RequestLost), _) => absent,
        (Some(Product::Refused), _) if !unanswered => ("failed", Some("refused")),
        _ if unanswered || found == Some("failed") => absent,
        (Some(Product::NotSent), _) => ("cancelled", None),
        // The order that it was to undo was not bought.
        (None, _) if ledger.row("S6").is_none() => return None,
        // It was asked for until it was placed, so the gateway must have it.
        _ => ("succeeded", None),
    })
}

/// Each change of state was told by an event, and final states stay.
fn check_history(id: &str, entry: &Entry, books: &mut Books) {
    let seen = books.seen.get(id).cloned().unwrap_or_default();
    let mut before: Option<&str> = None;
    for (what, state, version) in &entry.history {
        let state = STATES.get(*state as usize).copied().unwrap_or("?");
        // An order that is placed and sent in one commit is told by its `buy`.
        let placed = *version == 2 && what == "attempt";
        if before.is_some_and(|before| before != state) && !placed && !seen.contains(version) {
            let story = format!("{id} became {state} (version {version}), and no event told it");
            books.breach(BreachKind::Lost, story);
        }
        before = Some(state);
    }
    if before != Some(entry.state.as_str()) {
        let story = format!("{id} is {} and its history ends with {before:?}", entry.state);
        books.breach(BreachKind::Misreported, story);
    }
    if !seen.is_sorted() {
        books.breach(BreachKind::Misreported, format!("{id} has events out of their order: {seen:?}"));
    }
}
