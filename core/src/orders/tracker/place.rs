//! Takes new orders in: checks them, writes their intents down, and sends them.

use std::collections::HashMap;
use std::sync::Arc;

use super::attempt::InFlight;
use super::{Attached, Tracker};
use crate::orders::ids;
use crate::orders::machine::{self, Record};
use crate::orders::store::{Draft, SecretKind};
use crate::orders::types::*;
use crate::runtime;
use crate::testing::{Guard, guard};
use crate::{Decimal, Outcome, Result, TillgateError};

/// Orders in one batch, at most.
const BATCH_SIZE_MAX: usize = 1_000;
/// Bytes of an id, at most: the shortest limit that a gateway's longest key leaves.
const ID_LENGTH_MAX_BYTES: usize = 64;
/// Bounds of the rest, far above what a product asks for.
const BENEFICIARY_FIELDS_MAX: usize = 64;
const NOTIFICATIONS_MAX: usize = 64;
const NOTIFICATION_PARAMETERS_MAX: usize = 64;
const TEXT_LENGTH_MAX_BYTES: usize = 4_096;
const NOTES_MAX: usize = 64;
const SUBMIT_WITHIN_MAX_MS: u64 = 24 * 3_600_000;

/// Whether the first attempt goes out within the call.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Written down with its first attempt, sent, and returned with the outcome.
    Now,
    /// Written down as pending and returned; sent in the background.
    Later,
}

impl Tracker {
    /// Places orders: all intents in one commit, then each is sent.
    pub async fn place(self: &Arc<Self>, new: Vec<NewOrder>, manner: Manner) -> Result<Vec<Order>> {
        if new.is_empty() || new.len() > BATCH_SIZE_MAX {
            return Err(TillgateError::invalid_argument(
                "orders",
                format!("give 1 to {BATCH_SIZE_MAX} orders, not {}", new.len()),
            ));
        }
        let mut drafts = Vec::with_capacity(new.len());
        for (index, order) in new.into_iter().enumerate() {
            let id = order.id.clone();
            let draft = self.draft(order, manner).map_err(|mut error| {
                if let Some(field) = &mut error.details_mut().field {
                    *field = format!("orders[{index}].{field}");
                }
                error.about_order(&id)
            })?;
            if drafts.iter().any(|other: &Draft| other.record.key == draft.record.key) {
                return Err(TillgateError::invalid_argument(
                    format!("orders[{index}].id"),
                    format!("{id:?} stands twice in this batch (case and trailing blanks do not count)"),
                ));
            }
            drafts.push(draft);
        }
        // Close waits from here on, so that what is committed below can also be sent and written down.
        let _busy = InFlight::begin(self);
        // An order that exists is returned whether or not new ones can be taken now.
        if let Err(reason) = self.may_buy() {
            return self.existing(&drafts)?.ok_or(reason);
        }
        if manner == Manner::Now && !guard(Guard::DurableBeforeSend) {
            return self.send_before_it_is_durable(drafts).await;
        }
        let placed = self.journal.create(drafts).await?;
        self.changed.notify_waiters();
        match manner {
            Manner::Now => {
                let mut fresh = Vec::with_capacity(placed.len());
                let places = placed.into_iter().map(|(record, created)| {
                    if !created {
                        return Place::Old(Box::new(record.order));
                    }
                    let key = record.key.clone();
                    fresh.push(record);
                    Place::Driven(key)
                });
                let places: Vec<Place> = places.collect();
                let mut driven: HashMap<String, Result<Record>> =
                    self.drive_all(fresh).await.into_iter().collect();
                let order = |place| match place {
                    Place::Old(order) => Ok(*order),
                    Place::Driven(key) => match driven.remove(&key) {
                        Some(ended) => ended.map(|record| record.order),
                        None => self.order(&key),
                    },
                };
                all_of(places.into_iter().map(order).collect())
            }
            Manner::Later => {
                let fresh = placed.iter().filter(|(_, created)| *created);
                let fresh = fresh.map(|(record, _)| record.clone()).collect();
                let tracker = self.clone();
                runtime::spawn(Box::pin(async move {
                    tracker.drive_all(fresh).await;
                }))?;
                Ok(placed.into_iter().map(|(record, _)| record.order).collect())
            }
        }
    }

    fn existing(&self, drafts: &[Draft]) -> Result<Option<Vec<Order>>> {
        let mut orders = Vec::new();
        for draft in drafts {
            match self.journal.store().order(&draft.record.key)? {
                Some(record) if record.fingerprint == draft.record.fingerprint => orders.push(record.order),
                _ => return Ok(None),
            }
        }
        Ok(Some(orders))
    }

    fn draft(&self, mut new: NewOrder, manner: Manner) -> Result<Draft> {
        if new.id.is_empty() && !guard(Guard::IdRequired) {
            new.id = ids::new_id();
        }
        check(&new)?;
        let attached = self.attached_named(new.account.as_deref())?;
        let checked = attached.adapter.check(&new)?;
        let fingerprint = ids::fingerprint(&attached.account, &new);
        let key = Record::key_of(&new.id);
        let payment_code = match &new.payment_code {
            Some(code) if self.vault.has_key() => {
                Some(self.vault.seal(&key, SecretKind::PaymentCode, code.as_str().as_bytes())?)
            }
            Some(_) => {
                self.may_write_secrets()?;
                None
            }
            None => None,
        };
        let at = self.journal.now();
        let submit_within_ms = new.submit_within_ms.unwrap_or(self.policy.submit_within_ms);
        let order = order_of(new, &attached, checked.live, submit_within_ms, at.wall);
        let mut record = Record::intent(order, fingerprint, submit_within_ms, &at);
        record.brought_no_payment_code = payment_code.is_none();
        if manner == Manner::Now {
            machine::begin_attempt(&mut record, &at);
        }
        Ok(Draft { record, payment_code })
    }

    /// What the first rule forbids; here only so that its test can be seen to fail.
    async fn send_before_it_is_durable(self: &Arc<Self>, drafts: Vec<Draft>) -> Result<Vec<Order>> {
        let records: Vec<Record> = drafts.iter().map(|draft| draft.record.clone()).collect();
        let Some(attached) = records.first().and_then(|r| self.attached_account(&r.order.account)) else {
            return Err(TillgateError::internal("no account"));
        };
        let outcome = self.send(&attached, &records).await;
        let placed = self.journal.create(drafts).await?;
        let driven = self.settle_attempts(&attached, &records, outcome).await;
        placed.into_iter().map(|(record, _)| outcome_of(record, &driven)).collect()
    }
}

/// Where an order of a call comes from, in the end.
enum Place {
    /// It was there before, and stays as it is.
    Old(Box<Order>),
    /// From driving the one with this key.
    Driven(String),
}

/// The orders of a call, or the gravest of what went wrong. An error that knows of one order alone must not say of the whole call
/// that nothing was sent.
fn all_of(ended: Vec<Result<Order>>) -> Result<Vec<Order>> {
    let is_unknown = |error: &TillgateError| error.outcome() == Outcome::Unknown;
    let (mut orders, mut errors) = (Vec::with_capacity(ended.len()), Vec::new());
    for ended in ended {
        match ended {
            Ok(order) => orders.push(order),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() {
        return Ok(orders);
    }
    let gravest = errors.iter().position(is_unknown).unwrap_or(0);
    let mut error = errors.swap_remove(gravest);
    if !is_unknown(&error) && orders.iter().any(Order::may_have_been_sent) {
        let details = error.details_mut();
        details.outcome = Outcome::Unknown;
        details.advice = "This order was not sent, but others of the same call may have been carried out. Ask for each by its id before you sell any of them again.".to_string();
    }
    Err(error)
}

/// The order after it was driven: as it is now, or the error that left it where it is.
fn outcome_of(record: Record, driven: &[(String, Result<Record>)]) -> Result<Order> {
    match driven.iter().find(|(key, _)| *key == record.key) {
        Some((_, Ok(record))) => Ok(record.order.clone()),
        Some((_, Err(error))) => Err(error.clone()),
        None => Ok(record.order),
    }
}

fn order_of(
    new: NewOrder,
    attached: &Attached,
    live: bool,
    submit_within_ms: u64,
    now: crate::Timestamp,
) -> Order {
    Order {
        id: new.id,
        state: OrderState::Pending,
        failure: None,
        review: None,
        conflict: None,
        overdue: false,
        live,
        kind: OrderKind::Purchase,
        of: None,
        account: attached.account.clone(),
        product: new.product,
        amount: new.amount,
        scenario: new.scenario,
        beneficiary: new.beneficiary,
        callback_url: new.callback_url,
        notifications: new.notifications,
        notes: new.notes,
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
        created_at: now,
        updated_at: now,
        submit_by: submit_by(now, submit_within_ms),
        version: 1,
    }
}

pub(super) fn submit_by(now: crate::Timestamp, within_ms: u64) -> crate::Timestamp {
    let within = jiff::SignedDuration::from_millis(i64::try_from(within_ms).unwrap_or(i64::MAX));
    now.checked_add(within).unwrap_or(crate::Timestamp::MAX)
}

pub(super) fn check_id(id: &str) -> Result<()> {
    let wrong = |reason: &str| Err(TillgateError::invalid_argument("id", reason));
    if id.trim().is_empty() {
        return wrong("the id is empty; mint one and save it before buying");
    }
    if id.len() > ID_LENGTH_MAX_BYTES {
        return wrong("the id is longer than 64 bytes");
    }
    if id.trim() != id || !id.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        return wrong("the id may hold printable ASCII only, with no blank at either end");
    }
    Ok(())
}

pub(super) fn check_submit_within(within_ms: Option<u64>) -> Result<()> {
    match within_ms {
        Some(ms) if ms == 0 || ms > SUBMIT_WITHIN_MAX_MS => Err(TillgateError::invalid_argument(
            "submit_within_ms",
            format!("the time to act is 1 to {SUBMIT_WITHIN_MAX_MS} ms"),
        )),
        _ => Ok(()),
    }
}

/// What must hold for any gateway.
fn check(new: &NewOrder) -> Result<()> {
    check_id(&new.id)?;
    check_submit_within(new.submit_within_ms)?;
    let wrong = |field: &str, reason: String| Err(TillgateError::invalid_argument(field, reason));
    if new.amount.amount <= Decimal::ZERO {
        return wrong("amount", format!("{} is not above zero", new.amount.amount));
    }
    if new.amount.currency.len() != 3 || !new.amount.currency.bytes().all(|b| b.is_ascii_uppercase()) {
        return wrong(
            "amount.currency",
            format!("{:?} is no ISO 4217 code such as CHF", new.amount.currency),
        );
    }
    if let Some(range) = &new.amount_range {
        check_range(new.amount.amount, range)?;
    }
    if new.product.trim().is_empty() {
        return wrong("product", "say what to buy".to_string());
    }
    if new.scenario.trim().is_empty() {
        return wrong("scenario", "say whether this is real: there is no default".to_string());
    }
    if new.beneficiary.len() > BENEFICIARY_FIELDS_MAX {
        return wrong("beneficiary", format!("more than {BENEFICIARY_FIELDS_MAX} fields"));
    }
    for (index, field) in new.beneficiary.iter().enumerate() {
        if field.name.is_empty() {
            return wrong(&format!("beneficiary[{index}].name"), "the name is empty".to_string());
        }
        if new.beneficiary[..index].iter().any(|other| other.name == field.name) {
            return wrong(&format!("beneficiary[{index}].name"), format!("{:?} stands twice", field.name));
        }
    }
    if new.notifications.len() > NOTIFICATIONS_MAX {
        return wrong("notifications", format!("more than {NOTIFICATIONS_MAX} notifications"));
    }
    for (index, notification) in new.notifications.iter().enumerate() {
        if notification.destination.len() > NOTIFICATION_PARAMETERS_MAX {
            let field = format!("notifications[{index}].destination");
            return wrong(&field, format!("more than {NOTIFICATION_PARAMETERS_MAX} parameters"));
        }
    }
    if new.notes.len() > NOTES_MAX {
        return wrong("notes", format!("more than {NOTES_MAX} notes"));
    }
    check_text(|| "product".to_string(), &new.product)?;
    check_text(|| "scenario".to_string(), &new.scenario)?;
    if let Some(url) = &new.callback_url {
        check_text(|| "callback_url".to_string(), url)?;
    }
    for (index, field) in new.beneficiary.iter().enumerate() {
        check_text(|| format!("beneficiary[{index}].name"), &field.name)?;
        check_text(|| format!("beneficiary[{index}].value"), &field.value)?;
    }
    for (index, notification) in new.notifications.iter().enumerate() {
        check_text(|| format!("notifications[{index}].trigger"), &notification.trigger)?;
        check_text(|| format!("notifications[{index}].channel"), &notification.channel)?;
        for (place, parameter) in notification.destination.iter().enumerate() {
            let of = |what: &str| format!("notifications[{index}].destination[{place}].{what}");
            check_text(|| of("name"), &parameter.name)?;
            check_text(|| of("value"), &parameter.value)?;
        }
    }
    for (name, note) in &new.notes {
        check_text(|| "notes".to_string(), name)?;
        check_text(|| format!("notes[{name:?}]"), note)?;
    }
    Ok(())
}

fn check_text(field: impl FnOnce() -> String, text: &str) -> Result<()> {
    if text.len() <= TEXT_LENGTH_MAX_BYTES && !text.contains('\0') {
        return Ok(());
    }
    let reason = format!("a text is longer than {TEXT_LENGTH_MAX_BYTES} bytes, or holds a NUL");
    Err(TillgateError::invalid_argument(field(), reason))
}

fn check_range(amount: Decimal, range: &AmountRange) -> Result<()> {
    let wrong = |field: &str, reason: String| Err(TillgateError::invalid_argument(field, reason));
    if range.step < Decimal::ZERO || range.minimum < Decimal::ZERO || range.minimum > range.maximum {
        let reason = "the step or the minimum is negative, or the minimum above the maximum";
        return wrong("amount_range", reason.to_string());
    }
    if amount < range.minimum || amount > range.maximum {
        return wrong("amount", format!("{amount} is not between {} and {}", range.minimum, range.maximum));
    }
    if !range.step.is_zero() {
        let remainder = (amount - range.minimum).checked_rem(range.step);
        if remainder.is_none_or(|r| !r.is_zero()) {
            return wrong(
                "amount",
                format!("{amount} is not {} plus a multiple of {}", range.minimum, range.step),
            );
        }
    }
    Ok(())
}
