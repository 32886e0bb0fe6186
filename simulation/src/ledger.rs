//! What gateways do with what arrives, and what their ledger holds.

use std::time::Duration;

use tillgate::orders::adapter::*;
use tillgate::{Decimal, Money, OrderState, Outcome, Secret, Voucher};
use tokio::sync::oneshot;

use crate::counter::{DEADLINE, is_undo};
use crate::fault::Fault;
use crate::gateway::{CANARY, Message, State};
use crate::network::{Kind, error, lost};
use crate::personality::Personality;

/// An open payment comes to its end within this time.
const SETTLED_MAX_S: u64 = 120;
/// So many of a thousand purchases are answered with a no of the issuer's.
const SAYS_NO_AT_ONCE_PER_MILLE: u64 = 30;
/// So many of a thousand purchases that are open first stay so for ever.
const STAYS_OPEN_PER_MILLE: u64 = 12;

/// Something that a gateway has carried out.
#[derive(Clone, Debug)]
pub struct Row {
    pub id: String,
    pub live: bool,
    pub cost: Money,
    /// Whose ledger it stands in.
    pub at: Personality,
    /// For an undo: the row that it undoes.
    pub of: Option<usize>,
    /// Somebody else's, under the same id.
    pub is_foreign: bool,
    pub amount: Decimal,
    /// How much of it was given back.
    pub undone: Decimal,
    pub evidence: Evidence,
    /// The status before its last change.
    older: EvidenceStatus,
    /// Look-ups see it from here on.
    pub visible_at: Duration,
    /// Look-ups did not see it at first.
    pub was_hidden: bool,
    /// It had an end, and then another one.
    pub has_changed: bool,
    /// It never comes to an end.
    pub stays_open: bool,
}

impl Row {
    /// This order's own.
    pub fn is_of(&self, id: &str) -> bool {
        self.id == id && !self.is_foreign
    }

    pub fn has_succeeded(&self) -> bool {
        self.evidence.status == EvidenceStatus::Succeeded
    }
}

impl State {
    pub(crate) fn row_of(&self, id: &str) -> Option<usize> {
        self.ledger.iter().position(|row| row.is_of(id))
    }

    pub(crate) fn orders_arrive(
        &mut self,
        at: Personality,
        orders: Vec<Submission>,
        fault: Option<Fault>,
        reply: oneshot::Sender<SubmitOutcome>,
    ) {
        let outcome = match fault {
            Some(Fault::RequestLost) => None,
            Some(Fault::Refused) => Some(refused()),
            Some(Fault::ForeignOrder) => {
                let carried_out = self.random.chance(600).then(|| self.carry_out(at, &orders, fault));
                let answered = self.random.chance(500);
                self.somebody_else_uses(at, &orders[0], answered && carried_out.is_some());
                carried_out.filter(|_| answered)
            }
            Some(Fault::PartlyDone) => {
                self.carry_out(at, &orders[..1], fault);
                self.count(Fault::PartlyDone);
                Some(refused())
            }
            _ => {
                let outcome = self.carry_out(at, &orders, fault);
                self.distort(outcome, fault)
            }
        };
        let latency = self.latency();
        let unanswered = match fault {
            Some(Fault::NeverAnswered | Fault::ArrivesLate) => true,
            Some(Fault::ForeignOrder) => outcome.is_none() && self.random.chance(500),
            _ => false,
        };
        let outcome = match outcome {
            // The sender's own deadline ends these. The connection stays open until everybody has given up.
            _ if unanswered => {
                return self.send(DEADLINE * 10, Message::Outcome { outcome: lost(), reply });
            }
            Some(outcome) => outcome,
            None => lost(),
        };
        self.send(latency, Message::Outcome { outcome, reply });
    }

    fn carry_out(&mut self, at: Personality, orders: &[Submission], fault: Option<Fault>) -> SubmitOutcome {
        if let [undo] = orders
            && is_undo(undo.kind)
        {
            return self.undo(at, undo);
        }
        if matches!(at.abilities().duplicates, Duplicates::RefusedFor(_))
            && self.row_of(&orders[0].id).is_some()
        {
            self.note(&("seen before", &orders[0].id));
            return in_use();
        }
        SubmitOutcome::Answered(orders.iter().map(|order| self.buy(at, order, fault)).collect())
    }

    /// What becomes of an answer on its way; nothing when it is lost.
    fn distort(&mut self, outcome: SubmitOutcome, fault: Option<Fault>) -> Option<SubmitOutcome> {
        let mut records = match (fault, outcome) {
            (Some(Fault::ServerError), _) => {
                let failed = error(Kind::GatewayFailed, Outcome::Unknown, Some(502));
                return Some(SubmitOutcome::Unknown(failed));
            }
            (Some(Fault::ProxyPage | Fault::Truncated), _) => {
                let unreadable = error(Kind::InvalidAnswer, Outcome::Unknown, Some(200));
                return Some(SubmitOutcome::Unknown(unreadable));
            }
            (Some(Fault::AnswerLost), _) => return None,
            (_, SubmitOutcome::Answered(records)) => records,
            (_, other) => return Some(other),
        };
        match fault {
            Some(Fault::ForeignAnswer) => records[0].id.push('x'),
            Some(Fault::WrongAmount) => records[0].amount = Some(Decimal::new(99_999, 2)),
            Some(Fault::TwoRecords) => records.push(records[0].clone()),
            Some(Fault::EmptyAnswer) => records.clear(),
            Some(Fault::OtherOrder) => records.reverse(),
            _ => return Some(SubmitOutcome::Answered(records)),
        }
        self.count(fault.expect("one of these"));
        Some(SubmitOutcome::Answered(records))
    }

    fn evidence_of(&self, order: &Submission, status: EvidenceStatus, uid: String) -> Evidence {
        Evidence {
            id: order.id.clone(),
            told_by_baseline: false,
            raw_status: raw(&status).to_string(),
            status,
            gateway_uid: Some(uid),
            scenario: Some(order.scenario.clone()),
            product: Some(order.product.clone()),
            amount: Some(order.amount.amount),
            currency: Some(order.amount.currency.clone()),
            beneficiary: Some(order.beneficiary.clone()),
            date: Some(self.wall()),
            cost: Some(Money::new(order.amount.amount * Decimal::new(95, 2), "EUR")),
            response_code: None,
            response_text: None,
            issuer_reference: None,
            voucher: None,
        }
    }

    fn enter(&mut self, at: Personality, order: &Submission, evidence: Evidence, hidden: Duration) -> usize {
        self.ledger.push(Row {
            id: order.id.clone(),
            live: order.scenario == "live",
            cost: evidence.cost.clone().expect("what was carried out has a cost"),
            at,
            of: None,
            is_foreign: false,
            amount: order.amount.amount,
            undone: Decimal::ZERO,
            older: evidence.status.clone(),
            evidence,
            visible_at: self.now + hidden,
            was_hidden: !hidden.is_zero(),
            has_changed: false,
            stays_open: false,
        });
        self.ledger.len() - 1
    }

    fn buy(&mut self, at: Personality, order: &Submission, fault: Option<Fault>) -> Evidence {
        self.note(&("bought", &order.id));
        if self.row_of(&order.id).is_some() {
            self.broken.push(format!("I1: {} was bought twice", order.id));
        }
        let at_once = self.random.chance(at.done_at_once_per_mille());
        let says_no_at_once = self.random.chance(SAYS_NO_AT_ONCE_PER_MILLE);
        let status = match fault {
            Some(Fault::UnknownStatus) => EvidenceStatus::Unrecognised,
            _ if says_no_at_once => EvidenceStatus::Failed,
            _ if at_once => EvidenceStatus::Succeeded,
            _ => EvidenceStatus::Open,
        };
        let hidden = match fault {
            Some(Fault::Hidden | Fault::AnswerLost) => {
                Duration::from_secs(self.random.between(1, at.hidden_max_s()))
            }
            _ => Duration::ZERO,
        };
        if let Some(fault @ (Fault::UnknownStatus | Fault::Hidden)) = fault {
            self.count(fault);
        }
        let uid = format!("U-{}", self.ledger.len());
        let mut evidence = self.evidence_of(order, status, uid);
        if evidence.status == EvidenceStatus::Succeeded {
            evidence.voucher = voucher_of(&evidence);
        }
        let row = self.enter(at, order, evidence.clone(), hidden);
        if at.can_be_asked() && self.draw(60, &[Fault::EarlyCallback]).is_some() {
            self.send(Duration::ZERO, Message::Callback { id: order.id.clone(), tries: 0 });
        }
        if matches!(evidence.status, EvidenceStatus::Succeeded | EvidenceStatus::Failed) {
            self.may_change_its_mind(row);
        } else if at.can_be_asked()
            && evidence.status == EvidenceStatus::Open
            && self.draw(STAYS_OPEN_PER_MILLE, &[Fault::StaysOpen]).is_some()
        {
            self.ledger[row].stays_open = true;
        } else {
            let wait = Duration::from_secs(self.random.between(1, SETTLED_MAX_S));
            let done = self.random.chance(800);
            let status = if done { EvidenceStatus::Succeeded } else { EvidenceStatus::Failed };
            self.send(wait, Message::Settles { row, status });
        }
        evidence
    }

    /// An order of somebody else, under the same id: of another amount, or of another time.
    fn somebody_else_uses(&mut self, at: Personality, order: &Submission, later: bool) {
        self.note(&("foreign", &order.id));
        let uid = format!("F-{}", self.ledger.len());
        let mut evidence = self.evidence_of(order, EvidenceStatus::Succeeded, uid);
        if self.random.chance(500) {
            evidence.amount = Some(order.amount.amount + Decimal::ONE);
        } else {
            evidence.date = Some(self.wall() - Duration::from_secs(5 * 24 * 3_600));
        }
        let wait = if later { Duration::from_secs(self.random.between(1, 60)) } else { Duration::ZERO };
        let row = self.enter(at, order, evidence, wait);
        self.ledger[row].is_foreign = true;
    }

    fn undo(&mut self, at: Personality, order: &Submission) -> SubmitOutcome {
        self.note(&("undo", order.parent.as_ref().map(|parent| &parent.id)));
        let refuses_twice = matches!(at.abilities().duplicates, Duplicates::RefusedFor(_));
        if self.row_of(&order.id).is_some() {
            if refuses_twice {
                return in_use();
            }
            self.broken.push(format!("I1: the undo {} was carried out twice", order.id));
        }
        let parent = order.parent.as_ref().and_then(|parent| self.row_of(&parent.id));
        let done = parent.filter(|parent| self.ledger[*parent].has_succeeded());
        let Some(parent) = done else {
            return if refuses_twice { nothing_to_undo() } else { refused() };
        };
        if refuses_twice && self.ledger[parent].undone > Decimal::ZERO {
            // It cannot be undone any more, and who has undone it is not told.
            return in_use();
        }
        self.ledger[parent].undone += order.amount.amount;
        if self.ledger[parent].undone > self.ledger[parent].amount {
            let id = &self.ledger[parent].id;
            self.broken.push(format!("rule 14: more of {id} was undone than was bought"));
        }
        let at_once = refuses_twice || self.random.chance(700);
        let status = if at_once { EvidenceStatus::Succeeded } else { EvidenceStatus::Open };
        let uid = format!("C-{}", self.ledger.len());
        let evidence = self.evidence_of(order, status, uid);
        let row = self.enter(at, order, evidence.clone(), Duration::ZERO);
        self.ledger[row].of = Some(parent);
        if !at_once {
            let wait = Duration::from_secs(self.random.between(1, SETTLED_MAX_S));
            self.send(wait, Message::Settles { row, status: EvidenceStatus::Succeeded });
        }
        SubmitOutcome::Answered(vec![evidence])
    }

    pub(crate) fn settles(&mut self, row: usize, status: EvidenceStatus) {
        let order = &mut self.ledger[row];
        if order.evidence.status == status || order.undone > Decimal::ZERO {
            return;
        }
        let first = matches!(order.evidence.status, EvidenceStatus::Open | EvidenceStatus::Unrecognised);
        order.older = std::mem::replace(&mut order.evidence.status, status.clone());
        order.has_changed |= !first;
        let succeeded = status == EvidenceStatus::Succeeded;
        order.evidence.raw_status = raw(&status).to_string();
        order.evidence.response_code = Some(if succeeded { "00" } else { "91" }.to_string());
        order.evidence.voucher = if succeeded { voucher_of(&order.evidence) } else { None };
        let (id, at, is_purchase) = (order.id.clone(), order.at, order.of.is_none());
        self.note(&("settled", row, succeeded));
        if first {
            self.may_change_its_mind(row);
        } else {
            self.count(Fault::Contradiction);
        }
        if !at.can_be_asked() || !is_purchase {
            return;
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
        } else if !self.calm {
            self.count(Fault::DroppedCallback);
        }
    }

    fn may_change_its_mind(&mut self, row: usize) {
        let order = &self.ledger[row];
        // Who cannot be asked does not tell of it either.
        if !order.at.can_be_asked() || order.of.is_some() {
            return;
        }
        let succeeded = order.has_succeeded();
        if self.draw(50, &[Fault::Contradiction]).is_some() {
            let then = if succeeded { EvidenceStatus::Failed } else { EvidenceStatus::Succeeded };
            let wait = Duration::from_secs(self.random.between(1, 300));
            self.send(wait, Message::Settles { row, status: then });
        }
    }

    pub(crate) fn look_up_arrives(
        &mut self,
        at: Personality,
        order: OrderReference,
        fault: Option<Fault>,
        reply: oneshot::Sender<LookUp>,
    ) {
        if fault == Some(Fault::LostRights) {
            self.blind_until = self.now + Duration::from_secs(self.random.between(10, 900));
        }
        let blind = self.now < self.blind_until;
        let rows = self.rows_for(at, &order);
        let mut is_stale = false;
        let records: Vec<Evidence> = rows
            .into_iter()
            .map(|row| {
                let mut evidence = row.evidence.clone();
                // A refund carries no id here: whose it is, the baseline says.
                evidence.id.clone_from(&order.id);
                evidence.told_by_baseline = row.of.is_some() && order.gateway_uid.is_none();
                let had_an_end = matches!(row.older, EvidenceStatus::Succeeded | EvidenceStatus::Failed);
                if fault == Some(Fault::Stale) && !had_an_end && row.older != evidence.status {
                    evidence.status = row.older.clone();
                    evidence.raw_status = raw(&row.older).to_string();
                    evidence.voucher = None;
                    is_stale = true;
                }
                evidence
            })
            .collect();
        let mut records = records;
        if is_stale {
            self.count(Fault::Stale);
            self.taken_back.insert(order.id.clone());
        }
        let is_mangled = !blind && !records.is_empty() && self.mangle(fault, &order.id, &mut records);
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
        self.send(latency, Message::Found { id: order.id, found, is_mangled, reply });
    }

    /// Lets a look-up tell what is not true, if it is to.
    fn mangle(&mut self, fault: Option<Fault>, id: &str, records: &mut Vec<Evidence>) -> bool {
        match fault {
            Some(Fault::FoundTwice) => {
                let mut second = records[0].clone();
                second.gateway_uid = Some(format!("D-{}", self.ledger.len()));
                records.push(second);
            }
            Some(Fault::FoundWrongAmount) => records[0].amount = Some(Decimal::new(99_999, 2)),
            Some(Fault::FoundOtherMode) => records[0].scenario = Some("another".to_string()),
            Some(Fault::FoundUnknownStatus) => {
                records[0].status = EvidenceStatus::Unrecognised;
                records[0].raw_status = raw(&EvidenceStatus::Unrecognised).to_string();
                records[0].voucher = None;
            }
            _ => return false,
        }
        self.count(fault.expect("one of these"));
        self.mangled.insert(id.to_string());
        true
    }

    fn rows_for(&self, at: Personality, order: &OrderReference) -> Vec<&Row> {
        let seen = self.ledger.iter().filter(|row| row.at == at && row.visible_at <= self.now);
        let Some(parent) = order.parent.as_ref().filter(|_| is_undo(order.kind)) else {
            return seen.filter(|row| row.id == order.id && row.of.is_none()).collect();
        };
        let credits = seen.filter(|row| row.of.is_some_and(|of| self.ledger[of].is_of(&parent.id)));
        let uid_of = |row: &&Row| row.evidence.gateway_uid.clone().unwrap_or_default();
        match &order.gateway_uid {
            Some(uid) => credits.filter(|row| uid_of(row) == *uid).collect(),
            None => credits.filter(|row| !parent.baseline.contains(&uid_of(row))).collect(),
        }
    }

    /// What a person who telephones would be told of an order: its end, once nothing about it is on its way.
    pub fn truth(&self, id: &str) -> Option<OrderState> {
        let on_its_way = |message: &Message| match message {
            Message::Orders { orders, .. } => orders.iter().any(|order| order.id == id),
            Message::Settles { row, .. } => self.ledger[*row].is_of(id),
            _ => false,
        };
        if self.queue.values().any(on_its_way) {
            return None;
        }
        let Some(row) = self.row_of(id) else { return Some(OrderState::Failed) };
        let row = &self.ledger[row];
        match row.evidence.status {
            _ if row.visible_at > self.now => None,
            EvidenceStatus::Succeeded if row.undone >= row.amount => Some(OrderState::Reversed),
            EvidenceStatus::Succeeded => Some(OrderState::Succeeded),
            EvidenceStatus::Failed => Some(OrderState::Failed),
            EvidenceStatus::Open | EvidenceStatus::Unrecognised => None,
        }
    }
}

fn raw(status: &EvidenceStatus) -> &'static str {
    match status {
        EvidenceStatus::Open => "accepted",
        EvidenceStatus::Unrecognised => "in_limbo",
        EvidenceStatus::Succeeded => "success",
        EvidenceStatus::Failed => "failed",
    }
}

fn refused() -> SubmitOutcome {
    SubmitOutcome::Refused(error(Kind::GatewayRefused, Outcome::Refused, Some(400)))
}

fn in_use() -> SubmitOutcome {
    SubmitOutcome::IdMayBeInUse(error(Kind::GatewayRefused, Outcome::Unknown, Some(500)))
}

fn nothing_to_undo() -> SubmitOutcome {
    SubmitOutcome::NothingToUndo(error(Kind::GatewayRefused, Outcome::Unknown, Some(500)))
}

fn voucher_of(evidence: &Evidence) -> Option<Voucher> {
    (evidence.product.as_deref() == Some("voucher")).then(|| Voucher {
        code: Some(Secret::new(CANARY.to_string())),
        serial: None,
        pin_code: None,
        pdf_link: None,
        expiration: None,
        usage_instructions: Default::default(),
        unknown_fields: None,
    })
}
