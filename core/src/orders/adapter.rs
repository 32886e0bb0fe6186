//! What the tracker must know of one gateway. The tracker knows nothing else of it.

use std::sync::Arc;
use std::time::Duration;

use crate::runtime::BoxFuture;

use super::types::{CallbackRequest, NewOrder, OrderKind};
use crate::{Decimal, Money, Result, Secret, TillgateError, Timestamp};

/// Whose orders these are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Account {
    /// The gateway's name in small letters (`cysend`).
    pub gateway: String,
    /// The address of the service, environment and version included.
    pub address: String,
    /// The user, shop or service client; never a secret.
    pub principal: String,
}

impl std::fmt::Display for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}|{}|{}", self.gateway, self.address, self.principal)
    }
}

/// Whether the gateway refuses an id that it has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duplicates {
    /// Nothing says so: an order sent again may be bought again.
    NotRefused,
    /// Refused for this long after the first attempt.
    RefusedFor(Duration),
}

/// Whether and how the gateway undoes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UndoSteps {
    /// It does not.
    None,
    /// One call says what became of it.
    One,
    /// "Not found" counts only the second time: not sooner than `gap` after the first, not later than `window`.
    Two {
        /// Longer than any payment can take.
        gap: Duration,
        /// How long the gateway remembers the first call.
        window: Duration,
    },
}

/// What a gateway can do, as its adapter declares it.
#[derive(Clone, Debug)]
pub struct Abilities {
    /// An order can be looked up by its id without side effects.
    pub look_up: bool,
    /// An order that is settled to be absent was surely not carried out.
    pub absence_is_proof: bool,
    /// Whether an id that was seen is refused.
    pub duplicates: Duplicates,
    /// Whether and how it undoes.
    pub undo: UndoSteps,
    /// What must be read before an undo is sent, so that afterwards one new record can be told.
    pub needs_baseline: bool,
    /// Orders that one call may carry.
    pub group_size_max: u32,
}

/// An order as the adapter sends it.
#[derive(Clone, derive_more::Debug)]
pub struct Submission {
    /// The order's id: the gateway's dedupe key.
    pub id: String,
    /// What it does.
    pub kind: OrderKind,
    /// Counts from 1.
    pub attempt: u32,
    pub product: String,
    pub amount: Money,
    pub scenario: String,
    pub beneficiary: Vec<super::types::BeneficiaryField>,
    #[debug("{:?}", callback_url.as_deref().map(crate::shown::origin))]
    pub callback_url: Option<String>,
    pub notifications: Vec<super::types::OrderNotification>,
    /// What pays, when something other than the balance does.
    pub payment_code: Option<Arc<Secret>>,
    /// For an undo: the order to undo.
    pub parent: Option<Parent>,
    /// No byte may be sent after this much time from now.
    pub time_left: Duration,
}

/// The order that an undo is about.
#[derive(Clone, Debug)]
pub struct Parent {
    pub id: String,
    pub gateway_uid: Option<String>,
    /// What the gateway listed before the undo.
    pub baseline: Vec<String>,
}

/// An order as the adapter looks it up.
#[derive(Clone, Debug)]
pub struct OrderReference {
    pub id: String,
    pub gateway_uid: Option<String>,
    pub kind: OrderKind,
    pub parent: Option<Parent>,
}

/// What the gateway says of an order's status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EvidenceStatus {
    /// The gateway has it and is not done.
    Open,
    /// A status that the adapter does not know. Never a failure: the gateway has the order, and that is all that is known.
    Unrecognised,
    /// Done.
    Succeeded,
    /// Not done, by the gateway's or the issuer's word.
    Failed,
}

/// One record of the gateway, from an authenticated answer.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// The id under which the gateway has it.
    pub id: String,
    /// The gateway's record carries no id of an undo: it is the only one that the baseline does not list.
    pub told_by_baseline: bool,
    pub status: EvidenceStatus,
    /// The status as it came.
    pub raw_status: String,
    /// The gateway's own id.
    pub gateway_uid: Option<String>,
    pub scenario: Option<String>,
    pub product: Option<String>,
    pub amount: Option<Decimal>,
    pub currency: Option<String>,
    pub beneficiary: Option<Vec<super::types::BeneficiaryField>>,
    pub date: Option<Timestamp>,
    pub cost: Option<Money>,
    pub response_code: Option<String>,
    pub response_text: Option<String>,
    pub issuer_reference: Option<String>,
    /// The voucher, when one was delivered. It is sealed before it is journalled.
    pub voucher: Option<super::types::Voucher>,
}

/// How sending one order ended.
#[derive(Clone, Debug)]
pub enum SubmitOutcome {
    /// It surely never left.
    NotSent(TillgateError),
    /// A documented status with the gateway's own error, which cannot mean that the id is in use.
    Refused(TillgateError),
    /// A refusal that may mean that the id is in use: not a failure.
    IdMayBeInUse(TillgateError),
    /// An undo found nothing to undo; at this gateway that counts only when it comes a second time.
    NothingToUndo(TillgateError),
    /// The gateway's records, matched by id by the tracker.
    Answered(Vec<Evidence>),
    /// Everything else.
    Unknown(TillgateError),
}

/// How a look-up ended.
#[derive(Clone, Debug)]
pub enum LookUp {
    /// The gateway's records under the id.
    Found(Vec<Evidence>),
    /// The gateway says, in its own words, that it has none. Counts only beside a control call that succeeds.
    NotFound,
    /// Nothing certain: no answer, 401, 403, 5xx, an unreadable answer.
    Unclear(TillgateError),
}

/// What a callback says, before or after proof.
#[derive(Clone, Debug)]
pub enum CallbackNews {
    /// Ids that the callback names; each is looked up.
    Hints(Vec<String>),
    /// Proved by a signature. It may confirm a success; all else only causes a look-up.
    Verified(Vec<Evidence>),
}

/// What the tracker must know of one gateway.
pub trait Adapter: Send + Sync + 'static {
    /// Whose orders these are. Never changes while the adapter lives.
    fn account(&self) -> Account;

    /// What the gateway can do.
    fn abilities(&self) -> Abilities;

    /// Own checks of a new order, before anything is written. Says whether it is live.
    fn check(&self, order: &NewOrder) -> Result<Checked>;

    /// Own checks of the id of an undo.
    fn check_id(&self, id: &str) -> Result<()>;

    /// Sends the orders in one call; one outcome, which holds for all of them. With more than one order, the tracker
    /// treats any refusal but that of the credentials as unknown for each.
    fn submit(&self, orders: Vec<Submission>) -> BoxFuture<'static, SubmitOutcome>;

    /// Asks the gateway for the order, without side effects.
    fn look_up(&self, order: OrderReference) -> BoxFuture<'static, LookUp>;

    /// An authenticated read that must succeed for a "not found" to count, used while no known order can be looked up.
    fn control(&self) -> BoxFuture<'static, Result<()>>;

    /// What must be read before an undo of this order is sent.
    fn baseline(&self, _parent: Parent) -> BoxFuture<'static, Result<Vec<String>>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    /// Reads a callback. An error means that the bytes are none of this gateway's.
    fn read_callback(&self, request: &CallbackRequest) -> Result<CallbackNews>;
}

/// What the adapter says of a new order.
#[derive(Clone, Debug)]
pub struct Checked {
    /// Real, or simulated at the gateway.
    pub live: bool,
}
