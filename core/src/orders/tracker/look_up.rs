//! Asks the gateway what became of an order.

use std::sync::Arc;
use std::time::Duration;

use super::attempt::InFlight;
use super::{Attached, Tracker};
use crate::orders::adapter::{Duplicates, Evidence, LookUp, UndoSteps};
use crate::orders::machine::{self, AbsenceRule, Context, Fact, Record, Source};
use crate::orders::moment::Moment;
use crate::orders::store::Command;
use crate::orders::types::*;
use crate::runtime::{self, BoxFuture};
use crate::testing::{Guard, crash_point, guard};
use crate::{ErrorDetails, Result, TillgateError};

/// A look-up ends at its own deadline; this is only what guards the account's other look-ups against a defect there.
const LOOK_UP_PATIENCE: Duration = Duration::from_secs(3_660);

/// What a look-up is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// To learn the state.
    Settle,
    /// To have the voucher again.
    RenewVoucher,
}

impl Tracker {
    /// Looks an order up now. An error means that nothing certain was learnt.
    pub(super) fn look_up_now<'a>(
        self: &'a Arc<Self>,
        key: &'a str,
        wish: Wish,
    ) -> BoxFuture<'a, Result<()>> {
        // Behind a pointer, or every crate that uses the till compiles all of this once more.
        Box::pin(self.ask_and_learn(key, wish))
    }

    async fn ask_and_learn(self: &Arc<Self>, key: &str, wish: Wish) -> Result<()> {
        if let Some(error) = self.journal.store().cannot_write() {
            return Err(error);
        }
        let Some(record) = self.journal.store().order(key)? else { return Ok(()) };
        if record.order.state == OrderState::Pending {
            // Nothing was sent, so there is nothing to ask; but nobody may be left to let it expire.
            if record.time_left(&self.journal.now()).is_none() {
                self.apply(key, Fact::Expire, None).await?;
            }
            return Ok(());
        }
        let attached = self
            .attached_account(&record.order.account)
            .or_else(|| self.anybodys_account())
            .ok_or_else(|| {
                TillgateError::invalid_argument(
                    "account",
                    format!("the order's account {} is not attached to this till", record.order.account),
                )
            })?;
        if !attached.abilities.look_up || self.second_step_due(&attached, &record) {
            let settled = self.settle_without_look_up(&attached, record).await;
            // What stays open where nobody can be asked is overdue too.
            self.mark_overdue(key, &self.journal.now()).await?;
            return settled;
        }
        let _permit = attached.look_ups.acquire().await.map_err(|_| super::super::journal::closed())?;
        let hint = self.journal.store().hint(key)?;
        let (adapter, reference) = (attached.adapter.clone(), self.reference(&record)?);
        crash_point("look_up.send.before");
        let answer = runtime::detached(async move {
            tokio::select! {
                biased;
                answer = adapter.look_up(reference) => Ok(answer),
                () = runtime::sleep(LOOK_UP_PATIENCE) => Err(no_answer()),
            }
        })
        .await;
        crash_point("look_up.receive.after");
        let now = self.journal.now();
        let answer = answer.unwrap_or_else(LookUp::Unclear);
        let certain = !matches!(answer, LookUp::Unclear(_));
        let result = self.learn(&attached, &record, answer, wish).await;
        self.schedule.looked_up(key, now.running, certain);
        if let Some(hint) = hint.filter(|_| certain) {
            self.journal.commit(Command::HintDone { key: key.to_string(), hint }).await?;
        }
        self.mark_overdue(key, &now).await?;
        result
    }

    /// What the seventh rule forbids; here only so that its test can be seen to fail.
    fn anybodys_account(&self) -> Option<Attached> {
        if guard(Guard::SamePrincipal) { None } else { self.attached_named(None).ok() }
    }

    async fn learn(
        self: &Arc<Self>,
        attached: &Attached,
        record: &Record,
        answer: LookUp,
        wish: Wish,
    ) -> Result<()> {
        match answer {
            LookUp::Unclear(error) => Err(error.about_order(&record.order.id)),
            LookUp::Found(mut records) => {
                let voucher = self.seal_voucher(record, &mut records);
                self.schedule.seen(&record.key);
                let fact = match wish {
                    Wish::Settle => Fact::Evidence { records, source: Source::LookUp },
                    Wish::RenewVoucher => Fact::VoucherFetched { records },
                };
                self.apply(&record.key, fact, voucher).await.map(drop)
            }
            LookUp::NotFound => {
                // Asked while an attempt was under way, "not found" says nothing.
                let counts = matches!(record.order.state, OrderState::Unknown | OrderState::Accepted);
                if !counts || !self.control_succeeds(attached, record).await {
                    return Ok(());
                }
                let running = self.journal.now().running;
                let rule = AbsenceRule {
                    answers_min: self.policy.absence_answers_min,
                    running_ms: self.policy.absence_running_ms,
                    is_proof: attached.abilities.absence_is_proof && !self.policy.absence_needs_review,
                };
                let mut since_last = self.schedule.counted(&record.key, running);
                if !guard(Guard::AbsenceByOneProcess) {
                    since_last = record.certain_since.elapsed_upper(&self.journal.now());
                }
                self.apply(&record.key, Fact::NotFound { since_last, rule }, None).await.map(drop)
            }
        }
    }

    /// With the same credentials, something that is known to be there must be seen; else a "not found" may only mean that
    /// this account does not see its orders any more.
    async fn control_succeeds(self: &Arc<Self>, attached: &Attached, record: &Record) -> bool {
        if !guard(Guard::AbsenceProof) || !guard(Guard::ControlCall) {
            return true;
        }
        let known = match self.journal.store().known_order(&attached.account, &record.key) {
            Ok(known) => known,
            Err(_) => return false,
        };
        let Some(known) = known else {
            let asking = attached.adapter.control();
            return runtime::detached(asking).await.is_ok();
        };
        let Ok(reference) = self.reference(&known) else { return false };
        let asking = attached.adapter.look_up(reference);
        let answer = runtime::detached(async move { Ok(asking.await) }).await;
        let Ok(LookUp::Found(records)) = answer else { return false };
        let seen = records.iter().any(|r| Record::key_of(&r.id) == known.key);
        if seen {
            self.learn_by_the_way(&known, records).await;
        }
        seen
    }

    /// What a control look-up said of the known order is evidence like any other: a contradiction must not be passed over.
    async fn learn_by_the_way(self: &Arc<Self>, known: &Record, mut records: Vec<Evidence>) {
        let voucher = self.seal_voucher(known, &mut records);
        let fact = Fact::Evidence { records, source: Source::LookUp };
        // Most often there is nothing new, and then nothing to write.
        let news = machine::apply(known, &fact, &Context::default(), &self.journal.now());
        if matches!(news, Ok(Some(_))) {
            // What cannot be written down now is learnt again by the next look-up of that order.
            let _ = self.apply(&known.key, fact, voucher).await;
        }
    }

    async fn mark_overdue(self: &Arc<Self>, key: &str, now: &Moment) -> Result<()> {
        let Some(record) = self.journal.store().order(key)? else { return Ok(()) };
        let open = matches!(record.order.state, OrderState::Unknown | OrderState::Accepted);
        let late =
            record.certain_since.elapsed_lower(now) >= Duration::from_millis(self.policy.overdue_after_ms);
        // An order that stays open at the gateway for so long is overdue too, however often that is confirmed.
        let old = record.intent.elapsed_lower(now) >= Duration::from_millis(self.policy.overdue_after_ms);
        if open && !record.order.overdue && (late || old) {
            self.apply(key, Fact::Overdue, None).await?;
        }
        Ok(())
    }

    /// What the rules allow where the gateway cannot be asked.
    async fn settle_without_look_up(self: &Arc<Self>, attached: &Attached, record: Record) -> Result<()> {
        if let Some(hint) = self.journal.store().hint(&record.key)? {
            // There is nobody to ask.
            self.schedule.looked_up(&record.key, self.clock.elapsed(), true);
            self.journal.commit(Command::HintDone { key: record.key.clone(), hint }).await?;
        }
        if record.order.state != OrderState::Unknown {
            return Ok(());
        }
        let now = self.journal.now();
        if let Some(repeat) = self.may_repeat(attached, &record, &now) {
            let _busy = InFlight::begin(self);
            let record = self.begin(&record, Some(repeat)).await?;
            self.drive(record).await?;
            return Ok(());
        }
        if self.repeat_may_come(attached, &record, &now) {
            return Ok(());
        }
        if self.policy.undo_if_unknown
            && attached.abilities.undo != UndoSteps::None
            && record.order.kind == OrderKind::Purchase
        {
            return self.undo_by_itself(&record).await;
        }
        let (reason, note) = if record.order.kind == OrderKind::Purchase {
            (ReviewReason::NoLookUp, "the answer was lost and the gateway offers no look-up")
        } else {
            (ReviewReason::UndoUnclear, "the gateway did not say whether it was undone")
        };
        self.apply(&record.key, Fact::Review { reason, note: note.to_string() }, None).await.map(drop)
    }

    /// Whether an order that may have been sent may go again, and why.
    fn may_repeat(&self, attached: &Attached, record: &Record, now: &Moment) -> Option<&'static str> {
        record.time_left(now)?;
        if let (Some(first), UndoSteps::Two { gap, window }) =
            (record.nothing_to_undo_since, attached.abilities.undo)
        {
            let in_time = first.elapsed_lower(now) >= gap && first.elapsed_upper(now) < window;
            return in_time.then_some("the second call that this gateway's undo needs");
        }
        let first = record.first_attempt?;
        match attached.abilities.duplicates {
            Duplicates::RefusedFor(limit) if first.elapsed_upper(now) < limit => {
                Some("the gateway refuses an id that it has seen")
            }
            _ if self.policy.accept_double_purchase_risk => {
                Some("the risk of a second purchase was accepted")
            }
            _ => None,
        }
    }

    /// Whether waiting may still allow a repeat.
    fn repeat_may_come(&self, attached: &Attached, record: &Record, now: &Moment) -> bool {
        match (record.nothing_to_undo_since, attached.abilities.undo) {
            (Some(first), UndoSteps::Two { gap, window }) => {
                record.time_left(now).is_some()
                    && first.elapsed_lower(now) < gap
                    && first.elapsed_upper(now) < window
            }
            _ => false,
        }
    }

    fn second_step_due(&self, attached: &Attached, record: &Record) -> bool {
        record.nothing_to_undo_since.is_some()
            && record.order.state == OrderState::Unknown
            && matches!(attached.abilities.undo, UndoSteps::Two { .. })
    }

    /// How long the second call of an undo has to wait.
    pub(super) fn second_step_wait(&self, record: &Record, now: &Moment) -> Option<Duration> {
        let first = record.nothing_to_undo_since?;
        let attached = self.attached_account(&record.order.account)?;
        let UndoSteps::Two { gap, .. } = attached.abilities.undo else { return None };
        Some(gap.saturating_sub(first.elapsed_lower(now)))
    }

    /// The error of an operation that the gateway does not offer.
    pub(super) fn not_supported(what: &str, account: &str) -> TillgateError {
        TillgateError::NotSupported {
            details: ErrorDetails::local(
                format!("{what} is not offered by {account}"),
                "Nothing was sent and nothing was changed.",
            ),
        }
    }
}

fn no_answer() -> TillgateError {
    TillgateError::Timeout {
        details: ErrorDetails::local("a look-up did not end", "Nothing was changed; it is made again."),
    }
}
