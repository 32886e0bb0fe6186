//! A gateway in memory, with its own ledger and answers to order. Its abilities are the test's to choose, so that it is
//! not CY.SEND: the tracker must get along with any.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tillgate::orders::adapter::*;
use tillgate::{
    BeneficiaryField, BoxFuture, CallbackRequest, Decimal, ErrorDetails, Money, NewOrder,
    NotificationParameter, OrderKind, OrderNotification, Outcome, Result, Secret, TillgateError, Timestamp,
    Voucher,
};

/// How the gateway treats one submission.
#[derive(Clone, Debug)]
pub enum Treat {
    /// Carries it out and says so, with this status.
    Do(EvidenceStatus),
    /// Carries it out; the answer is lost.
    DoAndLose,
    /// The request is lost before it arrives, and the caller cannot know.
    Lose,
    /// No connection.
    NotSent,
    /// Refuses it.
    Refuse,
    /// Refuses it with 401.
    Unauthorized,
    /// Refuses it with what may mean that the id is in use.
    InUse,
    /// Carries it out and answers with a status that nobody knows.
    DoWithStatus(&'static str),
    /// Carries it out and answers these records instead of the true ones.
    DoAndAnswer(fn(Vec<Evidence>) -> Vec<Evidence>),
    /// Carries it out only when the test lets it, through `release`.
    Hold,
    /// An undo: there is nothing to undo.
    Nothing,
    /// The adapter has a defect.
    Defect,
}

#[derive(Default)]
pub struct State {
    /// What was really carried out, in order.
    pub ledger: Vec<Evidence>,
    /// Every call: `submit a`, `look_up a`, `control`.
    pub calls: Vec<String>,
    /// What each submission asked to be told, and where.
    pub to_be_told: Vec<(Option<String>, Vec<OrderNotification>)>,
    pub treats: VecDeque<Treat>,
    /// Look-ups find nothing, as after lost rights.
    pub blind: bool,
    /// Look-ups get no certain answer.
    pub mute: bool,
    /// The control read fails.
    pub control_fails: bool,
    /// What was credited, by the id of the payment. Where a baseline is needed, the gateway knows an undo by it alone.
    pub credits: Vec<(String, Evidence)>,
    pub uids: u64,
}

pub struct Gateway {
    pub state: Mutex<State>,
    pub abilities: Mutex<Abilities>,
    pub principal: String,
    pub now: Box<dyn Fn() -> Timestamp + Send + Sync>,
    pub release: tokio::sync::Semaphore,
}

/// What tests of a gateway with look-ups need.
pub fn with_look_up() -> Abilities {
    Abilities {
        look_up: true,
        absence_is_proof: true,
        duplicates: Duplicates::NotRefused,
        undo: UndoSteps::One,
        needs_baseline: false,
        group_size_max: 10,
    }
}

/// A gateway without look-ups, which refuses duplicates for a while and needs two calls to undo.
pub fn without_look_up() -> Abilities {
    Abilities {
        look_up: false,
        absence_is_proof: false,
        duplicates: Duplicates::RefusedFor(Duration::from_secs(6 * 3_600)),
        undo: UndoSteps::Two { gap: Duration::from_secs(600), window: Duration::from_secs(12 * 3_600) },
        needs_baseline: false,
        group_size_max: 1,
    }
}

fn details(outcome: Outcome, reason: &str, http_status: Option<u16>) -> Box<ErrorDetails> {
    let mut details = ErrorDetails::local(reason, "See the order's state.");
    details.outcome = outcome;
    details.http_status = http_status;
    details
}

impl Gateway {
    pub fn new(abilities: Abilities, now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Arc<Self> {
        Self::of("anna", abilities, now)
    }

    /// The gateway for another customer.
    pub fn of(
        principal: &str,
        abilities: Abilities,
        now: impl Fn() -> Timestamp + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State::default()),
            abilities: Mutex::new(abilities),
            principal: principal.to_string(),
            now: Box::new(now),
            release: tokio::sync::Semaphore::new(0),
        })
    }

    pub fn treat(&self, treats: impl IntoIterator<Item = Treat>) {
        self.state.lock().unwrap().treats.extend(treats);
    }

    /// How often an order was really carried out.
    pub fn bought(&self, id: &str) -> usize {
        self.state.lock().unwrap().ledger.iter().filter(|e| e.id == id).count()
    }

    pub fn calls(&self, kind: &str) -> usize {
        self.state.lock().unwrap().calls.iter().filter(|call| call.starts_with(kind)).count()
    }

    /// Lets the gateway change its mind about an order.
    pub fn set_status(&self, id: &str, status: EvidenceStatus, raw: &str) {
        let mut state = self.state.lock().unwrap();
        for evidence in state.ledger.iter_mut().filter(|e| e.id == id) {
            evidence.status = status.clone();
            evidence.raw_status = raw.to_string();
        }
    }

    /// Changes what the gateway holds, behind everybody's back.
    pub fn meddle(&self, change: impl FnOnce(&mut Vec<Evidence>)) {
        change(&mut self.state.lock().unwrap().ledger);
    }

    /// Somebody credits a part of a payment at the gateway itself.
    pub fn credit_by_hand(&self, payment: &str, cents: i64) {
        let mut state = self.state.lock().unwrap();
        let mut credit = state.ledger.iter().find(|e| e.id == payment).expect("the payment").clone();
        credit.gateway_uid = Some("U-by-hand".to_string());
        credit.amount = Some(Decimal::new(cents, 2));
        state.credits.push((payment.to_string(), credit));
    }

    fn carry_out(&self, submission: &Submission, status: EvidenceStatus, raw: &str) -> Evidence {
        let mut state = self.state.lock().unwrap();
        state.uids += 1;
        let delivered = status == EvidenceStatus::Succeeded && submission.product == "voucher";
        let evidence = Evidence {
            id: submission.id.clone(),
            told_by_baseline: false,
            status,
            raw_status: raw.to_string(),
            gateway_uid: Some(format!("U-{}", state.uids)),
            scenario: Some(submission.scenario.clone()),
            product: Some(submission.product.clone()),
            amount: Some(submission.amount.amount),
            currency: Some(submission.amount.currency.clone()),
            // Another order of fields: it must not matter.
            beneficiary: Some(submission.beneficiary.iter().rev().cloned().collect()),
            date: Some((self.now)()),
            cost: Some(Money::new(submission.amount.amount * Decimal::new(95, 2), "EUR")),
            response_code: Some("00".to_string()),
            response_text: None,
            issuer_reference: None,
            voucher: delivered.then(voucher),
        };
        state.ledger.push(evidence.clone());
        if let Some(parent) = &submission.parent {
            state.credits.push((parent.id.clone(), evidence.clone()));
        }
        evidence
    }
}

/// The voucher that a delivery brings.
pub fn voucher() -> Voucher {
    Voucher {
        code: Some(Secret::new("CANARY-CODE-4711".to_string())),
        serial: Some(Secret::new("CANARY-SERIAL-4712".to_string())),
        pin_code: None,
        pdf_link: None,
        expiration: None,
        usage_instructions: Default::default(),
        unknown_fields: None,
    }
}

/// The handle that a till attaches.
pub struct Handle(pub Arc<Gateway>);

impl Adapter for Handle {
    fn account(&self) -> Account {
        Account {
            gateway: "scripted".to_string(),
            address: "memory".to_string(),
            principal: self.0.principal.clone(),
        }
    }

    fn abilities(&self) -> Abilities {
        self.0.abilities.lock().unwrap().clone()
    }

    fn check(&self, order: &NewOrder) -> Result<Checked> {
        if order.product == "forbidden" {
            return Err(TillgateError::invalid_argument("product", "not sold here"));
        }
        Ok(Checked { live: order.scenario == "live" })
    }

    fn check_id(&self, _id: &str) -> Result<()> {
        Ok(())
    }

    fn submit(&self, orders: Vec<Submission>) -> BoxFuture<'static, SubmitOutcome> {
        let gateway = self.0.clone();
        Box::pin(async move {
            let treat = {
                let mut state = gateway.state.lock().unwrap();
                for order in &orders {
                    state.calls.push(format!("submit {}", order.id));
                    state.to_be_told.push((order.callback_url.clone(), order.notifications.clone()));
                }
                state.treats.pop_front().unwrap_or(Treat::Do(EvidenceStatus::Open))
            };
            let lost = || {
                SubmitOutcome::Unknown(TillgateError::Network {
                    details: details(Outcome::Unknown, "the connection broke", None),
                })
            };
            let do_all = |status: EvidenceStatus, raw: &str| -> Vec<Evidence> {
                orders.iter().map(|order| gateway.carry_out(order, status.clone(), raw)).collect()
            };
            match treat {
                Treat::Do(status) => {
                    let raw = match status {
                        EvidenceStatus::Open | EvidenceStatus::Unrecognised => "accepted",
                        EvidenceStatus::Succeeded => "success",
                        EvidenceStatus::Failed => "failed",
                    };
                    SubmitOutcome::Answered(do_all(status, raw))
                }
                Treat::DoWithStatus(raw) => {
                    SubmitOutcome::Answered(do_all(EvidenceStatus::Unrecognised, raw))
                }
                Treat::DoAndAnswer(change) => {
                    SubmitOutcome::Answered(change(do_all(EvidenceStatus::Succeeded, "success")))
                }
                Treat::DoAndLose => {
                    do_all(EvidenceStatus::Succeeded, "success");
                    lost()
                }
                Treat::Lose => lost(),
                Treat::NotSent => SubmitOutcome::NotSent(TillgateError::Network {
                    details: details(Outcome::NotSent, "connection refused", None),
                }),
                Treat::Refuse => SubmitOutcome::Refused(TillgateError::GatewayRefused {
                    details: details(Outcome::Refused, "wrong beneficiary", Some(400)),
                }),
                Treat::Unauthorized => SubmitOutcome::Refused(TillgateError::Unauthorized {
                    details: details(Outcome::Refused, "wrong password", Some(401)),
                }),
                Treat::InUse => SubmitOutcome::IdMayBeInUse(TillgateError::GatewayRefused {
                    details: details(Outcome::Unknown, "invalid parameters", Some(500)),
                }),
                Treat::Hold => {
                    gateway.release.acquire().await.expect("open").forget();
                    SubmitOutcome::Answered(do_all(EvidenceStatus::Succeeded, "success"))
                }
                Treat::Defect => panic!("a defect of the adapter"),
                Treat::Nothing => SubmitOutcome::NothingToUndo(TillgateError::NotFound {
                    details: details(Outcome::Unknown, "nothing to undo", None),
                }),
            }
        })
    }

    fn look_up(&self, order: OrderReference) -> BoxFuture<'static, LookUp> {
        let gateway = self.0.clone();
        Box::pin(async move {
            let mut state = gateway.state.lock().unwrap();
            state.calls.push(format!("look_up {}", order.id));
            if state.mute {
                return LookUp::Unclear(TillgateError::GatewayFailed {
                    details: details(Outcome::Unknown, "bad gateway", Some(502)),
                });
            }
            let found: Vec<Evidence> = match &order.parent {
                Some(parent) if gateway.abilities.lock().unwrap().needs_baseline => {
                    let is_new =
                        |e: &Evidence| e.gateway_uid.as_ref().is_some_and(|u| !parent.baseline.contains(u));
                    let credits = state.credits.iter().filter(|(of, e)| *of == parent.id && is_new(e));
                    let told =
                        |e: &Evidence| Evidence { id: order.id.clone(), told_by_baseline: true, ..e.clone() };
                    credits.map(|(_, e)| told(e)).collect()
                }
                _ => state.ledger.iter().filter(|e| e.id == order.id).cloned().collect(),
            };
            if state.blind || found.is_empty() { LookUp::NotFound } else { LookUp::Found(found) }
        })
    }

    fn control(&self) -> BoxFuture<'static, Result<()>> {
        let gateway = self.0.clone();
        Box::pin(async move {
            let mut state = gateway.state.lock().unwrap();
            state.calls.push("control".to_string());
            if state.control_fails {
                return Err(TillgateError::Forbidden {
                    details: details(Outcome::Refused, "no rights", Some(403)),
                });
            }
            Ok(())
        })
    }

    fn baseline(&self, parent: Parent) -> BoxFuture<'static, Result<Vec<String>>> {
        let state = self.0.state.lock().unwrap();
        let credits = state.credits.iter().filter(|(of, _)| *of == parent.id);
        let uids: Vec<String> = credits.filter_map(|(_, e)| e.gateway_uid.clone()).collect();
        Box::pin(async move { Ok(uids) })
    }

    /// `hint:<id>` is a hint; `signed:<id>` says with a valid signature that the order succeeded.
    fn read_callback(&self, request: &CallbackRequest) -> Result<CallbackNews> {
        let text = String::from_utf8_lossy(&request.body).to_string();
        let id = |rest: &str| rest.to_string();
        if let Some(rest) = text.strip_prefix("hint:") {
            if tillgate::testing::guard(tillgate::testing::Guard::CallbacksAreHints) {
                return Ok(CallbackNews::Hints(rest.split(',').map(id).collect()));
            }
            return Ok(CallbackNews::Verified(rest.split(',').map(claim).collect()));
        }
        match text.strip_prefix("signed:") {
            Some(rest) => Ok(CallbackNews::Verified(vec![claim(rest)])),
            None => Err(TillgateError::invalid_argument("body", "not one of ours")),
        }
    }
}

/// What a callback claims of an order.
fn claim(id: &str) -> Evidence {
    Evidence {
        id: id.to_string(),
        told_by_baseline: false,
        status: EvidenceStatus::Succeeded,
        raw_status: "success".to_string(),
        gateway_uid: None,
        scenario: Some("live".to_string()),
        product: None,
        amount: Some(Decimal::new(1000, 2)),
        currency: Some("CHF".to_string()),
        beneficiary: None,
        date: None,
        cost: None,
        response_code: None,
        response_text: None,
        issuer_reference: None,
        voucher: None,
    }
}

/// An order for one of them.
pub fn order(id: &str) -> NewOrder {
    let field =
        |name: &str, value: &str| BeneficiaryField { name: name.to_string(), value: value.to_string() };
    NewOrder {
        id: id.to_string(),
        product: "1111".to_string(),
        amount: Money::new(Decimal::new(1000, 2), "CHF"),
        scenario: "live".to_string(),
        beneficiary: vec![field("mobile", "+41791234567"), field("account", "7")],
        account: None,
        amount_range: None,
        callback_url: None,
        notifications: Vec::new(),
        payment_code: None,
        submit_within_ms: None,
        notes: Default::default(),
    }
}

/// What an order may ask to be told.
pub fn notification() -> OrderNotification {
    let destination =
        vec![NotificationParameter { name: "url".to_string(), value: "https://example.org/n".to_string() }];
    OrderNotification { trigger: "1".to_string(), channel: "2".to_string(), destination }
}

/// How an undo of it is called.
pub const REVERSE: OrderKind = OrderKind::Reverse;
