//! The journal in one SQLite file: a write-ahead log, each commit on the disk before it is told.
//!
//! | beside the journal | what it is |
//! |---|---|
//! | `-wal`, `-shm` | SQLite's log and its index; gone after a clean close |
//! | `-lock` | held by the one process that buys |
//! | `-reserve` | space for outcomes, given up when the disk is full |
//! | `-new` | a journal in the making |

mod epoch;
mod fault;
mod lock;
mod place;
mod read;
mod reserve;
mod schema;
mod under_way;
mod write;

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard};

use rusqlite::{Connection, OptionalExtension};

use self::epoch::{Identity, Surroundings};
use self::fault::{Fault, told, told_io};
use self::lock::WriterLock;
use self::place::Place;
use self::read::Readers;
use self::reserve::Reserve;
use self::schema::Access;
use self::under_way::UnderWay;
use self::write::{Role, Writer};
use super::machine::{Fact, Record};
use super::moment::Moment;
use super::store::{Command, Counts, Done, Given, OpenOrder, Sealed, SecretKind, Store};
use super::types::{Event, HistoryEntry, Order, OrderFilter};
use crate::clock::Clock;
use crate::testing::{Guard, crash_point, guard};
use crate::{ErrorDetails, Result, TillConfig, TillgateError, Timestamp};

/// Orders that one commit puts into quarantine.
const QUARANTINE_GROUP_SIZE: u32 = 1000;

/// A journal in an SQLite file.
pub struct SqliteStore {
    readers: Readers,
    /// None once it is closed.
    writer: Mutex<Option<Open>>,
    /// Told without waiting for a commit that is under way.
    trouble: Mutex<Trouble>,
    epoch: u64,
    epoch_guard: bool,
    given_keys: Vec<String>,
}

/// What is held while the journal is open. The lock goes last.
struct Open {
    writer: Writer,
    _lock: Option<WriterLock>,
}

impl SqliteStore {
    /// Opens a journal, or makes it where the configuration asks for that. `keys` are the check values of the keys that were
    /// given ([`super::vault::Vault::check_values`]).
    ///
    /// Fails with `JournalMissing`, `JournalDamaged`, `JournalTooNew`, `JournalReadOnly`, `JournalFull`, `JournalLocked`,
    /// `JournalFailed`, `WrongKey` or `InvalidArgument`. A journal that does not fit its machine or its moment opens, in
    /// quarantine.
    pub fn open(
        config: &TillConfig,
        clock: &dyn Clock,
        keys: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Arc<Self>> {
        let keys: Vec<_> = keys.into_iter().collect();
        let place = Place::find(config)?;
        let given_keys = keys.iter().map(|(id, _)| id.clone()).collect();
        let open = if config.read_only {
            open_beside(&place, &keys)
        } else {
            open_to_buy(&place, config, clock, &keys)
        }?;
        let access = if open.writer.role == Role::Viewer { Access::ReadProtected } else { Access::Read };
        let store = Self {
            readers: Readers::new(place.journal().to_path_buf(), access),
            epoch: open.writer.identity.epoch,
            epoch_guard: config.epoch_mirror_path.is_some(),
            trouble: Mutex::new(Trouble::of(&open.writer)),
            writer: Mutex::new(Some(open)),
            given_keys,
        };
        Ok(Arc::new(store))
    }

    fn trouble(&self) -> MutexGuard<'_, Trouble> {
        self.trouble.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn writer(&self) -> MutexGuard<'_, Option<Open>> {
        // A panic in the midst of a commit leaves a transaction that the next BEGIN refuses.
        self.writer.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Store for SqliteStore {
    fn commit(&self, batch: &[Given]) -> Result<Vec<Result<Done>>> {
        let mut open = self.writer();
        let writer = &mut open.as_mut().ok_or_else(fault::closed)?.writer;
        let done = writer.commit(batch);
        *self.trouble() = Trouble::of(writer);
        done
    }

    fn order(&self, key: &str) -> Result<Option<Record>> {
        self.readers.order(key)
    }

    fn history(&self, key: &str) -> Result<Vec<HistoryEntry>> {
        self.readers.history(key)
    }

    fn list(&self, filter: &OrderFilter) -> Result<(Vec<Order>, Option<String>)> {
        self.readers.list(filter)
    }

    fn watched(&self, after_key: &str, limit: u32, absent_after: Timestamp) -> Result<Vec<OpenOrder>> {
        self.readers.watched(after_key, limit, absent_after)
    }

    fn open_accounts(&self) -> Result<Vec<String>> {
        self.readers.open_accounts()
    }

    fn undos_of(&self, key: &str) -> Result<Vec<Record>> {
        self.readers.undos_of(key)
    }

    fn known_order(&self, account: &str, except: &str) -> Result<Option<Record>> {
        self.readers.known_order(account, except)
    }

    fn events(&self, held: &[String], limit: u32) -> Result<Vec<(String, Event)>> {
        self.readers.events(held, limit)
    }

    fn hints(&self, after: i64, limit: u32) -> Result<Vec<(i64, String)>> {
        self.readers.hints(after, limit)
    }

    fn hint(&self, key: &str) -> Result<Option<String>> {
        self.readers.hint(key)
    }

    fn sealed(&self, key: &str, kind: SecretKind) -> Result<Option<Sealed>> {
        self.readers.sealed(key, kind)
    }

    fn counts(&self) -> Result<Counts> {
        self.readers.counts()
    }

    fn epoch(&self) -> u64 {
        self.epoch
    }

    fn epoch_guard(&self) -> bool {
        self.epoch_guard
    }

    fn keys_not_given(&self) -> Result<Vec<String>> {
        let mut names = self.readers.key_names()?;
        names.retain(|name| !self.given_keys.contains(name));
        Ok(names)
    }

    fn quarantine(&self) -> Result<Option<String>> {
        // Asked for each order: whoever buys knows it, since nobody else can change it.
        if let Some(known) = &self.trouble().quarantine {
            return Ok(known.clone());
        }
        self.readers.quarantine()
    }

    fn cannot_write(&self) -> Option<TillgateError> {
        self.trouble().writing.clone()
    }

    fn cannot_send(&self) -> Option<TillgateError> {
        let trouble = self.trouble();
        trouble.writing.clone().or_else(|| trouble.sending.clone())
    }

    fn close(&self) {
        // Readers first: the last connection to close empties the log into the file.
        self.readers.close();
        drop(self.writer().take());
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.close();
    }
}

/// Why nothing, or nothing new, can be written.
#[derive(Default)]
struct Trouble {
    writing: Option<TillgateError>,
    sending: Option<TillgateError>,
    /// The quarantine as the writer has committed it. Nothing where the writer is another process.
    quarantine: Option<Option<String>>,
}

impl Trouble {
    fn of(writer: &Writer) -> Self {
        let quarantine = Some(writer.identity.quarantine.clone());
        match writer.role {
            Role::Buyer if !guard(Guard::DiskFailure) => Self { quarantine, ..Self::default() },
            Role::Buyer => {
                let (writing, sending) = (writer.failed.clone(), writer.intents_refused.clone());
                Self { writing, sending, quarantine }
            }
            Role::Hinter | Role::Viewer => {
                Self { writing: Some(write::opened_read_only()), ..Self::default() }
            }
        }
    }
}

fn open_to_buy(
    place: &Place,
    config: &TillConfig,
    clock: &dyn Clock,
    keys: &[(String, String)],
) -> Result<Open> {
    let exists = place.exists()?;
    if !exists && !config.create {
        return Err(fault::missing(format!("there is no journal {}", place.journal().display())));
    }
    place.check_writable()?;
    let lock = WriterLock::take(&place.beside("-lock"))?;
    // Asked again under the lock: another process may have made it meanwhile.
    if !place.exists()? {
        schema::make(place, clock.now())?;
    }
    place.check_header()?;
    let mut connection = schema::connect(place.journal(), Access::Write)?;
    schema::bring_up_to_date(&mut connection, true)?;
    schema::check(&connection, false)?;
    check_keys(&connection, keys)?;
    schema::keep_a_log(&connection)?;
    let identity = Identity::read(&connection).map_err(told)?;
    let surroundings = Surroundings::look(config)?;
    let misfit = if guard(Guard::Quarantine) { identity.misfit(&surroundings) } else { None };
    if misfit.is_some() {
        // A file that was put into its place may have met the log of another.
        schema::check(&connection, true)?;
    }
    schema::empty_log(&connection)?;
    let reserve = Reserve::make(&place.beside("-reserve"));
    let intents_refused =
        reserve.as_ref().err().map(|error| told_io(error, "setting space aside for outcomes"));
    let mut writer = Writer {
        connection,
        role: Role::Buyer,
        identity,
        surroundings,
        reserve: reserve.ok(),
        failed: None,
        intents_refused,
        under_way: UnderWay::default(),
    };
    raise_epoch(&mut writer, config, keys, misfit, clock.now()).map_err(told)?;
    if writer.identity.quarantine.is_some() {
        if guard(Guard::Quarantine) {
            quarantine_orders(&mut writer, clock)?;
        }
    } else {
        mirror_epoch(&mut writer)?;
    }
    Ok(Open { writer, _lock: lock.into() })
}

/// Opens without the lock: to read, and to append hints where the file may be written.
fn open_beside(place: &Place, keys: &[(String, String)]) -> Result<Open> {
    if !place.exists()? {
        return Err(fault::missing(format!("there is no journal {}", place.journal().display())));
    }
    place.check_header()?;
    let (role, access) = match place.check_writable() {
        Ok(()) => (Role::Hinter, Access::WriteBeside),
        Err(_) => (Role::Viewer, Access::ReadProtected),
    };
    let mut connection = schema::connect(place.journal(), access)?;
    schema::bring_up_to_date(&mut connection, false)?;
    schema::check(&connection, false)?;
    check_keys(&connection, keys)?;
    let identity = Identity::read(&connection).map_err(told)?;
    let surroundings = Surroundings::none();
    let writer = Writer {
        connection,
        role,
        identity,
        surroundings,
        reserve: None,
        failed: None,
        intents_refused: None,
        under_way: UnderWay::default(),
    };
    Ok(Open { writer, _lock: None })
}

/// Refuses a key that is not the one which had this name here.
fn check_keys(connection: &Connection, keys: &[(String, String)]) -> Result<()> {
    for (id, given) in keys {
        let known: Option<String> = connection
            .query_row("SELECT check_value FROM journal_keys WHERE id = ?1", [id], |row| row.get(0))
            .optional()
            .map_err(told)?;
        if known.is_some_and(|known| known != *given) {
            return Err(TillgateError::WrongKey {
                details: ErrorDetails::local(
                    format!("the key {id:?} is not the one that the journal knows under this name"),
                    "Nothing was bought. Open the journal with the key that it was written with. A new key needs a new name, \
                     and the earlier one goes among the old keys.",
                ),
            });
        }
    }
    Ok(())
}

/// Raises the epoch and, with it, writes down what this opening found: one commit.
fn raise_epoch(
    writer: &mut Writer,
    config: &TillConfig,
    keys: &[(String, String)],
    misfit: Option<String>,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let mut identity = writer.identity.clone();
    identity.epoch = identity.next_epoch(&writer.surroundings.mirror);
    let newly = identity.quarantine.is_none() && misfit.is_some();
    if newly {
        identity.quarantine = misfit;
    }
    if identity.quarantine.is_none() {
        identity.settle(&writer.surroundings);
    }
    let write = |writer: &Writer| -> rusqlite::Result<()> {
        writer.connection.execute_batch("BEGIN IMMEDIATE")?;
        identity.write(&writer.connection)?;
        if newly {
            let reason = identity.quarantine.as_deref().unwrap_or_default();
            writer.write_decision("quarantine", "tillgate", reason, now)?;
        }
        // The current key is the one that will encrypt; earlier ones were written down when they did.
        for (id, value) in keys.iter().filter(|(id, _)| config.key.as_ref().is_some_and(|key| key.id == *id))
        {
            writer.connection.execute(
                "INSERT INTO journal_keys (id, check_value) VALUES (?1, ?2) ON CONFLICT (id) DO NOTHING",
                [id, value],
            )?;
        }
        crash_point("epoch.fsync.before");
        writer.connection.execute_batch("COMMIT")?;
        crash_point("epoch.fsync.after");
        Ok(())
    };
    write(writer)?;
    writer.identity = identity;
    Ok(())
}

/// Mirrors the raised epoch, and remembers that the mirror has it.
fn mirror_epoch(writer: &mut Writer) -> Result<()> {
    if writer.surroundings.mirror_path.is_none() {
        return Ok(());
    }
    writer.surroundings.write_mirror(&writer.identity.journal_id, writer.identity.epoch)?;
    writer.identity.mirrored_epoch = Some(writer.identity.epoch);
    writer.identity.write(&writer.connection).map_err(told)?;
    crash_point("mirror.remembered");
    Ok(())
}

/// Makes every order that is not final unknown: what the journal knows of them may be of another time.
fn quarantine_orders(writer: &mut Writer, clock: &dyn Clock) -> Result<()> {
    let mut after = String::new();
    loop {
        let keys: Vec<String> = writer
            .connection
            .prepare_cached("SELECT key FROM orders WHERE is_open = 1 AND key > ?1 ORDER BY key LIMIT ?2")
            .and_then(|mut statement| {
                statement.query_map((&after, QUARANTINE_GROUP_SIZE), |row| row.get(0))?.collect()
            })
            .map_err(told)?;
        let Some(last) = keys.last() else { return Ok(()) };
        after.clone_from(last);
        let at = Moment::now(clock, clock.elapsed(), writer.identity.epoch);
        let apply =
            |key| Given { command: Command::Apply { key, fact: Fact::Quarantined, voucher: None }, at };
        let batch: Vec<Given> = keys.into_iter().map(apply).collect();
        let results = writer.transact(&batch).map_err(|fault| match fault {
            Fault::Refused(error) => error,
            Fault::File(error) => told(error),
        })?;
        for result in results {
            result?;
        }
    }
}
