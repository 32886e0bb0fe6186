//! Callbacks for users' own tests.

use serde::Serialize;

use super::types::{CysendBeneficiary, CysendOrderScenario, CysendOrderStatus};
use crate::money::{Timestamp, json_number};
use crate::orders::{CallbackRequest, Order};
use crate::{Decimal, Result, TillgateError};

/// Makes the callback that CY.SEND would post for this order if it had this status (an array of one `OrderStatus`), for your
/// own tests: give it to `Till.handle_callback`, or post its `body` to your web server or to a receiver's `callback_url`.
///
/// It is a forgery, as anybody could make one, and it moves nothing by itself: the till takes it for a hint and asks the
/// gateway, whose word alone counts. To test an order that succeeds, have the sandbox carry it out. What the order does not
/// know of itself (the gateway's id, the cost) is made up; a voucher is never in it.
///
/// Errors: `InvalidArgument` when the order is none that CY.SEND sells.
#[uniffi::export]
pub fn cysend_test_callback(order: Order, status: CysendOrderStatus) -> Result<CallbackRequest> {
    let face_value_id = order.product.parse().map_err(|_| {
        TillgateError::invalid_argument(
            "order.product",
            format!("{:?} is no face_value_id: the order is not one of CY.SEND's", order.product),
        )
    })?;
    let (response_code, response_title) = match &status {
        CysendOrderStatus::Accepted => ("09", "In progress"),
        CysendOrderStatus::Success => ("00", "Transaction successful"),
        CysendOrderStatus::Failed => ("05", "Do not honour"),
        CysendOrderStatus::Other { .. } => ("99", "A status for tests"),
    };
    let cost = order.cost.unwrap_or_else(|| order.amount.clone());
    let forged = Forged {
        uid: order.gateway_uid.as_deref().unwrap_or("0000-000000-00"),
        user_uid: &order.id,
        date: order.gateway_date.unwrap_or(order.created_at),
        face_value_id,
        face_value: order.amount.amount,
        face_value_currency: &order.amount.currency,
        scenario: CysendOrderScenario::from_wire(&order.scenario),
        callback_url: order.callback_url.as_deref(),
        cost: cost.amount,
        currency: &cost.currency,
        beneficiary_information: order
            .beneficiary
            .iter()
            .map(|field| CysendBeneficiary::new(&field.name, &field.value))
            .collect(),
        status,
        response_code,
        response_title,
        response_description: "A callback made for a test.",
    };
    let body = serde_json::to_vec(&[forged]).map_err(|error| {
        TillgateError::internal(format!("a callback for a test cannot be written: {error}"))
    })?;
    Ok(CallbackRequest { body, account: None })
}

/// An order as the gateway posts it (schema `OrderStatus`).
#[derive(Serialize)]
struct Forged<'a> {
    uid: &'a str,
    user_uid: &'a str,
    date: Timestamp,
    face_value_id: i64,
    #[serde(with = "json_number")]
    face_value: Decimal,
    face_value_currency: &'a str,
    scenario: CysendOrderScenario,
    #[serde(skip_serializing_if = "Option::is_none")]
    callback_url: Option<&'a str>,
    #[serde(with = "json_number")]
    cost: Decimal,
    currency: &'a str,
    beneficiary_information: Vec<CysendBeneficiary>,
    status: CysendOrderStatus,
    response_code: &'a str,
    response_title: &'a str,
    response_description: &'a str,
}
