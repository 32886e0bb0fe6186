//! The promise, held against the journal and the gateways' ledger by a reader that shares no code with the till.
//!
//! | | holds | is checked by |
//! |---|---|---|
//! | I1 | at most one purchase per id | `State::buy` and `State::undo` in `ledger.rs`, whenever something is carried out |
//! | I2 | no purchase without an earlier durable intent and attempt | `State::check_before_sending` in `gateway.rs` by [`Witness::has_attempt`]; [`ledger_is_known`] at the end |
//! | I3 | when faults stop, every order is final, in review for a listed reason, or accepted and overdue | [`is_at_an_end`] |
//! | I4 | a final state is the gateway's last authenticated answer, or a later contradiction is marked, on grounds that the ledger shows | [`told_wrong`], whenever an order or an event is told; [`agrees`] at the end |
//! | I5 | no final state changes silently | [`steps`]: only by an undo or a person's decision, along [`edges::LEGAL`] |
//! | I6 | the application sees each transition at least once, in order per order | [`steps`] against the events in [`Books::seen`] |
//! | I7 | a forged callback moves nothing | [`told_wrong`] and [`agrees`]: what a forgery says was told by no gateway, and it is posted about orders of every state |
//! | I8 | one live ciphertext per voucher, never in plain text | [`Witness::vouchers_wrong`]; `History::lives` searches the files, `Shop::told` and `Shop::note_event` what comes out; logs: `core/tests/all/secrecy` |
//! | I9 | debits are the costs of live final orders, credits what was undone | [`sums_agree`] |
//! | I10 | calls are bounded | [`is_bounded`]; `STEPS_MAX` in `history.rs` |
//!
//! Without a word where and when: at the end of a history. Rules that are checked where they would be broken: 2, 3 in `shop.rs`; 6, 14, 16 in `gateway.rs`; 14 (sums) in `ledger.rs`; 16 (noticed), 17
//! in `history.rs`. Rule 11 at the end, by [`hints_were_followed`].

use std::collections::HashMap;
use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension};
use serde_json::Value;
use tillgate::orders::adapter::EvidenceStatus;
use tillgate::{FailureReason, Order, OrderState};

use crate::edges::{self, Edges};
use crate::gateway::{Row, State, World};
use crate::personality::Personality;
use crate::shop::Books;

/// Look-ups of one order in one history, at most: an hour of one a minute, and the quick ones before.
const LOOK_UPS_MAX: u32 = 600;
/// Attempts of one order, at most: the waits between them grow, and the time to act ends.
const ATTEMPTS_MAX: usize = 40;

/// Reads a journal beside the till.
pub struct Witness {
    journal: Connection,
}

/// An order and its history, as the journal has them.
struct Account {
    order: Value,
    /// Word, state, version.
    history: Vec<(String, i64, u64)>,
    /// The versions that events tell which nobody has acknowledged: they stand in the journal and come again.
    outstanding: Vec<u64>,
}

impl Witness {
    pub fn open(journal: &Path) -> rusqlite::Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let journal = Connection::open_with_flags(journal, flags)?;
        // Closing must not tidy up behind a till that was killed.
        journal.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        // A cached statement is planned once.
        journal.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        Ok(Self { journal })
    }

    pub fn knows(&self, id: &str) -> bool {
        self.body(id).is_ok_and(|body| body.is_some())
    }

    /// Whether an attempt of this order is durable and open.
    pub fn has_attempt(&self, id: &str) -> bool {
        let sql = "SELECT state = 2 AND instr(body, '\"attempts\":[{') > 0 FROM orders WHERE key = ?1";
        self.says(sql, id)
    }

    /// Whether this is the newest version of an order.
    pub fn is_newest(&self, id: &str, version: u64) -> bool {
        let sql =
            "SELECT max(sequence) = ?2 FROM history WHERE order_id = (SELECT id FROM orders WHERE key = ?1)";
        let said = self
            .journal
            .prepare_cached(sql)
            .and_then(|mut s| s.query_row((id.to_lowercase(), version as i64), |r| r.get(0)));
        said.unwrap_or(false)
    }

    /// Whether no other undo of the same order is under way.
    pub fn is_alone(&self, id: &str) -> bool {
        let sql = "SELECT NOT EXISTS (SELECT 1 FROM orders WHERE key <> ?1 AND is_open = 1
                       AND parent_key = (SELECT parent_key FROM orders WHERE key = ?1))";
        self.says(sql, id)
    }

    fn says(&self, sql: &str, id: &str) -> bool {
        let said =
            self.journal.prepare_cached(sql).and_then(|mut s| s.query_row([id.to_lowercase()], |r| r.get(0)));
        said.unwrap_or(false)
    }

    /// Orders that are not at their end, and events that nobody has handled. In the end, those do not count that a person has to
    /// decide, and those that are open at a gateway and overdue.
    pub fn left_to_do(&self, in_the_end: bool) -> rusqlite::Result<i64> {
        let open = if in_the_end {
            "is_open = 1 AND state <> 10 AND NOT (state = 4 AND instr(body, '\"overdue\":true') > 0)"
        } else {
            "is_open = 1"
        };
        let sql =
            format!("SELECT (SELECT count(*) FROM orders WHERE {open}) + (SELECT count(*) FROM events)");
        self.journal.prepare_cached(&sql)?.query_row([], |row| row.get(0))
    }

    /// Orders that have a voucher and not one ciphertext of it, or the other way round.
    fn vouchers_wrong(&self) -> rusqlite::Result<Vec<String>> {
        let sql = "SELECT key FROM orders WHERE (instr(body, '\"has_voucher\":true') > 0) <>
                       (SELECT count(*) FROM sealed WHERE order_id = orders.id AND kind = 'voucher')";
        self.journal.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
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
        let mut events = self.journal.prepare("SELECT body FROM events WHERE order_id = ?1")?;
        let mut accounts = Vec::with_capacity(orders.len());
        for (number, body) in orders {
            let mut outstanding = Vec::new();
            for event in events.query_map([number], |row| row.get::<_, String>(0))? {
                let event: Value = serde_json::from_str(&event?).unwrap_or_default();
                outstanding.extend(event["order"]["version"].as_u64());
            }
            let entries = history
                .query_map([number], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)? as u64)))?;
            let body: Value = serde_json::from_str(&body).unwrap_or_default();
            accounts.push(Account {
                order: body["order"].clone(),
                history: entries.collect::<rusqlite::Result<_>>()?,
                outstanding,
            });
        }
        Ok(accounts)
    }
}

/// The states by their numbers in the journal.
pub const STATES: [&str; 11] = [
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

/// What is held against one order.
struct Case<'a> {
    order: &'a Value,
    history: &'a [(String, i64, u64)],
    outstanding: &'a [u64],
    id: &'a str,
    state: &'a str,
    row: Option<&'a Row>,
    world: &'a State,
    books: &'a Books,
    /// A backup of the journal came back after it was meant.
    is_older: bool,
}

/// What is broken: the invariant, and how.
type Breach = (&'static str, String);

/// Holds everything against everything at the end of a history. Gives the transitions, and what is broken.
pub fn check(witness: &Witness, world: &World, books: &Books) -> rusqlite::Result<(Edges, Vec<String>)> {
    let world = world.lock();
    let (mut made, mut broken) = (Edges::new(), Vec::new());
    let accounts = witness.accounts()?;
    let by_id: HashMap<&str, &Value> =
        accounts.iter().filter_map(|a| Some((a.order["id"].as_str()?, &a.order))).collect();
    for account in &accounts {
        let id = account.order["id"].as_str().unwrap_or_default();
        let case = Case {
            order: &account.order,
            history: &account.history,
            outstanding: &account.outstanding,
            id,
            state: account.order["state"].as_str().unwrap_or_default(),
            row: world.ledger.iter().find(|row| row.is_of(id)),
            world: &world,
            books,
            is_older: world.is_older_than_the_journal(id),
        };
        let mut breaches = Vec::new();
        breaches.extend(is_at_an_end(&case));
        breaches.extend(agrees(&case));
        breaches.extend(sums_agree(&case, &accounts));
        breaches.extend(is_bounded(&case));
        breaches.extend(steps(&case, &mut made));
        for (invariant, why) in breaches {
            broken.push(format!("{invariant}: {id} {why}; its history: {:?}", account.history));
        }
    }
    broken.extend(ledger_is_known(&world, &by_id));
    broken.extend(hints_were_followed(&world, &by_id));
    for id in witness.vouchers_wrong()? {
        broken.push(format!("I8: {id} does not have one ciphertext for its voucher"));
    }
    Ok((made, broken))
}

impl Case<'_> {
    fn in_conflict(&self) -> bool {
        !self.order["conflict"].is_null()
    }

    fn failure(&self) -> Option<&str> {
        self.order["failure"].as_str()
    }

    fn at(&self) -> Option<Personality> {
        let account = self.order["account"].as_str().unwrap_or_default();
        Personality::ALL.into_iter().find(|at| at.account().to_string() == account)
    }

    /// Who cannot be asked does not tell either of what it has and has not done.
    fn was_carried_out(&self) -> bool {
        self.row.is_some_and(|row| row.at.can_be_asked() || row.evidence.status != EvidenceStatus::Failed)
    }

    /// Whether the gateway, or the person who asked there, last said so.
    fn surely_told(&self, status: EvidenceStatus) -> bool {
        self.world.told.get(self.id).is_some_and(|told| told.status == status || told.may_be_lost)
    }
}

/// I3.
fn is_at_an_end(case: &Case<'_>) -> Option<Breach> {
    let can_be_asked = case.at().is_some_and(Personality::can_be_asked);
    let stays_open = case.row.is_some_and(|row| row.stays_open);
    let fits = match case.state {
        state if is_final(state) => true,
        // Where look-ups work and an absence is proof, nothing is left to a person.
        "needs_review" => {
            let review = case.order["review"].as_str();
            let listed = matches!(
                review,
                Some(
                    "foreign_order"
                        | "several_records"
                        | "absence_unproved"
                        | "no_look_up"
                        | "id_in_use"
                        | "undo_unclear"
                        | "unequal_sum"
                )
            );
            listed && (case.at() != Some(Personality::Shelf) || stays_open)
        }
        "accepted" => (!can_be_asked || stays_open) && case.row.is_some() && case.order["overdue"] == true,
        _ => false,
    };
    (!fits).then(|| {
        let why =
            format!("is still {} ({}) long after faults have stopped", case.state, case.order["review"]);
        ("I3", why)
    })
}

/// I4.
fn agrees(case: &Case<'_>) -> Option<Breach> {
    let told = case.world.told.get(case.id);
    let wrong = |why: String| Some(("I4", why));
    if case.world.erred.contains(case.id) {
        // It is as a person said who was wrong, until somebody says otherwise.
        return None;
    }
    if let Some(conflict) = case.order["conflict"].as_str() {
        return (!has_grounds(case, conflict))
            .then(|| ("I4", format!("is {} and in conflict without grounds: {conflict}", case.state)));
    }
    match (case.state, case.failure()) {
        ("succeeded" | "reversed", _) if case.row.is_none() => {
            wrong(format!("is {} and was never carried out", case.state))
        }
        ("succeeded", _) if !case.surely_told(EvidenceStatus::Succeeded) => {
            wrong(format!("is succeeded, and the gateway last said {told:?}"))
        }
        ("reversed", _) if case.row.is_some_and(|row| row.undone < row.amount) => {
            wrong("is reversed and was not wholly undone".to_string())
        }
        ("failed", Some("issuer" | "decided")) if !case.surely_told(EvidenceStatus::Failed) => {
            wrong(format!("is failed, and the gateway last said {told:?}"))
        }
        ("failed", Some("absent" | "refused")) | ("cancelled" | "expired", _) if case.was_carried_out() => {
            wrong(format!("is {} ({:?}) and was carried out", case.state, case.failure()))
        }
        ("failed", None) => wrong("is failed without a reason".to_string()),
        _ => None,
    }
}

/// Whether the ledger shows why an order is in conflict. A conflict that anything may mark would excuse anything.
fn has_grounds(case: &Case<'_>, conflict: &str) -> bool {
    let (world, row) = (case.world, case.row);
    if case.is_older || world.mangled.contains(case.id) {
        return true;
    }
    if conflict.starts_with("the gateway says") {
        // "Still open" takes a no back.
        let taken_back = case.state == "failed" && world.taken_back.contains(case.id);
        return taken_back || row.is_some_and(|row| row.has_changed);
    }
    if conflict.starts_with("the gateway had the order") {
        return row.is_some_and(|row| row.was_hidden);
    }
    if conflict.ends_with("found nothing to undo") {
        return row.is_none_or(|row| !row.has_succeeded());
    }
    if conflict.contains(" undid ") {
        return row.is_some_and(|row| row.undone > tillgate::Decimal::ZERO);
    }
    world.ledger.iter().any(|row| row.id == case.id && row.is_foreign)
}

/// I4 and I7 at the moment when an order is told: why its state cannot be true. What is told late was true once: it is held
/// against all that was ever said, and the newest version against what was said last.
pub fn told_wrong(order: &Order, world: &State) -> Option<String> {
    let id = &order.id;
    if world.erred.contains(id) || world.is_older_than_the_journal(id) {
        return None;
    }
    let row = world.ledger.iter().find(|row| row.is_of(id));
    let was_carried_out =
        row.is_some_and(|row| row.at.can_be_asked() || row.evidence.status != EvidenceStatus::Failed);
    let in_conflict = order.conflict.is_some();
    let (expected, state) = match (order.state, order.failure.as_ref()) {
        (OrderState::Succeeded, _) => (EvidenceStatus::Succeeded, "succeeded"),
        (OrderState::Failed, Some(FailureReason::Issuer | FailureReason::Decided)) => {
            (EvidenceStatus::Failed, "failed")
        }
        (OrderState::Reversed, _) if row.is_none_or(|row| row.undone < row.amount) => {
            return Some("is reversed, and it was not wholly undone".to_string());
        }
        (OrderState::Failed | OrderState::Cancelled | OrderState::Expired, failure)
            if was_carried_out && !in_conflict =>
        {
            return Some(format!("is {} ({failure:?}), and it was carried out", order.state));
        }
        (OrderState::Failed, None) => return Some("is failed without a reason".to_string()),
        _ => return None,
    };
    if expected == EvidenceStatus::Succeeded && row.is_none() {
        return Some("is succeeded, and it was never carried out".to_string());
    }
    if !world.ever_said(id, &expected) {
        return Some(format!("is {state}, and nobody who knows has said so"));
    }
    let last = world.told.get(id)?;
    // What was heard in this very moment, or while the till closes, may not be written down yet.
    let since = world.closing_since.unwrap_or(world.now);
    let may_lag = last.may_be_lost || last.at >= since;
    let outdated = last.status != expected && !in_conflict && !may_lag;
    let is_newest = || world.is_newest.as_ref().is_some_and(|newest| newest(id, order.version));
    (outdated && is_newest()).then(|| format!("is {state}, and the gateway last said {:?}", last.status))
}

/// I9, of one order: what it cost, and what was given back.
fn sums_agree(case: &Case<'_>, accounts: &[Account]) -> Option<Breach> {
    let row = case.row?;
    if case.in_conflict() || !matches!(case.state, "succeeded" | "reversed") {
        return None;
    }
    if case.order["live"] != row.live {
        return Some(("I9", "is not as live as what was bought".to_string()));
    }
    let cost = case.order["cost"]["amount"].as_str().map(str::to_string);
    // One whose answer was lost, and that was undone before anybody could ask, has no known cost.
    let unseen = case.state == "reversed" || case.books.decided.contains(case.id) || case.is_older;
    if cost.as_deref() != Some(row.cost.amount.to_string().as_str()) && !(cost.is_none() && unseen) {
        return Some(("I9", format!("says that it cost {cost:?}, the ledger {}", row.cost)));
    }
    let undos: Vec<&Value> =
        accounts.iter().map(|a| &a.order).filter(|order| order["of"] == case.id).collect();
    let settled = |undo: &&Value| undo["conflict"].is_null() && undo["state"].as_str().is_some_and(is_final);
    if row.of.is_some() || case.is_older || case.books.decided.contains(case.id) || !undos.iter().all(settled)
    {
        return None;
    }
    let undone = case.order["undone_amount"].as_str().unwrap_or_default();
    let undone: tillgate::Decimal = undone.parse().unwrap_or_default();
    (undone != row.undone)
        .then(|| ("I9", format!("says that {undone} were undone, the ledger {}", row.undone)))
}

/// I10.
fn is_bounded(case: &Case<'_>) -> Option<Breach> {
    let look_ups = case.world.look_ups.get(case.id).copied().unwrap_or_default();
    if look_ups > LOOK_UPS_MAX {
        return Some(("I10", format!("was looked up {look_ups} times")));
    }
    let attempts = case.order["attempts"].as_array().map_or(0, Vec::len);
    (attempts > ATTEMPTS_MAX).then(|| ("I10", format!("was attempted {attempts} times")))
}

/// I5 and I6, along the order's history; counts its transitions.
fn steps(case: &Case<'_>, made: &mut Edges) -> Vec<Breach> {
    let mut breaches = Vec::new();
    let mut before = "new";
    for (what, state, version) in case.history {
        let state = STATES[*state as usize];
        if before != state {
            *made.entry((before.to_string(), what.clone(), state.to_string())).or_default() += 1;
            if !edges::is_legal(before, what, state) {
                breaches.push(("I5", format!("was {before} and became {state} by {what:?}")));
            }
            let told = case.books.seen.get(case.id).is_some_and(|seen| seen.contains(version));
            // An order that is placed and sent in one commit is told by its `buy`.
            let placed = *version == 2 && what == "attempt";
            // The till may be left while an undo comes to its end.
            let comes_again = case.outstanding.contains(version);
            if before != "new" && !told && !comes_again && !placed && !case.is_older {
                breaches.push(("I6", format!("became {state} (version {version}), and no event came")));
            }
        }
        if is_final(before) && before != state && what != "decision" && what != "undone" {
            breaches.push(("I5", format!("was {before} and became {state} by {what:?}")));
        }
        before = state;
    }
    if before != case.state {
        breaches.push(("I5", format!("is {}, and its history ends with {before:?}", case.state)));
    }
    let seen = case.books.seen.get(case.id).filter(|seen| !seen.is_sorted());
    if let Some(seen) = seen.filter(|_| !case.is_older) {
        breaches.push(("I6", format!("has events out of their order: {seen:?}")));
    }
    breaches
}

/// Rule 11: a callback that was taken about a known order is followed by a look-up.
fn hints_were_followed(world: &State, by_id: &HashMap<&str, &Value>) -> Vec<String> {
    let left = world.hinted.iter().filter(|(id, _)| by_id.contains_key(id.as_str()));
    let mut left: Vec<_> = left.collect();
    left.sort();
    let tell = |(id, at): (&String, &_)| {
        format!("rule 11: a callback about {id} was taken at {at:?}, and it was not looked up")
    };
    left.into_iter().map(tell).collect()
}

/// I2, from the ledger's side.
fn ledger_is_known(world: &State, by_id: &HashMap<&str, &Value>) -> Vec<String> {
    let own = world.ledger.iter().filter(|row| !row.is_foreign && !world.is_older_than_the_journal(&row.id));
    let unknown = own.filter(|row| !by_id.contains_key(row.id.as_str()));
    unknown.map(|row| format!("I2: {} was bought and the journal does not know it", row.id)).collect()
}
