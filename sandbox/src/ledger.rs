//! The ledger: what was really bought, whatever the answers said.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::money::Amount;
use crate::notifications::Subscription;

/// More orders than this are answered 503: a runaway test must not eat the machine.
pub(crate) const ROWS_MAX: usize = 1_000_000;

/// What the gateway says of an order (`status` in its answers).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// Taken, and not done yet.
    Accepted,
    /// Done: the beneficiary has it.
    Success,
    /// Not done; a live one is refunded.
    Failed,
}

impl OrderState {
    /// The text on the wire.
    pub fn text(self) -> &'static str {
        match self {
            OrderState::Accepted => "accepted",
            OrderState::Success => "success",
            OrderState::Failed => "failed",
        }
    }
}

/// One value that a product asks of its beneficiary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BeneficiaryValue {
    /// Name of the field, such as `mobile`.
    pub name: String,
    /// What was given.
    pub value: String,
}

/// One change of an order's status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusChange {
    /// The status from then on.
    pub status: OrderState,
    /// The ISO 8583 response code from then on.
    pub response_code: String,
    /// When, in sandbox time: milliseconds since the Unix epoch.
    pub at_ms: i64,
}

/// One order that was really accepted. Two rows with one `user_uid` are a double purchase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerRow {
    /// Position in the ledger, from 1.
    pub sequence: u64,
    /// The gateway's id of the order; unique.
    pub uid: String,
    /// The customer's id of the order; not unique unless `refuse_duplicates` is set.
    pub user_uid: String,
    /// User name of the account that bought.
    pub account: String,
    /// What was bought.
    pub product_id: u64,
    /// What was bought.
    pub face_value_id: u64,
    /// What the beneficiary receives.
    pub face_value: Amount,
    /// Its currency (ISO 4217).
    pub face_value_currency: String,
    /// What the account pays, if `live` and without a gift card.
    pub cost: Amount,
    /// Currency of the account (ISO 4217).
    pub cost_currency: String,
    /// Who receives it.
    pub beneficiary_information: Vec<BeneficiaryValue>,
    /// As given, or `live` when it was left out.
    pub scenario: String,
    /// Whether the request named a scenario at all.
    pub scenario_given: bool,
    /// Whether money was debited for it: true for the scenario `live` alone.
    pub live: bool,
    /// The gift card that pays instead of the account.
    pub gift_card_code: Option<String>,
    /// What the gift card pays, if `live`; in [`LedgerRow::gift_card_currency`].
    #[serde(default)]
    pub gift_card_amount: Option<Amount>,
    /// Currency of the gift card (ISO 4217).
    #[serde(default)]
    pub gift_card_currency: Option<String>,
    /// Where changes of status are posted.
    pub callback_url: Option<String>,
    /// Who else is told of them.
    #[serde(default)]
    pub notifications: Vec<Subscription>,
    /// When it was accepted, in sandbox time: milliseconds since the Unix epoch.
    pub accepted_at_ms: i64,
    /// Which request bought it: its `sequence` in the request log.
    pub request_sequence: u64,
    /// The present status.
    pub status: OrderState,
    /// The present ISO 8583 response code.
    pub response_code: String,
    /// Every status it had, first to last.
    pub changes: Vec<StatusChange>,
    /// Look-ups answer 404 until this sandbox time (a fault).
    pub hidden_until_ms: Option<i64>,
}

/// A line of the ledger file.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Line<'a> {
    Accepted(&'a LedgerRow),
    Changed { sequence: u64, uid: &'a str, user_uid: &'a str, change: &'a StatusChange },
}

/// All rows, in memory and, if asked for, in a file.
#[derive(Debug)]
pub(crate) struct Ledger {
    rows: Vec<LedgerRow>,
    /// Positions of the rows with a `user_uid`, so that look-ups stay quick in a long run.
    by_user_uid: HashMap<String, Vec<usize>>,
    file: Option<File>,
}

impl Ledger {
    /// Opens the ledger; a file must be new or empty, since its sequence numbers would otherwise begin twice.
    pub(crate) fn open(path: Option<&Path>) -> std::io::Result<Ledger> {
        let file = match path {
            None => None,
            Some(path) => {
                let file = OpenOptions::new().create(true).append(true).open(path)?;
                if file.metadata()?.len() > 0 {
                    return Err(std::io::Error::new(
                        std::io::ErrorKind::AlreadyExists,
                        "the ledger file holds the orders of an earlier run; give a new one",
                    ));
                }
                Some(file)
            }
        };
        Ok(Ledger { rows: Vec::new(), by_user_uid: HashMap::new(), file })
    }

    pub(crate) fn rows(&self) -> &[LedgerRow] {
        &self.rows
    }

    /// The rows with this customer order id, of any account, oldest first.
    pub(crate) fn of_user_uid(&self, user_uid: &str) -> impl Iterator<Item = &LedgerRow> {
        self.by_user_uid.get(user_uid).into_iter().flatten().map(|at| &self.rows[*at])
    }

    /// The row with this gateway id.
    pub(crate) fn of_uid(&self, uid: &str) -> Option<&LedgerRow> {
        let row = self.row(uid.split('-').nth(1)?.parse().ok()?)?;
        (row.uid == uid).then_some(row)
    }

    pub(crate) fn row(&self, sequence: u64) -> Option<&LedgerRow> {
        self.rows.get(usize::try_from(sequence.checked_sub(1)?).ok()?)
    }

    pub(crate) fn next_sequence(&self) -> u64 {
        self.rows.len() as u64 + 1
    }

    /// Writes rows down. When this returns, they are bought; the answer may then be sent.
    pub(crate) fn accept(&mut self, rows: Vec<LedgerRow>) -> std::io::Result<()> {
        if let Some(file) = &mut self.file {
            let mut lines = Vec::new();
            for row in &rows {
                serde_json::to_writer(&mut lines, &Line::Accepted(row))?;
                lines.push(b'\n');
            }
            file.write_all(&lines)?;
            file.flush()?;
        }
        for row in rows {
            self.by_user_uid.entry(row.user_uid.clone()).or_default().push(self.rows.len());
            self.rows.push(row);
        }
        Ok(())
    }

    /// Gives a row another status. A file that cannot be written any more loses changes, never purchases.
    pub(crate) fn change(&mut self, sequence: u64, change: StatusChange) -> Option<&LedgerRow> {
        let row = self.rows.get_mut(usize::try_from(sequence.checked_sub(1)?).ok()?)?;
        row.status = change.status;
        row.response_code.clone_from(&change.response_code);
        if let Some(file) = &mut self.file {
            let line = Line::Changed { sequence, uid: &row.uid, user_uid: &row.user_uid, change: &change };
            if let Ok(mut text) = serde_json::to_vec(&line) {
                text.push(b'\n');
                let _ = file.write_all(&text).and_then(|()| file.flush());
            }
        }
        row.changes.push(change);
        Some(row)
    }

    pub(crate) fn hide(&mut self, sequence: u64, until_ms: i64) {
        if let Some(row) = sequence.checked_sub(1).and_then(|at| self.rows.get_mut(at as usize)) {
            row.hidden_until_ms = Some(until_ms);
        }
    }
}
