//! Answers that say something else than the ledger.

use serde_json::json;

use crate::clock::DateForm;
use crate::faults::Change;
use crate::money::Amount;
use crate::orders::OrderStatus;

/// The id of an order that the ledger never holds: its numbers begin at 1.
const FOREIGN_UID: &str = "0101-000000-99";

/// Changes an answer. What an answer without elements would need is left as it is.
pub(crate) fn mangle(orders: &mut Vec<OrderStatus>, change: Change, value: Option<&str>, now_ms: i64) {
    let Some(first) = orders.first_mut() else { return };
    let text = |otherwise: &str| value.unwrap_or(otherwise).to_owned();
    let amount = |otherwise: Amount| {
        value.and_then(Amount::parse).unwrap_or(Amount(otherwise.0 + rust_decimal::Decimal::ONE))
    };
    match change {
        Change::Uid => first.uid = text(FOREIGN_UID),
        Change::UserUid => first.user_uid = text("somebody_elses_order"),
        Change::DropElement => {
            orders.remove(0);
        }
        Change::DoubleElement => {
            let copy = first.clone();
            orders.insert(1, copy);
        }
        Change::TwoRecords => {
            let copy = OrderStatus { uid: text(FOREIGN_UID), ..first.clone() };
            orders.insert(1, copy);
        }
        Change::ReverseElements => orders.reverse(),
        Change::FaceValue => first.face_value = amount(first.face_value),
        Change::FaceValueCurrency => first.face_value_currency = text("XTS"),
        Change::FaceValueId => {
            first.face_value_id =
                value.and_then(|value| value.parse().ok()).unwrap_or(first.face_value_id + 1);
        }
        Change::Beneficiary => match first.beneficiary_information.first_mut() {
            Some(beneficiary) => beneficiary.value = text("+41790000000"),
            None => first.beneficiary_information.push(crate::ledger::BeneficiaryValue {
                name: "mobile".to_owned(),
                value: text("+41790000000"),
            }),
        },
        Change::Date => first.date = text(&DateForm::Iso.print(now_ms - 3 * 86_400_000)),
        Change::Scenario => {
            first.scenario = text(if first.scenario == "live" { "simulate-success" } else { "live" });
        }
        Change::Cost => first.cost = amount(first.cost),
        Change::Status => first.status = text("in_limbo"),
        Change::ResponseCode => first.response_code = text("ZZ"),
        Change::ExtraFields => {
            first.extra.insert("loyalty_points".to_owned(), json!(17));
            first
                .extra
                .insert("delivery".to_owned(), json!({ "stages": [{ "name": "sent", "done": null }] }));
        }
    }
}
