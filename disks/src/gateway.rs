//! A gateway with a ledger, which does with each product what the product's name says. It answers at once, and hears nothing of a
//! process whose power is gone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tillgate::orders::adapter::*;
use tillgate::{
    BoxFuture, CallbackRequest, Clock, ErrorDetails, ManualClock, Money, NewOrder, OrderKind, Outcome,
    Result, Secret, TillgateError, Voucher,
};

use crate::vfs::{SharedDisk, lock};

/// What the gateway does with a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Product {
    /// Bought, and done at once, with a voucher.
    Delivers,
    /// Bought; the second look-up finds it done.
    Settles,
    /// Bought; the second look-up finds that the issuer failed it.
    IssuerFails,
    /// Bought, and the answer is lost.
    AnswerLost,
    /// The request is lost, and nobody knows.
    RequestLost,
    /// Refused, in the gateway's own words.
    Refused,
    /// There is never a connection.
    NotSent,
}

impl Product {
    const ALL: [Self; 7] = [
        Self::Delivers,
        Self::Settles,
        Self::IssuerFails,
        Self::AnswerLost,
        Self::RequestLost,
        Self::Refused,
        Self::NotSent,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Delivers => "delivers",
            Self::Settles => "settles",
            Self::IssuerFails => "issuer-fails",
            Self::AnswerLost => "answer-lost",
            Self::RequestLost => "request-lost",
            Self::Refused => "refused",
            Self::NotSent => "not-sent",
        }
    }

    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|product| product.name() == name)
    }
}

/// Something that was bought or undone.
#[derive(Clone, Debug)]
pub struct Row {
    pub id: String,
    pub product: Product,
    /// The order that it undid.
    pub undid: Option<String>,
    evidence: Evidence,
}

#[derive(Default)]
pub struct Ledger {
    pub rows: Vec<Row>,
    /// The ids that were sent, whatever became of them.
    pub sent: Vec<String>,
    pub look_ups: HashMap<String, u32>,
}

impl Ledger {
    pub fn row(&self, id: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.id == id)
    }

    pub fn looked_up(&self, id: &str) -> u32 {
        self.look_ups.get(id).copied().unwrap_or_default()
    }
}

/// The code of an order's voucher.
pub fn voucher_code(id: &str) -> String {
    format!("CODE-{id}")
}

pub type SharedLedger = Arc<Mutex<Ledger>>;

pub fn read(ledger: &SharedLedger) -> MutexGuard<'_, Ledger> {
    ledger.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The gateway as one process reaches it.
pub struct Gateway {
    pub ledger: SharedLedger,
    pub clock: ManualClock,
    pub disk: SharedDisk,
}

impl Gateway {
    fn buy(&self, order: &Submission, product: Product) -> Evidence {
        let mut ledger = read(&self.ledger);
        let uid = format!("U{}", ledger.rows.len());
        let delivers = product == Product::Delivers || order.kind != OrderKind::Purchase;
        let evidence = Evidence {
            id: order.id.clone(),
            told_by_baseline: false,
            status: if delivers { EvidenceStatus::Succeeded } else { EvidenceStatus::Open },
            raw_status: if delivers { "success" } else { "accepted" }.to_string(),
            gateway_uid: Some(uid),
            scenario: Some(order.scenario.clone()),
            product: Some(order.product.clone()),
            amount: Some(order.amount.amount),
            currency: Some(order.amount.currency.clone()),
            beneficiary: Some(order.beneficiary.clone()),
            date: Some(self.clock.now()),
            cost: Some(Money::new(order.amount.amount, "EUR")),
            response_code: None,
            response_text: None,
            issuer_reference: None,
            voucher: (product == Product::Delivers && order.kind == OrderKind::Purchase)
                .then(|| voucher(&order.id)),
        };
        let undid = order.parent.as_ref().map(|parent| parent.id.clone());
        ledger.rows.push(Row { id: order.id.clone(), product, undid, evidence: evidence.clone() });
        evidence
    }

    fn submitted(&self, orders: &[Submission]) -> SubmitOutcome {
        if lock(&self.disk).is_dead() {
            return SubmitOutcome::Unknown(failure(Failure::Network, Outcome::Unknown));
        }
        let mut records = Vec::with_capacity(orders.len());
        for order in orders {
            // An undo carries its parent's product, and is always carried out.
            let product = match order.kind {
                OrderKind::Purchase => Product::of_name(&order.product).expect("a product of ours"),
                _ => Product::Delivers,
            };
            if product == Product::NotSent {
                return SubmitOutcome::NotSent(failure(Failure::Network, Outcome::NotSent));
            }
            read(&self.ledger).sent.push(order.id.clone());
            match product {
                Product::RequestLost => {
                    return SubmitOutcome::Unknown(failure(Failure::Network, Outcome::Unknown));
                }
                Product::Refused => {
                    return SubmitOutcome::Refused(failure(Failure::Refused, Outcome::Refused));
                }
                Product::AnswerLost => {
                    self.buy(order, product);
                    return SubmitOutcome::Unknown(failure(Failure::Network, Outcome::Unknown));
                }
                _ => records.push(self.buy(order, product)),
            }
        }
        SubmitOutcome::Answered(records)
    }

    fn asked(&self, id: &str) -> LookUp {
        if lock(&self.disk).is_dead() {
            return LookUp::Unclear(failure(Failure::Network, Outcome::Unknown));
        }
        let mut ledger = read(&self.ledger);
        let look_ups = ledger.look_ups.entry(id.to_string()).or_default();
        *look_ups += 1;
        let is_done = *look_ups > 1;
        let found: Vec<Evidence> = ledger
            .rows
            .iter_mut()
            .filter(|row| row.id == id)
            .map(|row| {
                if is_done && row.evidence.status == EvidenceStatus::Open {
                    let fails = row.product == Product::IssuerFails;
                    row.evidence.status =
                        if fails { EvidenceStatus::Failed } else { EvidenceStatus::Succeeded };
                    row.evidence.raw_status = if fails { "failed" } else { "success" }.to_string();
                }
                row.evidence.clone()
            })
            .collect();
        if found.is_empty() { LookUp::NotFound } else { LookUp::Found(found) }
    }
}

/// What the till attaches.
pub struct Attached(pub Arc<Gateway>);

impl Adapter for Attached {
    fn account(&self) -> Account {
        Account { gateway: "scripted".into(), address: "memory".into(), principal: "anna".into() }
    }

    fn abilities(&self) -> Abilities {
        Abilities {
            look_up: true,
            absence_is_proof: true,
            duplicates: Duplicates::NotRefused,
            undo: UndoSteps::One,
            needs_baseline: false,
            group_size_max: 1,
        }
    }

    fn check(&self, order: &NewOrder) -> Result<Checked> {
        Ok(Checked { live: order.scenario == "live" })
    }

    fn check_id(&self, _id: &str) -> Result<()> {
        Ok(())
    }

    fn submit(&self, orders: Vec<Submission>) -> BoxFuture<'static, SubmitOutcome> {
        let gateway = self.0.clone();
        Box::pin(async move { gateway.submitted(&orders) })
    }

    fn look_up(&self, order: OrderReference) -> BoxFuture<'static, LookUp> {
        let gateway = self.0.clone();
        Box::pin(async move { gateway.asked(&order.id) })
    }

    fn control(&self) -> BoxFuture<'static, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    /// The body is an id.
    fn read_callback(&self, request: &CallbackRequest) -> Result<CallbackNews> {
        Ok(CallbackNews::Hints(vec![String::from_utf8_lossy(&request.body).into_owned()]))
    }
}

fn voucher(id: &str) -> Voucher {
    Voucher {
        code: Some(Secret::new(voucher_code(id))),
        serial: None,
        pin_code: None,
        pdf_link: None,
        expiration: None,
        usage_instructions: Default::default(),
        unknown_fields: None,
    }
}

#[derive(Clone, Copy)]
enum Failure {
    Network,
    Refused,
}

fn failure(kind: Failure, outcome: Outcome) -> TillgateError {
    let mut details = ErrorDetails::local("the scripted network", "See the order's state.");
    details.outcome = outcome;
    match kind {
        Failure::Network => TillgateError::Network { details },
        Failure::Refused => TillgateError::GatewayRefused { details },
    }
}
