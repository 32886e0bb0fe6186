//! Sends orders, and writes down how that ended.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{Attached, Tracker};
use crate::orders::adapter::{Evidence, Submission, SubmitOutcome, UndoSteps};
use crate::orders::machine::{AttemptEnd, Fact, Record, Source};
use crate::orders::store::{Sealed, SecretKind};
use crate::orders::types::*;
use crate::runtime::{self, BoxFuture};
use crate::testing::{Guard, crash_point, guard};
use crate::{Outcome, Result, Secret, TillgateError};

/// Waits between attempts that were not sent.
const AGAIN_FIRST: Duration = Duration::from_millis(500);
const AGAIN_MAX: Duration = Duration::from_secs(8);

impl Tracker {
    /// Drives new orders until each is more than pending. Grouped calls only where policy and gateway allow them.
    pub(super) async fn drive_all(self: &Arc<Self>, records: Vec<Record>) -> Vec<(String, Result<Record>)> {
        let _busy = InFlight::begin(self);
        let mut groups: Vec<Vec<Record>> = Vec::new();
        for record in records {
            let size_max = self.attached_account(&record.order.account).map_or(1, |attached| {
                attached.abilities.group_size_max.min(self.policy.batch_size_on_wire).max(1)
            });
            let fits = |group: &&mut Vec<Record>| {
                group.len() < size_max as usize
                    && group[0].order.account == record.order.account
                    && group[0].order.state == OrderState::Sending
            };
            match groups.iter_mut().find(fits) {
                Some(group) if record.order.state == OrderState::Sending => group.push(record),
                _ => groups.push(vec![record]),
            }
        }
        // Side by side, each a task of its own: a slow answer holds back nobody else. One alone needs none.
        let alone = groups.len() == 1;
        let mut running = Vec::with_capacity(groups.len());
        for group in groups {
            let keys: Vec<String> = group.iter().map(|r| r.key.clone()).collect();
            let tracker = self.clone();
            let driving = Box::pin(tracker.drive_group(group));
            let begun = if alone {
                Begun::Here(driving)
            } else {
                Begun::Apart(runtime::started(async move { Ok(driving.await) }))
            };
            running.push((keys, begun));
        }
        let mut driven = Vec::new();
        for (keys, begun) in running {
            let ended = match begun {
                Begun::Here(driving) => runtime::contained(driving).await,
                Begun::Apart(Ok(wait)) => wait.await,
                Begun::Apart(Err(refused)) => Err(refused),
            };
            match ended {
                Ok(results) => driven.extend(results),
                Err(broken) => {
                    let error = broken.with_outcome(Outcome::Unknown);
                    for key in keys {
                        // Whatever it was doing: what may have been sent is looked up.
                        let _ = self.apply(&key, Fact::Recovered, None).await;
                        // And what was not sent yet is driven by nobody: the schedule lets it expire.
                        if let Ok(Some(left)) = self.journal.store().order(&key) {
                            self.plan(&left);
                        }
                        driven.push((key, Err(error.clone())));
                    }
                }
            }
        }
        driven
    }

    async fn drive_group(self: Arc<Self>, group: Vec<Record>) -> Vec<(String, Result<Record>)> {
        if let [_] = group.as_slice() {
            let record = group.into_iter().next().expect("one");
            return vec![(record.key.clone(), self.drive(record).await)];
        }
        let mut driven = Vec::new();
        for (key, result) in self.attempt(group).await {
            let result = match result {
                Ok(record) => self.drive(record).await,
                Err(error) => Err(error),
            };
            driven.push((key, result));
        }
        driven
    }

    /// Drives one order: sends it, and again as long as it was surely not sent and there is time.
    pub(super) fn drive(self: &Arc<Self>, record: Record) -> BoxFuture<'_, Result<Record>> {
        // Behind a pointer, or every crate that uses the till compiles all of this once more.
        Box::pin(async move {
            let mut left = record.clone();
            let driven = self.send_while_there_is_time(record).await;
            if driven.is_err() {
                // Nobody drives it from here on; the schedule lets it expire, also if it cannot be read just now.
                left.order.state = OrderState::Pending;
                let now = self.journal.store().order(&left.key).ok().flatten();
                self.plan(&now.unwrap_or(left));
            }
            driven
        })
    }

    async fn send_while_there_is_time(self: &Arc<Self>, mut record: Record) -> Result<Record> {
        // Close waits: a pending order is left at once, one that is being sent is seen to its outcome.
        let _busy = InFlight::begin(self);
        let mut wait = Duration::ZERO;
        loop {
            match record.order.state {
                OrderState::Sending => {
                    let key = record.key.clone();
                    let attempted = self.attempt(vec![record]).await.into_iter().find(|(k, _)| *k == key);
                    record = attempted
                        .map(|(_, result)| result)
                        .ok_or_else(|| TillgateError::internal("no outcome"))??;
                    if record.order.state == OrderState::Unknown && self.may_be_resent_blindly(&record) {
                        record = self.begin(&record, None).await?;
                    }
                }
                OrderState::Pending => {
                    let now = self.journal.now();
                    let Some(left) = record.time_left(&now) else {
                        return Ok(self.apply(&record.key, Fact::Expire, None).await?.record);
                    };
                    if self.closing.load(Ordering::SeqCst) {
                        return Ok(record);
                    }
                    if !wait.is_zero() {
                        self.sleep_unless_closing(now.running + wait.min(left)).await;
                    }
                    wait = (wait * 2).clamp(AGAIN_FIRST, AGAIN_MAX);
                    if self.closing.load(Ordering::SeqCst) {
                        return Ok(record);
                    }
                    // It may have been cancelled meanwhile. Only an attempt that was begun here is sent from here.
                    record = self.record(&record.order.id)?;
                    if record.order.state != OrderState::Pending {
                        return Ok(record);
                    }
                    if record.time_left(&self.journal.now()).is_none() {
                        continue;
                    }
                    match self.begin(&record, None).await {
                        Ok(begun) => record = begun,
                        Err(error) => {
                            record = self.record(&record.order.id)?;
                            if record.order.state != OrderState::Pending {
                                return Ok(record);
                            }
                            if record.time_left(&self.journal.now()).is_some() {
                                return Err(error.about_order(&record.order.id));
                            }
                        }
                    }
                }
                _ => return Ok(record),
            }
        }
    }

    /// Commits the next attempt of an order.
    pub(super) async fn begin(
        self: &Arc<Self>,
        record: &Record,
        repeat: Option<&'static str>,
    ) -> Result<Record> {
        self.may_buy()?;
        Ok(self.apply(&record.key, Fact::AttemptBegins { repeat }, None).await?.record)
    }

    /// What the fourth rule forbids; here only so that its test can be seen to fail.
    fn may_be_resent_blindly(&self, record: &Record) -> bool {
        !guard(Guard::NoBlindResend) && record.order.attempts.len() < 3
    }

    /// Sends orders whose attempts are durable, in one call, and commits the outcomes.
    async fn attempt(self: &Arc<Self>, records: Vec<Record>) -> Vec<(String, Result<Record>)> {
        let Some(attached) = self.attached_account(&records[0].order.account) else {
            return self
                .not_sent(records, &TillgateError::internal("the order's account is not attached"))
                .await;
        };
        let _in_flight = InFlight::begin(self);
        let sending = &records;
        let settled = runtime::contained(Box::pin(async move {
            let outcome = self.send(&attached, sending).await;
            self.settle_attempts(&attached, sending, outcome).await
        }));
        match settled.await {
            Ok(settled) => settled,
            // A defect of ours or of the adapter: what may have been sent is looked up.
            Err(broken) => {
                tracing::error!(%broken, "an attempt broke off");
                let mut recovered = Vec::with_capacity(records.len());
                for record in &records {
                    let result = match self.apply(&record.key, Fact::Recovered, None).await {
                        Ok(applied) => Ok(applied.record),
                        Err(error) => Err(self.commit_failed_after_send(error, record)),
                    };
                    recovered.push((record.key.clone(), result));
                }
                recovered
            }
        }
    }

    /// Commits that nothing has left, where not even the adapter could be asked.
    async fn not_sent(
        self: &Arc<Self>,
        records: Vec<Record>,
        error: &TillgateError,
    ) -> Vec<(String, Result<Record>)> {
        let mut settled = Vec::with_capacity(records.len());
        for record in records {
            let number = record.order.attempts.len() as u32;
            let details = Some(Box::new(error.details().clone()));
            let end = AttemptEnd { outcome: AttemptOutcome::NotSent, details };
            let applied = self.apply(&record.key, Fact::AttemptEnds { number, end }, None).await;
            settled.push((record.key, applied.map(|applied| applied.record)));
        }
        settled
    }

    /// Sleeps, or until the till is closed.
    async fn sleep_unless_closing(&self, until: Duration) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if self.closing.load(Ordering::SeqCst) {
                return;
            }
            tokio::select! {
                biased;
                () = self.clock.sleep_until(until) => return,
                () = changed => {}
            }
        }
    }

    /// Hands the orders to the adapter. A defect in there leaves them unknown.
    pub(super) async fn send(self: &Arc<Self>, attached: &Attached, records: &[Record]) -> SubmitOutcome {
        let mut submissions = Vec::with_capacity(records.len());
        let now = self.journal.now();
        for record in records {
            // The commit of the attempt itself may have taken the time that was left.
            let Some(time_left) = record.time_left(&now) else {
                let details = crate::ErrorDetails::local(
                    "the time to act passed before the first byte",
                    "Nothing was sent.",
                );
                return SubmitOutcome::NotSent(TillgateError::TooLate { details });
            };
            match self.submission(record, time_left) {
                Ok(submission) => submissions.push(submission),
                // Nothing has left.
                Err(error) => return SubmitOutcome::NotSent(error),
            }
        }
        crash_point("attempt.send.before");
        let outcome = runtime::contained(attached.adapter.submit(submissions)).await;
        crash_point("attempt.receive.after");
        outcome.unwrap_or_else(SubmitOutcome::Unknown)
    }

    fn submission(&self, record: &Record, time_left: Duration) -> Result<Submission> {
        let order = &record.order;
        let sealed = if record.brought_no_payment_code {
            None
        } else {
            self.journal.store().sealed(&record.key, SecretKind::PaymentCode)?
        };
        let payment_code = match sealed {
            Some(sealed) => {
                let text = self.vault.open(&record.key, SecretKind::PaymentCode, &sealed)?;
                let text = std::str::from_utf8(&text)
                    .map_err(|_| TillgateError::internal("a sealed text is no text"))?;
                Some(Secret::new(text.to_string()))
            }
            None => None,
        };
        Ok(Submission {
            id: order.id.clone(),
            kind: order.kind,
            attempt: order.attempts.len() as u32,
            product: order.product.clone(),
            amount: order.amount.clone(),
            scenario: order.scenario.clone(),
            beneficiary: order.beneficiary.clone(),
            callback_url: order.callback_url.clone(),
            notifications: order.notifications.clone(),
            payment_code,
            parent: self.parent_of(record)?,
            time_left,
        })
    }

    /// Commits how the attempts ended, each by itself: one that cannot be committed does not hide the others.
    pub(super) async fn settle_attempts(
        self: &Arc<Self>,
        attached: &Attached,
        records: &[Record],
        outcome: SubmitOutcome,
    ) -> Vec<(String, Result<Record>)> {
        let grouped = records.len() > 1;
        let mut settled = Vec::with_capacity(records.len());
        for (index, record) in records.iter().enumerate() {
            let number = record.order.attempts.len() as u32;
            let (fact, voucher) = self.fact_of(attached, record, number, index, grouped, &outcome);
            let result = match self.apply(&record.key, fact, voucher).await {
                Ok(applied) => {
                    if let SubmitOutcome::IdMayBeInUse(error) = &outcome {
                        let seen_to = self.id_may_be_in_use(attached, &applied.record, error).await;
                        seen_to.map_err(|error| self.commit_failed_after_send(error, record))
                    } else {
                        Ok(applied.record)
                    }
                }
                Err(error) => Err(self.commit_failed_after_send(error, record)),
            };
            settled.push((record.key.clone(), result));
        }
        settled
    }

    /// The disk failed when something may have been sent: nobody may be told more than that.
    fn commit_failed_after_send(&self, mut error: TillgateError, record: &Record) -> TillgateError {
        self.spent.store(true, Ordering::SeqCst);
        let details = error.details_mut();
        details.outcome = Outcome::Unknown;
        details.advice = "The order may have been carried out and its outcome could not be written down. Do not sell it again: close this till, see to the disk, open it again, and the order is looked up.".to_string();
        error.about_order(&record.order.id)
    }

    fn fact_of(
        &self,
        attached: &Attached,
        record: &Record,
        number: u32,
        index: usize,
        grouped: bool,
        outcome: &SubmitOutcome,
    ) -> (Fact, Option<Sealed>) {
        let ends = |outcome: AttemptOutcome, error: &TillgateError| {
            let end = AttemptEnd { outcome, details: Some(Box::new(error.details().clone())) };
            (Fact::AttemptEnds { number, end }, None)
        };
        match outcome {
            SubmitOutcome::NotSent(error) => ends(AttemptOutcome::NotSent, error),
            SubmitOutcome::Refused(error) => {
                let credentials = matches!(error, TillgateError::Unauthorized { .. });
                let certain = !grouped || credentials || !guard(Guard::BatchById);
                ends(if certain { AttemptOutcome::Refused } else { AttemptOutcome::Unknown }, error)
            }
            SubmitOutcome::IdMayBeInUse(error) => ends(AttemptOutcome::Unknown, error),
            SubmitOutcome::NothingToUndo(error) => match attached.abilities.undo {
                UndoSteps::Two { gap, window } => {
                    let details = Box::new(error.details().clone());
                    (Fact::NothingToUndo { number, details, gap, window }, None)
                }
                _ => ends(AttemptOutcome::Unknown, error),
            },
            SubmitOutcome::Unknown(error) if guard(Guard::ThreeOutcomes) => {
                ends(AttemptOutcome::Unknown, error)
            }
            SubmitOutcome::Unknown(error) => ends(AttemptOutcome::Refused, error),
            SubmitOutcome::Answered(evidence) => {
                let mut records = evidence.clone();
                if !guard(Guard::BatchById) {
                    records = records.get(index).cloned().into_iter().collect();
                }
                let voucher = self.seal_voucher(record, &mut records);
                (Fact::Evidence { records, source: Source::Attempt(number) }, voucher)
            }
        }
    }

    /// The voucher among the records of this order, sealed. One that cannot be kept safe is not kept: what the gateway says of the
    /// order counts all the same, and `refetch_code` brings the voucher again.
    pub(super) fn seal_voucher(&self, record: &Record, records: &mut [Evidence]) -> Option<Sealed> {
        let ours = |e: &&Evidence| !guard(Guard::BatchById) || Record::key_of(&e.id) == record.key;
        let voucher = records.iter().find(ours).and_then(|e| e.voucher.as_ref())?;
        let sealed = self.vault.seal_voucher(&record.key, voucher).ok();
        if sealed.is_none() {
            records.iter_mut().for_each(|evidence| evidence.voucher = None);
        }
        sealed
    }

    /// The gateway says that the id may be in use: where it cannot be looked up, a person must see.
    async fn id_may_be_in_use(
        self: &Arc<Self>,
        attached: &Attached,
        record: &Record,
        error: &TillgateError,
    ) -> Result<Record> {
        if attached.abilities.look_up || record.order.state != OrderState::Unknown {
            return Ok(record.clone());
        }
        let fact = Fact::Review { reason: ReviewReason::IdInUse, note: error.details().reason.clone() };
        Ok(self.apply(&record.key, fact, None).await?.record)
    }
}

/// The keys of orders, and what became of each.
type Driven = Vec<(String, Result<Record>)>;

/// The driving of a group of orders.
enum Begun {
    /// In the task that waits for it.
    Here(BoxFuture<'static, Driven>),
    /// In a task of its own.
    Apart(Result<runtime::Wait<Driven>>),
}

/// Counts an attempt for as long as it lives, whatever ends it.
pub(super) struct InFlight {
    tracker: Arc<Tracker>,
}

impl InFlight {
    pub(super) fn begin(tracker: &Arc<Tracker>) -> Self {
        tracker.attempts_in_flight.fetch_add(1, Ordering::SeqCst);
        Self { tracker: tracker.clone() }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.tracker.attempts_in_flight.fetch_sub(1, Ordering::SeqCst);
        self.tracker.attempt_ended.notify_waiters();
    }
}
