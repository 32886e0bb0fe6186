//! The promise, held against the journal and the gateway's ledger by a reader that shares no code with the till.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension};
use serde_json::Value;
use tillgate::orders::adapter::EvidenceStatus;

use crate::gateway::World;
use crate::shop::Books;

/// Transitions that were made: from, to, how often.
pub type Edges = BTreeMap<(String, String), u64>;

/// Look-ups of one order in one history, at most: an hour of one a minute, and the quick ones before.
const LOOK_UPS_MAX: u32 = 600;

/// Reads a journal beside the till.
pub struct Witness {
    journal: Connection,
}

/// An order and its history, as the journal has them.
struct Account {
    order: Value,
    /// Word, state, version.
    history: Vec<(String, i64, u64)>,
}

impl Witness {
    pub fn open(journal: &Path) -> rusqlite::Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let journal = Connection::open_with_flags(journal, flags)?;
        // Closing must not tidy up behind a till that was killed.
        journal.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        Ok(Self { journal })
    }

    pub fn knows(&self, id: &str) -> bool {
        self.body(id).is_ok_and(|body| body.is_some())
    }

    /// Whether an attempt of this order is durable and open.
    pub fn has_attempt(&self, id: &str) -> bool {
        let body = self.body(id).ok().flatten();
        body.is_some_and(|body| {
            let attempts = body["order"]["attempts"].as_array();
            body["order"]["state"] == "sending" && attempts.is_some_and(|attempts| !attempts.is_empty())
        })
    }

    /// Orders that are not at their end, and events that nobody has handled.
    pub fn left_to_do(&self) -> rusqlite::Result<i64> {
        self.journal
            .prepare_cached(
                "SELECT (SELECT count(*) FROM orders WHERE is_open = 1) + (SELECT count(*) FROM events)",
            )?
            .query_row([], |row| row.get(0))
    }

    pub fn has_left_quarantine(&self) -> bool {
        let sql = "SELECT count(*) FROM decisions WHERE what = 'leave_quarantine'";
        self.journal.query_row(sql, [], |row| row.get::<_, i64>(0)).is_ok_and(|count| count > 0)
    }

    fn body(&self, id: &str) -> rusqlite::Result<Option<Value>> {
        let text: Option<String> = self
            .journal
            .prepare_cached("SELECT body FROM orders WHERE key = ?1")?
            .query_row([id.to_lowercase()], |row| row.get(0))
            .optional()?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    fn accounts(&self) -> rusqlite::Result<Vec<Account>> {
        let mut orders = self.journal.prepare("SELECT id, body FROM orders ORDER BY id")?;
        let orders: Vec<(i64, String)> =
            orders.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
        let mut history = self
            .journal
            .prepare("SELECT what, state, sequence FROM history WHERE order_id = ?1 ORDER BY sequence")?;
        let mut accounts = Vec::with_capacity(orders.len());
        for (number, body) in orders {
            let entries = history
                .query_map([number], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)? as u64)))?;
            let body: Value = serde_json::from_str(&body).unwrap_or_default();
            accounts.push(Account {
                order: body["order"].clone(),
                history: entries.collect::<rusqlite::Result<_>>()?,
            });
        }
        Ok(accounts)
    }
}

/// The states by their numbers in the journal.
const STATES: [&str; 11] = [
    "?",
    "pending",
    "sending",
    "unknown",
    "accepted",
    "succeeded",
    "failed",
    "cancelled",
    "expired",
    "reversed",
    "needs_review",
];

fn is_final(state: &str) -> bool {
    matches!(state, "succeeded" | "failed" | "cancelled" | "expired" | "reversed")
}

/// Holds everything against everything at the end of a history. Gives the transitions, and what is broken.
pub fn check(
    witness: &Witness,
    world: &World,
    books: &Books,
    restored: bool,
) -> rusqlite::Result<(Edges, Vec<String>)> {
    let world = world.lock();
    let (mut edges, mut broken) = (Edges::new(), Vec::new());
    let accounts = witness.accounts()?;
    for account in &accounts {
        let order = &account.order;
        let id = order["id"].as_str().unwrap_or_default();
        let state = order["state"].as_str().unwrap_or_default();
        let failure = order["failure"].as_str();
        let in_conflict = !order["conflict"].is_null();
        let row = world.ledger.iter().find(|row| row.id == id);
        let told = world.told.get(id);
        let surely_told = |status| told.is_some_and(|t| t.status == status || t.may_be_lost);
        let mut wrong = |invariant: &str, why: String| {
            broken.push(format!("{invariant}: {id} {why}; its history: {:?}", account.history));
        };

        match (state, failure) {
            ("succeeded", _) => {
                if row.is_none() {
                    wrong("I4", "is succeeded and was never bought".to_string());
                }
                if !surely_told(EvidenceStatus::Succeeded) && !in_conflict {
                    wrong("I4", format!("is succeeded, and the gateway last said {told:?}"));
                }
            }
            ("failed", Some("issuer")) => {
                if !surely_told(EvidenceStatus::Failed) && !in_conflict {
                    wrong("I4", format!("is failed, and the gateway last said {told:?}"));
                }
            }
            ("failed", Some("absent" | "refused")) | ("cancelled" | "expired", _) => {
                if row.is_some() && !in_conflict {
                    wrong("I4", format!("is {state} ({failure:?}) and was bought"));
                }
            }
            _ => {
                wrong("I3", format!("is still {state} ({}) long after faults have stopped", order["review"]))
            }
        }
        if let (Some(row), "succeeded", false) = (row, state, in_conflict) {
            if order["live"] != row.live {
                wrong("I9", "is not as live as what was bought".to_string());
            }
            let cost = order["cost"]["amount"].as_str().map(str::to_string);
            if cost.as_deref() != Some(row.cost.amount.to_string().as_str()) {
                wrong("I9", format!("says that it cost {cost:?}, the ledger {}", row.cost));
            }
        }
        if world.look_ups.get(id).copied().unwrap_or_default() > LOOK_UPS_MAX {
            wrong("I10", format!("was looked up {} times", world.look_ups[id]));
        }

        let mut before: Option<&str> = None;
        for (what, state, version) in &account.history {
            let state = STATES[*state as usize];
            if before != Some(state) {
                *edges.entry((before.unwrap_or("new").to_string(), state.to_string())).or_default() += 1;
                let told = books.seen.get(id).is_some_and(|seen| seen.contains(version));
                // An order that is placed and sent in one commit is told by its `buy`.
                let placed = *version == 2 && what == "attempt";
                if before.is_some() && !told && !placed && !restored {
                    wrong("I6", format!("became {state} (version {version}), and no event came"));
                }
            }
            if let Some(before) = before
                && is_final(before)
                && before != state
                && what != "decision"
            {
                wrong("I5", format!("was {before} and became {state} by {what:?}"));
            }
            before = Some(state);
        }
        if before != Some(state) {
            wrong("I5", format!("is {state}, and its history ends with {before:?}"));
        }
        if !restored && books.seen.get(id).is_some_and(|seen| !seen.is_sorted()) {
            wrong("I6", format!("has events out of their order: {:?}", books.seen[id]));
        }
    }
    if !restored {
        for row in &world.ledger {
            if !accounts.iter().any(|account| account.order["id"] == row.id.as_str()) {
                broken.push(format!("I2: {} was bought and the journal does not know it", row.id));
            }
        }
    }
    Ok((edges, broken))
}
