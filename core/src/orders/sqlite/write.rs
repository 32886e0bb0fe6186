//! Into the journal: a batch of commands in one transaction. A command that is refused leaves nothing, and the others stay.

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::epoch::{self, Identity, Surroundings, read_meta};
use super::fault::{self, Fault, told};
use super::reserve::Reserve;
use super::under_way::UnderWay;
use crate::orders::machine::{self, Context, Fact, Record, Transition};
use crate::orders::store::{ARCHIVE_SIZE_MAX, Command, Done, Draft, Given, Sealed, SecretKind};
use crate::orders::types::{EventKind, FailureReason, Order, OrderKind, OrderState};
use crate::testing::{Guard, crash_point, guard};
use crate::{ErrorDetails, Result, TillgateError, Timestamp};

/// How long most records are as JSON.
const RECORD_SIZE_BYTES: usize = 2_000;

/// What this handle is to the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The one process that buys.
    Buyer,
    /// Stands beside it and appends hints.
    Hinter,
    /// Only looks: this user may not write the file.
    Viewer,
}

/// The writing end of a journal.
pub struct Writer {
    pub connection: Connection,
    pub role: Role,
    pub identity: Identity,
    pub surroundings: Surroundings,
    /// None once it was given up, or when it could not be made.
    pub reserve: Option<Reserve>,
    /// The handle is spent: nothing more is written through it.
    pub failed: Option<TillgateError>,
    /// The handle is spent for what would send: outcomes still go in.
    pub intents_refused: Option<TillgateError>,
    pub under_way: UnderWay,
}

impl Writer {
    /// Applies the commands in one durable transaction.
    pub fn commit(&mut self, batch: &[Given]) -> Result<Vec<Result<Done>>> {
        if let Some(failed) = &self.failed
            && guard(Guard::DiskFailure)
        {
            return Err(failed.clone());
        }
        let error = match self.transact(batch) {
            Ok(results) => return Ok(results),
            Err(fault) => fault,
        };
        if !guard(Guard::DiskFailure) {
            return Err(outer(error));
        }
        let Fault::File(error) = error else { return Err(self.fail(outer(error))) };
        if self.role != Role::Buyer && (fault::is_busy(&error) || fault::is_full(&error)) {
            // Rolled back cleanly, and a hint that was not taken comes again from the gateway.
            return Err(told(error));
        }
        // A full disk is not a failing one: SQLite met it while it wrote, before any fsync, and rolled back; nothing is
        // in doubt, so the same commands may be tried again once there is room. After a failed fsync nobody knows which
        // bytes are on the disk, and the system may report a second fsync as good although the bytes of the first are
        // lost: then nothing may be tried again on this handle.
        if !fault::is_full(&error) {
            return Err(self.fail(told(error)));
        }
        let refusal = told(error);
        self.intents_refused.get_or_insert_with(|| refusal.clone());
        if !batch.iter().any(|given| is_outcome(&given.command)) {
            // The reserve is for what became of orders that were sent.
            return Err(refusal);
        }
        match self.reserve.take().map(Reserve::release) {
            Some(Ok(())) => self.transact(batch).map_err(|fault| self.fail(outer(fault))),
            _ => Err(self.fail(refusal)),
        }
    }

    /// One transaction, without asking whether the handle is spent.
    pub fn transact(&mut self, batch: &[Given]) -> Result<Vec<Result<Done>>, Fault> {
        let identity = self.identity.clone();
        let done = self.begin_to_commit(batch);
        if done.is_err() {
            self.identity = identity;
            self.under_way.forget_all();
            // An error may have ended the transaction by itself.
            if !self.connection.is_autocommit() {
                let _ = self.connection.execute_batch("ROLLBACK");
            }
        }
        done
    }

    fn begin_to_commit(&mut self, batch: &[Given]) -> Result<Vec<Result<Done>>, Fault> {
        let identity = self.identity.clone();
        self.begin()?;
        let results = match self.carry_all_out(batch)? {
            Some(results) => results,
            None => {
                // One of them was refused after it had written something. All begin anew, each with a place to go back to.
                self.run("ROLLBACK")?;
                self.identity = identity;
                self.under_way.forget_all();
                self.begin()?;
                self.carry_each_out(batch)?
            }
        };
        crash_point("journal.fsync.before");
        self.run("COMMIT")?;
        crash_point("journal.fsync.after");
        Ok(results)
    }

    fn begin(&mut self) -> Result<(), Fault> {
        self.run("BEGIN IMMEDIATE")?;
        self.check_epoch()?;
        let others_wrote =
            self.connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
        self.under_way.begin(others_wrote);
        Ok(())
    }

    /// Without savepoints, for which SQLite would copy each page that a command is the first to touch. A command is refused
    /// before it writes anything, as a rule; nothing is returned when one was not.
    fn carry_all_out(&mut self, batch: &[Given]) -> Result<Option<Vec<Result<Done>>>, Fault> {
        let mut results = Vec::with_capacity(batch.len());
        for given in batch {
            let written = self.connection.total_changes();
            match self.carry_out(given) {
                Ok(done) => results.push(Ok(done)),
                Err(Fault::Refused(_)) if self.connection.total_changes() != written => return Ok(None),
                Err(Fault::Refused(refusal)) => results.push(Err(refusal)),
                Err(error) => return Err(error),
            }
        }
        Ok(Some(results))
    }

    /// Each in a savepoint of its own: what a refused one has written is undone, and the others stay.
    fn carry_each_out(&mut self, batch: &[Given]) -> Result<Vec<Result<Done>>, Fault> {
        let mut results = Vec::with_capacity(batch.len());
        for given in batch {
            self.run("SAVEPOINT command")?;
            let identity = self.identity.clone();
            match self.carry_out(given) {
                Ok(done) => {
                    self.run("RELEASE command")?;
                    results.push(Ok(done));
                }
                Err(Fault::Refused(refusal)) => {
                    self.identity = identity;
                    self.under_way.forget_all();
                    self.run("ROLLBACK TO command")?;
                    self.run("RELEASE command")?;
                    results.push(Err(refusal));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(results)
    }

    fn run(&self, sql: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.execute([]).map(drop)
    }

    /// The lock file may have been deleted under us, or the disk may not know locks: whoever opened the journal after
    /// us has raised its epoch, and is the writer now.
    fn check_epoch(&self) -> Result<(), Fault> {
        if self.role != Role::Buyer || !guard(Guard::OneWriter) {
            return Ok(());
        }
        let now = read_meta(&self.connection, "epoch")?;
        if now.as_deref() == Some(&self.identity.epoch.to_string()) {
            return Ok(());
        }
        Err(Fault::Refused(epoch::overtaken(self.identity.epoch, now.as_deref())))
    }

    fn fail(&mut self, error: TillgateError) -> TillgateError {
        // Closing would write the log into the file, and sync both: that too is for the next handle.
        let _ = self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        self.failed.get_or_insert(error).clone()
    }

    fn carry_out(&mut self, given: &Given) -> Result<Done, Fault> {
        let may = match self.role {
            Role::Buyer => true,
            Role::Hinter => matches!(given.command, Command::Hint { .. }),
            Role::Viewer => false,
        };
        if !may {
            return Err(opened_read_only().into());
        }
        match &given.command {
            Command::Create(drafts) => self.create(drafts, given),
            Command::Apply { key, fact, voucher } => self.apply(key, fact, voucher.as_ref(), given),
            Command::Acknowledge { event } => self.acknowledge(*event),
            Command::Hint { key } => self.hint(key, given),
            Command::HintDone { key, hint } => self.hint_done(key, hint),
            Command::LeaveQuarantine { decided_by, grounds } => {
                self.leave_quarantine(decided_by, grounds, given)
            }
            Command::Archive { before } => self.archive(*before),
        }
    }

    /// Why nothing new may be sent, if so.
    fn no_intents(&self) -> Result<(), Fault> {
        if let Some(refusal) = &self.intents_refused
            && guard(Guard::DiskFailure)
        {
            return Err(refusal.clone().into());
        }
        if let Some(reason) = &self.identity.quarantine
            && guard(Guard::Quarantine)
        {
            return Err(epoch::quarantined(reason).into());
        }
        Ok(())
    }

    fn create(&mut self, drafts: &[Draft], given: &Given) -> Result<Done, Fault> {
        let mut created = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let mut record = draft.record.clone();
            record.key = Record::key_of(&record.order.id);
            let about = |fault| match fault {
                Fault::Refused(error) => Fault::Refused(error.about_order(&record.order.id)),
                file => file,
            };
            if let Some((_, existing)) = self.load(&record.key)? {
                if existing.fingerprint != record.fingerprint && guard(Guard::SameIdSameRequest) {
                    return Err(about(id_in_use(&existing).into()));
                }
                created.push((existing, false));
                continue;
            }
            self.no_intents().map_err(about)?;
            self.may_undo(&record.order).map_err(about)?;
            self.write_intent(&mut record, draft.payment_code.as_ref(), given)?;
            created.push((record, true));
        }
        Ok(Done::Created(created))
    }

    /// Refuses an undo that must not be sent beside the others of its order.
    fn may_undo(&mut self, order: &Order) -> Result<(), Fault> {
        let Some(of) = order.of.as_deref().map(Record::key_of) else { return Ok(()) };
        let (_, parent) = self.load(&of)?.ok_or_else(|| Fault::from(unknown_order(&of)))?;
        let own_key = Record::key_of(&order.id);
        let mut siblings = self.undos_of(&of)?;
        siblings.retain(|sibling| sibling.key != own_key);
        Ok(machine::may_undo(&parent, &siblings, order)?)
    }

    fn write_intent(
        &mut self,
        record: &mut Record,
        payment_code: Option<&Sealed>,
        given: &Given,
    ) -> Result<(), Fault> {
        let attempted = !record.order.attempts.is_empty();
        // Two entries in one commit when the first attempt goes with the intent: a version for each.
        record.order.version = if attempted { 2 } else { 1 };
        let columns = Columns::of(record)?;
        self.connection
            .prepare_cached(
                "INSERT INTO orders (key, fingerprint, account, parent_key, state, is_open, is_known, in_conflict, is_archived,
                    gateway_uid, absent_since_ns, created_at_ns, updated_at_ns, search, body)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9, ?10, ?11, ?12, ?13, ?14)",
            )?
            .execute(params![
                record.key,
                record.fingerprint,
                record.order.account,
                record.order.of.as_deref().map(Record::key_of),
                record.order.state as u16,
                columns.is_open,
                columns.is_known,
                columns.in_conflict,
                record.order.gateway_uid,
                columns.absent_since_ns,
                nanoseconds(record.order.created_at),
                nanoseconds(record.order.updated_at),
                columns.search,
                columns.body,
            ])?;
        let id = self.connection.last_insert_rowid();
        self.write_history(id, 1, given, "intent", OrderState::Pending, None)?;
        if attempted {
            self.write_history(id, 2, given, "attempt", record.order.state, None)?;
        }
        if let Some(sealed) = payment_code {
            self.write_sealed(id, SecretKind::PaymentCode, sealed)?;
        }
        self.under_way.keep(id, record);
        Ok(())
    }

    fn apply(
        &mut self,
        key: &str,
        fact: &Fact,
        voucher: Option<&Sealed>,
        given: &Given,
    ) -> Result<Done, Fault> {
        let (id, before) = self.load(&Record::key_of(key))?.ok_or_else(|| Fault::from(unknown_order(key)))?;
        if matches!(fact, Fact::AttemptBegins { .. }) {
            self.no_intents()?;
            // While it waited, another undo may have come to light, or a person may have decided about its order.
            if before.order.state == OrderState::Pending {
                self.may_undo(&before.order)?;
            }
        }
        let context = self.context(&before, fact)?;
        let Some(transition) = machine::apply(&before, fact, &context, &given.at)? else {
            return Ok(Done::Applied { record: Box::new(before), changed: false, also: None });
        };
        self.write_transition(id, &transition, given)?;
        if transition.takes_voucher
            && let Some(sealed) = voucher
        {
            self.write_sealed(id, SecretKind::Voucher, sealed)?;
        }
        let also = match &transition.parent {
            Some(fact) => self.apply_to_parent(&transition.record, fact, given)?,
            None => None,
        };
        Ok(Done::Applied { record: Box::new(transition.record), changed: true, also })
    }

    fn apply_to_parent(
        &mut self,
        undo: &Record,
        fact: &Fact,
        given: &Given,
    ) -> Result<Option<Box<Record>>, Fault> {
        let key = Record::key_of(undo.order.of.as_deref().unwrap_or_default());
        let (id, parent) = self.load(&key)?.ok_or_else(|| Fault::from(unknown_order(&key)))?;
        let Some(transition) = machine::apply(&parent, fact, &Context::default(), &given.at)? else {
            return Ok(None);
        };
        self.write_transition(id, &transition, given)?;
        Ok(Some(Box::new(transition.record)))
    }

    /// For each record of evidence, whether its uid is bound to another order of the account.
    fn context(&self, record: &Record, fact: &Fact) -> Result<Context, Fault> {
        let (Fact::Evidence { records, .. } | Fact::VoucherFetched { records }) = fact else {
            return Ok(Context::default());
        };
        let mut bound = self.connection.prepare_cached(
            "SELECT 1 FROM orders WHERE account = ?1 AND gateway_uid = ?2 AND key <> ?3 LIMIT 1",
        )?;
        let mut uid_bound_elsewhere = Vec::with_capacity(records.len());
        for evidence in records {
            uid_bound_elsewhere.push(match &evidence.gateway_uid {
                Some(uid) => bound.exists(params![record.order.account, uid, record.key])?,
                None => false,
            });
        }
        Ok(Context { uid_bound_elsewhere })
    }

    fn write_transition(&mut self, id: i64, transition: &Transition, given: &Given) -> Result<(), Fault> {
        let record = &transition.record;
        let columns = Columns::of(record)?;
        let written = self
            .connection
            .prepare_cached(
                "UPDATE orders SET state = ?2, is_open = ?3, is_known = ?4, in_conflict = ?5, is_archived = 0, gateway_uid = ?6,
                    absent_since_ns = ?7, updated_at_ns = ?8, search = ?9, body = ?10
                 WHERE id = ?1",
            )?
            .execute(params![
                id,
                record.order.state as u16,
                columns.is_open,
                columns.is_known,
                columns.in_conflict,
                record.order.gateway_uid,
                columns.absent_since_ns,
                nanoseconds(record.order.updated_at),
                columns.search,
                columns.body,
            ]);
        match written {
            Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation) => {
                let reason =
                    format!("the gateway's uid of order {} belongs to another order", record.order.id);
                return Err(TillgateError::internal(reason).about_order(&record.order.id).into());
            }
            other => other?,
        };
        let note = transition.note.as_deref();
        self.write_history(id, record.order.version, given, transition.what, record.order.state, note)?;
        if let Some(kind) = transition.event {
            self.write_event(id, kind, &columns.body, given)?;
        }
        self.under_way.keep(id, record);
        Ok(())
    }

    fn write_history(
        &self,
        id: i64,
        sequence: u64,
        given: &Given,
        what: &str,
        state: OrderState,
        note: Option<&str>,
    ) -> Result<(), Fault> {
        self.connection
            .prepare_cached(
                "INSERT INTO history (order_id, sequence, at, what, state, note) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![id, sequence, given.at.wall.to_string(), what, state as u16, note])?;
        Ok(())
    }

    /// `record` is the order's record as it was just written: the event tells the same order, in the same words.
    fn write_event(&self, id: i64, kind: EventKind, record: &str, given: &Given) -> Result<(), Fault> {
        let Written { order } = serde_json::from_str(record)
            .map_err(|error| TillgateError::internal(format!("an order cannot be told: {error}")))?;
        let body = json(&ToldEvent { kind, order, at: given.at.wall }, order.get().len())?;
        self.connection
            .prepare_cached(
                "INSERT INTO events (order_id, is_head, body)
                 VALUES (?1, NOT EXISTS (SELECT 1 FROM events WHERE order_id = ?1), ?2)",
            )?
            .execute(params![id, body])?;
        Ok(())
    }

    fn write_sealed(&self, id: i64, kind: SecretKind, sealed: &Sealed) -> Result<(), Fault> {
        self.connection
            .prepare_cached(
                "INSERT INTO sealed (order_id, kind, key_id, bytes) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (order_id, kind) DO UPDATE SET key_id = ?3, bytes = ?4",
            )?
            .execute(params![id, kind.as_str(), sealed.key_id, sealed.bytes])?;
        Ok(())
    }

    fn acknowledge(&self, event: u64) -> Result<Done, Fault> {
        // Ids are SQLite's, which are signed; a greater one is nobody's.
        let Ok(event) = i64::try_from(event) else { return Ok(Done::Count(0)) };
        let found: Option<(i64, bool)> = self
            .connection
            .prepare_cached("DELETE FROM events WHERE id = ?1 RETURNING order_id, is_head")?
            .query_row([event], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((order, was_head)) = found else { return Ok(Done::Count(0)) };
        if was_head {
            self.connection
                .prepare_cached(
                    "UPDATE events SET is_head = 1 WHERE id = (SELECT min(id) FROM events WHERE order_id = ?1)",
                )?
                .execute([order])?;
        }
        Ok(Done::Count(1))
    }

    fn hint(&self, key: &str, given: &Given) -> Result<Done, Fault> {
        let written = self
            .connection
            .prepare_cached(
                "INSERT INTO hints (order_id, at) SELECT id, ?2 FROM orders WHERE key = ?1
                 ON CONFLICT (order_id) DO UPDATE SET at = ?2",
            )?
            .execute(params![Record::key_of(key), given.at.wall.to_string()])?;
        Ok(Done::Count(written as u64))
    }

    fn hint_done(&self, key: &str, hint: &str) -> Result<Done, Fault> {
        let deleted = self
            .connection
            .prepare_cached(
                "DELETE FROM hints WHERE order_id = (SELECT id FROM orders WHERE key = ?1) AND at = ?2",
            )?
            .execute([Record::key_of(key).as_str(), hint])?;
        Ok(Done::Count(deleted as u64))
    }

    fn leave_quarantine(&mut self, decided_by: &str, grounds: &str, given: &Given) -> Result<Done, Fault> {
        for (name, text) in [("decided_by", decided_by), ("grounds", grounds)] {
            if text.trim().is_empty() {
                return Err(TillgateError::invalid_argument(name, "it is empty; the journal keeps it").into());
            }
        }
        if self.identity.quarantine.is_none() {
            return Ok(Done::Count(0));
        }
        self.write_decision("leave_quarantine", decided_by, grounds, given.at.wall)?;
        // The mirror first: if the commit then fails, the journal stays in quarantine and the mirror fits it.
        self.surroundings.write_mirror(&self.identity.journal_id, self.identity.epoch)?;
        self.identity.quarantine = None;
        self.identity.settle(&self.surroundings);
        self.identity.mirrored_epoch = self.surroundings.mirror_path.as_ref().map(|_| self.identity.epoch);
        self.identity.write(&self.connection)?;
        Ok(Done::Count(1))
    }

    /// Notes what was decided about the journal as a whole.
    pub fn write_decision(
        &self,
        what: &str,
        decided_by: &str,
        grounds: &str,
        at: Timestamp,
    ) -> rusqlite::Result<()> {
        self.connection
            .prepare_cached("INSERT INTO decisions (at, what, decided_by, grounds) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![at.to_string(), what, decided_by, grounds])?;
        Ok(())
    }

    fn archive(&self, before: Timestamp) -> Result<Done, Fault> {
        let mut find = self.connection.prepare_cached(
            "SELECT id, body FROM orders o
             WHERE is_open = 0 AND is_archived = 0 AND in_conflict = 0 AND updated_at_ns < ?1
               AND NOT EXISTS (SELECT 1 FROM events WHERE order_id = o.id)
               AND NOT EXISTS (SELECT 1 FROM hints WHERE order_id = o.id)
               AND NOT EXISTS (SELECT 1 FROM orders u WHERE u.parent_key = o.key AND u.is_open = 1)
             ORDER BY updated_at_ns LIMIT ?2",
        )?;
        let found = find
            .query_map(params![nanoseconds(before), ARCHIVE_SIZE_MAX], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
            })?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        for (id, body) in &found {
            let mut record = parse(body)?;
            strip(&mut record);
            let columns = Columns::of(&record)?;
            self.connection
                .prepare_cached(
                    "UPDATE orders SET is_archived = 1, is_known = 0, search = ?2, body = ?3 WHERE id = ?1",
                )?
                .execute(params![id, columns.search, columns.body])?;
            self.connection.prepare_cached("DELETE FROM history WHERE order_id = ?1")?.execute([id])?;
            self.connection.prepare_cached("DELETE FROM sealed WHERE order_id = ?1")?.execute([id])?;
        }
        Ok(Done::Count(found.len() as u64))
    }

    /// An order by its key; one that is under way from memory.
    fn load(&mut self, key: &str) -> Result<Option<(i64, Record)>, Fault> {
        let Some(kept) = self.under_way.take(key) else { return self.read(key) };
        // Every test and every simulation compares.
        #[cfg(debug_assertions)]
        if let Ok(read) = self.read(key) {
            assert_eq!(read.as_ref(), Some(&kept), "what is kept in memory is what the journal holds");
        }
        Ok(Some(kept))
    }

    fn read(&self, key: &str) -> Result<Option<(i64, Record)>, Fault> {
        let row: Option<(i64, String)> = self
            .connection
            .prepare_cached("SELECT id, body FROM orders WHERE key = ?1")?
            .query_row([key], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        Ok(match row {
            Some((id, body)) => Some((id, parse(&body)?)),
            None => None,
        })
    }

    fn undos_of(&self, key: &str) -> Result<Vec<Record>, Fault> {
        let mut statement =
            self.connection.prepare_cached("SELECT body FROM orders WHERE parent_key = ?1 ORDER BY id")?;
        let mut rows = statement.query([key])?;
        let mut undos = Vec::new();
        while let Some(row) = rows.next()? {
            undos.push(parse(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?);
        }
        Ok(undos)
    }
}

/// A record as the journal holds it.
pub fn parse(body: &str) -> Result<Record> {
    serde_json::from_str(body).map_err(unreadable)
}

/// The same for what the application sees of it alone, which takes two thirds of the time.
pub fn parse_order(body: &str) -> Result<Order> {
    #[derive(Deserialize)]
    struct Seen {
        order: Order,
    }
    let seen: Seen = serde_json::from_str(body).map_err(unreadable)?;
    Ok(seen.order)
}

fn unreadable(error: serde_json::Error) -> TillgateError {
    fault::damaged(format!("an order cannot be read: {error}"))
}

/// An instant as the journal compares it. Years that do not fit (before 1678, after 2261) are as far away as can be.
pub fn nanoseconds(at: Timestamp) -> i64 {
    let nanoseconds = at.as_nanosecond();
    i64::try_from(nanoseconds).unwrap_or(if nanoseconds < 0 { i64::MIN } else { i64::MAX })
}

/// A text as it is searched for.
pub fn searchable(text: &str) -> String {
    text.to_lowercase()
}

/// Why a handle that was opened to read does not write.
pub fn opened_read_only() -> TillgateError {
    fault::read_only("it was opened read-only".to_string())
}

/// An event as it is written; its id is the row's.
#[derive(Serialize)]
struct ToldEvent<'a> {
    kind: EventKind,
    order: &'a RawValue,
    at: Timestamp,
}

/// What an event tells of a record, as it is written there.
#[derive(Deserialize)]
struct Written<'a> {
    #[serde(borrow)]
    order: &'a RawValue,
}

/// What is repeated of a record beside its body.
struct Columns {
    is_open: bool,
    is_known: bool,
    in_conflict: bool,
    absent_since_ns: Option<i64>,
    search: String,
    body: String,
}

impl Columns {
    fn of(record: &Record) -> Result<Self> {
        Ok(Self {
            is_open: !record.order.state.is_final(),
            is_known: is_known(&record.order),
            in_conflict: record.order.conflict.is_some(),
            absent_since_ns: record.absent_since.map(|stamp| nanoseconds(stamp.wall)),
            search: search_text(&record.order),
            body: json(record, RECORD_SIZE_BYTES)?,
        })
    }
}

/// Whether a look-up of this order should find it: the gateway had it once. One that has vanished since still counts: it is
/// the very sign that this account does not see its orders any more, and must go on holding back every "not found".
fn is_known(order: &Order) -> bool {
    let certain = match order.state {
        OrderState::Accepted | OrderState::Succeeded | OrderState::Reversed => true,
        OrderState::Failed => order.failure == Some(FailureReason::Issuer),
        _ => false,
    };
    certain && order.kind == OrderKind::Purchase && order.gateway_status.is_some()
}

fn search_text(order: &Order) -> String {
    let mut notes: Vec<_> = order.notes.iter().collect();
    notes.sort();
    let texts = std::iter::once(order.id.as_str())
        .chain(order.gateway_uid.as_deref())
        .chain(order.issuer_reference.as_deref())
        .chain(order.beneficiary.iter().map(|field| field.value.as_str()))
        .chain(notes.into_iter().map(|(_, note)| note.as_str()));
    // A separator that nobody types, so that no text is found across two.
    searchable(&texts.collect::<Vec<_>>().join("\u{1f}"))
}

/// Leaves of an old order what proves what it was: a late callback is still compared with it.
fn strip(record: &mut Record) {
    let order = &mut record.order;
    order.attempts.clear();
    order.notes.clear();
    order.callback_url = None;
    order.notifications.clear();
    order.response_text = None;
    order.has_voucher = false;
    record.baseline.clear();
}

/// `size_bytes`: about how long it will be, so that it is not copied while it grows.
fn json(value: &impl Serialize, size_bytes: usize) -> Result<String> {
    let unwritten = |error: &dyn std::fmt::Display| {
        TillgateError::internal(format!("an order cannot be written down: {error}"))
    };
    let mut bytes = Vec::with_capacity(size_bytes + 128);
    serde_json::to_writer(&mut bytes, value).map_err(|error| unwritten(&error))?;
    String::from_utf8(bytes).map_err(|error| unwritten(&error))
}

/// Whether a command says what became of something that was, or may have been, sent.
fn is_outcome(command: &Command) -> bool {
    matches!(command, Command::Apply { fact, .. } if !matches!(fact, Fact::AttemptBegins { .. }))
}

fn outer(fault: Fault) -> TillgateError {
    match fault {
        Fault::Refused(error) => error,
        Fault::File(error) => told(error),
    }
}

fn id_in_use(existing: &Record) -> TillgateError {
    TillgateError::OrderConflict {
        details: ErrorDetails::local(
            format!(
                "the id {} belongs to another request, which is {}",
                existing.order.id, existing.order.state
            ),
            "Nothing was sent by this call. Use a new id for a new order; to ask about the old one, ask with its own request.",
        ),
    }
}

fn unknown_order(key: &str) -> TillgateError {
    TillgateError::UnknownOrder {
        details: ErrorDetails::local(
            format!("no order has the id {key}"),
            "Nothing was changed. Check the id; orders of other journals are not known here.",
        ),
    }
    .about_order(key)
}
