//! Faults to order: what goes wrong, for which requests, how often.

use serde::de::Error as _;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::ledger::OrderState;
use crate::operations::Operation;
use crate::random::Random;

/// More faults than this cannot wait at once.
pub(crate) const FAULTS_MAX: usize = 10_000;
/// An answer that never comes holds its connection no longer than this, in real milliseconds.
pub(crate) const HOLD_MS_MAX: u64 = 3_600_000;

/// One fault: a kind, and the requests that it strikes.
///
/// ```
/// use tillgate_sandbox::{Fault, FaultKind};
/// let fault = Fault::new(FaultKind::AcceptThenReset { after_bytes: 0 }).on("createOrder").for_order("id1");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// The `operationId` of the document (`createOrder`, `getOrder`, …), or `*` for any.
    pub operation: String,
    /// Strikes only requests about this customer order id. Requests that carry several are struck if one matches.
    pub user_uid: Option<String>,
    /// Strikes only requests of this account (its user name).
    pub account: Option<String>,
    /// Lets this many matching requests pass first.
    pub skip: u32,
    /// How many requests it strikes; `None` is without end.
    pub times: Option<u32>,
    /// Strikes a matching request with this probability (0 to 1), drawn from the sandbox's seed.
    pub probability: Option<f64>,
    /// What goes wrong.
    pub kind: FaultKind,
}

/// What goes wrong. "Nothing is bought" and "bought" speak of `createOrder`; the faults work on every operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FaultKind {
    /// A connection is closed as soon as it is made. Nothing is bought.
    CloseOnConnect {},
    /// A connection is reset as soon as it is made. Nothing is bought.
    ResetOnConnect {},
    /// The connection is closed after the head of the request, before its body is read. Nothing is bought.
    CloseBeforeBody {},
    /// The connection is reset after the head of the request, before its body is read. Nothing is bought.
    ResetBeforeBody {},
    /// The connection is reset once this many bytes of the body were read. Nothing is bought.
    ResetDuringBody {
        /// Bytes of the body to read first.
        after_bytes: u64,
    },
    /// The connection is closed after the whole body. Nothing is bought.
    CloseAfterBody {},
    /// The connection is reset after the whole body. Nothing is bought.
    ResetAfterBody {},
    /// Neither an answer nor a purchase: the connection stays open for `hold_ms`.
    NeverAnswer {
        /// Real milliseconds, at most an hour.
        #[serde(default = "hold_ms")]
        hold_ms: u64,
    },
    /// An error answer. Nothing is bought.
    Refuse {
        /// The HTTP status.
        status: u16,
        /// Code of the error body.
        #[serde(default)]
        code: Option<String>,
        /// Message of the error body.
        #[serde(default)]
        message: Option<String>,
        /// Information of the error body.
        #[serde(default)]
        information: Option<String>,
        /// Adds `Retry-After`, in seconds.
        #[serde(default)]
        retry_after_s: Option<u32>,
        /// Sends this text instead of the error body.
        #[serde(default)]
        body: Option<String>,
        /// The type of `body`; `application/json` unless given.
        #[serde(default)]
        content_type: Option<String>,
    },
    /// Ends a process by SIGKILL. Bought, unless `accept` is false at the point `before_accepting`.
    Kill {
        /// When.
        point: KillPoint,
        /// Whom.
        #[serde(default)]
        pid: KillTarget,
        /// Whether the request is still done after a kill at `before_accepting`, as a gateway would that has read it.
        #[serde(default = "yes")]
        accept: bool,
    },
    /// Bought; then the connection is reset, after so many bytes of the answer.
    AcceptThenReset {
        /// Bytes of the answer to send first.
        #[serde(default)]
        after_bytes: u64,
    },
    /// Bought; then the connection is closed without an answer.
    AcceptThenClose {},
    /// Bought; then no answer comes: the connection stays open for `hold_ms`.
    AcceptThenNeverAnswer {
        /// Real milliseconds, at most an hour.
        #[serde(default = "hold_ms")]
        hold_ms: u64,
    },
    /// Bought; then another status with an error body (500, 502, 503, 504, 408, 429, 400, …).
    AcceptThenStatus {
        /// The HTTP status.
        status: u16,
        /// Adds `Retry-After`, in seconds.
        #[serde(default)]
        retry_after_s: Option<u32>,
    },
    /// Bought; then a redirect. Who follows it with method and body (307, 308) buys again.
    AcceptThenRedirect {
        /// 301, 302, 303, 307 or 308.
        #[serde(default = "redirect")]
        status: u16,
        /// Where to; by default the same operation at another path of the sandbox.
        #[serde(default)]
        location: Option<String>,
    },
    /// Bought; then a page of HTML, as a proxy sends it.
    AcceptThenHtml {
        /// The HTTP status.
        #[serde(default = "forbidden")]
        status: u16,
    },
    /// Bought; then an answer that ends before its Content-Length.
    AcceptThenTruncated {
        /// Bytes of the body that are sent; half of it unless given.
        #[serde(default)]
        keep_bytes: Option<u64>,
    },
    /// Bought; then an answer whose body is not JSON.
    AcceptThenNotJson {},
    /// Bought; then an answer without a body.
    AcceptThenEmpty {
        /// The HTTP status.
        #[serde(default = "ok")]
        status: u16,
    },
    /// Bought; then the answer, byte by byte.
    AcceptThenSlow {
        /// Real milliseconds before each byte.
        ms_per_byte: u64,
    },
    /// Bought, and answered whole as if the connection stayed open; then it is closed. Who reuses it writes a request
    /// that nobody reads.
    AcceptThenHangUp {},
    /// Bought; the answer (or the look-up) says something else than the ledger.
    Mangle {
        /// What is changed.
        change: Change,
        /// The new value, for changes that take one.
        #[serde(default)]
        value: Option<String>,
    },
    /// Bought; look-ups answer 404 until so much sandbox time has passed since the acceptance.
    HideOrder {
        /// Sandbox milliseconds.
        for_ms: u64,
    },
    /// Bought; the order ends as given instead of by its scenario. `accepted` means that it never ends.
    Outcome {
        /// The status it ends with.
        status: OrderState,
        /// Its ISO 8583 response code.
        #[serde(default)]
        response_code: Option<String>,
        /// Sandbox milliseconds after the acceptance.
        #[serde(default = "soon_ms")]
        after_ms: u64,
    },
    /// Bought; the order ends with one final status, and later with another.
    Contradict {
        /// The first final status.
        first: OrderState,
        /// The one that contradicts it.
        then: OrderState,
        /// Sandbox milliseconds between the two.
        #[serde(default = "soon_ms")]
        after_ms: u64,
    },
    /// Bought; each callback of the order is sent so many times more.
    DuplicateCallbacks {
        /// Further copies, at most 100.
        #[serde(default = "one")]
        copies: u32,
    },
    /// Bought; after each callback with a final status comes an older one, which says `accepted`.
    ReorderCallbacks {},
    /// Bought; the order has no callbacks.
    DropCallbacks {},
    /// The account loses sight of its orders: every getOrder answers 404, although orders go on being bought.
    LostRights {
        /// What `balance` answers meanwhile (401, 403); it works unless given.
        #[serde(default)]
        balance_status: Option<u16>,
    },
}

/// When a process is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KillPoint {
    /// After the last byte of the request was read, before anything is bought.
    BeforeAccepting,
    /// After the row was written, before any byte of the answer.
    AfterAccepting,
    /// After the last byte of the answer was handed to the system.
    AfterAnswer,
}

/// Who is killed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KillTarget {
    /// The process at the other end of this loopback connection.
    #[default]
    Peer,
    /// This process; never 0, 1 or the sandbox itself.
    Pid(u32),
}

/// How an answer lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Another gateway id (`value`, or one of an order that does not exist).
    Uid,
    /// Another customer order id (`value`).
    UserUid,
    /// The first element is missing.
    DropElement,
    /// The first element comes twice, the same each time.
    DoubleElement,
    /// The first element comes twice, the second time with another gateway id, as if it had been bought twice.
    TwoRecords,
    /// The elements come in reverse.
    ReverseElements,
    /// Another face value (`value`, or one more).
    FaceValue,
    /// Another currency of the face value (`value`).
    FaceValueCurrency,
    /// Another face value id (`value`).
    FaceValueId,
    /// Another beneficiary (`value`).
    Beneficiary,
    /// Another date (`value`, or one three days before the order).
    Date,
    /// Another scenario (`value`).
    Scenario,
    /// Another cost (`value`, or one more).
    Cost,
    /// Another status (`value`, or a text that no document lists).
    Status,
    /// Another response code (`value`, or one that no document lists).
    ResponseCode,
    /// Fields that no document lists, nested ones too.
    ExtraFields,
}

impl Fault {
    /// A fault of this kind that strikes the next request, whatever it is. Lost rights last until cleared.
    pub fn new(kind: FaultKind) -> Fault {
        let times = if matches!(kind, FaultKind::LostRights { .. }) { None } else { Some(1) };
        Fault {
            operation: "*".to_owned(),
            user_uid: None,
            account: None,
            skip: 0,
            times,
            probability: None,
            kind,
        }
    }

    /// Strikes this operation only, by its `operationId` in the document.
    pub fn on(mut self, operation: &str) -> Fault {
        self.operation = operation.to_owned();
        self
    }

    /// Strikes requests about this customer order id only.
    pub fn for_order(mut self, user_uid: &str) -> Fault {
        self.user_uid = Some(user_uid.to_owned());
        self
    }

    /// Strikes requests of this account only.
    pub fn for_account(mut self, user: &str) -> Fault {
        self.account = Some(user.to_owned());
        self
    }

    /// Strikes this many requests.
    pub fn times(mut self, times: u32) -> Fault {
        self.times = Some(times);
        self
    }

    /// Strikes until it is cleared.
    pub fn forever(mut self) -> Fault {
        self.times = None;
        self
    }

    /// Strikes each matching request with this probability (0 to 1), until it is cleared.
    pub fn with_probability(mut self, probability: f64) -> Fault {
        self.probability = Some(probability);
        self.times = None;
        self
    }

    /// Lets so many matching requests pass first.
    pub fn skipping(mut self, skip: u32) -> Fault {
        self.skip = skip;
        self
    }

    /// Says what is wrong with the order for this fault, if anything.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.operation != "*" && !Operation::is_known(&self.operation) {
            return Err(format!("no operation is called {:?}", self.operation));
        }
        if self.probability.is_some_and(|probability| !(0.0..=1.0).contains(&probability)) {
            return Err("a probability lies between 0 and 1".to_owned());
        }
        match self.kind.phase() {
            Phase::Connect if self.operation != "*" || self.user_uid.is_some() || self.account.is_some() => {
                return Err(
                    "a new connection has no operation, order or account yet: leave them out".to_owned()
                );
            }
            Phase::Head if self.user_uid.is_some() && self.operation != "getOrder" => {
                return Err(
                    "the order id is in the body, which this fault does not read: leave it out".to_owned()
                );
            }
            _ => {}
        }
        match &self.kind {
            FaultKind::Refuse { status, .. }
            | FaultKind::AcceptThenStatus { status, .. }
            | FaultKind::AcceptThenRedirect { status, .. }
            | FaultKind::AcceptThenHtml { status }
            | FaultKind::AcceptThenEmpty { status }
            | FaultKind::LostRights { balance_status: Some(status) }
                if !(200..=599).contains(status) =>
            {
                Err("a status lies between 200 and 599".to_owned())
            }
            FaultKind::NeverAnswer { hold_ms } | FaultKind::AcceptThenNeverAnswer { hold_ms }
                if *hold_ms > HOLD_MS_MAX =>
            {
                Err(format!("hold_ms is at most {HOLD_MS_MAX}"))
            }
            FaultKind::AcceptThenSlow { ms_per_byte } if *ms_per_byte > 60_000 => {
                Err("ms_per_byte is at most 60000".to_owned())
            }
            FaultKind::DuplicateCallbacks { copies } if *copies > 100 => {
                Err("copies is at most 100".to_owned())
            }
            FaultKind::Contradict { first, then, .. }
                if *first == OrderState::Accepted || *then == OrderState::Accepted || first == then =>
            {
                Err("a contradiction is between success and failed".to_owned())
            }
            FaultKind::Kill { pid: KillTarget::Pid(pid), .. } if *pid <= 1 || *pid == std::process::id() => {
                Err("neither the first process nor the sandbox itself is killed".to_owned())
            }
            _ => Ok(()),
        }
    }
}

/// When a fault is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Connect,
    Head,
    Body,
}

impl FaultKind {
    /// The name in JSON.
    pub fn name(&self) -> String {
        match serde_json::to_value(self) {
            Ok(Value::Object(map)) => map.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned(),
            _ => String::new(),
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        match self {
            FaultKind::CloseOnConnect {} | FaultKind::ResetOnConnect {} => Phase::Connect,
            FaultKind::CloseBeforeBody {}
            | FaultKind::ResetBeforeBody {}
            | FaultKind::ResetDuringBody { .. } => Phase::Head,
            _ => Phase::Body,
        }
    }

    /// Whether it goes together with other faults on one request. Of the others, one alone strikes.
    fn combines(&self) -> bool {
        matches!(
            self,
            FaultKind::Mangle { .. }
                | FaultKind::LostRights { .. }
                | FaultKind::HideOrder { .. }
                | FaultKind::Outcome { .. }
                | FaultKind::Contradict { .. }
                | FaultKind::DuplicateCallbacks { .. }
                | FaultKind::ReorderCallbacks {}
                | FaultKind::DropCallbacks {}
        )
    }

    /// Whether it makes sense for this operation at all, whatever the fault order says.
    fn concerns(&self, operation: Operation) -> bool {
        match self {
            FaultKind::Mangle { .. } => matches!(operation, Operation::CreateOrder | Operation::GetOrder),
            FaultKind::LostRights { .. } => matches!(operation, Operation::GetOrder | Operation::Balance),
            FaultKind::HideOrder { .. }
            | FaultKind::Outcome { .. }
            | FaultKind::Contradict { .. }
            | FaultKind::DuplicateCallbacks { .. }
            | FaultKind::ReorderCallbacks {}
            | FaultKind::DropCallbacks {} => operation == Operation::CreateOrder,
            _ => true,
        }
    }
}

/// What is known of a request when faults are looked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Subject {
    pub(crate) operation: Option<Operation>,
    pub(crate) user_uids: Vec<String>,
    pub(crate) account: Option<String>,
}

/// A fault that waits, with its number.
#[derive(Clone, Debug)]
pub(crate) struct Ordered {
    pub(crate) id: u64,
    pub(crate) fault: Fault,
    pub(crate) struck: u64,
}

/// The faults that wait.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    waiting: Vec<Ordered>,
    ordered: u64,
}

impl Faults {
    pub(crate) fn order(&mut self, fault: Fault) -> Result<u64, String> {
        fault.check()?;
        if self.waiting.len() >= FAULTS_MAX {
            return Err(format!("{FAULTS_MAX} faults wait already; clear some"));
        }
        self.ordered += 1;
        self.waiting.push(Ordered { id: self.ordered, fault, struck: 0 });
        Ok(self.ordered)
    }

    pub(crate) fn clear(&mut self) -> usize {
        std::mem::take(&mut self.waiting).len()
    }

    pub(crate) fn remove(&mut self, id: u64) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|ordered| ordered.id != id);
        self.waiting.len() != before
    }

    pub(crate) fn waiting(&self) -> &[Ordered] {
        &self.waiting
    }

    /// Takes the faults that strike this request at this phase, oldest first.
    pub(crate) fn strike(&mut self, phase: Phase, subject: &Subject, random: &mut Random) -> Vec<FaultKind> {
        let mut struck: Vec<FaultKind> = Vec::new();
        let mut taken = false;
        for ordered in &mut self.waiting {
            let fault = &mut ordered.fault;
            let wanted = fault.kind.phase() == phase
                && (fault.operation == "*"
                    || subject.operation.is_some_and(|operation| operation.id() == fault.operation))
                && subject.operation.is_none_or(|operation| fault.kind.concerns(operation))
                && fault.user_uid.as_ref().is_none_or(|wanted| subject.user_uids.contains(wanted))
                && fault.account.as_ref().is_none_or(|wanted| subject.account.as_ref() == Some(wanted))
                && (fault.kind.combines() || !taken);
            if !wanted {
                continue;
            }
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            if fault.probability.is_some_and(|probability| !random.happens(probability)) {
                continue;
            }
            taken |= !fault.kind.combines();
            ordered.struck += 1;
            if let Some(times) = &mut fault.times {
                *times = times.saturating_sub(1);
            }
            struck.push(fault.kind.clone());
        }
        self.waiting.retain(|ordered| ordered.fault.times != Some(0));
        struck
    }
}

fn hold_ms() -> u64 {
    600_000
}
fn soon_ms() -> u64 {
    1_000
}
fn redirect() -> u16 {
    307
}
fn forbidden() -> u16 {
    403
}
fn ok() -> u16 {
    200
}
fn one() -> u32 {
    1
}
fn yes() -> bool {
    true
}

impl Serialize for KillTarget {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            KillTarget::Peer => serializer.serialize_str("peer"),
            KillTarget::Pid(pid) => serializer.serialize_u32(*pid),
        }
    }
}

impl<'de> Deserialize<'de> for KillTarget {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<KillTarget, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) if text == "peer" => Ok(KillTarget::Peer),
            Value::Number(pid) => pid
                .as_u64()
                .and_then(|pid| u32::try_from(pid).ok())
                .map(KillTarget::Pid)
                .ok_or_else(|| D::Error::custom("not a process id")),
            _ => Err(D::Error::custom("pid is a process id or \"peer\"")),
        }
    }
}

impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Value::Object(kind) = serde_json::to_value(&self.kind).map_err(serde::ser::Error::custom)? else {
            return Err(serde::ser::Error::custom("a fault kind is an object"));
        };
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("operation", &self.operation)?;
        map.serialize_entry("user_uid", &self.user_uid)?;
        map.serialize_entry("account", &self.account)?;
        map.serialize_entry("skip", &self.skip)?;
        match self.times {
            Some(times) => map.serialize_entry("times", &times)?,
            None => map.serialize_entry("times", "forever")?,
        }
        map.serialize_entry("probability", &self.probability)?;
        for (name, value) in &kind {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// Written by hand because a misspelt parameter must be an error: a fault that does less than its order says makes
/// a test that cannot fail.
impl<'de> Deserialize<'de> for Fault {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Fault, D::Error> {
        let mut map = Map::<String, Value>::deserialize(deserializer)?;
        let mut take = |name: &str| map.remove(name).filter(|value| !value.is_null());
        let operation = take("operation");
        let user_uid = take("user_uid");
        let account = take("account");
        let skip = take("skip");
        let times = take("times");
        let probability = take("probability");

        let kind: FaultKind = serde_json::from_value(Value::Object(map.clone())).map_err(D::Error::custom)?;
        let known = serde_json::to_value(&kind).map_err(D::Error::custom)?;
        if let Some(name) = map.keys().find(|name| known.get(name.as_str()).is_none()) {
            return Err(D::Error::custom(format!("{:?} has no parameter {name:?}", kind.name())));
        }

        let mut fault = Fault::new(kind);
        let text = |value: Value| serde_json::from_value::<String>(value).map_err(D::Error::custom);
        if let Some(operation) = operation {
            fault.operation = text(operation)?;
        }
        fault.user_uid = user_uid.map(text).transpose()?;
        fault.account = account.map(text).transpose()?;
        if let Some(skip) = skip {
            fault.skip = serde_json::from_value(skip).map_err(D::Error::custom)?;
        }
        if let Some(probability) = probability {
            fault = fault.with_probability(serde_json::from_value(probability).map_err(D::Error::custom)?);
        }
        match times {
            None => {}
            Some(Value::String(text)) if text == "forever" => fault.times = None,
            Some(value) => fault.times = Some(serde_json::from_value(value).map_err(D::Error::custom)?),
        }
        Ok(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about(operation: Operation, user_uid: &str) -> Subject {
        Subject { operation: Some(operation), user_uids: vec![user_uid.to_owned()], account: None }
    }

    #[test]
    fn a_fault_strikes_its_order_alone_and_as_often_as_asked() {
        let mut faults = Faults::default();
        let mut random = Random::of_seed(1);
        let fault =
            Fault::new(FaultKind::ResetAfterBody {}).on("createOrder").for_order("a").times(2).skipping(1);
        faults.order(fault).unwrap();
        let mut strike = |operation, id| faults.strike(Phase::Body, &about(operation, id), &mut random).len();
        assert_eq!(strike(Operation::CreateOrder, "b"), 0);
        assert_eq!(strike(Operation::GetOrder, "a"), 0);
        assert_eq!(strike(Operation::CreateOrder, "a"), 0, "skipped");
        assert_eq!(strike(Operation::CreateOrder, "a"), 1);
        assert_eq!(strike(Operation::CreateOrder, "a"), 1);
        assert_eq!(strike(Operation::CreateOrder, "a"), 0);
    }

    #[test]
    fn two_endings_strike_one_after_the_other_and_changes_join_them() {
        let mut faults = Faults::default();
        let mut random = Random::of_seed(1);
        faults.order(Fault::new(FaultKind::AcceptThenClose {})).unwrap();
        faults.order(Fault::new(FaultKind::AcceptThenNotJson {})).unwrap();
        faults.order(Fault::new(FaultKind::HideOrder { for_ms: 1 })).unwrap();
        let subject = about(Operation::CreateOrder, "a");
        assert_eq!(
            faults.strike(Phase::Body, &subject, &mut random),
            [FaultKind::AcceptThenClose {}, FaultKind::HideOrder { for_ms: 1 }]
        );
        assert_eq!(faults.strike(Phase::Body, &subject, &mut random), [FaultKind::AcceptThenNotJson {}]);
    }

    #[test]
    fn a_fault_survives_json() {
        let text = r#"{"operation":"createOrder","kind":"kill","point":"after_accepting","pid":77,"times":"forever"}"#;
        let fault: Fault = serde_json::from_str(text).unwrap();
        assert_eq!(fault.times, None);
        let again: Fault = serde_json::from_str(&serde_json::to_string(&fault).unwrap()).unwrap();
        assert_eq!(again, fault);
    }

    #[test]
    fn a_misspelt_parameter_is_an_error() {
        let error = serde_json::from_str::<Fault>(r#"{"kind":"accept_then_slow","ms_per_byte":1,"ms":2}"#);
        assert!(error.unwrap_err().to_string().contains("no parameter \"ms\""));
        assert!(serde_json::from_str::<Fault>(r#"{"kind":"close_on_connect","operatoin":"*"}"#).is_err());
    }
}
