//! The world outside of the till's process: the network, and the ledger of the gateways behind it. Messages live out here: what
//! was sent arrives although its sender is gone.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tillgate::orders::adapter::*;
use tillgate::{Outcome, Result, Timestamp};
use tokio::sync::oneshot;

pub use crate::counter::Counter;
use crate::counter::{DEADLINE, SIGNED, is_undo};
use crate::fault::{Fault, Hits};
pub use crate::ledger::Row;
use crate::network::{Kind, error};
use crate::personality::Personality;
use crate::random::Random;

/// Later than this after its sender gave up, no network delivers a request.
const LATE_MAX_S: u64 = 180;
/// An outage is over after this time.
const OUTAGE_MAX_S: u64 = 150;
/// What a voucher holds: never to be found in a file.
pub const CANARY: &str = "CANARY-VOUCHER-31415926";

/// What a gateway told last.
#[derive(Clone, Debug)]
pub struct Told {
    pub status: EvidenceStatus,
    pub at: Duration,
    /// Whether that may not have been written down: the process ended at that moment, or the journal was put back.
    pub may_be_lost: bool,
}

/// When an order was meant.
#[derive(Clone, Copy, Debug)]
struct Intent {
    at: Duration,
    within: Duration,
    /// How far the wall clock was off.
    skew_s: i64,
    /// The process that lived then.
    process: u32,
}

/// What is on its way, or is going to happen.
pub(crate) enum Message {
    Orders {
        at: Personality,
        orders: Vec<Submission>,
        fault: Option<Fault>,
        reply: oneshot::Sender<SubmitOutcome>,
    },
    Outcome {
        outcome: SubmitOutcome,
        reply: oneshot::Sender<SubmitOutcome>,
    },
    LookUp {
        at: Personality,
        order: OrderReference,
        fault: Option<Fault>,
        reply: oneshot::Sender<LookUp>,
    },
    Found {
        id: String,
        found: LookUp,
        /// It tells what is not true.
        is_mangled: bool,
        reply: oneshot::Sender<LookUp>,
    },
    Control {
        reply: oneshot::Sender<Result<()>>,
    },
    Credits {
        parent: String,
        reply: oneshot::Sender<Result<Vec<String>>>,
    },
    Settles {
        row: usize,
        status: EvidenceStatus,
    },
    Callback {
        id: String,
        tries: u32,
    },
}

/// Says something of an id by what a witness reads in the journal.
pub type Witness = Box<dyn Fn(&str) -> bool + Send>;
/// Says whether this is the newest version of an order in the journal.
pub type NewestWitness = Box<dyn Fn(&str, u64) -> bool + Send>;

/// The world outside of the process.
pub struct World {
    state: Mutex<State>,
}

pub struct State {
    pub random: Random,
    /// Time since the beginning, whatever clocks say.
    pub now: Duration,
    began: Timestamp,
    /// How far the till's wall clock is off.
    pub skew_s: i64,
    /// The gateways that the till sells through.
    pub accounts: Vec<Personality>,
    pub(crate) queue: BTreeMap<(Duration, u64), Message>,
    next_message: u64,
    pub ledger: Vec<Row>,
    pub hits: Hits,
    /// No more faults.
    pub calm: bool,
    pub(crate) blind_until: Duration,
    /// Until then no connection comes about.
    outage_until: Duration,
    /// The end that a gateway, or a person who asked there, last told of an order, to somebody who was there to hear it.
    pub told: HashMap<String, Told>,
    /// All ends that were ever told so: a state that is told late was true once.
    said: HashMap<String, Vec<EvidenceStatus>>,
    /// Orders about which a person has said what is not true.
    pub erred: HashSet<String>,
    /// Orders of which a look-up has told what is not true.
    pub mangled: HashSet<String>,
    /// Orders that had an end, and of which a look-up has told that they are open.
    pub taken_back: HashSet<String>,
    /// When each order was meant for the first time.
    first_meant: HashMap<String, Duration>,
    /// When a backup of the journal last came back.
    restored_at: Option<Duration>,
    /// Orders that a callback named which was taken, until they are looked up.
    pub hinted: HashMap<String, Duration>,
    /// Processes that have begun.
    pub process: u32,
    /// When each order that is not in the journal yet was last meant.
    intents: HashMap<String, Intent>,
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
    /// Whether no other undo of the same order is under way, as a witness reads it.
    pub is_alone: Option<Witness>,
    /// Whether a version of an order is the newest, as a witness reads it.
    pub is_newest: Option<NewestWitness>,
    /// While true, nothing may be sent. (What the process before has sent may still arrive.)
    pub quarantined: bool,
}

impl World {
    pub fn new(random: Random, began: Timestamp) -> Arc<Self> {
        let state = State {
            random,
            now: Duration::ZERO,
            began,
            skew_s: 0,
            accounts: vec![Personality::Shelf],
            queue: BTreeMap::new(),
            next_message: 0,
            ledger: Vec::new(),
            hits: Hits::default(),
            calm: false,
            blind_until: Duration::ZERO,
            outage_until: Duration::ZERO,
            told: HashMap::new(),
            said: HashMap::new(),
            erred: HashSet::new(),
            mangled: HashSet::new(),
            taken_back: HashSet::new(),
            first_meant: HashMap::new(),
            restored_at: None,
            hinted: HashMap::new(),
            process: 0,
            intents: HashMap::new(),
            closing_since: None,
            look_ups: HashMap::new(),
            callbacks: Vec::new(),
            broken: Vec::new(),
            trace: DefaultHasher::new(),
            is_durable: None,
            is_alone: None,
            is_newest: None,
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

    /// Whether an undo is about to be placed: it waits for what the gateway lists before it.
    pub fn undo_is_coming(&self) -> bool {
        self.lock().queue.values().any(|message| matches!(message, Message::Credits { .. }))
    }

    /// Lets everything happen that is due.
    pub fn deliver(&self) {
        let mut state = self.lock();
        while state.queue.keys().next().is_some_and(|(at, _)| *at <= state.now) {
            let (_, message) = state.queue.pop_first().expect("there is one");
            state.happen(message);
        }
    }

    /// What the gateway posts about an order: the account it comes from, and the body.
    pub fn callback_about(&self, id: &str) -> (Option<String>, Vec<u8>) {
        let state = self.lock();
        let at = state.row_of(id).map_or(state.accounts[0], |row| state.ledger[row].at);
        let signed = at == Personality::Form && state.row_of(id).is_some();
        let body = if signed { format!("{SIGNED}{id}") } else { id.to_string() };
        (state.account(at), body.into_bytes())
    }

    /// What a signed callback about this order says.
    pub(crate) fn signed(&self, id: &str) -> CallbackNews {
        let mut state = self.lock();
        let row = state.row_of(id).map(|row| state.ledger[row].clone());
        match row.filter(Row::has_succeeded) {
            Some(row) => {
                state.heard(id.to_string(), EvidenceStatus::Succeeded);
                CallbackNews::Verified(vec![row.evidence])
            }
            None => CallbackNews::Hints(vec![id.to_string()]),
        }
    }

    pub(crate) fn order_something(
        &self,
        at: Personality,
        orders: Vec<Submission>,
    ) -> oneshot::Receiver<SubmitOutcome> {
        let (reply, answer) = oneshot::channel();
        let mut state = self.lock();
        for order in &orders {
            state.check_before_sending(order);
        }
        let latency = state.latency();
        let fault = state.fault_of_orders(at, &orders);
        if fault == Some(Fault::NotSent) {
            let outcome = SubmitOutcome::NotSent(error(Kind::Network, Outcome::NotSent, None));
            state.send(latency, Message::Outcome { outcome, reply });
            return answer;
        }
        let late = Duration::from_secs(state.random.between(1, LATE_MAX_S));
        let wait = if fault == Some(Fault::ArrivesLate) { DEADLINE + late } else { latency };
        state.send(wait, Message::Orders { at, orders, fault, reply });
        answer
    }

    pub(crate) fn ask(&self, at: Personality, order: OrderReference) -> oneshot::Receiver<LookUp> {
        let (reply, answer) = oneshot::channel();
        let mut state = self.lock();
        state.note(&("look up", &order.id));
        *state.look_ups.entry(order.id.clone()).or_default() += 1;
        state.hinted.remove(&order.id);
        let fault = state.fault_of_look_up(at);
        let latency = state.latency();
        state.send(latency, Message::LookUp { at, order, fault, reply });
        answer
    }

    pub(crate) fn ask_for_anything(&self) -> oneshot::Receiver<Result<()>> {
        let (reply, answer) = oneshot::channel();
        let mut state = self.lock();
        let latency = state.latency();
        state.send(latency, Message::Control { reply });
        answer
    }

    pub(crate) fn ask_for_credits(&self, parent: String, reply: oneshot::Sender<Result<Vec<String>>>) {
        let mut state = self.lock();
        let latency = state.latency();
        state.send(latency, Message::Credits { parent, reply });
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

    /// From now on nothing goes wrong any more, and what is open at a gateway comes to its end.
    pub fn calm_down(&mut self) {
        self.calm = true;
        self.blind_until = self.now;
        self.outage_until = self.now;
        for row in 0..self.ledger.len() {
            // Where an absence is no proof, what was hidden goes on being so for its time.
            if self.ledger[row].at.abilities().absence_is_proof {
                self.ledger[row].visible_at = self.ledger[row].visible_at.min(self.now);
            }
            if self.ledger[row].evidence.status == EvidenceStatus::Open && !self.ledger[row].stays_open {
                let wait = Duration::from_secs(self.random.between(1, 30));
                self.send(wait, Message::Settles { row, status: EvidenceStatus::Succeeded });
            }
        }
    }

    /// How the till calls this gateway's account; nothing while there is only one.
    pub fn account(&self, at: Personality) -> Option<String> {
        (self.accounts.len() > 1).then(|| at.name().to_string())
    }

    /// The application means an order that is not in the journal.
    pub fn meant(&mut self, id: &str, within: Duration) {
        let intent = Intent { at: self.now, within, skew_s: self.skew_s, process: self.process };
        self.intents.insert(id.to_string(), intent);
        self.meant_first(id);
    }

    /// The application means an order or an undo, perhaps not for the first time.
    pub fn meant_first(&mut self, id: &str) {
        let now = self.now;
        self.first_meant.entry(id.to_string()).or_insert(now);
    }

    /// Whether the journal was put back after this was meant: it may have lost what it knew of it.
    pub fn is_older_than_the_journal(&self, id: &str) -> bool {
        let meant = self.first_meant.get(id);
        meant.is_some_and(|meant| self.restored_at.is_some_and(|restored| *meant <= restored))
    }

    /// Whether this end of an order was ever told, by the gateway or by a person who asked there.
    pub fn ever_said(&self, id: &str, status: &EvidenceStatus) -> bool {
        self.said.get(id).is_some_and(|said| said.contains(status))
    }

    fn check_before_sending(&mut self, order: &Submission) {
        self.note(&("submit", &order.id, order.attempt));
        let id = &order.id;
        // The till means undos of its own too.
        self.meant_first(id);
        if !self.is_durable.as_ref().is_some_and(|durable| durable(id)) {
            self.broken.push(format!("I2: {id} was sent without a durable attempt"));
        }
        if self.quarantined {
            self.broken.push(format!("rule 16: {id} was sent in quarantine"));
        }
        // To a new process, a wall clock that went back by less than the time that passed cannot be told from none.
        if let Some(intent) = self.intents.get(id)
            && self.now > intent.at + intent.within
            && (self.skew_s >= intent.skew_s || self.process == intent.process)
        {
            let late = self.now - intent.at - intent.within;
            self.broken.push(format!("rule 6: {id} was sent {late:?} after its time to act"));
        }
        if is_undo(order.kind) && !self.is_alone.as_ref().is_some_and(|alone| alone(id)) {
            self.broken.push(format!("rule 14: {id} was sent while another undo was under way"));
        }
    }

    pub(crate) fn send(&mut self, wait: Duration, message: Message) {
        self.next_message += 1;
        let at = (self.now + wait, self.next_message);
        self.queue.insert(at, message);
    }

    pub(crate) fn latency(&mut self) -> Duration {
        Duration::from_millis(self.random.between(1, 400))
    }

    pub(crate) fn wall(&self) -> Timestamp {
        self.began + self.now
    }

    pub(crate) fn draw(&mut self, per_mille: u64, among: &[Fault]) -> Option<Fault> {
        if self.calm || !self.random.chance(per_mille) {
            return None;
        }
        let fault = *self.random.pick(among);
        if !fault.counts_by_its_effect() {
            self.count(fault);
        }
        Some(fault)
    }

    fn fault_of_orders(&mut self, at: Personality, orders: &[Submission]) -> Option<Fault> {
        use Fault::*;
        const ANY: [Fault; 15] = [
            NotSent,
            RequestLost,
            Refused,
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
        if self.now < self.outage_until {
            return Some(NotSent);
        }
        let of_one = orders.len() == 1 && !is_undo(orders[0].kind);
        if self.draw(15, &[Outage]).is_some() {
            self.outage_until = self.now + Duration::from_secs(self.random.between(10, OUTAGE_MAX_S));
            return Some(NotSent);
        }
        match at {
            Personality::Form if of_one && self.random.chance(150) => self.draw(650, &[ForeignOrder]),
            Personality::Shelf if orders.len() > 1 && self.random.chance(500) => {
                self.draw(650, &[PartlyDone, OtherOrder])
            }
            _ => self.draw(650, &ANY),
        }
    }

    fn fault_of_look_up(&mut self, at: Personality) -> Option<Fault> {
        use Fault::*;
        const AMONG: [Fault; 5] = [LookUpLost, LookUpFailed, LookUpDenied, Stale, LostRights];
        const MANGLED: [Fault; 4] = [FoundTwice, FoundWrongAmount, FoundOtherMode, FoundUnknownStatus];
        if self.now < self.outage_until {
            return Some(LookUpLost);
        }
        if at == Personality::Shelf
            && let Some(mangled) = self.draw(30, &MANGLED)
        {
            return Some(mangled);
        }
        self.draw(150, &AMONG)
    }

    fn happen(&mut self, message: Message) {
        let denied = || error(Kind::Forbidden, Outcome::Refused, Some(403));
        match message {
            Message::Orders { at, orders, fault, reply } => self.orders_arrive(at, orders, fault, reply),
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
            Message::LookUp { at, order, fault, reply } => self.look_up_arrives(at, order, fault, reply),
            Message::Found { id, found, is_mangled, reply } => {
                let own = self.row_of(&id).map(|row| self.ledger[row].evidence.gateway_uid.clone());
                let status = match (&found, own) {
                    (LookUp::Found(records), Some(own)) if records.len() == 1 && !is_mangled => {
                        records.first().filter(|record| record.gateway_uid == own).map(|r| r.status.clone())
                    }
                    _ => None,
                };
                if reply.send(found).is_ok()
                    && let Some(status) = status
                {
                    self.heard(id, status);
                }
            }
            Message::Control { reply } => {
                let blind = self.now < self.blind_until;
                let _ = reply.send(if blind { Err(denied()) } else { Ok(()) });
            }
            Message::Credits { parent, reply } => {
                let blind = self.now < self.blind_until;
                let of_parent = |row: &&Row| row.of.is_some_and(|of| self.ledger[of].is_of(&parent));
                let uids = self.ledger.iter().filter(of_parent);
                let uids = uids.filter_map(|row| row.evidence.gateway_uid.clone()).collect();
                let _ = reply.send(if blind { Err(denied()) } else { Ok(uids) });
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
        self.is_alone = None;
        self.is_newest = None;
    }

    /// A restored journal does not know what was heard.
    pub fn forgotten(&mut self) {
        self.told.values_mut().for_each(|told| told.may_be_lost = true);
        self.hinted.clear();
        self.restored_at = Some(self.now);
    }

    /// Somebody was there to hear what the gateway said. "Still open" takes nothing back.
    pub(crate) fn heard(&mut self, id: String, status: EvidenceStatus) {
        if matches!(status, EvidenceStatus::Succeeded | EvidenceStatus::Failed) {
            self.said.entry(id.clone()).or_default().push(status.clone());
            self.told.insert(id, Told { status, at: self.now, may_be_lost: false });
        }
    }

    /// A person heard it.
    pub(crate) fn heard_by_telephone(&mut self, id: &str, status: EvidenceStatus, is_written_down: bool) {
        self.said.entry(id.to_string()).or_default().push(status.clone());
        let told = Told { status, at: self.now, may_be_lost: !is_written_down };
        self.told.insert(id.to_string(), told);
    }

    /// A callback that nobody took comes again.
    pub fn call_again(&mut self, id: String, tries: u32) {
        if tries < 8 {
            self.send(Duration::from_secs(30 << tries.min(4)), Message::Callback { id, tries: tries + 1 });
        }
    }
}
