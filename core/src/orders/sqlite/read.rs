//! Out of the journal: readers see what is committed, and never wait for the writer.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};
use serde::Deserialize;

use super::fault::{self, told};
use super::schema::{self, Access};
use super::write::{nanoseconds, parse, parse_order, searchable};
use crate::orders::machine::Record;
use crate::orders::store::{Counts, OpenOrder, Sealed, SecretKind};
use crate::orders::types::{Event, EventKind, HistoryEntry, Order, OrderFilter, OrderState};
use crate::{Result, TillgateError, Timestamp};

/// Connections that read at a time; more readers wait for one of them.
const READERS_MAX: usize = 4;
/// The longest list that one call gives.
const LIST_LENGTH_MAX: u32 = 1000;

/// The reading end of a journal.
pub struct Readers {
    path: PathBuf,
    access: Access,
    pool: Mutex<Pool>,
    returned: Condvar,
}

#[derive(Default)]
struct Pool {
    idle: Vec<Connection>,
    out: usize,
    closed: bool,
}

impl Readers {
    pub fn new(path: PathBuf, access: Access) -> Self {
        Self { path, access, pool: Mutex::default(), returned: Condvar::new() }
    }

    /// Lets go of the connections, when those that are under way have come back.
    pub fn close(&self) {
        let mut pool = self.lock();
        pool.closed = true;
        pool.idle.clear();
        while pool.out > 0 {
            pool = self.returned.wait(pool).unwrap_or_else(|poisoned| poisoned.into_inner());
        }
    }

    pub fn order(&self, key: &str) -> Result<Option<Record>> {
        let body = self.read(|connection| {
            connection
                .prepare_cached("SELECT body FROM orders WHERE key = ?1")?
                .query_row([Record::key_of(key)], text)
                .optional()
        })?;
        let record = body.map(|body| parse(&body)).transpose()?;
        // What stands under an id is that order's, or nobody's.
        match record {
            Some(record)
                if record.key != Record::key_of(key) || record.key != Record::key_of(&record.order.id) =>
            {
                Err(fault::damaged(format!(
                    "under {key:?} stands an order that is called {:?}",
                    record.order.id
                )))
            }
            record => Ok(record),
        }
    }

    pub fn history(&self, key: &str) -> Result<Vec<HistoryEntry>> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT sequence, at, what, state, note FROM history
                     WHERE order_id = (SELECT id FROM orders WHERE key = ?1) ORDER BY sequence",
                )?
                .query_map([Record::key_of(key)], |row| {
                    Ok(HistoryEntry {
                        sequence: row.get(0)?,
                        at: instant(row, 1)?,
                        what: row.get(2)?,
                        state: state(row, 3)?,
                        note: row.get(4)?,
                    })
                })?
                .collect()
        })
    }

    pub fn list(&self, filter: &OrderFilter) -> Result<(Vec<Order>, Option<String>)> {
        if !(1..=LIST_LENGTH_MAX).contains(&filter.limit) {
            let reason = format!("{} is not within 1 and {LIST_LENGTH_MAX}", filter.limit);
            return Err(TillgateError::invalid_argument("filter.limit", reason));
        }
        let (sql, values) = list_query(filter)?;
        let asked_for = filter.limit as usize;
        let (orders, next) = self.read(|connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query(params_from_iter(&values))?;
            let (mut orders, mut bookmark) = (Vec::with_capacity(asked_for.min(64)), None);
            while let Some(row) = rows.next()? {
                // One more than asked for is found where there is a next page.
                if orders.len() == asked_for {
                    return Ok((orders, bookmark));
                }
                orders.push(parse_order(row.get_ref(2)?.as_str()?));
                if orders.len() == asked_for {
                    bookmark = Some(Bookmark::write(row.get(0)?, row.get_ref(1)?.as_str()?));
                }
            }
            Ok((orders, None))
        })?;
        let orders = orders.into_iter().collect::<Result<_>>()?;
        Ok((orders, next))
    }

    pub fn watched(&self, after_key: &str, limit: u32, absent_after: Timestamp) -> Result<Vec<OpenOrder>> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT key, account FROM orders WHERE is_open = 1 AND key > ?1
                     UNION
                     SELECT key, account FROM orders INDEXED BY absent_orders WHERE absent_since_ns >= ?3 AND key > ?1
                     ORDER BY key LIMIT ?2",
                )?
                .query_map(params![after_key, limit, nanoseconds(absent_after)], |row| {
                    Ok(OpenOrder { key: row.get(0)?, account: row.get(1)? })
                })?
                .collect()
        })
    }

    pub fn open_accounts(&self) -> Result<Vec<String>> {
        self.read(|connection| {
            connection
                .prepare_cached("SELECT DISTINCT account FROM orders WHERE is_open = 1")?
                .query_map([], text)?
                .collect()
        })
    }

    pub fn undos_of(&self, key: &str) -> Result<Vec<Record>> {
        let bodies: Vec<String> = self.read(|connection| {
            connection
                .prepare_cached("SELECT body FROM orders WHERE parent_key = ?1 ORDER BY id")?
                .query_map([Record::key_of(key)], text)?
                .collect()
        })?;
        bodies.iter().map(|body| parse(body)).collect()
    }

    pub fn known_order(&self, account: &str, except: &str) -> Result<Option<Record>> {
        let body = self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT body FROM orders WHERE is_known = 1 AND account = ?1 AND key <> ?2
                     ORDER BY updated_at_ns DESC LIMIT 1",
                )?
                .query_row([account, &Record::key_of(except)], text)
                .optional()
        })?;
        body.map(|body| parse(&body)).transpose()
    }

    pub fn events(&self, held: &[String], limit: u32) -> Result<Vec<(String, Event)>> {
        let held: HashSet<&str> = held.iter().map(String::as_str).collect();
        let found = self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT e.id, o.key, e.body FROM events e INDEXED BY event_heads JOIN orders o ON o.id = e.order_id
                 WHERE e.is_head = 1 ORDER BY e.id",
            )?;
            let mut rows = statement.query([])?;
            let mut found = Vec::new();
            while found.len() < limit as usize
                && let Some(row) = rows.next()?
            {
                if !held.contains(row.get_ref(1)?.as_str()?) {
                    found.push((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?));
                }
            }
            Ok(found)
        })?;
        let event = |(id, key, body): (i64, String, String)| {
            let told: ReadEvent = serde_json::from_str(&body)
                .map_err(|error| fault::damaged(format!("an event cannot be read: {error}")))?;
            Ok((key, Event { id: id as u64, kind: told.kind, order: told.order, at: told.at }))
        };
        found.into_iter().map(event).collect()
    }

    pub fn hints(&self, after: i64, limit: u32) -> Result<Vec<(i64, String)>> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT h.order_id, o.key FROM hints h JOIN orders o ON o.id = h.order_id
                     WHERE h.order_id > ?1 ORDER BY h.order_id LIMIT ?2",
                )?
                .query_map((after, limit), |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        })
    }

    pub fn hint(&self, key: &str) -> Result<Option<String>> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT h.at FROM hints h JOIN orders o ON o.id = h.order_id WHERE o.key = ?1",
                )?
                .query_row([Record::key_of(key)], text)
                .optional()
        })
    }

    pub fn sealed(&self, key: &str, kind: SecretKind) -> Result<Option<Sealed>> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT key_id, bytes FROM sealed
                     WHERE order_id = (SELECT id FROM orders WHERE key = ?1) AND kind = ?2",
                )?
                .query_row([&Record::key_of(key), kind.as_str()], |row| {
                    Ok(Sealed { key_id: row.get(0)?, bytes: row.get(1)? })
                })
                .optional()
        })
    }

    pub fn counts(&self) -> Result<Counts> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT (SELECT count(*) FROM orders WHERE is_open = 1),
                            (SELECT count(*) FROM orders WHERE state = 10),
                            (SELECT count(*) FROM orders WHERE in_conflict = 1),
                            (SELECT count(*) FROM events)",
                )?
                .query_row([], |row| {
                    Ok(Counts {
                        open_orders: row.get(0)?,
                        in_review: row.get(1)?,
                        conflicts: row.get(2)?,
                        unacknowledged_events: row.get(3)?,
                    })
                })
        })
    }

    pub fn quarantine(&self) -> Result<Option<String>> {
        self.read(|connection| super::epoch::read_meta(connection, "quarantine"))
    }

    /// The names of the keys that were ever used here.
    pub fn key_names(&self) -> Result<Vec<String>> {
        self.read(|connection| {
            connection.prepare("SELECT id FROM journal_keys ORDER BY id")?.query_map([], text)?.collect()
        })
    }

    fn read<T>(&self, with: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        let loan = self.borrow()?;
        with(loan.connection.as_ref().expect("a connection on loan")).map_err(told)
    }

    fn borrow(&self) -> Result<Loan<'_>> {
        let mut pool = self.lock();
        loop {
            if pool.closed {
                return Err(fault::closed());
            }
            if let Some(connection) = pool.idle.pop() {
                pool.out += 1;
                return Ok(Loan { from: self, connection: Some(connection) });
            }
            if pool.out < READERS_MAX {
                pool.out += 1;
                drop(pool);
                // The loan is there first, so that it is given back when the connection cannot be made.
                let mut loan = Loan { from: self, connection: None };
                loan.connection = Some(schema::connect(&self.path, self.access)?);
                return Ok(loan);
            }
            pool = self.returned.wait(pool).unwrap_or_else(|poisoned| poisoned.into_inner());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// A connection on loan from the pool.
struct Loan<'a> {
    from: &'a Readers,
    connection: Option<Connection>,
}

impl Drop for Loan<'_> {
    fn drop(&mut self) {
        let mut pool = self.from.lock();
        pool.out -= 1;
        if !pool.closed
            && let Some(connection) = self.connection.take()
        {
            pool.idle.push(connection);
        }
        // Before the one who waits goes on, a connection that is not kept is gone.
        drop(self.connection.take());
        self.from.returned.notify_all();
    }
}

#[derive(Deserialize)]
struct ReadEvent {
    kind: EventKind,
    order: Order,
    at: Timestamp,
}

/// Where a list goes on.
struct Bookmark {
    created_at_ns: i64,
    key: String,
}

impl Bookmark {
    fn write(created_at_ns: i64, key: &str) -> String {
        URL_SAFE_NO_PAD.encode(format!("1 {created_at_ns} {key}"))
    }

    fn read(text: &str) -> Result<Self> {
        let read = || {
            let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
            let (created_at_ns, key) = text.strip_prefix("1 ")?.split_once(' ')?;
            Some(Self { created_at_ns: created_at_ns.parse().ok()?, key: key.to_string() })
        };
        read().ok_or_else(|| {
            TillgateError::invalid_argument("filter.after", "it is not the `next` of a page before")
        })
    }
}

fn list_query(filter: &OrderFilter) -> Result<(String, Vec<Value>)> {
    let mut conditions: Vec<String> = Vec::new();
    let mut values: Vec<Value> = Vec::new();
    let mut states: Vec<u16> = filter.states.iter().map(|state| *state as u16).collect();
    states.sort_unstable();
    states.dedup();
    match states.as_slice() {
        [] => {}
        // Written out, so that an index of this one state serves.
        [one] => conditions.push(format!("state = {one}")),
        several => {
            let list = several.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
            conditions.push(format!("state IN ({list})"));
        }
    }
    if !filter.states.is_empty() && filter.states.iter().all(|state| !state.is_final()) {
        conditions.push("is_open = 1".to_string());
    }
    if filter.conflicts_only {
        conditions.push("in_conflict = 1".to_string());
    }
    let mut bind = |condition: &str, value: Value| {
        values.push(value);
        conditions.push(condition.replace('?', &format!("?{}", values.len())));
    };
    if let Some(account) = &filter.account {
        bind("account = ?", account.clone().into());
    }
    if let Some(from) = filter.created_from {
        bind("created_at_ns >= ?", nanoseconds(from).into());
    }
    if let Some(before) = filter.created_before {
        bind("created_at_ns < ?", nanoseconds(before).into());
    }
    if let Some(text) = filter.text.as_ref().filter(|text| !text.is_empty()) {
        // Not LIKE: what people search for has underscores and per cent signs of its own.
        bind("instr(search, ?) > 0", searchable(text).into());
    }
    if let Some(after) = &filter.after {
        let bookmark = Bookmark::read(after)?;
        values.push(bookmark.created_at_ns.into());
        values.push(bookmark.key.into());
        let (time, key) = (values.len() - 1, values.len());
        conditions.push(format!("(created_at_ns, key) < (?{time}, ?{key})"));
    }
    let condition = if conditions.is_empty() { "1".to_string() } else { conditions.join(" AND ") };
    let sql = format!(
        "SELECT created_at_ns, key, body FROM orders WHERE {condition} ORDER BY created_at_ns DESC, key DESC LIMIT {}",
        filter.limit + 1
    );
    Ok((sql, values))
}

fn text(row: &Row<'_>) -> rusqlite::Result<String> {
    row.get(0)
}

fn instant(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    row.get_ref(column)?.as_str()?.parse().map_err(|error: jiff::Error| unreadable(column, error.into()))
}

fn state(row: &Row<'_>, column: usize) -> rusqlite::Result<OrderState> {
    let number: u16 = row.get(column)?;
    ALL_STATES
        .into_iter()
        .find(|state| *state as u16 == number)
        .ok_or_else(|| unreadable(column, format!("no state has the number {number}").into()))
}

fn unreadable(column: usize, error: Box<dyn std::error::Error + Send + Sync>) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error)
}

const ALL_STATES: [OrderState; 10] = [
    OrderState::Pending,
    OrderState::Sending,
    OrderState::Unknown,
    OrderState::Accepted,
    OrderState::Succeeded,
    OrderState::Failed,
    OrderState::Cancelled,
    OrderState::Expired,
    OrderState::Reversed,
    OrderState::NeedsReview,
];
