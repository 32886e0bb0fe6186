//! Where orders are kept: the trait of a store. SQLite implements it; a store shared by a fleet can.
//!
//! A store is synchronous and knows no gateway, no clock and no thread. Grouping of commands sits above it.

use super::machine::{Fact, Record};
use super::moment::Moment;
use super::types::{Event, HistoryEntry, Order, OrderFilter};
use crate::Result;

/// Orders that one `Archive` touches, so that it never holds the journal for long.
pub const ARCHIVE_SIZE_MAX: u32 = 1000;

/// Something encrypted, and the key that did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    pub key_id: String,
    pub bytes: Vec<u8>,
}

/// What an order may have sealed. One of each at most; a new one replaces the old.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SecretKind {
    /// The delivered voucher.
    Voucher,
    /// What pays for the order.
    PaymentCode,
}

impl SecretKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Voucher => "voucher",
            Self::PaymentCode => "payment_code",
        }
    }
}

/// An intent to write down. It already carries its first attempt when it is to be sent at once.
#[derive(Clone, Debug)]
pub struct Draft {
    pub record: Record,
    pub payment_code: Option<Sealed>,
}

/// Something to be made durable.
#[derive(Clone, Debug)]
pub enum Command {
    /// Intents, all or none. An id that exists with the same fingerprint is returned as it is and not written again.
    Create(Vec<Draft>),
    /// A fact about an order. `voucher` replaces the sealed voucher when the fact changes anything.
    Apply { key: String, fact: Fact, voucher: Option<Sealed> },
    /// An event was handled by the application.
    Acknowledge { event: u64 },
    /// A callback named this order; it is to be looked up. Written before the callback is answered.
    Hint { key: String },
    /// The look-up that a hint asked for was made.
    HintDone {
        key: String,
        /// The hint, as `Store::hint` gave it before the gateway was asked: one that came since stays.
        hint: String,
    },
    /// A person ends the quarantine.
    LeaveQuarantine { decided_by: String, grounds: String },
    /// History, notes and secrets of final orders that did not change since then are dropped; id, fingerprint and state
    /// stay, and what a late callback is compared with. Orders with an event, a hint, a conflict or an open undo are left
    /// alone. Does at most `ARCHIVE_SIZE_MAX` orders, the oldest first: give it again while so many were done.
    Archive { before: crate::Timestamp },
}

/// A command and the moment it was given.
#[derive(Clone, Debug)]
pub struct Given {
    pub command: Command,
    pub at: Moment,
}

/// What became of a command.
#[derive(Clone, Debug)]
pub enum Done {
    /// The orders in the order of the drafts, and whether each was written now.
    Created(Vec<(Record, bool)>),
    /// The order after the fact, and whether the fact changed it. `also` holds the parent, when an undo changed it.
    Applied { record: Box<Record>, changed: bool, also: Option<Box<Record>> },
    /// How many things were changed.
    Count(u64),
}

/// Counts for `TillStatus`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub open_orders: u64,
    pub in_review: u64,
    pub conflicts: u64,
    pub unacknowledged_events: u64,
}

/// What recovery needs of an order, small enough to hold for a million of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenOrder {
    pub key: String,
    pub account: String,
}

/// A store of orders. One writer at a time; readers beside it.
pub trait Store: Send + Sync + 'static {
    /// Applies the commands in one durable transaction. One that fails (a refusal of the state machine, an id in use) leaves
    /// nothing behind and the others alone.
    ///
    /// An outer error means that nothing of the batch may be told as done, and the handle is spent: a failed fsync is
    /// never tried again on it.
    fn commit(&self, batch: &[Given]) -> Result<Vec<Result<Done>>>;

    /// One order.
    fn order(&self, key: &str) -> Result<Option<Record>>;

    /// The entries of an order's history, oldest first.
    fn history(&self, key: &str) -> Result<Vec<HistoryEntry>>;

    /// A page of orders, newest first, and where to go on.
    fn list(&self, filter: &OrderFilter) -> Result<(Vec<Order>, Option<String>)>;

    /// Orders that the tracker has to watch: not final, or absent since `absent_after` at the earliest, in pages by key.
    fn watched(&self, after_key: &str, limit: u32, absent_after: crate::Timestamp) -> Result<Vec<OpenOrder>>;

    /// The accounts of orders that are not final.
    fn open_accounts(&self) -> Result<Vec<String>>;

    /// Undo orders of this order.
    fn undos_of(&self, key: &str) -> Result<Vec<Record>>;

    /// An order of the account that the gateway is known to have, other than `except`: the most recently updated.
    fn known_order(&self, account: &str, except: &str) -> Result<Option<Record>>;

    /// The oldest unacknowledged event of each order that is not among `held` (order keys), oldest first.
    fn events(&self, held: &[String], limit: u32) -> Result<Vec<(String, Event)>>;

    /// Orders that callbacks named and that were not looked up since, behind this place: their places and keys.
    fn hints(&self, after: i64, limit: u32) -> Result<Vec<(i64, String)>>;

    /// The latest hint of this order that no look-up has answered, to name it by.
    fn hint(&self, key: &str) -> Result<Option<String>>;

    /// Something sealed.
    fn sealed(&self, key: &str, kind: SecretKind) -> Result<Option<Sealed>>;

    /// Counts.
    fn counts(&self) -> Result<Counts>;

    /// The journal's epoch since this open.
    fn epoch(&self) -> u64;

    /// Whether the epoch is mirrored, so that a restored backup is noticed.
    fn epoch_guard(&self) -> bool;

    /// The names of keys that encrypted something here and were not given: what they sealed cannot be revealed.
    fn keys_not_given(&self) -> Result<Vec<String>>;

    /// Why the journal is in quarantine.
    fn quarantine(&self) -> Result<Option<String>>;

    /// Why nothing can be written, if so: read-only, failed.
    fn cannot_write(&self) -> Option<crate::TillgateError>;

    /// Why nothing new may be sent, if so: nothing can be written, or there is no room for what becomes of it. Outcomes of
    /// what was sent before are still written then, where they can be.
    fn cannot_send(&self) -> Option<crate::TillgateError>;

    /// Ends writing; releases the lock.
    fn close(&self);
}
