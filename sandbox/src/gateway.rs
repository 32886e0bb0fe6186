//! Doing what a request asks: from an operation to its answer and to what it bought.

use std::sync::Arc;

use serde::Serialize;

use crate::accounts;
use crate::catalogue::{Catalogue, converted};
use crate::errors::{self, ApiError, wrong_parameters};
use crate::faults::{FaultKind, Subject};
use crate::gift_cards::{self, GiftCard};
use crate::http::{Head, Response};
use crate::mangle::mangle;
use crate::money::Amount;
use crate::notifications;
use crate::operations::{Operation, Route, path_parameters};
use crate::orders::{self, OrderStatus};
use crate::state::State;
use crate::tokens;
use crate::verifications;

/// What a request led to.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) response: Response,
    /// Sequences of the rows that it bought.
    pub(crate) bought: Vec<u64>,
}

impl Done {
    /// The answer when the sandbox itself broke.
    pub(crate) fn failed() -> Done {
        let response = ApiError::response(500, "Internal error", "The sandbox failed to write its answer.");
        Done { response, bought: Vec::new() }
    }
}

/// What is left to do for a request once the state is not needed any more.
#[derive(Debug)]
pub(crate) enum Work {
    Done(Done),
    /// Listing a large catalogue takes seconds, in which orders must not wait.
    List(Listing),
}

/// An answer from the catalogue that is still to be written.
#[derive(Debug)]
pub(crate) struct Listing {
    catalogue: Arc<Catalogue>,
    operation: Operation,
    query: Vec<(String, String)>,
    currency: String,
    /// The card that the answer is filtered by.
    gift_card: Option<GiftCard>,
    now_ms: i64,
    /// What was debited for it, and from which account.
    fee: Option<(usize, Amount)>,
}

impl Listing {
    pub(crate) fn write(&self) -> Response {
        let card = self.gift_card.as_ref();
        self.catalogue.answer(self.operation, &self.query, &self.currency, card, self.now_ms)
    }

    /// Gives the fee back for an answer that is an error.
    pub(crate) fn settle(&self, state: &mut State, response: &Response) {
        if let Some((account, fee)) = self.fee
            && response.status >= 400
        {
            state.accounts[account].balance.0 += fee.0;
        }
    }
}

impl From<Response> for Work {
    fn from(response: Response) -> Work {
        Work::Done(Done { response, bought: Vec::new() })
    }
}

/// What faults look at: the operation, the account and the orders that a request is about.
pub(crate) fn subject(state: &State, route: Route, head: &Head, body: &[u8]) -> Subject {
    let Route::Operation(operation) = route else { return Subject::default() };
    let account =
        accounts::authenticate(state, head).ok().map(|caller| state.accounts[caller.account].user.clone());
    Subject { operation: Some(operation), user_uids: user_uids(state, operation, head, body), account }
}

fn user_uids(state: &State, operation: Operation, head: &Head, body: &[u8]) -> Vec<String> {
    /// As much of a body as says which order it is about; anything else in it may be wrong.
    #[derive(serde::Deserialize)]
    struct About {
        user_uid: Option<String>,
    }
    match operation {
        Operation::CreateOrder => serde_json::from_slice::<Vec<serde_json::Value>>(body)
            .unwrap_or_default()
            .iter()
            .filter_map(|order| order.get("user_uid")?.as_str().map(str::to_owned))
            .collect(),
        Operation::ForceCallback => {
            serde_json::from_slice::<About>(body).ok().and_then(|about| about.user_uid).into_iter().collect()
        }
        Operation::GetOrder => head
            .query()
            .into_iter()
            .filter_map(|(name, value)| match name.as_str() {
                "user_uid" => Some(value),
                "uid" => state.ledger.of_uid(&value).map(|row| row.user_uid.clone()),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// Does what a request asks, with the faults that change what is done or said.
pub(crate) fn perform(
    state: &mut State,
    route: Route,
    head: &Head,
    body: &[u8],
    request_sequence: u64,
    struck: &[FaultKind],
) -> Work {
    let operation = match route {
        Route::Operation(operation) => operation,
        Route::WrongMethod => {
            return ApiError::response(405, "Method not allowed", "This path is known, this method is not.")
                .into();
        }
        Route::Unknown => {
            return ApiError::response(404, "Not found", "The URI requested is invalid.").into();
        }
    };
    if operation.is_open() {
        return match operation {
            Operation::Ping => Response::new(200, "text/plain", "pong"),
            Operation::GetErrors => errors::list(),
            _ => orders::response_codes(),
        }
        .into();
    }
    let caller = match accounts::admit(state, operation, head) {
        Ok(caller) => caller,
        Err(refusal) => return refusal.into(),
    };
    let account = caller.account;
    if let Some(refusal) = lost_rights(operation, struck) {
        return refusal.into();
    }
    match operation {
        Operation::CreateOrder => match orders::create(state, account, body, request_sequence, struck) {
            Ok(bought) => {
                let rows = bought.iter().filter_map(|sequence| state.ledger.row(*sequence));
                let told = rows.map(|row| orders::status_of(state, row)).collect();
                let response = told_with(state, told, state.settings.created_status, struck);
                Work::Done(Done { response, bought })
            }
            Err(refusal) => refusal.into(),
        },
        Operation::GetOrder => match orders::look_up(state, account, &head.query()) {
            Ok(told) => told_with(state, told, 200, struck).into(),
            Err(refusal) => refusal.into(),
        },
        Operation::ForceCallback => orders::force_callback(state, account, body).into(),
        Operation::GetProductCost => orders::cost(state, account, body).into(),
        Operation::Balance => balance(state, account).into(),
        Operation::GetSubscriptions => notifications::subscriptions(state, account).into(),
        Operation::GetNotificationResourceTypes => notifications::resource_types().into(),
        Operation::GetNotificationEvents => notifications::events().into(),
        Operation::GetNotificationChannels => notifications::channels().into(),
        Operation::GetAccessToken => tokens::get(state, &caller).into(),
        Operation::CreateAccessToken => tokens::create(state, &caller, head, body).into(),
        Operation::GetGiftCard => gift_cards::get(state, &gift_card_code(state, operation, head)).into(),
        Operation::GetActive => gift_cards::get_active(state, &gift_card_code(state, operation, head)).into(),
        Operation::PutActive => {
            let code = gift_card_code(state, operation, head);
            gift_cards::put_active(state, &code, &head.query()).into()
        }
        Operation::PhoneNumberVerificationRequest => verifications::begin(state, account, body).into(),
        Operation::PhoneNumberVerify => verifications::confirm(state, account, body).into(),
        _ => catalogue(state, account, operation, &head.query()),
    }
}

/// The gift card that the path of a request names.
fn gift_card_code(state: &State, operation: Operation, head: &Head) -> String {
    let parameters = path_parameters(&state.settings.base_path, operation, head.path());
    parameters.into_iter().next().map_or_else(String::new, |(_, code)| code)
}

fn lost_rights(operation: Operation, struck: &[FaultKind]) -> Option<Response> {
    let balance_status = struck.iter().find_map(|fault| match fault {
        FaultKind::LostRights { balance_status } => Some(*balance_status),
        _ => None,
    })?;
    match operation {
        Operation::GetOrder => Some(orders::order_not_found()),
        Operation::Balance => {
            Some(ApiError::response(balance_status?, "Unauthorized access", "Please check your credentials."))
        }
        _ => None,
    }
}

fn told_with(state: &State, mut told: Vec<OrderStatus>, status: u16, struck: &[FaultKind]) -> Response {
    for fault in struck {
        if let FaultKind::Mangle { change, value } = fault {
            mangle(&mut told, *change, value.as_deref(), state.clock.now_ms());
        }
    }
    Response::json(status, &told)
}

fn balance(state: &State, account: usize) -> Response {
    #[derive(Serialize)]
    struct Balance<'a> {
        balance: Amount,
        currency: &'a str,
    }
    let account = &state.accounts[account];
    Response::json(200, &Balance { balance: account.balance, currency: &account.currency })
}

fn catalogue(state: &mut State, at: usize, operation: Operation, query: &[(String, String)]) -> Work {
    let searches_a_number = matches!(operation, Operation::GetProducts | Operation::GetFaceValues)
        && query.iter().any(|(name, _)| name == "mobile");
    let code = query.iter().find(|(name, _)| name == "gift_card_code").map(|(_, code)| code.as_str());
    let takes_a_card = !matches!(operation, Operation::GetMaintenance | Operation::GetPromotions);
    let gift_card = match code.filter(|_| takes_a_card).map(|code| gift_cards::find(&state.gift_cards, code))
    {
        None => None,
        Some(Ok(card)) => Some(card.clone()),
        Some(Err(refusal)) => return refusal.into(),
    };
    let account = &mut state.accounts[at];
    // "This operation has a cost of 0.01 EUR per query" (getProducts in the document).
    let fee = Amount(converted(rust_decimal::Decimal::new(1, 2), &account.currency));
    if searches_a_number && account.balance < fee {
        return ApiError::response(402, "Insufficient funds", "Please refill your account.").into();
    }
    let known: &[&str] = match operation {
        Operation::GetCatalogue => &["return_usage_instruction", "languages"],
        Operation::GetCountries => &["country_id", "country_iso2", "promotion"],
        Operation::GetCategories => &["country_id", "country_iso2", "category_id", "promotion"],
        Operation::GetMaintenance | Operation::GetPromotions => &["product_id"],
        Operation::GetFaceValues => &[
            "country_id",
            "country_iso2",
            "category_id",
            "product_id",
            "face_value_id",
            "promotion",
            "mobile",
        ],
        Operation::GetProducts => &[
            "country_id",
            "country_iso2",
            "category_id",
            "product_id",
            "maintenance",
            "promotion",
            "mobile",
            "return_usage_instruction",
            "languages",
        ],
        _ => return wrong_parameters("This is not an operation of the catalogue.").into(),
    };
    let query = query.iter().filter(|(name, _)| known.contains(&name.as_str())).cloned().collect();
    if searches_a_number {
        account.balance.0 -= fee.0;
    }
    Work::List(Listing {
        catalogue: Arc::clone(&state.catalogue),
        operation,
        query,
        currency: account.currency.clone(),
        gift_card,
        now_ms: state.clock.now_ms(),
        fee: searches_a_number.then_some((at, fee)),
    })
}
