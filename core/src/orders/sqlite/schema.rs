//! The shape of the journal's file: how it is made, opened, checked and brought up to date.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::fault::{self, told, told_io};
use super::place::{APPLICATION_ID, Place, private_file, sync_folder_of};
use crate::testing::crash_point;
use crate::{Result, TillgateError, Timestamp};

/// Each brings a journal from the version of its index to the next.
const MIGRATIONS: [&str; 1] = [include_str!("migrations/0001.sql")];
/// What a journal must have. Also `cargo test` compares it with what the migrations make.
const TABLES: [&str; 8] =
    ["decisions", "events", "hints", "history", "journal_keys", "meta", "orders", "sealed"];
/// How long to wait for the other process, which holds the file only while it commits.
const BUSY_TIMEOUT_MS: u64 = 20_000;
/// How often a log is tried to be begun anew, and the pause in between.
const LOG_TRIES: u32 = 5;
const LOG_PAUSE: Duration = Duration::from_millis(50);
/// A file up to this size is checked page by page at each open; a larger one only on suspicion.
const CHECKED_ALWAYS_PAGES_MAX: u64 = 4096;

/// What a connection may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Writes, and tidies up when it is the last to close.
    Write,
    /// Writes, beside the process that buys.
    WriteBeside,
    /// Reads.
    Read,
    /// Reads a file that this user cannot write.
    ReadProtected,
}

/// Opens a connection to a journal that exists.
pub fn connect(path: &Path, access: Access) -> Result<Connection> {
    let flags = match access {
        Access::ReadProtected => OpenFlags::SQLITE_OPEN_READ_ONLY,
        // A reader of a write-ahead log takes its place in the shared index, which is a write.
        _ => OpenFlags::SQLITE_OPEN_READ_WRITE,
    };
    let open = || -> rusqlite::Result<Connection> {
        let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(Duration::from_millis(BUSY_TIMEOUT_MS))?;
        connection.set_prepared_statement_cache_capacity(64);
        // Each holds for this connection only. EXTRA: a commit is on the disk before it returns, also where there is no
        // write-ahead log (with one it is what FULL is). fullfsync: Apple's plain fsync leaves the bytes in the drive.
        // secure_delete: what was replaced is overwritten. wal_autocheckpoint: the log goes into the file after 16 MiB, since what is
        // written again and again (the ends of indexes) then goes there once, and a commit seldom waits for two syncs more.
        connection.execute_batch(
            "PRAGMA synchronous = EXTRA;
             PRAGMA fullfsync = ON;
             PRAGMA checkpoint_fullfsync = ON;
             PRAGMA foreign_keys = ON;
             PRAGMA secure_delete = ON;
             PRAGMA wal_autocheckpoint = 4096;
             PRAGMA cache_size = -8192;
             PRAGMA temp_store = MEMORY;
             PRAGMA trusted_schema = OFF;
             PRAGMA cell_size_check = ON;",
        )?;
        // Else SQLite, built to look into bound values when it plans, plans a cached statement anew whenever one changes.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        if access != Access::Write {
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        }
        if access == Access::Read {
            connection.pragma_update(None, "query_only", true)?;
        }
        Ok(connection)
    };
    open().map_err(told)
}

/// Makes a new journal. It comes into its place by a rename, so that there is never half of one.
pub fn make(place: &Place, now: Timestamp) -> Result<()> {
    crash_point("journal.make.before");
    let path = place.beside("-new");
    for ending in ["", "-journal", "-wal", "-shm"] {
        // What a crash in an earlier making left. Nobody can be using it: we hold the lock.
        let _ = fs::remove_file(ended(&path, ending));
    }
    let doing = format!("making {}", place.journal().display());
    private_file().write(true).create_new(true).open(&path).map_err(|error| told_io(&error, &doing))?;
    let mut connection = connect(&path, Access::Write)?;
    let fill = |connection: &mut Connection| -> rusqlite::Result<()> {
        connection.pragma_update(None, "application_id", APPLICATION_ID)?;
        migrate_from(connection, 0)?;
        connection.execute(
            "INSERT INTO meta (name, value) VALUES ('journal_id', ?1), ('epoch', '0'), ('created_at', ?2), ('created_by', ?3)",
            (crate::new_id(), now.to_string(), env!("CARGO_PKG_VERSION")),
        )?;
        Ok(())
    };
    let filled = fill(&mut connection).map_err(told);
    let filled = filled.and_then(|()| keep_a_log(&connection));
    let filled = filled.and_then(|()| connection.close().map_err(|(_, error)| told(error)));
    if let Err(error) = filled {
        let _ = fs::remove_file(&path);
        return Err(error);
    }
    crash_point("journal.place.before");
    // On some disks a rename may overtake the bytes of what it renames.
    let placed = fs::File::open(&path)
        .and_then(|file| file.sync_all())
        .and_then(|()| fs::rename(&path, place.journal()))
        .and_then(|()| sync_folder_of(place.journal()));
    crash_point("journal.place.after");
    placed.map_err(|error| told_io(&error, &doing))
}

/// Has commits go to a write-ahead log. A journal that was rewritten (`VACUUM INTO`, a person with a shell) has lost that setting,
/// and would wait for every reader when an outcome is to be written down.
pub fn keep_a_log(connection: &Connection) -> Result<()> {
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0)).map_err(told)?;
    if mode == "wal" {
        Ok(())
    } else {
        Err(fault::failed(format!("its folder allows no write-ahead log, only {mode}")))
    }
}

/// Brings an older journal up to date, and refuses a newer one.
pub fn bring_up_to_date(connection: &mut Connection, may_write: bool) -> Result<()> {
    let newest = MIGRATIONS.len() as i64;
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(told)?;
    if version > newest {
        return Err(TillgateError::JournalTooNew {
            details: crate::ErrorDetails::local(
                format!("the journal has version {version}, this library knows up to {newest}"),
                "Nothing was bought and nothing was changed. Use the newer version of this library, which has opened this \
                 journal before.",
            ),
        });
    }
    if version < 1 {
        return Err(fault::damaged(format!("version {version} of a journal never was")));
    }
    if version < newest && !may_write {
        return Err(fault::read_only(format!(
            "it has version {version} and must be brought to {newest} first, by opening it once to write, too"
        )));
    }
    migrate_from(connection, version as usize).map_err(told)
}

/// Refuses a journal that lacks something, or whose pages contradict each other.
pub fn check(connection: &Connection, suspicious: bool) -> Result<()> {
    if let Some(name) = added(connection).map_err(told)? {
        return Err(fault::added_to(&name));
    }
    let check = || -> rusqlite::Result<Option<String>> {
        for table in TABLES {
            let found: Option<i64> = connection
                .query_row("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1", [table], |row| {
                    row.get(0)
                })
                .optional()?;
            if found.is_none() {
                return Ok(Some(format!("it has no table {table}")));
            }
        }
        if shape(connection)? != expected_shape() {
            return Ok(Some("what it says of its own tables is not what was written there".to_string()));
        }
        let pages: u64 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
        if suspicious || pages <= CHECKED_ALWAYS_PAGES_MAX {
            // Not the quick one: it takes indexes for what they are, and an order that the index of keys has lost would be
            // bought again.
            let said: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
            if said != "ok" {
                return Ok(Some(said));
            }
        }
        Ok(None)
    };
    match check().map_err(told)? {
        None => Ok(()),
        Some(flaw) => Err(fault::damaged(flaw)),
    }
}

/// Each table and index, and the words by which it was made.
type Shape = Vec<(String, Option<String>)>;

fn shape(connection: &Connection) -> rusqlite::Result<Shape> {
    connection
        .prepare("SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%' ORDER BY name")?
        // A line ends as it did where the library was built.
        .query_map([], |row| {
            Ok((row.get(0)?, row.get::<_, Option<String>>(1)?.map(|sql| sql.replace('\r', ""))))
        })?
        .collect()
}

/// What somebody else has put beside our tables: the tables themselves are as they should be.
fn added(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let (found, expected) = (shape(connection)?, expected_shape());
    if expected.iter().any(|ours| !found.contains(ours)) {
        return Ok(None);
    }
    Ok(found.into_iter().find(|one| !expected.contains(one)).map(|(name, _)| name))
}

/// The shape that all migrations together make.
fn expected_shape() -> Shape {
    static SHAPE: OnceLock<Shape> = OnceLock::new();
    let made = || -> rusqlite::Result<Shape> {
        let connection = Connection::open_in_memory()?;
        MIGRATIONS.iter().try_for_each(|migration| connection.execute_batch(migration))?;
        shape(&connection)
    };
    SHAPE.get_or_init(|| made().expect("the migrations make a journal")).clone()
}

/// Writes what a log holds into the journal's file, durably, and begins the log anew.
///
/// A log that is found at an open may be one whose sync failed: everybody reads its bytes in the system's memory, the system takes
/// them for written, and a later sync passes over them. What is appended behind them would be lost with them in a power cut.
/// Written into the file they are new bytes, which a sync brings to the disk.
pub fn empty_log(connection: &Connection) -> Result<()> {
    for _ in 0..LOG_TRIES {
        // It waits for readers as long as for anything else, but not for another process that does the same.
        let busy: bool =
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).map_err(told)?;
        if !busy {
            return Ok(());
        }
        std::thread::sleep(LOG_PAUSE);
    }
    Err(fault::locked(
        "another process reads the journal for too long, and its log cannot be begun anew".to_string(),
    ))
}

/// The newest version of the journal's shape.
#[cfg(test)]
pub const fn newest_version() -> usize {
    MIGRATIONS.len()
}

fn migrate_from(connection: &mut Connection, version: usize) -> rusqlite::Result<()> {
    for (index, migration) in MIGRATIONS.iter().enumerate().skip(version) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "user_version", index as i64 + 1)?;
        crash_point("migration.fsync.before");
        transaction.commit()?;
        crash_point("migration.fsync.after");
    }
    Ok(())
}

fn ended(path: &Path, ending: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(ending);
    path.into()
}
