//! The state machine of an order: pure. It is given what happened and when, and says what follows; the journal writes
//! that down in the same transaction.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::adapter::{Evidence, EvidenceStatus};
use super::moment::{Moment, Stamp};
use super::types::*;
use crate::testing::{Guard, guard};
use crate::{Decimal, ErrorDetails, Result, TillgateError, Timestamp};

/// An order as the journal keeps it: what the application sees, and what the rules need besides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    pub order: Order,
    /// The id as it is compared: without case or trailing blanks.
    pub key: String,
    /// What makes two requests the same, digested.
    pub fingerprint: String,
    pub intent: Stamp,
    pub submit_within_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_attempt: Option<Stamp>,
    /// Counted answers "not found".
    pub absence: Absence,
    /// When a final absence was settled, for the slow look-ups afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub absent_since: Option<Stamp>,
    /// What the gateway listed before an undo.
    pub baseline: Vec<String>,
    /// The journal may lack undos that were sent after the baseline was read: what is new to it may be theirs.
    #[serde(default)]
    pub baseline_is_outdated: bool,
    /// When an undo first found nothing to undo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nothing_to_undo_since: Option<Stamp>,
    /// The last moment that something certain was learnt.
    pub certain_since: Stamp,
    /// The contradiction about which a person has decided: seen again, it is no news.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided_conflict: Option<String>,
    /// The intent was made by this process and brought no payment code, so that none need be looked for. Off for what was read
    /// from the journal: there one may be.
    #[serde(skip)]
    pub brought_no_payment_code: bool,
}

/// How far an absence is settled. Only running time counts, so that restarts add none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absence {
    pub answers: u32,
    pub running_ms: u64,
}

/// What it takes to settle an absence, and what it means.
#[derive(Clone, Copy, Debug)]
pub struct AbsenceRule {
    pub answers_min: u32,
    pub running_ms: u64,
    pub is_proof: bool,
}

/// How an attempt ended, when it did not end with the gateway's record.
#[derive(Clone, Debug)]
pub struct AttemptEnd {
    pub outcome: AttemptOutcome,
    pub details: Option<Box<ErrorDetails>>,
}

/// Where evidence came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The answer to this attempt.
    Attempt(u32),
    /// An authenticated look-up.
    LookUp,
    /// A callback proved by its signature.
    VerifiedCallback,
}

/// Something that happened to an order.
#[derive(Clone, Debug)]
pub enum Fact {
    /// The next attempt begins. `repeat` says that an earlier one may have been sent, and why this one may go all the same.
    AttemptBegins { repeat: Option<&'static str> },
    /// An attempt ended without the gateway's record.
    AttemptEnds { number: u32, end: AttemptEnd },
    /// The gateway's records under the order's id.
    Evidence { records: Vec<Evidence>, source: Source },
    /// A counted "not found", and the running time since the counted one before it in this process.
    NotFound { since_last: Duration, rule: AbsenceRule },
    /// An undo found nothing to undo.
    NothingToUndo { number: u32, details: Box<ErrorDetails>, gap: Duration, window: Duration },
    /// The process that was sending is gone.
    Recovered,
    /// The journal came into quarantine.
    Quarantined,
    /// The caller calls it off.
    Cancel,
    /// The time to act has passed, or nobody is left to act.
    Expire,
    /// No certain answer for too long.
    Overdue,
    /// The rules end here.
    Review { reason: ReviewReason, note: String },
    /// A person decides.
    Decide(Decision),
    /// An undo of this order was done.
    Undone { amount: Decimal, by: String },
    /// An undo of this order that had been counted as done was not: a person says so.
    NotUndone { amount: Decimal, by: String },
    /// An undo proved that this order was never carried out.
    ProvedAbsent { by: String },
    /// A look-up that was made to have the voucher again, for one that was lost to its key.
    VoucherFetched { records: Vec<Evidence> },
    /// The application was given the voucher.
    Revealed,
}

/// What else the journal knows at that moment.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// For each of the fact's records: whether its gateway uid is bound to another order of the account.
    pub uid_bound_elsewhere: Vec<bool>,
}

/// What follows from a fact.
#[derive(Clone, Debug)]
pub struct Transition {
    pub record: Record,
    pub what: &'static str,
    pub note: Option<String>,
    pub event: Option<EventKind>,
    /// The fact's voucher is this order's, and newer than what is sealed.
    pub takes_voucher: bool,
    /// What follows for the parent of an undo, in the same transaction.
    pub parent: Option<Box<Fact>>,
}

impl Record {
    /// The id as it is compared.
    pub fn key_of(id: &str) -> String {
        id.trim_end().to_lowercase()
    }

    /// A new intent, not yet written down.
    pub fn intent(order: Order, fingerprint: String, submit_within_ms: u64, at: &Moment) -> Self {
        Self {
            key: Self::key_of(&order.id),
            order,
            fingerprint,
            intent: at.stamp(),
            submit_within_ms,
            first_attempt: None,
            absence: Absence::default(),
            absent_since: None,
            baseline: Vec::new(),
            baseline_is_outdated: false,
            nothing_to_undo_since: None,
            certain_since: at.stamp(),
            decided_conflict: None,
            brought_no_payment_code: false,
        }
    }

    /// Time left in which an attempt may start; none when the window is closed.
    pub fn time_left(&self, now: &Moment) -> Option<Duration> {
        let window = Duration::from_millis(self.submit_within_ms);
        if !guard(Guard::SubmitBy) {
            return Some(window);
        }
        window.checked_sub(self.intent.elapsed_upper(now)).filter(|left| !left.is_zero())
    }

    /// Whether every attempt surely came to nothing.
    fn no_attempt_may_count(&self) -> bool {
        let counts = |attempt: &Attempt| match attempt.outcome {
            AttemptOutcome::NotSent | AttemptOutcome::Refused => false,
            AttemptOutcome::Open | AttemptOutcome::Answered | AttemptOutcome::Unknown => true,
        };
        !self.order.attempts.iter().any(counts)
    }

    /// What is still to be undone.
    pub fn left_to_undo(&self) -> Decimal {
        self.order.amount.amount - self.order.undone_amount
    }
}

/// Makes the next attempt part of a record; the journal commits it before the first byte.
pub fn begin_attempt(record: &mut Record, at: &Moment) -> u32 {
    let number = record.order.attempts.len() as u32 + 1;
    record.order.attempts.push(Attempt {
        number,
        started_at: at.wall,
        ended_at: None,
        outcome: AttemptOutcome::Open,
        reason: None,
        advice: None,
        http_status: None,
        gateway_code: None,
        request_id: None,
    });
    record.first_attempt.get_or_insert(at.stamp());
    record.order.state = OrderState::Sending;
    number
}

/// What follows from a fact: a transition, nothing, or a refusal that changes nothing.
pub fn apply(before: &Record, fact: &Fact, context: &Context, at: &Moment) -> Result<Option<Transition>> {
    let mut step = Step::new(before, at);
    match fact {
        Fact::AttemptBegins { repeat } => step.attempt_begins(*repeat)?,
        Fact::AttemptEnds { number, end } => step.attempt_ends(*number, end),
        Fact::Evidence { records, source } => step.evidence(records, *source, context),
        Fact::NotFound { since_last, rule } => step.not_found(*since_last, rule),
        Fact::NothingToUndo { number, details, gap, window } => {
            step.nothing_to_undo(*number, details, *gap, *window)
        }
        Fact::Recovered => step.recovered(),
        Fact::Quarantined => step.quarantined(),
        Fact::Cancel => step.cancel()?,
        Fact::Expire => step.expire(),
        Fact::Overdue => step.overdue(),
        Fact::Review { reason, note } => step.review(*reason, note.clone()),
        Fact::Decide(decision) => step.decide(decision)?,
        Fact::Undone { amount, by } => step.undone(*amount, by),
        Fact::NotUndone { amount, by } => step.not_undone(*amount, by),
        Fact::ProvedAbsent { by } => step.proved_absent(by),
        Fact::VoucherFetched { records } => {
            step.renew = true;
            step.evidence(records, Source::LookUp, context);
        }
        Fact::Revealed => step.revealed(),
    }
    Ok(step.finish())
}

/// Whether an undo may be placed beside the ones that exist.
pub fn may_undo(parent: &Record, siblings: &[Record], undo: &Order) -> Result<()> {
    if !guard(Guard::OneUndo) {
        return Ok(());
    }
    let refuse = |error: fn(Box<ErrorDetails>) -> TillgateError, reason: String, advice: &str| {
        Err(error(ErrorDetails::local(reason, advice)).about_order(&undo.id))
    };
    let too_late = |details| TillgateError::TooLate { details };
    let invalid = |details| TillgateError::InvalidArgument { details };
    if parent.order.kind != OrderKind::Purchase {
        return refuse(
            invalid,
            format!("{} is itself an undo", parent.order.id),
            "An undo cannot be undone.",
        );
    }
    if matches!(
        parent.order.state,
        OrderState::Pending
            | OrderState::Failed
            | OrderState::Cancelled
            | OrderState::Expired
            | OrderState::Reversed
    ) {
        return refuse(
            too_late,
            format!("{} is {}, there is nothing to undo", parent.order.id, parent.order.state),
            "Nothing was sent. Look at the order's state.",
        );
    }
    // One in conflict may have been done after all.
    let undecided = |s: &&Record| !s.order.state.is_final() || s.order.conflict.is_some();
    if let Some(sibling) = siblings.iter().find(undecided) {
        return refuse(
            too_late,
            format!("{} is being undone by {} ({})", parent.order.id, sibling.order.id, sibling.order.state),
            "One undo at a time. Wait until that one is final, or resolve it.",
        );
    }
    // Not by their sum, which may be beyond all numbers.
    if undo.amount.amount > parent.left_to_undo() && guard(Guard::RefundSum) {
        return refuse(
            invalid,
            format!(
                "{} of {} are undone already; {} more would exceed it",
                parent.order.undone_amount, parent.order.amount, undo.amount.amount
            ),
            "Nothing was sent. Ask for no more than is left.",
        );
    }
    Ok(())
}

/// One application of a fact, on its way from before to after.
struct Step<'a> {
    before: &'a Record,
    after: Record,
    at: &'a Moment,
    what: &'static str,
    note: Option<String>,
    conflict: bool,
    overdue: bool,
    touched: bool,
    takes_voucher: bool,
    /// The voucher is wanted although the order has one.
    renew: bool,
    parent: Option<Box<Fact>>,
}

impl<'a> Step<'a> {
    fn new(before: &'a Record, at: &'a Moment) -> Self {
        Self {
            before,
            after: before.clone(),
            at,
            what: "",
            note: None,
            conflict: false,
            overdue: false,
            touched: false,
            takes_voucher: false,
            renew: false,
            parent: None,
        }
    }

    fn finish(mut self) -> Option<Transition> {
        if !self.touched {
            return None;
        }
        if self.after.order.state.is_final() {
            self.after.order.overdue = false;
        }
        let event = if self.after.order.state != self.before.order.state {
            Some(EventKind::StateChanged)
        } else if self.conflict {
            Some(EventKind::Conflict)
        } else if self.overdue {
            Some(EventKind::Overdue)
        } else if visible(&self.before.order) != visible(&self.after.order) {
            Some(EventKind::Updated)
        } else {
            None
        };
        self.after.order.version += 1;
        self.after.order.updated_at = self.at.wall;
        Some(Transition {
            record: self.after,
            what: self.what,
            note: self.note,
            event,
            takes_voucher: self.takes_voucher,
            parent: self.parent,
        })
    }

    fn to(&mut self, state: OrderState, what: &'static str) {
        self.after.order.state = state;
        self.what = what;
        self.touched = true;
    }

    fn mark_conflict(&mut self, what: &'static str, note: String) {
        if !guard(Guard::FinalIsFinal) {
            return;
        }
        // The same contradiction seen again is no news.
        let known = [&self.after.order.conflict, &self.after.decided_conflict];
        if known.into_iter().any(|known| known.as_deref() == Some(&note)) {
            return;
        }
        self.after.order.conflict = Some(note.clone());
        self.conflict = true;
        self.touched = true;
        self.what = what;
        self.note = Some(note);
    }

    fn attempt_begins(&mut self, repeat: Option<&'static str>) -> Result<()> {
        let order = &self.before.order;
        let allowed = match order.state {
            OrderState::Pending => true,
            OrderState::Unknown => repeat.is_some() || !guard(Guard::NoBlindResend),
            _ => false,
        };
        if !allowed {
            let details = ErrorDetails::local(
                format!("order {} is {} and cannot be sent", order.id, order.state),
                "Nothing was sent by this call. The tracker goes on with the order as it is.",
            );
            return Err(TillgateError::TooLate { details }.about_order(&order.id));
        }
        if self.before.time_left(self.at).is_none() {
            let details = ErrorDetails::local(
                format!("the time to act on order {} has passed", order.id),
                "Nothing was sent by this call. Place a new order under a new id if it is still wanted.",
            );
            return Err(TillgateError::TooLate { details }.about_order(&order.id));
        }
        begin_attempt(&mut self.after, self.at);
        // What was not found before says nothing of this attempt.
        self.after.absence = Absence::default();
        self.note = repeat.map(str::to_string);
        self.to(OrderState::Sending, "attempt");
        Ok(())
    }

    fn attempt_ends(&mut self, number: u32, end: &AttemptEnd) {
        if !self.close_attempt(number, end.outcome, end.details.as_deref()) {
            return;
        }
        self.touched = true;
        self.what = match end.outcome {
            AttemptOutcome::NotSent => "not_sent",
            AttemptOutcome::Refused => "refused",
            _ => "no_answer",
        };
        self.note = end.details.as_ref().map(|d| d.reason.clone());
        // Evidence may have been faster than the answer.
        if !matches!(self.before.order.state, OrderState::Sending | OrderState::Unknown) {
            return;
        }
        if !self.after.no_attempt_may_count() {
            self.to(OrderState::Unknown, self.what);
            return;
        }
        self.after.certain_since = self.at.stamp();
        if self.after.order.attempts.iter().any(|a| a.outcome == AttemptOutcome::Refused) {
            self.after.order.failure = Some(FailureReason::Refused);
            if let Some(details) = &end.details {
                self.after.order.response_code = details.gateway_code.clone();
                let words = [&details.gateway_text, &details.gateway_information];
                let words: Vec<&str> = words.into_iter().flatten().map(String::as_str).collect();
                self.after.order.response_text = (!words.is_empty()).then(|| words.join(" "));
            }
            self.to(OrderState::Failed, self.what);
        } else {
            self.to(OrderState::Pending, self.what);
        }
    }

    fn close_attempt(
        &mut self,
        number: u32,
        outcome: AttemptOutcome,
        details: Option<&ErrorDetails>,
    ) -> bool {
        let Some(attempt) = self.after.order.attempts.iter_mut().find(|a| a.number == number) else {
            return false;
        };
        if attempt.outcome != AttemptOutcome::Open {
            return false;
        }
        attempt.outcome = outcome;
        attempt.ended_at = Some(self.at.wall);
        if let Some(details) = details {
            attempt.reason = Some(details.reason.clone());
            attempt.advice = Some(details.advice.clone()).filter(|advice| !advice.is_empty());
            attempt.http_status = details.http_status;
            attempt.gateway_code = details.gateway_code.clone();
            attempt.request_id = details.request_id.clone();
        }
        true
    }

    fn evidence(&mut self, records: &[Evidence], source: Source, context: &Context) {
        let matching = guard(Guard::MatchFound);
        let bound_elsewhere = |index: usize| context.uid_bound_elsewhere.get(index).copied().unwrap_or(false);
        let mut ours: Vec<(usize, &Evidence)> = records
            .iter()
            .enumerate()
            .filter(|(_, e)| !guard(Guard::BatchById) || Record::key_of(&e.id) == self.before.key)
            .collect();
        // A list of credits shows those of other undos too. They say nothing of this one, unless it waits for its own and
        // there is no other.
        let is_anothers = |(index, e): &(usize, &Evidence)| e.told_by_baseline && bound_elsewhere(*index);
        if self.before.order.state.is_final() || !ours.iter().all(is_anothers) {
            ours.retain(|one| !is_anothers(one));
        }
        let flaw = match ours.as_slice() {
            [] => Some((None, "no record carries the order's id".to_string())),
            [(index, one)] => {
                if matching {
                    mismatch(self.before, one, source, bound_elsewhere(*index))
                        .map(|m| (Some(ReviewReason::ForeignOrder), m))
                } else {
                    None
                }
            }
            several if matching => Some((
                Some(ReviewReason::SeveralRecords),
                format!("{} records carry the order's id", several.len()),
            )),
            _ => None,
        };
        if let Source::Attempt(number) = source {
            // An answer that does not fit is as good as none: the look-up decides.
            let outcome = if flaw.is_none() { AttemptOutcome::Answered } else { AttemptOutcome::Unknown };
            let details = flaw.as_ref().map(|(_, reason)| ErrorDetails::local(reason.clone(), String::new()));
            // An attempt that was closed meanwhile does not make its answer untrue.
            if self.close_attempt(number, outcome, details.as_deref()) {
                self.touched = true;
                self.what = "answer";
            }
        }
        let Some((_, evidence)) = ours.first().filter(|_| flaw.is_none()) else {
            let (reason, note) = flaw.expect("no evidence is a flaw");
            return self.flawed(source, reason, note);
        };
        self.matched(evidence, source);
    }

    fn flawed(&mut self, source: Source, reason: Option<ReviewReason>, note: String) {
        let state = self.before.order.state;
        match (source, reason) {
            (Source::Attempt(_), _) => {
                self.note = Some(note);
                if state == OrderState::Sending {
                    self.to(OrderState::Unknown, "answer");
                }
            }
            (_, None) => {}
            (Source::LookUp, Some(reason)) if !state.is_final() && state != OrderState::NeedsReview => {
                self.review(reason, note);
            }
            (Source::LookUp, Some(_)) if state.is_final() => self.mark_conflict("contradiction", note),
            _ => {}
        }
    }

    fn matched(&mut self, evidence: &Evidence, source: Source) {
        let state = self.before.order.state;
        // What contradicts a final state is marked all the same.
        let doubtful = evidence.told_by_baseline && self.before.baseline_is_outdated && !state.is_final();
        if doubtful && guard(Guard::OutdatedBaseline) {
            let note = "the journal may lack another undo, whose credit this may be".to_string();
            return self.review(ReviewReason::UndoUnclear, note);
        }
        let order = &self.before.order;
        let said = &evidence.raw_status;
        let contradiction = match (state, &evidence.status) {
            (OrderState::Succeeded, EvidenceStatus::Failed) => true,
            (OrderState::Failed, EvidenceStatus::Succeeded) => true,
            // The gateway never had it, said the look-ups; now it has.
            (OrderState::Failed, _) if order.failure == Some(FailureReason::Absent) => true,
            (OrderState::Failed, EvidenceStatus::Open | EvidenceStatus::Unrecognised) => {
                order.failure != Some(FailureReason::Decided)
            }
            (OrderState::Cancelled | OrderState::Expired, _) => true,
            _ => false,
        };
        let unrecognised_fails =
            evidence.status == EvidenceStatus::Unrecognised && !guard(Guard::UnknownStaysUnknown);
        if contradiction && guard(Guard::FinalIsFinal) {
            let note = format!("the gateway says {said:?} of an order that is {state}");
            if self.after.order.gateway_uid.is_none() {
                self.after.order.gateway_uid = evidence.gateway_uid.clone();
            }
            return self.mark_conflict("contradiction", note);
        }
        let settles = matches!(evidence.status, EvidenceStatus::Succeeded | EvidenceStatus::Failed);
        if source == Source::VerifiedCallback && evidence.status != EvidenceStatus::Succeeded {
            return;
        }
        // "Still open" takes nothing back from what was settled, by a signature or by a person.
        if state.is_final() && !settles && guard(Guard::FinalIsFinal) {
            return;
        }
        self.take_particulars(evidence);
        // One with nothing to redeem takes nothing from the one that is here.
        self.takes_voucher =
            evidence.voucher.as_ref().is_some_and(|v| !order.has_voucher || v.can_be_redeemed());
        self.after.certain_since = self.at.stamp();
        self.after.absence = Absence::default();
        let next = match (state, &evidence.status) {
            // A decision of a person, and an order that was done and undone, do not move back.
            (OrderState::Reversed, _) => state,
            (OrderState::Succeeded | OrderState::Failed, _) if guard(Guard::FinalIsFinal) => state,
            _ if unrecognised_fails => OrderState::Failed,
            (OrderState::NeedsReview, EvidenceStatus::Open | EvidenceStatus::Unrecognised) => state,
            (_, EvidenceStatus::Open | EvidenceStatus::Unrecognised) => OrderState::Accepted,
            (_, EvidenceStatus::Succeeded) => OrderState::Succeeded,
            (_, EvidenceStatus::Failed) => OrderState::Failed,
        };
        let seen_again = self.before.absence != Absence::default();
        let renewed = self.renew && self.takes_voucher;
        let changed = next != state || renewed || seen_again || visible(order) != visible(&self.after.order);
        if changed || self.touched {
            self.note = Some(format!("the gateway says {said:?}"));
            self.to(next, if matches!(source, Source::Attempt(_)) { "answer" } else { "evidence" });
        }
        if next != state {
            self.after.order.review = None;
            self.after.order.failure = (next == OrderState::Failed).then_some(FailureReason::Issuer);
            if next == OrderState::Succeeded && order.kind != OrderKind::Purchase {
                self.parent =
                    Some(Box::new(Fact::Undone { amount: order.amount.amount, by: order.id.clone() }));
            }
        }
    }

    fn take_particulars(&mut self, evidence: &Evidence) {
        let order = &mut self.after.order;
        order.gateway_status = Some(evidence.raw_status.clone());
        let fill = |to: &mut Option<String>, from: &Option<String>| {
            if from.is_some() {
                to.clone_from(from);
            }
        };
        fill(&mut order.gateway_uid, &evidence.gateway_uid);
        fill(&mut order.response_code, &evidence.response_code);
        fill(&mut order.response_text, &evidence.response_text);
        fill(&mut order.issuer_reference, &evidence.issuer_reference);
        if evidence.cost.is_some() {
            order.cost.clone_from(&evidence.cost);
        }
        if evidence.date.is_some() {
            order.gateway_date = evidence.date;
        }
        order.has_voucher |= evidence.voucher.is_some();
    }

    fn not_found(&mut self, since_last: Duration, rule: &AbsenceRule) {
        let state = self.before.order.state;
        // What was accepted may take a while to be found; that it is gone needs as much as that it never came.
        let had_it = state == OrderState::Accepted || self.before.order.gateway_status.is_some();
        let open = matches!(state, OrderState::Unknown | OrderState::Accepted);
        if !open || (had_it && self.before.order.conflict.is_some()) {
            return;
        }
        let absence = &mut self.after.absence;
        absence.answers += 1;
        absence.running_ms = absence.running_ms.saturating_add(since_last.as_millis() as u64);
        let settled = absence.answers >= rule.answers_min && absence.running_ms >= rule.running_ms;
        self.touched = true;
        self.what = "not_found";
        self.note = Some(format!(
            "{} counted answers over {} ms of running time",
            absence.answers, absence.running_ms
        ));
        if !settled && guard(Guard::AbsenceProof) {
            return;
        }
        if had_it {
            let note = "the gateway had the order and does not find it any more".to_string();
            return self.mark_conflict("vanished", note);
        }
        self.after.absent_since = Some(self.at.stamp());
        if rule.is_proof {
            self.after.certain_since = self.at.stamp();
            self.after.order.failure = Some(FailureReason::Absent);
            self.to(OrderState::Failed, "not_found");
        } else {
            self.after.order.review = Some(ReviewReason::AbsenceUnproved);
            self.to(OrderState::NeedsReview, "not_found");
        }
    }

    fn nothing_to_undo(&mut self, number: u32, details: &ErrorDetails, gap: Duration, window: Duration) {
        if !self.close_attempt(number, AttemptOutcome::Unknown, Some(details)) {
            return;
        }
        self.touched = true;
        self.what = "nothing_to_undo";
        self.note = Some(details.reason.clone());
        if self.before.order.state != OrderState::Sending {
            return;
        }
        self.to(OrderState::Unknown, "nothing_to_undo");
        let Some(first) = self.before.nothing_to_undo_since else {
            self.after.nothing_to_undo_since = Some(self.at.stamp());
            return;
        };
        if first.elapsed_upper(self.at) > window {
            return self
                .review(ReviewReason::UndoUnclear, "the second answer came too late to count".to_string());
        }
        if first.elapsed_lower(self.at) < gap {
            return;
        }
        self.after.absent_since = Some(self.at.stamp());
        self.after.order.failure = Some(FailureReason::Absent);
        self.to(OrderState::Failed, "nothing_to_undo");
        self.parent = Some(Box::new(Fact::ProvedAbsent { by: self.before.order.id.clone() }));
    }

    fn recovered(&mut self) {
        let open: Vec<u32> = self
            .before
            .order
            .attempts
            .iter()
            .filter(|a| a.outcome == AttemptOutcome::Open)
            .map(|a| a.number)
            .collect();
        let details =
            ErrorDetails::local("the process ended before the outcome was known", "Look-ups settle it.");
        for number in open {
            self.close_attempt(number, AttemptOutcome::Unknown, Some(&details));
            self.touched = true;
            self.what = "recovered";
            self.note = Some(details.reason.clone());
        }
        if self.before.order.state == OrderState::Sending {
            self.to(OrderState::Unknown, "recovered");
        }
    }

    fn quarantined(&mut self) {
        self.recovered();
        if self.before.order.kind != OrderKind::Purchase && !self.before.baseline_is_outdated {
            self.after.baseline_is_outdated = true;
            if !self.touched {
                self.what = "quarantine";
            }
            self.touched = true;
        }
        if matches!(self.before.order.state, OrderState::Pending | OrderState::Sending | OrderState::Accepted)
        {
            self.note = Some("the journal does not fit this machine or this moment".to_string());
            self.to(OrderState::Unknown, "quarantine");
        }
    }

    fn cancel(&mut self) -> Result<()> {
        if self.before.order.state != OrderState::Pending {
            let order = &self.before.order;
            let details = ErrorDetails::local(
                format!("order {} is {} and cannot be cancelled", order.id, order.state),
                "Nothing was changed. The order goes on; wait for its final state.",
            );
            return Err(TillgateError::TooLate { details }
                .about_order(&order.id)
                .with_outcome(order.money()));
        }
        self.to(OrderState::Cancelled, "cancel");
        Ok(())
    }

    fn expire(&mut self) {
        if self.before.order.state == OrderState::Pending {
            self.to(OrderState::Expired, "expire");
        }
    }

    fn overdue(&mut self) {
        let open = matches!(self.before.order.state, OrderState::Unknown | OrderState::Accepted);
        if open && !self.before.order.overdue {
            self.after.order.overdue = true;
            self.overdue = true;
            self.touched = true;
            self.what = "overdue";
        }
    }

    fn review(&mut self, reason: ReviewReason, note: String) {
        if self.after.order.state.is_final() || self.before.order.state == OrderState::NeedsReview {
            return;
        }
        self.after.order.review = Some(reason);
        self.note = Some(note);
        self.to(OrderState::NeedsReview, "review");
    }

    fn decide(&mut self, decision: &Decision) -> Result<()> {
        let order = &self.before.order;
        if !matches!(decision.state, OrderState::Succeeded | OrderState::Failed | OrderState::Reversed) {
            return Err(TillgateError::invalid_argument(
                "decision.state",
                format!("{} is no decision; choose succeeded, failed or reversed", decision.state),
            ));
        }
        if order.state != OrderState::NeedsReview && order.conflict.is_none() {
            let details = ErrorDetails::local(
                format!(
                    "order {} is {} and not in conflict: there is nothing to decide",
                    order.id, order.state
                ),
                "Nothing was changed. The tracker goes on with the order.",
            );
            return Err(TillgateError::TooLate { details }.about_order(&order.id));
        }
        let state = decision.state;
        if let Some(decided) = self.after.order.conflict.take() {
            self.after.decided_conflict = Some(decided);
        }
        self.after.order.review = None;
        self.after.order.failure = (state == OrderState::Failed).then_some(FailureReason::Decided);
        self.after.certain_since = self.at.stamp();
        self.note = Some(format!("{}: {}", decision.decided_by, decision.grounds));
        if order.kind != OrderKind::Purchase {
            let (amount, by) = (order.amount.amount, order.id.clone());
            self.parent = match (order.state, state) {
                (OrderState::Succeeded, OrderState::Succeeded) => None,
                (_, OrderState::Succeeded) => Some(Box::new(Fact::Undone { amount, by })),
                (OrderState::Succeeded, _) => Some(Box::new(Fact::NotUndone { amount, by })),
                _ => None,
            };
        }
        self.to(state, "decision");
        Ok(())
    }

    fn undone(&mut self, amount: Decimal, by: &str) {
        let undone = &mut self.after.order.undone_amount;
        *undone = undone.saturating_add(amount);
        let state = self.before.order.state;
        let never_done = matches!(state, OrderState::Failed | OrderState::Cancelled | OrderState::Expired);
        if never_done && guard(Guard::FinalIsFinal) {
            self.touched = true;
            self.what = "undone";
            let note = format!("{by} undid {amount} of an order that is {state}");
            return self.mark_conflict("contradiction", note);
        }
        self.note = Some(format!("{amount} undone by {by}"));
        let whole = self.after.order.undone_amount >= self.after.order.amount.amount;
        let next = if whole { OrderState::Reversed } else { self.before.order.state };
        if whole {
            self.after.order.review = None;
        }
        if next != state {
            // What a person decided was about the state before: about this one nobody has decided anything.
            self.after.decided_conflict = None;
        }
        self.to(next, "undone");
    }

    /// A final state does not move back by itself: whether the order still counts as reversed, a person decides too.
    fn not_undone(&mut self, amount: Decimal, by: &str) {
        self.after.order.undone_amount -= amount;
        self.touched = true;
        self.what = "not_undone";
        let note = format!("{by}, which was to undo {amount}, did not");
        if self.before.order.state == OrderState::Reversed {
            self.mark_conflict("contradiction", note.clone());
        }
        self.note = Some(note);
    }

    fn proved_absent(&mut self, by: &str) {
        let state = self.before.order.state;
        if matches!(state, OrderState::Unknown | OrderState::NeedsReview) {
            self.after.order.review = None;
            self.after.absent_since = Some(self.at.stamp());
            self.after.order.failure = Some(FailureReason::Absent);
            self.note = Some(format!("{by} proved that it was never carried out"));
            self.to(OrderState::Failed, "proved_absent");
        } else if state == OrderState::Accepted || state == OrderState::Succeeded {
            self.mark_conflict("contradiction", format!("{by} found nothing to undo"));
        }
    }

    fn revealed(&mut self) {
        self.touched = true;
        self.what = "reveal";
    }
}

/// What of an order an application would call news.
fn visible(order: &Order) -> impl PartialEq + '_ {
    (
        (&order.cost, &order.gateway_uid, &order.gateway_status, &order.response_code, &order.response_text),
        (&order.issuer_reference, &order.gateway_date, order.has_voucher, order.undone_amount, order.state),
    )
}

/// Why a record is not this order, if it is not.
fn mismatch(record: &Record, evidence: &Evidence, source: Source, bound_elsewhere: bool) -> Option<String> {
    let order = &record.order;
    // A signature proves who says it; it still has to say it of this order, in full.
    let full = evidence.amount.is_some() && evidence.currency.is_some() && evidence.scenario.is_some();
    if source == Source::VerifiedCallback && !full {
        return Some("the callback does not name amount, currency and mode".to_string());
    }
    let differs = |what: &str, ours: &dyn std::fmt::Display, theirs: &dyn std::fmt::Display| {
        Some(format!("the gateway's record has {what} {theirs}, the order {ours}"))
    };
    if let Some(scenario) = evidence.scenario.as_ref().filter(|s| **s != order.scenario) {
        return differs("scenario", &order.scenario, scenario);
    }
    if let Some(product) = evidence.product.as_ref().filter(|p| **p != order.product) {
        return differs("product", &order.product, product);
    }
    if let Some(amount) = evidence.amount.filter(|a| *a != order.amount.amount) {
        return differs("amount", &order.amount.amount, &amount);
    }
    if let Some(currency) = evidence.currency.as_ref().filter(|c| **c != order.amount.currency) {
        return differs("currency", &order.amount.currency, currency);
    }
    if let Some(theirs) = &evidence.beneficiary {
        let sorted = |fields: &[BeneficiaryField]| {
            let mut fields = fields.to_vec();
            fields.sort();
            fields
        };
        if sorted(theirs) != sorted(&order.beneficiary) {
            return Some("the gateway's record has another beneficiary".to_string());
        }
    }
    if let (Some(ours), Some(theirs)) = (&order.gateway_uid, &evidence.gateway_uid)
        && ours != theirs
    {
        return differs("uid", ours, theirs);
    }
    if bound_elsewhere {
        return Some(format!(
            "the gateway's uid {} belongs to another order",
            evidence.gateway_uid.as_deref().unwrap_or_default()
        ));
    }
    let earliest = earliest_date(record.intent.wall);
    if let Some(date) = evidence.date.filter(|d| *d < earliest) {
        return Some(format!(
            "the gateway's record is of {date}, long before the order, unless the clock of this machine is wrong"
        ));
    }
    None
}

/// A record of an earlier date than this is not the order's.
fn earliest_date(intent: Timestamp) -> Timestamp {
    intent.checked_sub(jiff::SignedDuration::from_hours(24)).unwrap_or(Timestamp::MIN)
}
