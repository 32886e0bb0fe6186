//! Our own checks, before anything is sent.

use crate::cysend::types::*;
use crate::error::{Result, TillgateError};
use crate::money::Decimal;
use crate::secret::Secret;
use std::collections::HashSet;
use std::sync::Arc;

/// How many orders, or calculations, one call may carry. The gateway's own limit is not published.
const LIST_MAX: usize = 100;
const BENEFICIARY_MAX: usize = 50;
const NOTIFICATIONS_MAX: usize = 50;

/// The orders of one call.
pub(crate) fn orders(orders: &[CysendOrderRequest]) -> Result<()> {
    list_size("orders", orders.len())?;
    let mut seen = HashSet::new();
    for (index, order) in orders.iter().enumerate() {
        let at = |field: &str| format!("orders[{index}].{field}");
        user_uid(&at("user_uid"), &order.user_uid)?;
        // As a database that compares without case would see them.
        if !seen.insert(order.user_uid.to_ascii_lowercase()) {
            return wrong(at("user_uid"), "The same id stands twice in this call.");
        }
        what(
            &at,
            order.face_value_id,
            &order.face_value,
            &order.face_value_currency,
            &order.beneficiary_information,
        )?;
        paying_card(at("gift_card_code"), &order.gift_card_code)?;
        if let CysendOrderScenario::Other { .. } = order.scenario {
            // The gateway takes what it does not see for a live order; what it makes of a misspelt one, nobody knows.
            return wrong(at("scenario"), "This scenario is not known. Use live or one of the simulations.");
        }
        if let Some(url) = &order.callback_url {
            callback_url(at("callback_url"), url)?;
        }
        notifications(&at, &order.notifications)?;
    }
    Ok(())
}

/// What to calculate costs for.
pub(super) fn costs(requests: &[CysendCostRequest]) -> Result<()> {
    list_size("requests", requests.len())?;
    for (index, request) in requests.iter().enumerate() {
        let at = |field: &str| format!("requests[{index}].{field}");
        let (value, currency) = (&request.face_value, &request.face_value_currency);
        what(&at, request.face_value_id, value, currency, &request.beneficiary_information)?;
        paying_card(at("gift_card_code"), &request.gift_card_code)?;
    }
    Ok(())
}

/// Our id of an order. Exactly this: the published pattern `^\w{,32}$` also lets the empty one through, and with an
/// empty key a look-up would find anybody's.
pub(super) fn user_uid(field: &str, id: &str) -> Result<()> {
    let fits =
        (1..=32).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if fits { Ok(()) } else { wrong(field, "It has 1 to 32 of the characters A-Z a-z 0-9 _ and no others.") }
}

/// The gateway's id of an order.
pub(super) fn uid(field: &str, id: &str) -> Result<()> {
    let fits = (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    if fits { Ok(()) } else { wrong(field, "It has 1 to 64 printable characters and no blanks.") }
}

/// At least one key, and none of them empty.
pub(super) fn order_query(query: &CysendOrderQuery) -> Result<()> {
    if query.uid.is_none() && query.user_uid.is_none() {
        return wrong("query", "Give uid or user_uid: an empty look-up would find other orders.");
    }
    query.uid.as_deref().map_or(Ok(()), |id| uid("query.uid", id))?;
    query.user_uid.as_deref().map_or(Ok(()), |id| user_uid("query.user_uid", id))
}

/// The languages as the gateway wants them, with commas.
pub(super) fn languages(languages: &[String]) -> Result<Option<String>> {
    if languages.len() > 50 || !languages.iter().all(|code| is_language(code)) {
        return wrong("filter.languages", "They are ISO 639-1 codes of two small letters, at most 50.");
    }
    Ok(if languages.is_empty() { None } else { Some(languages.join(",")) })
}

/// A country's code of two letters.
pub(super) fn country(code: Option<&str>) -> Result<Option<&str>> {
    let is_code = |code: &str| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    if !code.is_none_or(is_code) {
        return wrong("filter.country_iso2", "It is an ISO 3166-1 code of two capital letters.");
    }
    Ok(code)
}

/// A number in E.164 form. Each call with one is paid for, so a wrong one is not even tried.
pub(super) fn mobile(number: Option<&str>) -> Result<Option<&str>> {
    if !number.is_none_or(is_e164) {
        return wrong("filter.mobile", "It is a number in E.164 form, such as +41791234567.");
    }
    Ok(number)
}

/// A gift card's code.
pub(super) fn gift_card_code(field: &str, code: &Secret) -> Result<()> {
    if bounded(code.as_str(), 1, 64) { Ok(()) } else { wrong(field, "It has 1 to 64 characters.") }
}

/// What a new token may do.
pub(super) fn token_options(options: &CysendTokenOptions) -> Result<()> {
    if options.authorized_ips.as_ref().is_some_and(|list| !bounded(list, 1, 256)) {
        return wrong("options.authorized_ips", "It has 1 to 256 characters.");
    }
    if options.ttl_s == Some(0) {
        return wrong("options.ttl_s", "A token lives for a second at least.");
    }
    Ok(())
}

/// A number to verify: a message to a wrong one is sent for nothing, or to somebody else.
pub(super) fn verification_request(request: &CysendVerificationRequest) -> Result<()> {
    if let CysendVerificationMethod::Other { .. } = request.method {
        return wrong("request.method", "This method is not known.");
    }
    if !is_e164(&request.number) {
        return wrong("request.number", "It is a number in E.164 form, such as +41791234567.");
    }
    if request.language.as_ref().is_some_and(|code| !is_language(code)) {
        return wrong("request.language", "It is an ISO 639-1 code of two small letters.");
    }
    Ok(())
}

/// A code to verify. Each try counts, so one that cannot be right is not tried.
pub(super) fn verification(verification: &CysendVerification) -> Result<()> {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if verification.uid.len() != 8 || !verification.uid.bytes().all(word) {
        return wrong("verification.uid", "It has 8 of the characters A-Z a-z 0-9 _.");
    }
    let code = verification.code.as_str();
    if code.len() != 4 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return wrong("verification.code", "It has 4 digits.");
    }
    Ok(())
}

fn what(
    at: &impl Fn(&str) -> String,
    face_value_id: i64,
    face_value: &Decimal,
    currency: &str,
    beneficiary: &[CysendBeneficiary],
) -> Result<()> {
    if face_value_id <= 0 {
        return wrong(at("face_value_id"), "Ids are above zero.");
    }
    if face_value.is_sign_negative() || face_value.is_zero() {
        return wrong(at("face_value"), "It must be above zero.");
    }
    if face_value.mantissa().unsigned_abs() >= 10_u128.pow(28) {
        return wrong(at("face_value"), "It has more than 28 digits.");
    }
    if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return wrong(at("face_value_currency"), "It is an ISO 4217 code of three capital letters.");
    }
    if beneficiary.len() > BENEFICIARY_MAX {
        return wrong(at("beneficiary_information"), "There are more than 50 entries.");
    }
    for (index, fact) in beneficiary.iter().enumerate() {
        let at = |field: &str| at(&format!("beneficiary_information[{index}].{field}"));
        if !bounded(&fact.name, 1, 64) {
            return wrong(at("name"), "It has 1 to 64 characters and no control characters.");
        }
        if !bounded(&fact.value, 0, 1000) {
            return wrong(at("value"), "It has at most 1000 characters and no control characters.");
        }
    }
    Ok(())
}

fn notifications(at: &impl Fn(&str) -> String, notifications: &[CysendSubscription]) -> Result<()> {
    if notifications.len() > NOTIFICATIONS_MAX {
        return wrong(at("notifications"), "There are more than 50 entries.");
    }
    for (index, subscription) in notifications.iter().enumerate() {
        let at = |field: &str| at(&format!("notifications[{index}].{field}"));
        // The published pattern for ids ends in an escaped `$` and matches none; only the size is checked.
        for (name, id) in
            [("trigger_uid", &subscription.trigger_uid), ("channel_uid", &subscription.channel_uid)]
        {
            if !bounded(id, 1, 64) {
                return wrong(at(name), "It has 1 to 64 characters.");
            }
        }
        let parameters = &subscription.destination;
        let fit =
            |each: &CysendDestinationParameter| bounded(&each.name, 1, 64) && bounded(&each.value, 0, 2048);
        if parameters.is_empty() || parameters.len() > BENEFICIARY_MAX || !parameters.iter().all(fit) {
            return wrong(
                at("destination"),
                "It has 1 to 50 parameters, with names and values of a sensible length.",
            );
        }
    }
    Ok(())
}

fn callback_url(field: String, text: &str) -> Result<()> {
    let is_address = |text: &str| {
        reqwest::Url::parse(text)
            .is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.host_str().is_some())
    };
    if text.len() > 2048 || !is_address(text) {
        return wrong(field, "It is an https or http address of at most 2048 characters.");
    }
    Ok(())
}

fn paying_card(field: String, code: &Option<Arc<Secret>>) -> Result<()> {
    code.as_ref().map_or(Ok(()), |code| gift_card_code(&field, code))
}

fn is_e164(number: &str) -> bool {
    let digits = number.strip_prefix('+').unwrap_or(number);
    (2..=15).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && !digits.starts_with('0')
}

fn is_language(code: &str) -> bool {
    code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_lowercase())
}

fn list_size(field: &str, size: usize) -> Result<()> {
    if (1..=LIST_MAX).contains(&size) {
        Ok(())
    } else {
        wrong(field, "There are 1 to 100 of them in a call.")
    }
}

fn bounded(text: &str, min: usize, max: usize) -> bool {
    (min..=max).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

fn wrong<T>(field: impl Into<String>, why: &str) -> Result<T> {
    Err(TillgateError::invalid_argument(field, why))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order() -> CysendOrderRequest {
        CysendOrderRequest {
            user_uid: "till_1".into(),
            face_value_id: 1111,
            face_value: "10.00".parse().unwrap(),
            face_value_currency: "CHF".into(),
            scenario: CysendOrderScenario::SimulateSuccess,
            beneficiary_information: vec![CysendBeneficiary::new("mobile", "+41791234567")],
            gift_card_code: None,
            callback_url: Some("https://till.example/callback".into()),
            notifications: Vec::new(),
        }
    }

    fn refused_field(change: impl FnOnce(&mut CysendOrderRequest)) -> Option<String> {
        let mut changed = order();
        change(&mut changed);
        orders(&[changed]).err().map(|error| error.details().field.clone().unwrap())
    }

    #[test]
    fn an_order_that_the_gateway_could_misread_is_not_sent() {
        assert_eq!(refused_field(|_| {}), None);
        for id in ["", "a b", "a-b", "ä", "a\n", "a".repeat(33).as_str()] {
            assert_eq!(
                refused_field(|order| order.user_uid = id.into()).unwrap(),
                "orders[0].user_uid",
                "{id:?}"
            );
        }
        for amount in ["0", "-1", "12345678901234567890123456789", "0.00"] {
            let refused = refused_field(|order| order.face_value = amount.parse().unwrap());
            assert_eq!(refused.unwrap(), "orders[0].face_value", "{amount}");
        }
        for currency in ["", "chf", "CHFX", "€"] {
            let refused = refused_field(|order| order.face_value_currency = currency.into());
            assert_eq!(refused.unwrap(), "orders[0].face_value_currency");
        }
        let unknown = CysendOrderScenario::from_wire("simulate");
        assert_eq!(refused_field(|order| order.scenario = unknown).unwrap(), "orders[0].scenario");
        let refused = refused_field(|order| order.beneficiary_information[0].name.clear());
        assert_eq!(refused.unwrap(), "orders[0].beneficiary_information[0].name");
        let refused = refused_field(|order| order.beneficiary_information[0].value = "1".repeat(1001));
        assert_eq!(refused.unwrap(), "orders[0].beneficiary_information[0].value");
        let refused = refused_field(|order| order.callback_url = Some("javascript:x".into()));
        assert_eq!(refused.unwrap(), "orders[0].callback_url");
        assert_eq!(refused_field(|order| order.face_value_id = 0).unwrap(), "orders[0].face_value_id");
    }

    #[test]
    fn a_call_carries_each_id_once() {
        assert!(orders(&[]).is_err());
        let mut other = order();
        other.user_uid = "TILL_1".into();
        let error = orders(&[order(), other]).unwrap_err();
        assert_eq!(error.details().field.as_deref(), Some("orders[1].user_uid"));
    }

    #[test]
    fn an_empty_key_is_never_looked_up() {
        let query = |uid: Option<&str>, user_uid: Option<&str>| {
            order_query(&CysendOrderQuery { uid: uid.map(Into::into), user_uid: user_uid.map(Into::into) })
        };
        assert!(query(None, None).is_err());
        assert!(query(Some(""), None).is_err());
        assert!(query(None, Some("")).is_err());
        assert!(query(Some("0101-123456-01"), Some("")).is_err());
        assert!(query(Some("0101-123456-01"), None).is_ok());
    }

    #[test]
    fn filters_are_checked_before_they_cost_anything() {
        for number in ["+41791234567", "41791234567"] {
            assert!(mobile(Some(number)).is_ok(), "{number}");
        }
        for number in ["", "+", "0791234567", "+41 79", "+1234567890123456"] {
            assert!(mobile(Some(number)).is_err(), "{number}");
        }
        assert_eq!(languages(&["en".into(), "fr".into()]), Ok(Some("en,fr".into())));
        assert!(languages(&["en,fr".into()]).is_err());
        assert!(country(Some("ch")).is_err());
    }
}
