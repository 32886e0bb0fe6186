//! Undo is an order: with its own id, its own intent, and a parent.

use std::sync::Arc;

use super::attempt::InFlight;
use super::place::{check_id, check_submit_within, submit_by};
use super::{Attached, Tracker};
use crate::orders::adapter::{Parent, UndoSteps};
use crate::orders::ids;
use crate::orders::machine::{self, Fact, Record};
use crate::orders::store::Draft;
use crate::orders::types::*;
use crate::runtime;
use crate::testing::{Guard, guard};
use crate::{Decimal, ErrorDetails, Money, Result, TillgateError};

impl Tracker {
    /// Undoes an order, whole or in part.
    pub async fn undo(self: &Arc<Self>, new: NewUndo) -> Result<Order> {
        check_id(&new.id)?;
        check_submit_within(new.submit_within_ms)?;
        if new.kind == OrderKind::Purchase {
            return Err(TillgateError::invalid_argument("kind", "a purchase undoes nothing"));
        }
        let parent = self.record(&new.of)?;
        let attached = self.attached_account(&parent.order.account).ok_or_else(|| {
            TillgateError::invalid_argument("of", "the account of that order is not attached to this till")
        })?;
        if attached.abilities.undo == UndoSteps::None {
            return Err(Self::not_supported("undoing an order", &attached.account).about_order(&new.of));
        }
        attached.adapter.check_id(&new.id)?;
        let amount = new.amount.unwrap_or_else(|| parent.left_to_undo());
        let key = Record::key_of(&new.id);
        if let Some(existing) = self.journal.store().order(&key)?
            && existing.fingerprint == ids::undo_fingerprint(&attached.account, &new)
        {
            return Ok(existing.order);
        }
        if new.amount.is_none() && amount <= Decimal::ZERO {
            let details = ErrorDetails::local(
                format!("nothing of {} is left to undo", parent.order.id),
                "Nothing was sent. Look at the order's undone amount.",
            );
            return Err(TillgateError::TooLate { details }.about_order(&new.of));
        }
        if amount <= Decimal::ZERO {
            return Err(TillgateError::invalid_argument("amount", format!("{amount} is not above zero")));
        }
        let _busy = InFlight::begin(self);
        self.may_buy()?;
        let baseline = self.read_baseline(&attached, &parent).await?;
        let draft = self.draft_undo(&new, &attached, &parent, amount, baseline);
        let placed = self.journal.create(vec![draft]).await?;
        self.changed.notify_waiters();
        match placed.into_iter().next() {
            Some((record, true)) => Ok(self.drive(record).await?.order),
            Some((record, false)) => Ok(record.order),
            None => Err(TillgateError::internal("the journal answered nothing to an intent")),
        }
    }

    /// Under `undo_if_unknown`: undoes an order whose fate the gateway does not tell.
    pub(super) async fn undo_by_itself(self: &Arc<Self>, record: &Record) -> Result<()> {
        let earlier = self.journal.store().undos_of(&record.key)?;
        // One that a person has to decide about settles nothing by itself: then this order is theirs too.
        let under_way =
            |undo: &Record| !undo.order.state.is_final() && undo.order.state != OrderState::NeedsReview;
        if earlier.iter().any(under_way) {
            return Ok(());
        }
        if !earlier.is_empty() {
            let note = "it was to be undone by itself, and that did not succeed".to_string();
            let fact = Fact::Review { reason: ReviewReason::UndoUnclear, note };
            return self.apply(&record.key, fact, None).await.map(drop);
        }
        let undo = NewUndo {
            id: ids::new_id(),
            of: record.order.id.clone(),
            kind: OrderKind::Reverse,
            amount: None,
            submit_within_ms: None,
        };
        // Not within the order's look-up: an undo in two steps takes its time.
        let tracker = self.clone();
        runtime::spawn(Box::pin(async move {
            // Its end stands in the journal.
            let _ = tracker.undo(undo).await;
        }))
        .map(drop)
    }

    async fn read_baseline(&self, attached: &Attached, parent: &Record) -> Result<Vec<String>> {
        if !attached.abilities.needs_baseline || !guard(Guard::UndoBaseline) {
            return Ok(Vec::new());
        }
        let parent = Parent {
            id: parent.order.id.clone(),
            gateway_uid: parent.order.gateway_uid.clone(),
            baseline: Vec::new(),
        };
        runtime::detached(attached.adapter.baseline(parent)).await
    }

    fn draft_undo(
        &self,
        new: &NewUndo,
        attached: &Attached,
        parent: &Record,
        amount: Decimal,
        baseline: Vec<String>,
    ) -> Draft {
        let at = self.journal.now();
        // Two calls with a wait between them need the time that the gateway gives them.
        let within = new.submit_within_ms.unwrap_or(match attached.abilities.undo {
            UndoSteps::Two { window, .. } => window.as_millis() as u64,
            _ => self.policy.submit_within_ms,
        });
        let order = Order {
            id: new.id.clone(),
            state: OrderState::Pending,
            kind: new.kind,
            of: Some(parent.order.id.clone()),
            amount: Money::new(amount, parent.order.amount.currency.clone()),
            created_at: at.wall,
            updated_at: at.wall,
            submit_by: submit_by(at.wall, within),
            version: 1,
            failure: None,
            review: None,
            conflict: None,
            overdue: false,
            callback_url: None,
            notifications: Vec::new(),
            notes: Default::default(),
            cost: None,
            gateway_uid: None,
            gateway_status: None,
            response_code: None,
            response_text: None,
            issuer_reference: None,
            gateway_date: None,
            has_voucher: false,
            undone_amount: Decimal::ZERO,
            attempts: Vec::new(),
            ..parent.order.clone()
        };
        let fingerprint = ids::undo_fingerprint(&attached.account, new);
        let mut record = Record::intent(order, fingerprint, within, &at);
        record.baseline = baseline;
        machine::begin_attempt(&mut record, &at);
        Draft { record, payment_code: None }
    }
}
