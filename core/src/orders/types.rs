//! What an application sees of orders.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tillgate_macros::open_enum;

use crate::{Decimal, Money, Outcome, Secret, Timestamp};

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, uniffi::Enum)]
#[serde(rename_all = "snake_case")]
#[repr(u16)]
pub enum OrderState {
    /// Durable; no attempt may have been sent.
    Pending = 1,
    /// An attempt is durable and has begun.
    Sending = 2,
    /// An attempt may have been sent, and there is no certain answer yet. Look-ups settle it.
    Unknown = 3,
    /// The gateway has it and is not done.
    Accepted = 4,
    /// Final: the gateway says that it was done.
    Succeeded = 5,
    /// Final: it was not done; `failure` says why.
    Failed = 6,
    /// Final: called off before anything was sent.
    Cancelled = 7,
    /// Final: the time to act passed before anything was sent.
    Expired = 8,
    /// Final: was done and has been undone.
    Reversed = 9,
    /// The rules end here; a person decides. `review` says why.
    NeedsReview = 10,
}

impl OrderState {
    /// Whether nothing but a conflict mark can follow.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled | Self::Expired | Self::Reversed)
    }
}

impl std::fmt::Display for OrderState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Pending => "pending",
            Self::Sending => "sending",
            Self::Unknown => "unknown",
            Self::Accepted => "accepted",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Reversed => "reversed",
            Self::NeedsReview => "needs_review",
        })
    }
}

open_enum! {
    /// Why an order failed.
    pub enum FailureReason {
        /// The gateway refused every attempt.
        Refused = 1 => "refused",
        /// The gateway took the order and the issuer, or the gateway later, failed it.
        Issuer = 2 => "issuer",
        /// The gateway was asked for long enough and never had it.
        Absent = 3 => "absent",
        /// It stayed open at the gateway until its time there ran out.
        Lapsed = 4 => "lapsed",
        /// The payer left it.
        Abandoned = 5 => "abandoned",
        /// A person decided so.
        Decided = 6 => "decided",
    }
}

/// Why a person must decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, uniffi::Enum)]
#[serde(rename_all = "snake_case")]
#[repr(u16)]
pub enum ReviewReason {
    /// The gateway has a record under this id that is not this order.
    ForeignOrder = 1,
    /// The gateway has more than one record under this id.
    SeveralRecords = 2,
    /// The gateway does not have it, and at this gateway that is no proof.
    AbsenceUnproved = 3,
    /// The gateway offers no look-up, and the answer was lost.
    NoLookUp = 4,
    /// The gateway says that the id is in use, and offers no way to see by what.
    IdInUse = 5,
    /// The gateway cannot undo it, or does not say whether it did.
    UndoUnclear = 6,
    /// Sums do not agree.
    UnequalSum = 7,
}

/// What an order does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, uniffi::Enum)]
#[serde(rename_all = "snake_case")]
#[repr(u16)]
pub enum OrderKind {
    /// Buys or pays.
    Purchase = 1,
    /// Undoes another order by the gateway's reversal.
    Reverse = 2,
    /// Undoes another order by a chargeback.
    Chargeback = 3,
    /// Calls another order off before it is captured.
    Cancel = 4,
    /// Pays another order back, whole or in part.
    Refund = 5,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, uniffi::Enum)]
#[serde(rename_all = "snake_case")]
#[repr(u16)]
pub enum AttemptOutcome {
    /// It has begun and no end is recorded.
    Open = 1,
    /// It surely never reached the gateway.
    NotSent = 2,
    /// The gateway refused it.
    Refused = 3,
    /// The gateway answered with the order.
    Answered = 4,
    /// It may have been carried out.
    Unknown = 5,
}

/// One time that an order was, or may have been, sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, uniffi::Record)]
pub struct Attempt {
    /// Counts from 1.
    pub number: u32,
    /// When it was made durable, before the first byte was sent.
    pub started_at: Timestamp,
    /// When its outcome was known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// How it ended.
    pub outcome: AttemptOutcome,
    /// What went wrong, in a sentence. Holds no secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What it means for the money and what to do, in plain words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// The HTTP status of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    /// The gateway's own error code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway_code: Option<String>,
    /// The correlation id that was sent along.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// One piece of information about the beneficiary, as the product asks for it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, uniffi::Record)]
pub struct BeneficiaryField {
    /// The name of the field (CY.SEND: `ProductParameter.name`, such as `mobile`).
    pub name: String,
    /// Its value (a mobile number in E.164 form, an account number).
    pub value: String,
}

/// A notification that the gateway shall send of what becomes of an order.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, uniffi::Record)]
pub struct OrderNotification {
    /// What sets it off, by the gateway's id (CY.SEND: `Subscription.trigger_uid`).
    pub trigger: String,
    /// How it travels, by the gateway's id (CY.SEND: `Subscription.channel_uid`; `get_notification_channels` lists them).
    pub channel: String,
    /// Where it goes, as the channel asks: an `url` for HTTP, addresses for mail. At least one parameter.
    pub destination: Vec<NotificationParameter>,
}

/// A parameter of a notification's destination.
#[derive(
    Clone, derive_more::Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, uniffi::Record,
)]
pub struct NotificationParameter {
    /// The name that the channel asks for, such as `url` (CY.SEND: `NotificationDestinationParameter.name`).
    pub name: String,
    /// Its value.
    #[debug("{:?}", crate::shown::destination(value))]
    pub value: String,
}

/// The bounds of an amount, when the caller knows them; checked before anything is written or sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, uniffi::Record)]
pub struct AmountRange {
    /// The smallest amount, inclusive.
    #[serde(with = "crate::money::text")]
    pub minimum: Decimal,
    /// The largest amount, inclusive.
    #[serde(with = "crate::money::text")]
    pub maximum: Decimal,
    /// The step from the smallest amount on; zero allows any amount between.
    #[serde(with = "crate::money::text")]
    pub step: Decimal,
}

/// An order that is to be placed.
#[derive(Clone, derive_more::Debug, PartialEq, uniffi::Record)]
pub struct NewOrder {
    /// The caller's id, saved by the caller before this call; `new_id()` mints one. Unique for ever, without regard to case.
    /// CY.SEND: 1 to 32 of `A-Z a-z 0-9 _`.
    pub id: String,
    /// What is bought, in the gateway's own numbering (CY.SEND: the `face_value_id`).
    pub product: String,
    /// What the beneficiary receives. Above zero, exact.
    pub amount: Money,
    /// Whether this is real. CY.SEND: a wire text of `CysendOrderScenario`, `live` for a real purchase. There is no default.
    pub scenario: String,
    /// Whom it is for, as the product asks.
    #[uniffi(default = [])]
    pub beneficiary: Vec<BeneficiaryField>,
    /// The name under which the account was attached; may be left out while there is only one.
    #[uniffi(default = None)]
    pub account: Option<String>,
    /// Bounds to check the amount against.
    #[uniffi(default = None)]
    pub amount_range: Option<AmountRange>,
    /// Where the gateway shall call back. Not part of what makes two requests the same. CY.SEND calls it deprecated in favour of
    /// notifications; it is still the only way that needs nothing set up there.
    #[uniffi(default = None)]
    #[debug("{:?}", callback_url.as_deref().map(crate::shown::origin))]
    pub callback_url: Option<String>,
    /// Notifications that the gateway shall send of this order, besides or instead of `callback_url`. At most 50. Not part of what
    /// makes two requests the same.
    #[uniffi(default = [])]
    pub notifications: Vec<OrderNotification>,
    /// A gift card or the like that pays (CY.SEND: `gift_card_code`). Kept encrypted; not part of what makes two requests the same.
    #[uniffi(default = None)]
    pub payment_code: Option<Arc<Secret>>,
    /// Time to act in milliseconds: no attempt starts later. Default: the policy's, 60,000.
    #[uniffi(default = None)]
    pub submit_within_ms: Option<u64>,
    /// The caller's own notes; kept, never sent.
    #[uniffi(default)]
    pub notes: HashMap<String, String>,
}

/// An order that undoes another.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct NewUndo {
    /// The id of this undo order, saved by the caller before this call.
    pub id: String,
    /// The id of the order to undo.
    pub of: String,
    /// How to undo it. Not `Purchase`.
    pub kind: OrderKind,
    /// How much to give back; left out, all that is left.
    #[uniffi(default = None)]
    pub amount: Option<Decimal>,
    /// Time to act in milliseconds. Default: the policy's, 60,000.
    #[uniffi(default = None)]
    pub submit_within_ms: Option<u64>,
}

/// An order and all that is known of it. Holds no voucher code: that is `reveal`'s to give.
#[derive(Clone, derive_more::Debug, PartialEq, Eq, Serialize, Deserialize, uniffi::Record)]
pub struct Order {
    /// The caller's id.
    pub id: String,
    /// Where it stands.
    pub state: OrderState,
    /// Why it failed, when it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureReason>,
    /// Why a person must decide, when one must.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review: Option<ReviewReason>,
    /// Set when evidence contradicts a final state: what was seen, in a sentence. The state itself was not changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conflict: Option<String>,
    /// The order has had no certain answer for longer than the policy allows; look-ups go on.
    pub overdue: bool,
    /// Real, or simulated at the gateway.
    pub live: bool,
    /// What it does.
    pub kind: OrderKind,
    /// The order that this one undoes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// Gateway, address and principal, as one text.
    pub account: String,
    /// What is bought, in the gateway's numbering.
    pub product: String,
    /// What the beneficiary receives.
    pub amount: Money,
    /// The scenario that was asked for, as sent.
    pub scenario: String,
    /// Whom it is for.
    pub beneficiary: Vec<BeneficiaryField>,
    /// Where the gateway was asked to call back.
    #[debug("{:?}", callback_url.as_deref().map(crate::shown::origin))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback_url: Option<String>,
    /// The notifications that the gateway was asked for.
    #[serde(default)]
    pub notifications: Vec<OrderNotification>,
    /// The caller's notes.
    pub notes: HashMap<String, String>,
    /// What the account was debited, as the gateway said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Money>,
    /// The gateway's own id of the order (CY.SEND: `uid`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway_uid: Option<String>,
    /// The gateway's own status, as it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway_status: Option<String>,
    /// The gateway's own response code (CY.SEND: ISO 8583 `response_code`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_code: Option<String>,
    /// The gateway's own words on the response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_text: Option<String>,
    /// The issuer's reference, for the beneficiary's enquiries there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer_reference: Option<String>,
    /// The gateway's date of the order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway_date: Option<Timestamp>,
    /// A voucher code is stored, encrypted; `reveal` gives it.
    pub has_voucher: bool,
    /// How much of it has been undone.
    #[serde(with = "crate::money::text")]
    pub undone_amount: Decimal,
    /// Every time that it was, or may have been, sent.
    pub attempts: Vec<Attempt>,
    /// When the intent was made durable.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// No attempt starts after this moment.
    pub submit_by: Timestamp,
    /// Counts the changes, from 1.
    pub version: u64,
}

/// One entry of an order's history. Entries are only ever added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, uniffi::Record)]
pub struct HistoryEntry {
    /// Counts from 1 within the order; equals the order's version after the entry.
    pub sequence: u64,
    /// When it was made durable.
    pub at: Timestamp,
    /// What happened, as a word (`intent`, `attempt`, `refused`, `evidence`, `not_found`, `decision`, …).
    pub what: String,
    /// The state after it.
    pub state: OrderState,
    /// Particulars in a sentence. Holds no secret.
    pub note: Option<String>,
}

/// What an event tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, uniffi::Enum)]
#[serde(rename_all = "snake_case")]
#[repr(u16)]
pub enum EventKind {
    /// The order came into another state.
    StateChanged = 1,
    /// Evidence contradicts the order's final state.
    Conflict = 2,
    /// There has been no certain answer for longer than the policy allows.
    Overdue = 3,
    /// Something else that is worth knowing changed (a cost, a reference, a voucher).
    Updated = 4,
}

/// A durable event. The same one comes again until it is acknowledged by its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, uniffi::Record)]
pub struct Event {
    /// Give this to `acknowledge`.
    pub id: u64,
    /// What it tells.
    pub kind: EventKind,
    /// The order as it was after the change.
    pub order: Order,
    /// When it was made durable.
    pub at: Timestamp,
}

/// Which orders to list. What is left out does not restrict.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct OrderFilter {
    /// Only orders in one of these states.
    #[uniffi(default = [])]
    pub states: Vec<OrderState>,
    /// Only orders of this account (the text of `Order.account`).
    #[uniffi(default = None)]
    pub account: Option<String>,
    /// Only orders made at or after this moment.
    #[uniffi(default = None)]
    pub created_from: Option<Timestamp>,
    /// Only orders made before this moment.
    #[uniffi(default = None)]
    pub created_before: Option<Timestamp>,
    /// Only orders with a conflict mark.
    #[uniffi(default = false)]
    pub conflicts_only: bool,
    /// Only orders that hold this text in id, gateway uid, issuer's reference, a beneficiary value or a note. Case does not count.
    #[uniffi(default = None)]
    pub text: Option<String>,
    /// At most this many, 1 to 1,000.
    #[uniffi(default = 100)]
    pub limit: u32,
    /// Where to go on: `next` of the page before.
    #[uniffi(default = None)]
    pub after: Option<String>,
}

impl Default for OrderFilter {
    fn default() -> Self {
        Self {
            states: Vec::new(),
            account: None,
            created_from: None,
            created_before: None,
            conflicts_only: false,
            text: None,
            limit: 100,
            after: None,
        }
    }
}

/// A page of orders, newest first.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct OrderPage {
    /// The orders.
    pub orders: Vec<Order>,
    /// Give this as `after` to go on; absent at the end.
    pub next: Option<String>,
}

/// What a person decides about an order in review or in conflict. It is journalled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, uniffi::Record)]
pub struct Decision {
    /// `Succeeded`, `Failed` or `Reversed`.
    pub state: OrderState,
    /// Who decided.
    pub decided_by: String,
    /// On what grounds.
    pub grounds: String,
}

/// The secrets of a delivered voucher.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct Voucher {
    /// The code to redeem. Absent for a voucher that is only a link.
    pub code: Option<Arc<Secret>>,
    /// Its serial number.
    pub serial: Option<Arc<Secret>>,
    /// Its security code.
    pub pin_code: Option<Arc<Secret>>,
    /// Where a printable form lies.
    pub pdf_link: Option<Arc<Secret>>,
    /// When it expires, as the gateway wrote it.
    pub expiration: Option<String>,
    /// How to redeem it, by language (ISO 639-1).
    pub usage_instructions: HashMap<String, String>,
    /// What else the gateway gave that this version does not know, as JSON text.
    #[uniffi(default = None)]
    pub unknown_fields: Option<Arc<Secret>>,
}

/// What a gateway's callback brought, as the web server received it.
#[derive(Clone, derive_more::Debug, PartialEq, Eq, uniffi::Record)]
pub struct CallbackRequest {
    /// The body's raw bytes, not parsed by anyone. At most 1 MiB is looked at.
    #[debug("{} bytes", body.len())]
    pub body: Vec<u8>,
    /// The account that it is for, by the name under which it was attached; may be left out while there is only one.
    #[uniffi(default = None)]
    pub account: Option<String>,
}

/// What to answer to a callback.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct CallbackAnswer {
    /// The HTTP status to answer with; the body may be empty.
    pub http_status: u16,
    /// How many of our orders it named; each is looked up.
    pub known_orders: u32,
    /// How many ids it named that are not ours.
    pub unknown_orders: u32,
}

/// Keys of the journal's encryption.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct JournalKey {
    /// The name of the key, stored beside what it encrypts.
    pub id: String,
    /// 32 random bytes in base64; `new_journal_key()` makes them.
    pub key: Arc<Secret>,
}

/// The figures of the law of orders. Every one has the law's default.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct OrderPolicy {
    /// Time to act after the intent, in milliseconds.
    #[uniffi(default = 60000)]
    pub submit_within_ms: u64,
    /// Pending orders of an earlier process are sent (within their time) instead of expired.
    #[uniffi(default = false)]
    pub resume_pending: bool,
    /// Settled absence needs at least so many counted answers.
    #[uniffi(default = 5)]
    pub absence_answers_min: u32,
    /// Settled absence needs at least so much running time, in milliseconds.
    #[uniffi(default = 900000)]
    pub absence_running_ms: u64,
    /// Settled absence goes to review even where the gateway's adapter declares it a proof.
    #[uniffi(default = false)]
    pub absence_needs_review: bool,
    /// How long an absent order is still looked up, in milliseconds.
    #[uniffi(default = 86400000)]
    pub appearance_watch_ms: u64,
    /// Wait before the first look-up, in milliseconds; the waits double from there.
    #[uniffi(default = 1000)]
    pub look_up_first_ms: u64,
    /// The longest wait between look-ups of an unknown order, in milliseconds.
    #[uniffi(default = 60000)]
    pub look_up_unknown_max_ms: u64,
    /// The longest wait between look-ups of an accepted order, in milliseconds.
    #[uniffi(default = 600000)]
    pub look_up_accepted_max_ms: u64,
    /// Wait between the slow look-ups (in review, after absence), in milliseconds.
    #[uniffi(default = 1800000)]
    pub look_up_slow_ms: u64,
    /// Look-ups at a time, for each account.
    #[uniffi(default = 4)]
    pub look_ups_in_flight_max: u32,
    /// An order without a certain answer for this long is overdue, in milliseconds.
    #[uniffi(default = 1800000)]
    pub overdue_after_ms: u64,
    /// Orders in one call to the gateway.
    #[uniffi(default = 1)]
    pub batch_size_on_wire: u32,
    /// Where the gateway offers no look-up: sends an unknown order again, although it may then be carried out twice. Leave it off.
    #[uniffi(default = false)]
    pub accept_double_purchase_risk: bool,
    /// Undoes an order by itself where the rules would end in review and the gateway can undo.
    #[uniffi(default = false)]
    pub undo_if_unknown: bool,
    /// An event that was not acknowledged is given again after this long, in milliseconds.
    #[uniffi(default = 30000)]
    pub redeliver_after_ms: u64,
}

impl Default for OrderPolicy {
    fn default() -> Self {
        Self {
            submit_within_ms: 60_000,
            resume_pending: false,
            absence_answers_min: 5,
            absence_running_ms: 15 * 60_000,
            absence_needs_review: false,
            appearance_watch_ms: 24 * 3_600_000,
            look_up_first_ms: 1_000,
            look_up_unknown_max_ms: 60_000,
            look_up_accepted_max_ms: 600_000,
            look_up_slow_ms: 1_800_000,
            look_ups_in_flight_max: 4,
            overdue_after_ms: 1_800_000,
            batch_size_on_wire: 1,
            accept_double_purchase_risk: false,
            undo_if_unknown: false,
            redeliver_after_ms: 30_000,
        }
    }
}

/// How to open a till.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct TillConfig {
    /// The journal's file. Beside it stand `-wal`, `-lock` and `-reserve`.
    pub journal_path: String,
    /// Make the journal when there is none. Off, a missing journal is an error: it may have been lost.
    #[uniffi(default = false)]
    pub create: bool,
    /// Only read, and append callback hints; works beside the process that buys.
    #[uniffi(default = false)]
    pub read_only: bool,
    /// The key that encrypts voucher codes and the like. Without it nothing is bought.
    #[uniffi(default = None)]
    pub key: Option<JournalKey>,
    /// Earlier keys, to read what they encrypted.
    #[uniffi(default = [])]
    pub old_keys: Vec<JournalKey>,
    /// Names the installation; by default the machine's own id. Another one than the journal's means quarantine.
    #[uniffi(default = None)]
    pub installation_id: Option<String>,
    /// A file on another disk or server that mirrors the journal's epoch. Without it a restored backup is not noticed; with it, one
    /// that was made since the latest open is not. So close and open once more after each backup that was made while the till ran.
    #[uniffi(default = None)]
    pub epoch_mirror_path: Option<String>,
    /// Figures other than the law's.
    #[uniffi(default = None)]
    pub policy: Option<OrderPolicy>,
}

/// How a till stands.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct TillStatus {
    /// Why the journal is in quarantine; absent when it is not.
    pub quarantine: Option<String>,
    /// Raised at each open.
    pub epoch: u64,
    /// Whether a restored backup that is older than the latest open would be noticed.
    pub epoch_guard: bool,
    /// Whether orders can be bought now; if not, why.
    pub cannot_buy: Option<String>,
    /// Orders that are not final, those in review included.
    pub open_orders: u64,
    /// Orders in review.
    pub in_review: u64,
    /// Orders with a conflict mark.
    pub conflicts: u64,
    /// Events that wait for their acknowledgement.
    pub unacknowledged_events: u64,
    /// Ids in callbacks that were not ours, since open.
    pub unknown_callback_ids: u64,
    /// Names of keys that encrypted vouchers here and were not given at open; see `refetch_code`.
    pub keys_not_given: Vec<String>,
    /// Accounts of open orders that are not attached, so that their orders wait.
    pub unattached_accounts: Vec<String>,
}

impl NewOrder {
    /// An order with nothing but what every order needs.
    pub fn new(
        id: impl Into<String>,
        product: impl Into<String>,
        amount: Money,
        scenario: impl Into<String>,
    ) -> Self {
        Self {
            id: id.into(),
            product: product.into(),
            amount,
            scenario: scenario.into(),
            beneficiary: Vec::new(),
            account: None,
            amount_range: None,
            callback_url: None,
            notifications: Vec::new(),
            payment_code: None,
            submit_within_ms: None,
            notes: HashMap::new(),
        }
    }
}

impl TillConfig {
    /// A till with the law's figures for the journal at this path, which must exist.
    pub fn new(journal_path: impl Into<String>) -> Self {
        Self {
            journal_path: journal_path.into(),
            create: false,
            read_only: false,
            key: None,
            old_keys: Vec::new(),
            installation_id: None,
            epoch_mirror_path: None,
            policy: None,
        }
    }
}

impl Voucher {
    /// Whether there is anything in it to redeem.
    pub(crate) fn can_be_redeemed(&self) -> bool {
        [&self.code, &self.serial, &self.pin_code, &self.pdf_link].into_iter().any(Option::is_some)
    }
}

impl Order {
    /// Whether any attempt may have reached the gateway.
    pub fn may_have_been_sent(&self) -> bool {
        self.attempts.iter().any(|a| !matches!(a.outcome, AttemptOutcome::NotSent | AttemptOutcome::Refused))
    }

    /// What the state means for the money: the outcome to put into an error about this order.
    pub fn money(&self) -> Outcome {
        match self.state {
            OrderState::Pending | OrderState::Cancelled | OrderState::Expired => Outcome::NotSent,
            OrderState::Failed => Outcome::Refused,
            _ => Outcome::Unknown,
        }
    }
}
