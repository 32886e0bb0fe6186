//! The gateway with its ledger, and the network before it. Messages live outside of the till's process: what was sent arrives
//! although its sender is gone.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tillgate::orders::adapter::*;
use tillgate::{
    BoxFuture, CallbackRequest, Clock, Decimal, ErrorDetails, ManualClock, Money, NewOrder, Outcome, Result,
    Secret, TillgateError, Timestamp, Voucher,
};
use tokio::sync::oneshot;

use crate::fault::{Fault, Hits};
use crate::random::Random;

/// A call is given up after this; the transport's own default.
const DEADLINE: Duration = Duration::from_secs(60);
/// Later than this after its sender gave up, no network delivers a request.
const LATE_MAX_S: u64 = 180;
/// Later than this after it was taken, an order is seen by everybody.
const HIDDEN_MAX_S: u64 = 600;
/// What a voucher holds: never to be found in a file.
pub const CANARY: &str = "CANARY-VOUCHER-31415926";

/// Something the gateway has carried out.
#[derive(Clone, Debug)]
pub struct Row {
    pub id: String,
    pub live: bool,
    pub cost: Money,
    evidence: Evidence,
    /// The status before its last change.
    older: EvidenceStatus,
    /// Look-ups see it from here on.
    visible_at: Duration,
}

/// What the gateway told last.
#[derive(Clone, Debug)]
pub struct Told {
    pub status: EvidenceStatus,
    at: Duration,
    /// Whether that may not have been written down: the process ended at that moment, or the journal was put back.
    pub may_be_lost: bool,
}

/// What is on its way, or is going to happen.
enum Message {
    Orders { orders: Vec<Submission>, fault: Option<Fault>, reply: Option<oneshot::Sender<SubmitOutcome>> },
    Outcome { outcome: SubmitOutcome, reply: oneshot::Sender<SubmitOutcome> },
    LookUp { id: String, fault: Option<Fault>, reply: oneshot::Sender<LookUp> },
    Found { id: String, found: LookUp, reply: oneshot::Sender<LookUp> },
    Control { reply: oneshot::Sender<Result<()>> },
    Settles { row: usize, status: EvidenceStatus },
    Callback { id: String, tries: u32 },
}

/// Says of an id whether the journal has a durable attempt of it.
pub type Witness = Box<dyn Fn(&str) -> bool + Send>;

/// The world outside of the process.
pub struct World {
    state: Mutex<State>,
}

pub struct State {
    pub random: Random,
    /// Time since the beginning, whatever clocks say.
    pub now: Duration,
    began: Timestamp,
    queue: BTreeMap<(Duration, u64), Message>,
    next_message: u64,
    pub ledger: Vec<Row>,
    pub hits: Hits,
    /// No more faults.
    pub calm: bool,
    blind_until: Duration,
    /// The end that the gateway last told of an order, to somebody who was there to hear it.
    pub told: HashMap<String, Told>,
    /// When the till began to close.
    pub closing_since: Option<Duration>,
    /// How often each order was asked about.
    pub look_ups: HashMap<String, u32>,
    /// Callbacks that wait for a process.
    pub callbacks: Vec<(String, u32)>,
    /// What the promise was broken by, as it was seen.
    pub broken: Vec<String>,
    trace: DefaultHasher,
    /// Whether the journal has an attempt of this order, as a witness reads it.
    pub is_durable: Option<Witness>,
    /// While true, nothing may be sent. (What the process before has sent may still arrive.)
    pub quarantined: bool,
}

impl World {
    pub fn new(random: Random, began: Timestamp) -> Arc<Self> {
        let state = State {
            random,
            now: Duration::ZERO,
            began,
            queue: BTreeMap::new(),
            next_message: 0,
            ledger: Vec::new(),
            hits: Hits::default(),
            calm: false,
            blind_until: Duration::ZERO,
            told: HashMap::new(),
            closing_since: None,
            look_ups: HashMap::new(),
            callbacks: Vec::new(),
            broken: Vec::new(),
            trace: DefaultHasher::new(),
            is_durable: None,
            quarantined: false,
        };
        Arc::new(Self { state: Mutex::new(state) })
    }

    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// When the next message arrives.
    pub fn next_arrival(&self) -> Option<Duration> {
        self.lock().queue.keys().next().map(|(at, _)| *at)
    }

    /// Lets everything happen that is due.
    pub fn deliver(&self) {
        let mut state = self.lock();
        while state.queue.keys().next().is_some_and(|(at, _)| *at <= state.now) {
            let (_, message) = state.queue.pop_first().expect("there is one");
            state.happen(message);
        }
    }

    fn order_something(&self, orders: Vec<Submission>) -> oneshot::Receiver<SubmitOutcome> {
        let (reply, answer) = oneshot::channel();
        let mut state = self.lock();
        for order in &orders {
            state.note(&("submit", &order.id, order.attempt));
            if state.is_durable.as_ref().is_some_and(|durable| !durable(&order.id)) {
                state.broken.push(format!("I2: {} was sent without a durable attempt", order.id));
            }
            if state.quarantined {
                state.broken.push(format!("rule 16: {} was sent in quarantine", order.id));
            }
        }
        let fault = state.fault_of_orders();
        let latency = state.latency();
        if fault == Some(Fault::NotSent) {
            let outcome = SubmitOutcome::NotSent(error(Kind::Network, Outcome::NotSent, None));
            state.send(latency, Message::Outcome { outcome, reply });
            return answer;
        }
        let late = Duration::from_secs(state.random.between(1, LATE_MAX_S));
        let wait = if fault == Some(Fault::ArrivesLate) { DEADLINE + late } else { latency };
        state.send(wait, Message::Orders { orders, fault, reply: Some(reply) });
        answer
    }

    fn ask(&self, id: &str) -> oneshot::Receiver<LookUp> {
        let (reply, answer) = oneshot::channel();
        let mut state = self.lock();
        state.note(&("look up", id));
        *state.look_ups.entry(id.to_string()).or_default() += 1;
        let fault = state.fault_of_look_up();
        let latency = state.latency();
        state.send(latency, Message::LookUp { id: id.to_string(), fault, reply });
        answer
    }
}

impl State {
    /// One more thing that happened: two histories with the same notes were the same.
    pub fn note(&mut self, what: &impl Hash) {
        self.now.hash(&mut self.trace);
        what.hash(&mut self.trace);
    }

    pub fn trace(&self) -> u64 {
        self.trace.finish()
    }

    pub fn count(&mut self, fault: Fault) {
        self.hits.count(fault);
        self.note(&fault.name());
    }

    /// From now on nothing goes wrong any more, and what is open at the gateway comes to its end.
    pub fn calm_down(&mut self) {
        self.calm = true;
        self.blind_until = self.now;
        for row in 0..self.ledger.len() {
            self.ledger[row].visible_at = self.ledger[row].visible_at.min(self.now);
            if self.ledger[row].evidence.status == EvidenceStatus::Open {
                let wait = Duration::from_secs(self.random.between(1, 30));
                self.send(wait, Message::Settles { row, status: EvidenceStatus::Succeeded });
            }
        }
    }

    fn send(&mut self, wait: Duration, message: Message) {
        self.next_message += 1;
        let at = (self.now + wait, self.next_message);
        self.queue.insert(at, message);
    }

    fn latency(&mut self) -> Duration {
        Duration::from_millis(self.random.between(1, 400))
    }

    fn wall(&self) -> Timestamp {
        self.began + self.now
    }

    fn draw(&mut self, per_mille: u64, among: &[Fault]) -> Option<Fault> {
        if self.calm || !self.random.chance(per_mille) {
            return None;
        }
        let fault = *self.random.pick(among);
        self.count(fault);
        Some(fault)
    }

    fn fault_of_orders(&mut self) -> Option<Fault> {
        use Fault::*;
        const AMONG: [Fault; 16] = [
            NotSent,
            RequestLost,
            Refused,
            AnswerLost,
            AnswerLost,
            NeverAnswered,
            ServerError,
            ProxyPage,
            Truncated,
            ArrivesLate,
            ForeignAnswer,
            WrongAmount,
            TwoRecords,
            EmptyAnswer,
            UnknownStatus,
            Hidden,
        ];
        self.draw(650, &AMONG)
    }

    fn fault_of_look_up(&mut self) -> Option<Fault> {
        use Fault::*;
        const AMONG: [Fault; 5] = [LookUpLost, LookUpFailed, LookUpDenied, Stale, LostRights];
        self.draw(150, &AMONG)
    }

    fn happen(&mut self, message: Message) {
        match message {
            Message::Orders { orders, fault, reply } => self.orders_arrive(orders, fault, reply),
            Message::Outcome { outcome, reply } => {
                if let SubmitOutcome::Answered(records) = &outcome {
                    let told: Vec<(String, EvidenceStatus)> =
                        records.iter().map(|r| (r.id.clone(), r.status.clone())).collect();
                    if reply.send(outcome).is_ok() {
                        told.into_iter().for_each(|(id, status)| self.heard(id, status));
                    }
                } else {
                    let _ = reply.send(outcome);
                }
            }
            Message::LookUp { id, fault, reply } => self.look_up_arrives(id, fault, reply),
            Message::Found { id, found, reply } => {
                let status = match &found {
                    LookUp::Found(records) => records.first().map(|r| r.status.clone()),
                    _ => None,
                };
                if reply.send(found).is_ok()
                    && let Some(status) = status
                {
                    self.heard(id, status);
                }
            }
            Message::Control { reply } => {
                let denied = || error(Kind::Forbidden, Outcome::Refused, Some(403));
                let _ = reply.send(if self.now < self.blind_until { Err(denied()) } else { Ok(()) });
            }
            Message::Settles { row, status } => self.settles(row, status),
            Message::Callback { id, tries } => self.callbacks.push((id, tries)),
        }
    }

    /// What was heard in the last moment of a process, or while it closed, may not have been written down any more.
    pub fn process_ended(&mut self) {
        let since = self.closing_since.take().unwrap_or(self.now);
        self.told.values_mut().filter(|told| told.at >= since).for_each(|told| told.may_be_lost = true);
        self.is_durable = None;
    }

    /// A restored journal does not know what was heard.
    pub fn forgotten(&mut self) {
        self.told.values_mut().for_each(|told| told.may_be_lost = true);
    }

    /// Somebody was there to hear what the gateway said. "Still open" takes nothing back.
    fn heard(&mut self, id: String, status: EvidenceStatus) {
        if matches!(status, EvidenceStatus::Succeeded | EvidenceStatus::Failed) {
            self.told.insert(id, Told { status, at: self.now, may_be_lost: false });
        }
    }

    fn orders_arrive(
        &mut self,
        orders: Vec<Submission>,
        fault: Option<Fault>,
        reply: Option<oneshot::Sender<SubmitOutcome>>,
    ) {
        let outcome = match fault {
            Some(Fault::RequestLost) => None,
            Some(Fault::Refused) => {
                let refusal = error(Kind::GatewayRefused, Outcome::Refused, Some(400));
                Some(SubmitOutcome::Refused(refusal))
            }
            _ => self.carry_out(&orders, fault),
        };
        let Some(reply) = reply else { return };
        let latency = self.latency();
        let outcome = match (fault, outcome) {
            // The sender's own deadline ends these.
            (Some(Fault::NeverAnswered | Fault::ArrivesLate), _) => return self.hold(reply),
            (_, Some(outcome)) => outcome,
            (_, None) => lost(),
        };
        self.send(latency, Message::Outcome { outcome, reply });
    }

    /// Keeps a connection open until everybody has given up.
    fn hold(&mut self, reply: oneshot::Sender<SubmitOutcome>) {
        self.send(DEADLINE * 10, Message::Outcome { outcome: lost(), reply });
    }

    fn carry_out(&mut self, orders: &[Submission], fault: Option<Fault>) -> Option<SubmitOutcome> {
        let mut records: Vec<Evidence> = orders.iter().map(|order| self.buy(order, fault)).collect();
        match fault {
            None | Some(Fault::Hidden | Fault::NeverAnswered | Fault::ArrivesLate | Fault::UnknownStatus) => {
            }
            Some(Fault::ForeignAnswer) => records[0].id.push('x'),
            Some(Fault::WrongAmount) => records[0].amount = Some(Decimal::new(99_999, 2)),
            Some(Fault::TwoRecords) => records.push(records[0].clone()),
            Some(Fault::EmptyAnswer) => records.clear(),
            Some(Fault::ServerError) => {
                let failed = error(Kind::GatewayFailed, Outcome::Unknown, Some(502));
                return Some(SubmitOutcome::Unknown(failed));
            }
            Some(Fault::ProxyPage | Fault::Truncated) => {
                let unreadable = error(Kind::InvalidAnswer, Outcome::Unknown, Some(200));
                return Some(SubmitOutcome::Unknown(unreadable));
            }
            Some(_) => return None,
        }
        Some(SubmitOutcome::Answered(records))
    }

    fn buy(&mut self, order: &Submission, fault: Option<Fault>) -> Evidence {
        self.note(&("bought", &order.id));
        if self.ledger.iter().any(|row| row.id == order.id) {
            self.broken.push(format!("I1: {} was bought twice", order.id));
        }
        let row = self.ledger.len();
        let unknown = fault == Some(Fault::UnknownStatus);
        let cost = Money::new(order.amount.amount * Decimal::new(95, 2), "EUR");
        let evidence = Evidence {
            id: order.id.clone(),
            status: if unknown { EvidenceStatus::Unrecognised } else { EvidenceStatus::Open },
            raw_status: if unknown { "in_limbo" } else { "accepted" }.to_string(),
            gateway_uid: Some(format!("U-{row}")),
            scenario: Some(order.scenario.clone()),
            product: Some(order.product.clone()),
            amount: Some(order.amount.amount),
            currency: Some(order.amount.currency.clone()),
            beneficiary: Some(order.beneficiary.clone()),
            date: Some(self.wall()),
            cost: Some(cost.clone()),
            response_code: None,
            response_text: None,
            issuer_reference: None,
            voucher: None,
        };
        let hidden = match fault {
            Some(Fault::Hidden | Fault::AnswerLost) => {
                Duration::from_secs(self.random.between(1, HIDDEN_MAX_S))
            }
            _ => Duration::ZERO,
        };
        self.ledger.push(Row {
            id: order.id.clone(),
            live: order.scenario == "live",
            cost,
            older: evidence.status.clone(),
            evidence: evidence.clone(),
            visible_at: self.now + hidden,
        });
        if self.draw(60, &[Fault::EarlyCallback]).is_some() {
            self.send(Duration::ZERO, Message::Callback { id: order.id.clone(), tries: 0 });
        }
        let wait = Duration::from_secs(self.random.between(1, 120));
        let status = if self.random.chance(800) { EvidenceStatus::Succeeded } else { EvidenceStatus::Failed };
        self.send(wait, Message::Settles { row, status });
        evidence
    }

    fn settles(&mut self, row: usize, status: EvidenceStatus) {
        let order = &mut self.ledger[row];
        if order.evidence.status == status {
            return;
        }
        let first = matches!(order.evidence.status, EvidenceStatus::Open | EvidenceStatus::Unrecognised);
        order.older = std::mem::replace(&mut order.evidence.status, status.clone());
        let succeeded = status == EvidenceStatus::Succeeded;
        order.evidence.raw_status = if succeeded { "success" } else { "failed" }.to_string();
        order.evidence.response_code = Some(if succeeded { "00" } else { "91" }.to_string());
        order.evidence.voucher =
            (succeeded && order.evidence.product.as_deref() == Some("voucher")).then(voucher);
        let id = order.id.clone();
        self.note(&("settled", &id, succeeded));
        if first && self.draw(50, &[Fault::Contradiction]).is_some() {
            let then = if succeeded { EvidenceStatus::Failed } else { EvidenceStatus::Succeeded };
            let wait = Duration::from_secs(self.random.between(1, 300));
            self.send(wait, Message::Settles { row, status: then });
        }
        let wait = match self.draw(200, &[Fault::LateCallback, Fault::DoubleCallback]) {
            Some(Fault::LateCallback) => Duration::from_secs(self.random.between(60, 600)),
            Some(_) => {
                self.send(Duration::from_millis(3), Message::Callback { id: id.clone(), tries: 0 });
                Duration::ZERO
            }
            None => self.latency(),
        };
        if !first || self.random.chance(500) {
            self.send(wait, Message::Callback { id, tries: 0 });
        }
    }

    /// A callback that nobody took comes again.
    pub fn call_again(&mut self, id: String, tries: u32) {
        if tries < 8 {
            self.send(Duration::from_secs(30 << tries.min(4)), Message::Callback { id, tries: tries + 1 });
        }
    }

    fn look_up_arrives(&mut self, id: String, fault: Option<Fault>, reply: oneshot::Sender<LookUp>) {
        if fault == Some(Fault::LostRights) {
            self.blind_until = self.now + Duration::from_secs(self.random.between(10, 900));
        }
        let rows: Vec<&Row> =
            self.ledger.iter().filter(|row| row.id == id && row.visible_at <= self.now).collect();
        let blind = self.now < self.blind_until;
        let records: Vec<Evidence> = rows
            .into_iter()
            .map(|row| {
                let mut evidence = row.evidence.clone();
                let had_an_end = matches!(row.older, EvidenceStatus::Succeeded | EvidenceStatus::Failed);
                if fault == Some(Fault::Stale) && !had_an_end {
                    evidence.status = row.older.clone();
                    evidence.voucher = None;
                }
                evidence
            })
            .collect();
        let found = match fault {
            Some(Fault::LookUpLost) => LookUp::Unclear(error(Kind::Timeout, Outcome::Unknown, None)),
            Some(Fault::LookUpFailed) => {
                LookUp::Unclear(error(Kind::GatewayFailed, Outcome::Unknown, Some(503)))
            }
            Some(Fault::LookUpDenied) => {
                LookUp::Unclear(error(Kind::Unauthorized, Outcome::Refused, Some(401)))
            }
            _ if blind || records.is_empty() => LookUp::NotFound,
            _ => LookUp::Found(records),
        };
        let latency = self.latency();
        self.send(latency, Message::Found { id, found, reply });
    }
}

/// What the till attaches: the gateway as seen through the network.
pub struct Counter {
    pub world: Arc<World>,
    pub clock: ManualClock,
}

impl Adapter for Counter {
    fn account(&self) -> Account {
        Account { gateway: "simulated".into(), address: "memory".into(), principal: "anna".into() }
    }

    fn abilities(&self) -> Abilities {
        Abilities {
            look_up: true,
            absence_is_proof: true,
            duplicates: Duplicates::NotRefused,
            undo: UndoSteps::None,
            needs_baseline: false,
            group_size_max: 10,
        }
    }

    fn check(&self, order: &NewOrder) -> Result<Checked> {
        Ok(Checked { live: order.scenario == "live" })
    }

    fn check_id(&self, _id: &str) -> Result<()> {
        Ok(())
    }

    fn submit(&self, orders: Vec<Submission>) -> BoxFuture<'static, SubmitOutcome> {
        let (world, clock) = (self.world.clone(), self.clock.clone());
        Box::pin(async move {
            let answer = world.order_something(orders);
            let deadline = clock.sleep_until(clock.elapsed() + DEADLINE);
            tokio::select! {
                biased;
                outcome = answer => outcome.unwrap_or_else(|_| lost()),
                () = deadline => SubmitOutcome::Unknown(error(Kind::Timeout, Outcome::Unknown, None)),
            }
        })
    }

    fn look_up(&self, order: OrderReference) -> BoxFuture<'static, LookUp> {
        let world = self.world.clone();
        Box::pin(async move {
            let broken = || LookUp::Unclear(error(Kind::Network, Outcome::Unknown, None));
            world.ask(&order.id).await.unwrap_or_else(|_| broken())
        })
    }

    fn control(&self) -> BoxFuture<'static, Result<()>> {
        let world = self.world.clone();
        Box::pin(async move {
            let (reply, answer) = oneshot::channel();
            {
                let mut state = world.lock();
                let latency = state.latency();
                state.send(latency, Message::Control { reply });
            }
            answer.await.unwrap_or_else(|_| Err(error(Kind::Network, Outcome::Unknown, None)))
        })
    }

    /// The ids that it names, with blanks between.
    fn read_callback(&self, request: &CallbackRequest) -> Result<CallbackNews> {
        let text = String::from_utf8_lossy(&request.body);
        let ids = text.split_whitespace().map(str::to_string);
        if tillgate::testing::guard(tillgate::testing::Guard::CallbacksAreHints) {
            return Ok(CallbackNews::Hints(ids.collect()));
        }
        // What the eleventh rule forbids: to believe that each of them has succeeded.
        let rows = self.world.lock().ledger.clone();
        Ok(CallbackNews::Verified(ids.map(|id| claim(id, &rows)).collect()))
    }
}

/// What a forged callback would claim: the order as it was asked for, and a success.
fn claim(id: String, rows: &[Row]) -> Evidence {
    let known = rows.iter().find(|row| row.id == id).map(|row| row.evidence.clone());
    let mut evidence = known.unwrap_or_else(|| Evidence {
        id: id.clone(),
        status: EvidenceStatus::Open,
        raw_status: String::new(),
        gateway_uid: None,
        scenario: Some("live".into()),
        product: None,
        amount: Some(Decimal::new(1000, 2)),
        currency: Some("CHF".into()),
        beneficiary: None,
        date: None,
        cost: None,
        response_code: None,
        response_text: None,
        issuer_reference: None,
        voucher: None,
    });
    evidence.status = EvidenceStatus::Succeeded;
    evidence.raw_status = "success".into();
    evidence
}

fn voucher() -> Voucher {
    Voucher {
        code: Some(Secret::new(CANARY.to_string())),
        serial: None,
        pin_code: None,
        pdf_link: None,
        expiration: None,
        usage_instructions: Default::default(),
        unknown_fields: None,
    }
}

/// The kinds of error that the network makes.
#[derive(Clone, Copy)]
enum Kind {
    Network,
    Timeout,
    Forbidden,
    Unauthorized,
    GatewayRefused,
    GatewayFailed,
    InvalidAnswer,
}

fn error(kind: Kind, outcome: Outcome, http_status: Option<u16>) -> TillgateError {
    let mut details = ErrorDetails::local("the network", "See the order's state.");
    details.outcome = outcome;
    details.http_status = http_status;
    match kind {
        Kind::Network => TillgateError::Network { details },
        Kind::Timeout => TillgateError::Timeout { details },
        Kind::Forbidden => TillgateError::Forbidden { details },
        Kind::Unauthorized => TillgateError::Unauthorized { details },
        Kind::GatewayRefused => TillgateError::GatewayRefused { details },
        Kind::GatewayFailed => TillgateError::GatewayFailed { details },
        Kind::InvalidAnswer => TillgateError::InvalidAnswer { details },
    }
}

fn lost() -> SubmitOutcome {
    SubmitOutcome::Unknown(error(Kind::Network, Outcome::Unknown, None))
}
