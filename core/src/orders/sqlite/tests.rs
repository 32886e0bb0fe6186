//! What the journal keeps: rules 1 to 3, 12, 16 to 19, as far as they are the store's.

mod commands;
mod failing;
mod grouping;
mod lists;
mod opening;
mod time;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use super::SqliteStore;
use crate::clock::SystemClock;
use crate::orders::adapter::{Evidence, EvidenceStatus};
use crate::orders::ids::fingerprint;
use crate::orders::machine::{AttemptEnd, Fact, Record, Source, begin_attempt};
use crate::orders::moment::Moment;
use crate::orders::store::{Command, Done, Draft, Given, Sealed, Store};
use crate::orders::vault::Vault;
use crate::*;

/// A folder with a journal in it.
struct Till {
    folder: TempDir,
    config: TillConfig,
}

impl Till {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let config = config(&folder.path().join("till.journal"));
        Self { folder, config }
    }

    fn open(&self) -> Arc<SqliteStore> {
        self.try_open().unwrap()
    }

    fn try_open(&self) -> Result<Arc<SqliteStore>> {
        open(&self.config)
    }

    fn refused(&self) -> TillgateError {
        self.try_open().map(drop).unwrap_err()
    }

    fn journal(&self) -> PathBuf {
        PathBuf::from(&self.config.journal_path)
    }

    fn beside(&self, ending: &str) -> PathBuf {
        PathBuf::from(format!("{}{ending}", self.config.journal_path))
    }

    /// Another way to open the same journal.
    fn with(&self, change: impl FnOnce(&mut TillConfig)) -> TillConfig {
        let mut config = self.config.clone();
        change(&mut config);
        config
    }
}

fn open(config: &TillConfig) -> Result<Arc<SqliteStore>> {
    let vault = Vault::new(config.key.as_ref(), &config.old_keys)?;
    SqliteStore::open(config, &SystemClock::new(), vault.check_values())
}

fn config(path: &Path) -> TillConfig {
    TillConfig {
        journal_path: path.to_str().unwrap().to_string(),
        create: true,
        read_only: false,
        key: None,
        old_keys: vec![],
        installation_id: Some("the till of these tests".into()),
        epoch_mirror_path: None,
        policy: None,
    }
}

/// The orders that callbacks named, asked for one at a time.
fn hinted(store: &SqliteStore) -> Vec<String> {
    let (mut keys, mut after) = (Vec::new(), 0);
    while let Some((place, key)) = store.hints(after, 1).unwrap().pop() {
        keys.push(key);
        after = place;
    }
    keys
}

fn seconds(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn at(second: i64) -> Moment {
    Moment {
        wall: seconds(second),
        running: Duration::from_secs(second as u64),
        opened: Duration::ZERO,
        epoch: 1,
    }
}

fn new_order(id: &str) -> NewOrder {
    NewOrder {
        id: id.into(),
        product: "1201".into(),
        amount: Money::new(Decimal::new(1000, 2), "CHF"),
        scenario: "live".into(),
        beneficiary: vec![BeneficiaryField { name: "mobile".into(), value: "+41791234567".into() }],
        account: None,
        amount_range: None,
        callback_url: None,
        notifications: Vec::new(),
        payment_code: None,
        submit_within_ms: None,
        notes: HashMap::new(),
    }
}

const ACCOUNT: &str = "cysend|https://api.example/v5|till";

fn intent_of(new: NewOrder, second: i64) -> Record {
    let at = at(second);
    let print = fingerprint(ACCOUNT, &new);
    let order = Order {
        id: new.id,
        state: OrderState::Pending,
        failure: None,
        review: None,
        conflict: None,
        overdue: false,
        live: true,
        kind: OrderKind::Purchase,
        of: None,
        account: ACCOUNT.into(),
        product: new.product,
        amount: new.amount,
        scenario: new.scenario,
        beneficiary: new.beneficiary,
        callback_url: None,
        notifications: Vec::new(),
        notes: new.notes,
        cost: None,
        gateway_uid: None,
        gateway_status: None,
        response_code: None,
        response_text: None,
        issuer_reference: None,
        gateway_date: None,
        has_voucher: false,
        undone_amount: Decimal::ZERO,
        attempts: vec![],
        created_at: at.wall,
        updated_at: at.wall,
        submit_by: seconds(second + 60),
        version: 1,
    };
    Record::intent(order, print, 60_000, &at)
}

fn intent(id: &str, second: i64) -> Record {
    intent_of(new_order(id), second)
}

/// An intent with its first attempt, as `buy` writes it.
fn sent(id: &str, second: i64) -> Record {
    let mut record = intent(id, second);
    begin_attempt(&mut record, &at(second));
    record
}

fn draft(record: Record) -> Draft {
    Draft { record, payment_code: None }
}

fn create(records: impl IntoIterator<Item = Record>) -> Command {
    Command::Create(records.into_iter().map(draft).collect())
}

fn fact(id: &str, fact: Fact) -> Command {
    Command::Apply { key: id.into(), fact, voucher: None }
}

fn given(command: Command, second: i64) -> Given {
    Given { command, at: at(second) }
}

/// One command in a batch of its own.
fn commit(store: &SqliteStore, command: Command, second: i64) -> Result<Done> {
    store.commit(&[given(command, second)])?.remove(0)
}

fn apply(store: &SqliteStore, id: &str, what: Fact, second: i64) -> Result<(Record, bool)> {
    match commit(store, fact(id, what), second)? {
        Done::Applied { record, changed, .. } => Ok((*record, changed)),
        other => panic!("{other:?}"),
    }
}

fn created(done: Result<Done>) -> Vec<(Record, bool)> {
    match done.unwrap() {
        Done::Created(records) => records,
        other => panic!("{other:?}"),
    }
}

fn count(done: Result<Done>) -> u64 {
    match done.unwrap() {
        Done::Count(count) => count,
        other => panic!("{other:?}"),
    }
}

fn evidence(id: &str, uid: &str, status: EvidenceStatus) -> Evidence {
    Evidence {
        id: id.into(),
        told_by_baseline: false,
        raw_status: format!("{status:?}"),
        status,
        gateway_uid: Some(uid.into()),
        scenario: None,
        product: None,
        amount: None,
        currency: None,
        beneficiary: None,
        date: None,
        cost: None,
        response_code: None,
        response_text: None,
        issuer_reference: None,
        voucher: None,
    }
}

fn looked_up(id: &str, uid: &str, status: EvidenceStatus) -> Fact {
    Fact::Evidence { records: vec![evidence(id, uid, status)], source: Source::LookUp }
}

fn no_answer() -> Fact {
    Fact::AttemptEnds { number: 1, end: AttemptEnd { outcome: AttemptOutcome::Unknown, details: None } }
}

/// An order that succeeded, with two events: accepted and succeeded.
fn succeeded(store: &SqliteStore, id: &str, second: i64) {
    created(commit(store, create([sent(id, second)]), second));
    let uid = format!("uid of {id}");
    apply(store, id, looked_up(id, &uid, EvidenceStatus::Open), second).unwrap();
    apply(store, id, looked_up(id, &uid, EvidenceStatus::Succeeded), second).unwrap();
}

fn acknowledge_all(store: &SqliteStore) {
    loop {
        let events = store.events(&[], 1000).unwrap();
        if events.is_empty() {
            return;
        }
        for (_, event) in events {
            assert_eq!(count(commit(store, Command::Acknowledge { event: event.id }, 0)), 1);
        }
    }
}

fn sealed(text: &str) -> Sealed {
    Sealed { key_id: "k".into(), bytes: text.as_bytes().to_vec() }
}

/// SQLite's own opinion of a journal that nobody has open.
fn assert_sound(path: &Path) {
    let connection = rusqlite::Connection::open(path).unwrap();
    let said: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(said, "ok");
    let broken = connection.prepare("PRAGMA foreign_key_check").unwrap().exists([]).unwrap();
    assert!(!broken);
}
