//! CY.SEND for the tracker: its orders are bought by `user_uid`, looked up by it, and cannot be undone. Callbacks are not
//! signed, so they are hints.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;

use super::client::{CysendClient, LookUp as Asked, Submitted};
use super::types::*;
use crate::orders::adapter::*;
use crate::orders::{BeneficiaryField, CallbackRequest, NewOrder, OrderNotification, Voucher};
use crate::runtime::BoxFuture;
use crate::testing::{Guard, guard};
use crate::{Money, Result, TillgateError};

/// An account at CY.SEND that a till shall use.
#[derive(Clone, uniffi::Record)]
pub struct CysendAccount {
    /// The client that reaches it. With a token, its credentials must name the customer in `user`: orders belong to a customer,
    /// and a token does not say to which.
    pub client: Arc<CysendClient>,
    /// The name by which new orders and callbacks choose this account. Default `cysend`.
    #[uniffi(default = None)]
    pub name: Option<String>,
}

/// What the tracker knows of an account at CY.SEND.
pub(crate) struct CysendAdapter {
    client: Arc<CysendClient>,
    account: Account,
}

impl CysendAdapter {
    pub(crate) fn new(client: Arc<CysendClient>) -> Result<Self> {
        let gateway = client.gateway();
        let principal = gateway.principal().ok_or_else(|| {
            TillgateError::invalid_argument(
                "client",
                "a token does not say whose account it opens: name the customer in CysendCredentials.user",
            )
        })?;
        let account = Account {
            gateway: "cysend".to_string(),
            address: gateway.address().to_string(),
            principal: principal.to_string(),
        };
        Ok(Self { client, account })
    }
}

impl Adapter for CysendAdapter {
    fn account(&self) -> Account {
        self.account.clone()
    }

    fn abilities(&self) -> Abilities {
        Abilities {
            look_up: true,
            // Our judgement: whoever is asked for a quarter of an hour by the right account, and sees its other orders, would
            // see this one. The policy can send it to review instead.
            absence_is_proof: true,
            // No page says that a repeated user_uid is refused.
            duplicates: Duplicates::NotRefused,
            undo: UndoSteps::None,
            needs_baseline: false,
            group_size_max: 50,
        }
    }

    fn check(&self, order: &NewOrder) -> Result<Checked> {
        let scenario = CysendOrderScenario::from_wire(&order.scenario);
        if let CysendOrderScenario::Other { raw } = &scenario {
            let known: Vec<&str> = CysendOrderScenario::KNOWN.iter().map(|s| s.as_str()).collect();
            return Err(TillgateError::invalid_argument(
                "scenario",
                format!("CY.SEND has no scenario {raw:?}; it has {}", known.join(", ")),
            ));
        }
        let request = request(order)?;
        super::client::check_orders(std::slice::from_ref(&request)).map_err(in_a_new_order)?;
        Ok(Checked { live: scenario == CysendOrderScenario::Live })
    }

    fn check_id(&self, _id: &str) -> Result<()> {
        Ok(())
    }

    fn submit(&self, orders: Vec<Submission>) -> BoxFuture<'static, SubmitOutcome> {
        let gateway = self.client.gateway().clone();
        Box::pin(async move {
            let time_left = orders.iter().map(|order| order.time_left).min();
            let requests = match orders.into_iter().map(submission_request).collect::<Result<Vec<_>>>() {
                Ok(requests) => requests,
                Err(error) => return SubmitOutcome::NotSent(error),
            };
            match gateway.submit(requests, time_left).await {
                Submitted::NotSent(error) => SubmitOutcome::NotSent(error),
                Submitted::Refused(error) => SubmitOutcome::Refused(error),
                Submitted::Unknown(error) => SubmitOutcome::Unknown(error),
                Submitted::Answered(orders) => {
                    SubmitOutcome::Answered(orders.into_iter().map(evidence).collect())
                }
            }
        })
    }

    fn look_up(&self, order: OrderReference) -> BoxFuture<'static, LookUp> {
        let gateway = self.client.gateway().clone();
        Box::pin(async move {
            match gateway.look_up(&order.id).await {
                Asked::Found(orders) => LookUp::Found(orders.into_iter().map(evidence).collect()),
                Asked::NotFound => LookUp::NotFound,
                Asked::Unclear(error) => LookUp::Unclear(error),
            }
        })
    }

    fn control(&self) -> BoxFuture<'static, Result<()>> {
        let client = self.client.clone();
        Box::pin(async move { client.balance().await.map(drop) })
    }

    fn read_callback(&self, request: &CallbackRequest) -> Result<CallbackNews> {
        if !guard(Guard::CallbacksAreHints) {
            return believe(request);
        }
        /// All that is wanted of a callback: whom to ask about.
        #[derive(Deserialize)]
        struct Named {
            user_uid: String,
        }
        let named: Vec<Named> = serde_json::from_slice(&request.body).map_err(not_ours)?;
        Ok(CallbackNews::Hints(named.into_iter().map(|order| order.user_uid).collect()))
    }
}

/// What the eleventh rule forbids; here only so that its test can be seen to fail.
fn believe(request: &CallbackRequest) -> Result<CallbackNews> {
    let orders: Vec<CysendOrder> = serde_json::from_slice(&request.body).map_err(not_ours)?;
    Ok(CallbackNews::Verified(orders.into_iter().map(evidence).collect()))
}

fn not_ours(_: serde_json::Error) -> TillgateError {
    TillgateError::invalid_argument("body", "not a list of CY.SEND orders")
}

fn face_value_id(product: &str) -> Result<i64> {
    // Written as the gateway will say it, since that is how its record is known again.
    let id: Option<i64> = product.parse().ok().filter(|id: &i64| id.to_string() == product);
    id.ok_or_else(|| {
        TillgateError::invalid_argument(
            "product",
            format!(
                "{product:?} is no face_value_id: CY.SEND's are whole numbers without sign or leading zero"
            ),
        )
    })
}

/// The name that a field of CY.SEND's has in a new order.
fn in_a_new_order(mut error: TillgateError) -> TillgateError {
    if let Some(field) = &mut error.details_mut().field {
        let own = field.strip_prefix("orders[0].").unwrap_or(field);
        *field = match own {
            "user_uid" => "id".to_string(),
            "face_value_id" => "product".to_string(),
            "face_value" => "amount".to_string(),
            "face_value_currency" => "amount.currency".to_string(),
            "gift_card_code" => "payment_code".to_string(),
            other => other
                .replace("beneficiary_information", "beneficiary")
                .replace("trigger_uid", "trigger")
                .replace("channel_uid", "channel"),
        };
    }
    error
}

fn facts(beneficiary: &[BeneficiaryField]) -> Vec<CysendBeneficiary> {
    beneficiary.iter().map(|field| CysendBeneficiary::new(&field.name, &field.value)).collect()
}

fn subscriptions(notifications: &[OrderNotification]) -> Vec<CysendSubscription> {
    let subscription = |each: &OrderNotification| CysendSubscription {
        trigger_uid: each.trigger.clone(),
        channel_uid: each.channel.clone(),
        destination: each
            .destination
            .iter()
            .map(|parameter| CysendDestinationParameter::new(&parameter.name, &parameter.value))
            .collect(),
        extra: HashMap::new(),
    };
    notifications.iter().map(subscription).collect()
}

fn request(order: &NewOrder) -> Result<CysendOrderRequest> {
    Ok(CysendOrderRequest {
        user_uid: order.id.clone(),
        face_value_id: face_value_id(&order.product)?,
        face_value: order.amount.amount,
        face_value_currency: order.amount.currency.clone(),
        scenario: CysendOrderScenario::from_wire(&order.scenario),
        beneficiary_information: facts(&order.beneficiary),
        gift_card_code: order.payment_code.clone(),
        callback_url: order.callback_url.clone(),
        notifications: subscriptions(&order.notifications),
    })
}

fn submission_request(order: Submission) -> Result<CysendOrderRequest> {
    Ok(CysendOrderRequest {
        face_value_id: face_value_id(&order.product)?,
        user_uid: order.id,
        face_value: order.amount.amount,
        face_value_currency: order.amount.currency,
        scenario: CysendOrderScenario::from_wire(&order.scenario),
        beneficiary_information: facts(&order.beneficiary),
        gift_card_code: order.payment_code,
        callback_url: order.callback_url,
        notifications: subscriptions(&order.notifications),
    })
}

/// The scenario of a record that names none, as the description's own example of an order does.
const NOT_SAID: &str = "(not said)";

fn evidence(order: CysendOrder) -> Evidence {
    let status = match &order.status {
        CysendOrderStatus::Accepted => EvidenceStatus::Open,
        CysendOrderStatus::Success => EvidenceStatus::Succeeded,
        CysendOrderStatus::Failed => EvidenceStatus::Failed,
        CysendOrderStatus::Other { .. } => EvidenceStatus::Unrecognised,
    };
    let words = [order.response_title, order.response_description];
    let words: Vec<String> = words.into_iter().filter(|text| !text.is_empty()).collect();
    Evidence {
        told_by_baseline: false,
        status,
        raw_status: order.status.as_str().to_string(),
        id: order.user_uid,
        gateway_uid: Some(order.uid).filter(|uid| !uid.is_empty()),
        // A record that does not say whether it cost money is not known to be the order: it matches no scenario.
        scenario: Some(match order.scenario.as_str() {
            "" => NOT_SAID.to_string(),
            said => said.to_string(),
        }),
        product: Some(order.face_value_id.to_string()),
        amount: Some(order.face_value),
        currency: Some(order.face_value_currency),
        beneficiary: Some(
            order
                .beneficiary_information
                .into_iter()
                .map(|fact| BeneficiaryField { name: fact.name, value: fact.value })
                .collect(),
        ),
        date: order.date,
        cost: order.cost.zip(order.currency).map(|(amount, currency)| Money::new(amount, currency)),
        response_code: Some(order.response_code).filter(|code| !code.is_empty()),
        response_text: (!words.is_empty()).then(|| words.join(": ")),
        issuer_reference: order.issuer_reference,
        voucher: order.prepaid_code.and_then(voucher),
    }
}

/// A voucher, when there is anything in it to redeem: some consist of a link alone, and what this version does not know may be
/// all that there is.
fn voucher(delivered: CysendPrepaidCode) -> Option<Voucher> {
    let parts = [&delivered.code, &delivered.serial, &delivered.pin_code, &delivered.pdf_link];
    if parts.into_iter().chain([&delivered.unknown_fields]).all(Option::is_none) {
        return None;
    }
    Some(Voucher {
        code: delivered.code,
        serial: delivered.serial,
        pin_code: delivered.pin_code,
        pdf_link: delivered.pdf_link,
        expiration: delivered.expiration_text,
        usage_instructions: delivered.usage_instructions.into_iter().map(|t| (t.language, t.text)).collect(),
        unknown_fields: delivered.unknown_fields,
    })
}
