//! Orders: placing, looking up, calculating.

use super::checks;
use super::gateway::{Gateway, REFUSALS, decoded, json, successful};
use crate::cysend::operations;
use crate::cysend::types::*;
use crate::cysend::wire;
use crate::error::{Outcome, Result, TillgateError};
use crate::money::{Decimal, json_number};
use crate::secret::Secret;
use crate::testing::{Guard, guard};
use crate::transport::{self, OperationKind, Request, Sent};
use serde::Serialize;
use std::time::Duration;

/// How placing orders ended.
#[derive(Debug)]
pub(crate) enum Submitted {
    /// The gateway surely did not see it.
    NotSent(TillgateError),
    /// A documented refusal in the gateway's own words.
    Refused(TillgateError),
    /// A list of orders. Whether they are the ones that were sent, the caller finds out.
    Answered(Vec<CysendOrder>),
    /// Anything else: it may have been carried out.
    Unknown(TillgateError),
}

/// How a look-up ended.
#[derive(Debug)]
pub(crate) enum LookUp {
    /// The gateway has these.
    Found(Vec<CysendOrder>),
    /// The gateway says in its own words that there is none, or that it is not ours.
    NotFound,
    /// No answer that says either.
    Unclear(TillgateError),
}

impl Gateway {
    /// Places orders, once. With `time_left`, nothing is started after that time.
    pub(crate) async fn submit(
        &self,
        orders: Vec<CysendOrderRequest>,
        time_left: Option<Duration>,
    ) -> Submitted {
        if let Err(error) = checks::orders(&orders) {
            return Submitted::NotSent(error);
        }
        let mut request = match create_request(&orders) {
            Ok(request) => request,
            Err(error) => return Submitted::NotSent(error),
        };
        request.start_within = time_left;
        let answer = match self.send(request).await {
            Sent::NotSent(error) => return Submitted::NotSent(error),
            Sent::Lost(error) => return Submitted::Unknown(error),
            Sent::Answered(answer) => answer,
        };
        // 200 besides the documented 201 and 202: the look-up will tell whether it was meant.
        if matches!(answer.status, 200..=202) {
            return match decoded(answer, OperationKind::Money).await {
                Ok(orders) => Submitted::Answered(without_echoes(orders)),
                Err(error) => Submitted::Unknown(error),
            };
        }
        let words = wire::gateway_words(&answer);
        let error = transport::refused(&answer, OperationKind::Money, words, &REFUSALS);
        match error.outcome() {
            Outcome::Refused => Submitted::Refused(error),
            _ if !guard(Guard::ThreeOutcomes) => Submitted::Refused(error.with_outcome(Outcome::Refused)),
            _ => Submitted::Unknown(error),
        }
    }

    /// Looks an order up by our id.
    pub(crate) async fn look_up(&self, user_uid: &str) -> LookUp {
        if let Err(error) = checks::user_uid("id", user_uid) {
            return LookUp::Unclear(error);
        }
        let mut request = Request::new(&operations::GET_ORDER).query("user_uid", Some(user_uid));
        request.settles_an_order = true;
        let answer = match self.send(request).await {
            Sent::NotSent(error) | Sent::Lost(error) => return LookUp::Unclear(error),
            Sent::Answered(answer) => answer,
        };
        if answer.status == 200 {
            let (status, request_id) = (answer.status, answer.request_id.clone());
            return match decoded::<Vec<CysendOrder>>(answer, OperationKind::Read).await {
                // The gateway says "there is none" by 404; an empty list is nothing that it documents.
                Ok(orders) if orders.is_empty() => {
                    let why = "it is an empty list";
                    LookUp::Unclear(transport::not_understood(status, request_id, OperationKind::Read, why))
                }
                Ok(orders) => LookUp::Found(without_echoes(orders)),
                Err(error) => LookUp::Unclear(error),
            };
        }
        let words = wire::gateway_words(&answer);
        if answer.status == 404 && words.is_some() {
            return LookUp::NotFound;
        }
        LookUp::Unclear(transport::refused(&answer, OperationKind::Read, words, &REFUSALS))
    }
}

pub(super) async fn create(gateway: &Gateway, orders: Vec<CysendOrderRequest>) -> Result<Vec<CysendOrder>> {
    match gateway.submit(orders, None).await {
        Submitted::Answered(orders) => Ok(orders),
        Submitted::NotSent(error) | Submitted::Refused(error) | Submitted::Unknown(error) => Err(error),
    }
}

pub(super) async fn get(gateway: &Gateway, query: CysendOrderQuery) -> Result<Vec<CysendOrder>> {
    checks::order_query(&query)?;
    let request =
        Request::new(&operations::GET_ORDER).query("uid", query.uid).query("user_uid", query.user_uid);
    gateway.fetch_or_default(request).await.map(without_echoes)
}

pub(super) async fn force_callback(gateway: &Gateway, request: CysendForceCallbackRequest) -> Result<()> {
    checks::uid("request.uid", &request.uid)?;
    checks::user_uid("request.user_uid", &request.user_uid)?;
    let operation = &operations::FORCE_CALLBACK;
    let sent = gateway.send(Request::new(operation).json(json(&request)?)).await;
    successful(sent, operation.kind).map(|_| ())
}

pub(super) async fn cost(gateway: &Gateway, requests: Vec<CysendCostRequest>) -> Result<Vec<CysendCost>> {
    checks::costs(&requests)?;
    let body: Vec<CostBody<'_>> = requests
        .iter()
        .map(|request| CostBody {
            face_value_id: request.face_value_id,
            face_value: request.face_value,
            face_value_currency: &request.face_value_currency,
            gift_card_code: request.gift_card_code.as_ref().map(|code| code.as_str()),
            beneficiary_information: &request.beneficiary_information,
        })
        .collect();
    let mut request = Request::new(&operations::GET_PRODUCT_COST).json(json(&body)?);
    request.secrets.extend(requests.iter().filter_map(|one| one.gift_card_code.as_deref().cloned()));
    gateway.fetch_or_default(request).await
}

pub(super) async fn responses(gateway: &Gateway) -> Result<Vec<CysendResponseCode>> {
    gateway.fetch_or_default(Request::new(&operations::GET_RESPONSES)).await
}

/// What of a callback's or notification's address is long enough to be meant as a secret: whoever knows it can forge one. The
/// whole path, each part of it, and the query.
fn secret_parts(address: &str) -> Vec<String> {
    let Ok(url) = reqwest::Url::parse(address) else { return Vec::new() };
    let path = url.path().trim_start_matches('/');
    let parts = path.split('/').chain([path]).chain(url.query());
    parts.filter(|part| part.len() >= SECRET_PART_BYTES_MIN).map(str::to_string).collect()
}

const SECRET_PART_BYTES_MIN: usize = 16;

/// The orders, with the gateway's words on each free of the order's own secrets: words are journalled and shown.
fn without_echoes(mut orders: Vec<CysendOrder>) -> Vec<CysendOrder> {
    for order in &mut orders {
        let code = order.prepaid_code.as_ref();
        let secrets = [
            order.gift_card_code.as_ref(),
            code.and_then(|voucher| voucher.code.as_ref()),
            code.and_then(|voucher| voucher.serial.as_ref()),
            code.and_then(|voucher| voucher.pin_code.as_ref()),
            code.and_then(|voucher| voucher.pdf_link.as_ref()),
        ];
        for words in [&mut order.response_title, &mut order.response_description] {
            *words = transport::veiled(words, secrets.iter().flatten().map(|secret| secret.as_str()));
        }
    }
    orders
}

fn create_request(orders: &[CysendOrderRequest]) -> Result<Request> {
    let body: Vec<OrderBody<'_>> = orders
        .iter()
        .map(|order| OrderBody {
            user_uid: &order.user_uid,
            face_value_id: order.face_value_id,
            face_value: order.face_value,
            face_value_currency: &order.face_value_currency,
            gift_card_code: order.gift_card_code.as_ref().map(|code| code.as_str()),
            scenario: &order.scenario,
            callback_url: order.callback_url.as_deref(),
            beneficiary_information: &order.beneficiary_information,
            notifications: &order.notifications,
        })
        .collect();
    let mut request = Request::new(&operations::CREATE_ORDER).json(json(&body)?);
    request.secrets.extend(orders.iter().filter_map(|order| order.gift_card_code.as_deref().cloned()));
    for order in orders {
        let destinations =
            order.notifications.iter().flat_map(|one| &one.destination).map(|one| one.value.as_str());
        let parts = order.callback_url.as_deref().into_iter().chain(destinations).flat_map(secret_parts);
        request.secrets.extend(parts.map(|part| Secret::clone(&Secret::new(part))));
    }
    Ok(request)
}

/// An order on the wire (schema `OrderRequest`). The public record cannot be serialised: it holds a secret.
#[derive(Serialize)]
struct OrderBody<'a> {
    user_uid: &'a str,
    face_value_id: i64,
    #[serde(with = "json_number")]
    face_value: Decimal,
    face_value_currency: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    gift_card_code: Option<&'a str>,
    /// Never left out: the gateway takes a missing one for `live`.
    scenario: &'a CysendOrderScenario,
    #[serde(skip_serializing_if = "Option::is_none")]
    callback_url: Option<&'a str>,
    beneficiary_information: &'a [CysendBeneficiary],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    notifications: &'a [CysendSubscription],
}

/// A calculation on the wire (schema `CostRequest`).
#[derive(Serialize)]
struct CostBody<'a> {
    face_value_id: i64,
    #[serde(with = "json_number")]
    face_value: Decimal,
    face_value_currency: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    gift_card_code: Option<&'a str>,
    beneficiary_information: &'a [CysendBeneficiary],
}
