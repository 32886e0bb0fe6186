//! Commits, one by one: the ceiling of any till that does not group.
//!
//! Each order is written once or, as in the journal, twice: its intent before it would be sent, its outcome after. Each is a
//! transaction of its own, under the journal's own settings. Nothing is sent, nothing is checked, and the rows are smaller than the journal's:
//! a real till of this kind would be slower.

use std::path::Path;
use std::time::Instant;

use rusqlite::Connection;

use crate::Result;
use crate::rounds::{Round, serve};

pub fn run(place: &str, count: &str, steps: &str) -> Result<()> {
    let (count, steps): (u64, u32) = (count.parse()?, steps.parse()?);
    std::fs::create_dir_all(place)?;
    let connection = Connection::open(Path::new(place).join("one-by-one"))?;
    connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get::<_, String>(0))?;
    connection.execute_batch(
        "PRAGMA synchronous = FULL;
         PRAGMA secure_delete = ON;
         CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, body TEXT NOT NULL) STRICT;",
    )?;
    let body = "x".repeat(1_000);
    let mut next = connection.query_row("SELECT count(*) FROM orders", [], |row| row.get::<_, u64>(0))?;
    serve(|| {
        let begun = Instant::now();
        for _ in 0..count {
            next += 1;
            connection
                .prepare_cached("INSERT INTO orders (key, body) VALUES (?1, ?2)")?
                .execute((format!("order-{next:020}"), &body))?;
            let id = connection.last_insert_rowid();
            for _ in 1..steps {
                connection
                    .prepare_cached("UPDATE orders SET body = ?2 WHERE id = ?1")?
                    .execute((id, &body))?;
            }
        }
        Ok(Round { nanoseconds: begun.elapsed().as_nanos(), count, ..Round::default() })
    })
}
