//! Orders: checking what is asked, accepting it, saying what became of it.

use std::collections::HashMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::callbacks::CallbackHabit;
use crate::catalogue::{Product, ProductKind, Text};
use crate::clock::DateForm;
use crate::errors::{ApiError, wrong_parameters};
use crate::faults::FaultKind;
use crate::fields::{Fields, optional, required};
use crate::gift_cards;
use crate::http::Response;
use crate::ledger::{BeneficiaryValue, LedgerRow, OrderState, ROWS_MAX, StatusChange};
use crate::money::Amount;
use crate::notifications::{self, Subscription};
use crate::random::Random;
use crate::state::{Event, State};

/// More orders in one request are refused.
const ORDERS_IN_A_REQUEST_MAX: usize = 100;
/// A simulated order settles after this much sandbox time, unless its scenario says delayed.
const SIMULATED_MS: i64 = 2_000;
/// A live order settles after this much sandbox time.
const LIVE_MS: i64 = 5_000;

const SCENARIOS: [&str; 5] =
    ["live", "simulate-success", "simulate-failed", "simulate-delayed-success", "simulate-delayed-failed"];

/// What the gateway says of an order (`OrderStatus` in the document).
#[derive(Clone, Debug, Serialize)]
pub(crate) struct OrderStatus {
    pub(crate) uid: String,
    pub(crate) user_uid: String,
    pub(crate) date: String,
    pub(crate) face_value_id: u64,
    pub(crate) face_value: Amount,
    pub(crate) face_value_currency: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) gift_card_code: Option<String>,
    pub(crate) scenario: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) callback_url: Option<String>,
    pub(crate) cost: Amount,
    pub(crate) currency: String,
    pub(crate) beneficiary_information: Vec<BeneficiaryValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) issuer_reference: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) prepaid_code: Option<PrepaidCode>,
    pub(crate) status: String,
    pub(crate) response_code: String,
    pub(crate) response_title: String,
    pub(crate) response_description: String,
    /// Fields that no document lists (a fault).
    #[serde(flatten)]
    pub(crate) extra: Map<String, Value>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct PrepaidCode {
    code: String,
    serial: String,
    pin_code: String,
    expiration: String,
    pdf_link: String,
    usage_instructions: Vec<Text>,
}

#[derive(Clone, Debug, Serialize)]
struct CostResponse {
    date: String,
    product_id: u64,
    face_value_id: u64,
    face_value: Amount,
    face_value_currency: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    gift_card_code: Option<String>,
    cost: Amount,
    currency: String,
    beneficiary_information: Vec<BeneficiaryValue>,
}

/// Code, title, description: based on ISO 8583, as the document says. It lists none but `00`.
const RESPONSES: [(&str, &str, &str); 8] = [
    ("00", "Transaction successful", "Transaction was sent successfully"),
    ("05", "Do not honour", "The product issuer refused the transaction"),
    ("09", "Request in progress", "The transaction waits for the product issuer"),
    ("12", "Invalid transaction", "The product issuer does not know this kind of transaction"),
    ("13", "Invalid amount", "The product issuer does not accept this amount"),
    ("14", "Invalid beneficiary", "The product issuer does not know the beneficiary"),
    ("91", "Issuer unavailable", "The product issuer could not be reached"),
    ("96", "System malfunction", "The transaction could not be processed"),
];

/// Answers getResponses.
pub(crate) fn response_codes() -> Response {
    #[derive(Serialize)]
    struct ResponseCode {
        response_code: &'static str,
        response_title: &'static str,
        response_description: &'static str,
    }
    let codes: Vec<_> = RESPONSES
        .iter()
        .map(|(response_code, response_title, response_description)| ResponseCode {
            response_code,
            response_title,
            response_description,
        })
        .collect();
    Response::json(200, &codes)
}

/// Buys what the body asks for. The rows are in the ledger when this returns.
pub(crate) fn create(
    state: &mut State,
    account: usize,
    body: &[u8],
    request_sequence: u64,
    struck: &[FaultKind],
) -> Result<Vec<u64>, Response> {
    let requests = elements(body)?;
    let mut rows = Vec::new();
    let now_ms = state.clock.now_ms();
    for request in requests {
        let sequence = state.ledger.next_sequence() + rows.len() as u64;
        rows.push(checked_order(state, account, &request, sequence, request_sequence, now_ms)?);
    }
    refuse_what_was_bought(state, &rows)?;
    if state.ledger.rows().len() + rows.len() > ROWS_MAX {
        return Err(ApiError::response(503, "Service unavailable", "The sandbox's ledger is full."));
    }

    let debits = debits(state, account, &rows)?;
    let plans: Vec<Vec<Event>> = rows.iter().map(|row| ending(state, row, struck)).collect();
    let sequences: Vec<u64> = rows.iter().map(|row| row.sequence).collect();
    if let Err(error) = state.ledger.accept(rows) {
        return Err(ApiError::response(
            500,
            "Internal error",
            format!("The ledger file cannot be written: {error}"),
        ));
    }
    state.accounts[account].balance.0 -= debits.of_account;
    for card in &mut state.gift_cards {
        if let Some(owed) = debits.of_cards.get(&card.code) {
            card.remaining_balance.0 -= owed;
        }
    }

    let habit = CallbackHabit::of(struck);
    for (sequence, events) in sequences.iter().zip(plans) {
        if habit != CallbackHabit::default() {
            state.habits.insert(*sequence, habit);
        }
        for fault in struck {
            if let FaultKind::HideOrder { for_ms } = fault {
                state.ledger.hide(*sequence, now_ms.saturating_add_unsigned(*for_ms));
            }
        }
        for event in events {
            match event {
                Event::Settle { due_ms, .. } if due_ms <= now_ms => state.apply(event),
                event => state.plan(event),
            }
        }
        if state.settings.callback_when_accepted {
            state.announce(*sequence, now_ms);
        }
    }
    Ok(sequences)
}

/// What live orders take, and from where.
struct Debits {
    of_account: Decimal,
    /// By the code of the card.
    of_cards: HashMap<String, Decimal>,
}

/// What these orders take together; the error says that it is not there.
fn debits(state: &State, account: usize, rows: &[LedgerRow]) -> Result<Debits, Response> {
    let mut debits = Debits { of_account: Decimal::ZERO, of_cards: HashMap::new() };
    for row in rows.iter().filter(|row| row.live) {
        match (&row.gift_card_code, row.gift_card_amount) {
            (Some(code), Some(amount)) => *debits.of_cards.entry(code.clone()).or_default() += amount.0,
            _ => debits.of_account += row.cost.0,
        }
    }
    if debits.of_account > state.accounts[account].balance.0 {
        return Err(ApiError::response(402, "Insufficient funds", "Please refill your account."));
    }
    for (code, owed) in &debits.of_cards {
        if *owed > gift_cards::find(&state.gift_cards, code)?.remaining_balance.0 {
            return Err(gift_cards::short());
        }
    }
    Ok(debits)
}

/// Looks orders up by `uid`, `user_uid` or both.
pub(crate) fn look_up(
    state: &State,
    account: usize,
    query: &[(String, String)],
) -> Result<Vec<OrderStatus>, Response> {
    let wanted = |name: &str| {
        query
            .iter()
            .find(|(given, value)| given == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    };
    let (uid, user_uid) = (wanted("uid"), wanted("user_uid"));
    if uid.is_none() && user_uid.is_none() {
        return Err(wrong_parameters("One of the parameters uid and user_uid is needed."));
    }
    let rows = visible(state, account, uid, user_uid);
    if rows.is_empty() {
        return Err(order_not_found());
    }
    Ok(rows.into_iter().map(|row| status_of(state, row)).collect())
}

/// Says what something would cost. Buys nothing.
pub(crate) fn cost(state: &State, account: usize, body: &[u8]) -> Response {
    let priced = || -> Result<Vec<CostResponse>, Response> {
        let now_ms = state.clock.now_ms();
        elements(body)?
            .iter()
            .map(|request| {
                let order = checked_purchase(state, account, request)?;
                Ok(CostResponse {
                    date: DateForm::Iso.print(now_ms),
                    product_id: order.product.id,
                    face_value_id: order.face_value_id,
                    face_value: order.face_value,
                    face_value_currency: order.face_value_currency,
                    gift_card_code: order.gift_card_code,
                    cost: order.cost,
                    currency: state.accounts[account].currency.clone(),
                    beneficiary_information: order.beneficiary_information,
                })
            })
            .collect()
    };
    priced().map_or_else(|refusal| refusal, |costs| Response::json(200, &costs))
}

/// Sends the callback of an order once more.
pub(crate) fn force_callback(state: &mut State, account: usize, body: &[u8]) -> Response {
    #[derive(Deserialize)]
    struct ForceCallback {
        uid: String,
        user_uid: String,
    }
    let Ok(wanted) = serde_json::from_slice::<ForceCallback>(body) else {
        return wrong_parameters("The body must be an object with the texts uid and user_uid.");
    };
    let found =
        visible(state, account, Some(&wanted.uid), Some(&wanted.user_uid)).first().map(|row| row.sequence);
    let Some(sequence) = found else { return order_not_found() };
    if !state.announce(sequence, state.clock.now_ms()) {
        return wrong_parameters("The order has no callback_url, and nobody has subscribed to it.");
    }
    Response::empty(201)
}

/// An order as the gateway tells it now.
pub(crate) fn status_of(state: &State, row: &LedgerRow) -> OrderStatus {
    let product = state.catalogue.product(row.product_id);
    let succeeded = row.status == OrderState::Success;
    let (title, description) = RESPONSES
        .iter()
        .find(|(code, ..)| *code == row.response_code)
        .map_or(("Unlisted", "A code that getResponses does not list"), |(_, title, text)| (*title, *text));
    OrderStatus {
        uid: row.uid.clone(),
        user_uid: row.user_uid.clone(),
        date: DateForm::alternating(row.sequence).print(row.accepted_at_ms),
        face_value_id: row.face_value_id,
        face_value: row.face_value,
        face_value_currency: row.face_value_currency.clone(),
        gift_card_code: row.gift_card_code.clone(),
        scenario: row.scenario.clone(),
        callback_url: row.callback_url.clone(),
        cost: row.cost,
        currency: row.cost_currency.clone(),
        beneficiary_information: row.beneficiary_information.clone(),
        issuer_reference: (succeeded && product.is_some_and(|product| product.tells_reference))
            .then(|| format!("REF{:09}", row.sequence)),
        prepaid_code: product
            .filter(|product| succeeded && product.kind == ProductKind::PrepaidCode)
            .map(|product| prepaid_code(state.settings.seed, row, product)),
        status: row.status.text().to_owned(),
        response_code: row.response_code.clone(),
        response_title: title.to_owned(),
        response_description: description.to_owned(),
        extra: Map::new(),
    }
}

/// The orders of an account that it can see, oldest first.
fn visible<'a>(
    state: &'a State,
    account: usize,
    uid: Option<&str>,
    user_uid: Option<&str>,
) -> Vec<&'a LedgerRow> {
    let now_ms = state.clock.now_ms();
    let user = &state.accounts[account].user;
    let rows: Vec<&LedgerRow> = match (uid, user_uid) {
        (Some(uid), _) => state.ledger.of_uid(uid).into_iter().collect(),
        (None, Some(user_uid)) => state.ledger.of_user_uid(user_uid).collect(),
        (None, None) => Vec::new(),
    };
    rows.into_iter()
        .filter(|row| {
            row.account == *user
                && user_uid.is_none_or(|user_uid| row.user_uid == user_uid)
                && row.hidden_until_ms.is_none_or(|until_ms| now_ms >= until_ms)
        })
        .collect()
}

pub(crate) fn order_not_found() -> Response {
    ApiError::response(404, "Order not found", "Unauthorized access to this order or order not found.")
}

fn refuse_what_was_bought(state: &State, rows: &[LedgerRow]) -> Result<(), Response> {
    if !state.settings.refuse_duplicates {
        return Ok(());
    }
    for (at, row) in rows.iter().enumerate() {
        let same = |other: &LedgerRow| other.account == row.account && other.user_uid == row.user_uid;
        if state.ledger.of_user_uid(&row.user_uid).any(same) || rows[..at].iter().any(same) {
            return Err(wrong_parameters(format!("The user_uid {} was used before.", row.user_uid)));
        }
    }
    Ok(())
}

/// What happens to an accepted order, and when.
fn ending(state: &State, row: &LedgerRow, struck: &[FaultKind]) -> Vec<Event> {
    let sequence = row.sequence;
    let settle = |after_ms: i64, status: OrderState, response_code: &str| Event::Settle {
        due_ms: row.accepted_at_ms.saturating_add(after_ms),
        sequence,
        status,
        response_code: response_code.to_owned(),
    };
    let delayed_ms = || {
        // "The delay is ranging from 60 to 120 seconds" (description of createOrder in the document).
        let mut random = Random::of_seed(state.settings.seed ^ sequence.rotate_left(32));
        60_000 + random.below(60_001) as i64
    };
    let (mut after_ms, mut status, mut code) = match row.scenario.as_str() {
        "simulate-success" => (SIMULATED_MS, OrderState::Success, "00"),
        "simulate-failed" => (SIMULATED_MS, OrderState::Failed, "05"),
        "simulate-delayed-success" => (delayed_ms(), OrderState::Success, "00"),
        "simulate-delayed-failed" => (delayed_ms(), OrderState::Failed, "05"),
        _ if state.catalogue.product(row.product_id).is_some_and(|product| product.fails_live) => {
            (LIVE_MS, OrderState::Failed, "91")
        }
        _ => (LIVE_MS, OrderState::Success, "00"),
    };
    if state.settings.immediately_final {
        after_ms = 0;
    }
    for fault in struck {
        if let FaultKind::Outcome { status: wanted, response_code, after_ms: wanted_ms } = fault {
            if *wanted == OrderState::Accepted {
                return Vec::new();
            }
            status = *wanted;
            code = response_code.as_deref().unwrap_or_else(|| usual_code(status));
            after_ms = i64::try_from(*wanted_ms).unwrap_or(i64::MAX);
        }
        if let FaultKind::Contradict { first, then, after_ms: gap_ms } = fault {
            let later_ms = after_ms.saturating_add_unsigned(*gap_ms);
            return vec![
                settle(after_ms, *first, usual_code(*first)),
                settle(later_ms, *then, usual_code(*then)),
            ];
        }
    }
    vec![settle(after_ms, status, code)]
}

fn usual_code(status: OrderState) -> &'static str {
    match status {
        OrderState::Accepted => "09",
        OrderState::Success => "00",
        OrderState::Failed => "05",
    }
}

fn prepaid_code(seed: u64, row: &LedgerRow, product: &Product) -> PrepaidCode {
    let mut random = Random::of_seed(seed.wrapping_mul(31).wrapping_add(row.sequence));
    let mut digits =
        |count: usize| (0..count).map(|_| char::from(b'0' + random.below(10) as u8)).collect::<String>();
    let (code, serial, pin_code) = (digits(16), digits(12), digits(4));
    PrepaidCode {
        pdf_link: format!("https://sandbox.invalid/receipt/{serial}"),
        code,
        serial,
        pin_code,
        expiration: DateForm::alternating(row.sequence)
            .print(row.accepted_at_ms.saturating_add(31_536_000_000)),
        usage_instructions: product.usage_instructions.clone(),
    }
}

fn elements(body: &[u8]) -> Result<Vec<Fields>, Response> {
    let requests: Vec<Fields> = serde_json::from_slice(body)
        .map_err(|error| wrong_parameters(format!("The body must be an array of orders: {error}.")))?;
    if requests.is_empty() || requests.len() > ORDERS_IN_A_REQUEST_MAX {
        return Err(wrong_parameters(format!("The body must hold 1 to {ORDERS_IN_A_REQUEST_MAX} orders.")));
    }
    Ok(requests)
}

/// What an order and a question for a cost have in common.
struct Purchase<'a> {
    product: &'a Product,
    face_value_id: u64,
    face_value: Amount,
    face_value_currency: String,
    cost: Amount,
    beneficiary_information: Vec<BeneficiaryValue>,
    gift_card_code: Option<String>,
    /// What the gift card pays, in its own currency.
    gift_card_pays: Option<(Amount, String)>,
}

fn checked_purchase<'a>(state: &'a State, account: usize, fields: &Fields) -> Result<Purchase<'a>, Response> {
    let face_value_id: u64 = required(fields, "face_value_id", "an integer")?;
    let face_value: Amount = required(fields, "face_value", "a number")?;
    let face_value_currency: String = required(fields, "face_value_currency", "a text")?;
    let beneficiary_information: Vec<BeneficiaryValue> =
        required(fields, "beneficiary_information", "an array of objects with the texts name and value")?;
    let gift_card_code: Option<String> = optional(fields, "gift_card_code", "a text")?;

    let (product, offer) = state.catalogue.face_value(face_value_id).ok_or_else(|| {
        ApiError::response(404, "Face value not found", format!("Nothing is known by {face_value_id}."))
    })?;
    if face_value_currency != offer.currency {
        return Err(wrong_parameters(format!(
            "The parameter face_value_currency must be {}.",
            offer.currency
        )));
    }
    let cost = offer.cost_of(face_value.0, &state.accounts[account].currency).map_err(wrong_parameters)?;
    product.check(&beneficiary_information).map_err(wrong_parameters)?;
    let gift_card_pays = match &gift_card_code {
        None => None,
        Some(code) => {
            let card = gift_cards::to_pay_with(state, code, product.id)?;
            let amount = offer.cost_of(face_value.0, &card.currency).map_err(wrong_parameters)?;
            Some((Amount(amount), card.currency.clone()))
        }
    };
    Ok(Purchase {
        product,
        face_value_id,
        face_value,
        face_value_currency,
        cost: Amount(cost),
        beneficiary_information,
        gift_card_code,
        gift_card_pays,
    })
}

fn checked_order(
    state: &State,
    account: usize,
    fields: &Fields,
    sequence: u64,
    request_sequence: u64,
    now_ms: i64,
) -> Result<LedgerRow, Response> {
    let user_uid: String = required(fields, "user_uid", "a text")?;
    let word = user_uid.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !word || user_uid.is_empty() || user_uid.len() > 32 {
        return Err(wrong_parameters(
            "The parameter user_uid must be 1 to 32 letters, digits or underscores.",
        ));
    }
    let scenario: Option<String> = optional(fields, "scenario", "a text")?;
    if let Some(given) = scenario.as_deref().filter(|given| !SCENARIOS.contains(given)) {
        return Err(ApiError::response(404, "Scenario not found", format!("Nothing is known by {given}.")));
    }
    let callback_url: Option<String> = optional(fields, "callback_url", "a text")?;
    if callback_url.as_ref().is_some_and(|url| !notifications::is_address(url)) {
        return Err(wrong_parameters("The parameter callback_url must be an address."));
    }
    let notifications: Vec<Subscription> =
        optional(fields, "notifications", "an array of subscriptions")?.unwrap_or_default();
    notifications::check(&notifications)?;
    let purchase = checked_purchase(state, account, fields)?;
    if purchase.product.maintenance.is_some() {
        // "When a product is under maintenance, it is not available for purchase" (getMaintenance in the document).
        return Err(wrong_parameters("The product is under maintenance."));
    }

    let scenario_given = scenario.is_some();
    // `live` is the default of OrderScenario in the document.
    let scenario = scenario.unwrap_or_else(|| "live".to_owned());
    let accepted =
        StatusChange { status: OrderState::Accepted, response_code: "09".to_owned(), at_ms: now_ms };
    Ok(LedgerRow {
        sequence,
        uid: format!("{}-{sequence:06}-01", month_and_day(now_ms)),
        user_uid,
        account: state.accounts[account].user.clone(),
        product_id: purchase.product.id,
        face_value_id: purchase.face_value_id,
        face_value: purchase.face_value,
        face_value_currency: purchase.face_value_currency,
        cost: purchase.cost,
        cost_currency: state.accounts[account].currency.clone(),
        beneficiary_information: purchase.beneficiary_information,
        live: scenario == "live",
        scenario,
        scenario_given,
        gift_card_amount: purchase.gift_card_pays.as_ref().map(|(amount, _)| *amount),
        gift_card_currency: purchase.gift_card_pays.map(|(_, currency)| currency),
        gift_card_code: purchase.gift_card_code,
        callback_url,
        notifications,
        accepted_at_ms: now_ms,
        request_sequence,
        status: accepted.status,
        response_code: accepted.response_code.clone(),
        changes: vec![accepted],
        hidden_until_ms: None,
    })
}

fn month_and_day(at_ms: i64) -> String {
    let iso = DateForm::Iso.print(at_ms);
    format!("{}{}", iso.get(5..7).unwrap_or("00"), iso.get(8..10).unwrap_or("00"))
}
