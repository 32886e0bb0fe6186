//! What an answer says beyond its description is kept, and what it leaves out costs as little as can be.

use crate::cysend::CATALOGUE;
use crate::double::{Double, json};
use crate::shop::{client, place, record};
use serde_json::Value;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use tillgate::{
    CysendCatalogueFilter, CysendClient, CysendCostRequest, CysendOrderQuery, CysendTokenOptions,
    CysendVerification, CysendVerificationMethod, Result, Secret, block_on,
};

/// Reads an answer, and prints the records.
type Read = fn(&CysendClient) -> Result<String>;

fn printed(records: Result<impl Debug>) -> Result<String> {
    records.map(|records| format!("{records:?}"))
}

/// Every schema of answers, as the description's own examples have it, and the operation that reads it.
fn answers() -> Vec<(&'static str, String, Read)> {
    vec![
        (
            "Token",
            r#"{"token":"qEewe9ja7isob3MenWTz9HiEnD4A3cDi","TTL":"2018-06-16T01:43:35+00:00","authorized_ips":"8.8.8.8",
                "permissions":[{"methods":"GET","scope":"store/catalogue/*"}]}"#
                .into(),
            |client| {
                let options =
                    CysendTokenOptions { ip_restricted: true, authorized_ips: None, ttl_s: None };
                printed(block_on(client.create_access_token(options)))
            },
        ),
        ("Catalogue", CATALOGUE.into(), |client| {
            printed(block_on(client.get_catalogue(CysendCatalogueFilter::default())))
        }),
        (
            "OrderStatus",
            record(
                r#""status":"success","gift_card_code":"123","callback_url":"https://till.example","issuer_reference":"REF",
                "prepaid_code":{"code":"1","serial":"2","pin_code":"3","pdf_link":"https://x.example","expiration":
                "2019-02-20T02:00:00+00:00","usage_instructions":[{"language":"en","text":"Dial."}]}"#,
            ),
            |client| {
                let query = CysendOrderQuery { uid: None, user_uid: Some("till_1".into()) };
                printed(block_on(client.get_order(query)))
            },
        ),
        (
            "CostResponse",
            r#"[{"date":"2019-02-20T02:00:00+00:00","cost":2.15,"beneficiary_information":[{"name":"mobile","value":"+41"}],
                "product_id":1234,"face_value_currency":"CHF","currency":"CHF","face_value":10,"face_value_id":1234,
                "gift_card_code":"123456789"}]"#
                .into(),
            |client| {
                let request = CysendCostRequest {
                    face_value_id: 1234,
                    face_value: 10.into(),
                    face_value_currency: "CHF".into(),
                    beneficiary_information: Vec::new(),
                    gift_card_code: None,
                };
                printed(block_on(client.get_product_cost(vec![request])))
            },
        ),
        (
            "OrderResponseCode",
            r#"[{"response_description":"Sent","response_code":"00","response_title":"Done"}]"#.into(),
            |client| printed(block_on(client.get_responses())),
        ),
        ("CustomerBalance", r#"{"balance":2.15,"currency":"CHF"}"#.into(), |client| {
            printed(block_on(client.balance()))
        }),
        (
            "Subscription",
            r#"[{"trigger_uid":"1","channel_uid":"2","destination":[{"name":"url","value":"https://x.example"}]}]"#
                .into(),
            |client| printed(block_on(client.get_subscriptions())),
        ),
        (
            "VerificationStatus",
            r#"{"uid":"abcd1234","method":"sms","status":"accepted"}"#.into(),
            |client| {
                let verification = CysendVerification {
                    uid: "abcd1234".into(),
                    method: CysendVerificationMethod::Sms,
                    code: Secret::new("0123".into()),
                };
                printed(block_on(client.phone_number_verify(verification)))
            },
        ),
        (
            "GiftCard",
            r#"{"code":"123456789","serial":"987654321","remaining_balance":2,"name":"CY.SEND gift card","logo":"x",
                "active":true,"currency":"EUR","expiration":"2019-02-20T02:00:00+00:00","face_value":5.5,"usage_instruction":"Go"}"#
                .into(),
            |client| printed(block_on(client.get_gift_card(Secret::new("1".into())))),
        ),
        ("GiftCardActive", r#"{"active":true}"#.into(), |client| {
            printed(block_on(client.get_active(Secret::new("1".into()))))
        }),
        (
            "APIErrorDescription",
            r#"[{"code":"API_123456","http":404,"message":"Product not found"}]"#.into(),
            |client| printed(block_on(client.get_errors())),
        ),
        (
            "NotificationResourceType",
            r#"[{"uid":"1","name":"Purchase"}]"#.into(),
            |client| printed(block_on(client.get_notification_resource_types())),
        ),
        (
            "NotificationEvent",
            r#"[{"uid":"1","resource_type_uid":"2","name":"Purchase result"}]"#.into(),
            |client| printed(block_on(client.get_notification_events())),
        ),
        (
            "NotificationChannel",
            r#"[{"uid":"1","name":"CY.SEND email","type":"Email","whitelabel":true,"destination":[{"name":"url","required":true}]}]"#
                .into(),
            |client| printed(block_on(client.get_notification_channels())),
        ),
    ]
}

/// A client whose gateway answers what was last put here.
fn told() -> (Arc<CysendClient>, Arc<Mutex<String>>) {
    let answer = Arc::new(Mutex::new(String::new()));
    let answering = answer.clone();
    let double = Double::answering(move |_| json(200, &answering.lock().unwrap()));
    (client(&double.url()), answer)
}

/// The objects of a value, each by its path; elements of lists share theirs.
fn objects(path: &str, value: &mut Value, visit: &mut dyn FnMut(&str, &mut serde_json::Map<String, Value>)) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                objects(&format!("{path}.{name}"), value, visit);
            }
            visit(path, fields);
        }
        Value::Array(list) => list.iter_mut().for_each(|value| objects(path, value, visit)),
        _ => {}
    }
}

#[test]
fn every_record_keeps_what_it_does_not_know() {
    let (client, answer) = told();
    for (schema, example, read) in answers() {
        let mut value: Value = serde_json::from_str(&example).unwrap();
        let mut added = 0;
        objects(schema, &mut value, &mut |path, fields| {
            fields.insert("tomorrow".into(), "canary".into());
            // A voucher's unknown fields may be worth as much as its code: they are one secret.
            added += usize::from(path != "OrderStatus.prepaid_code");
        });
        *answer.lock().unwrap() = value.to_string();
        let printed = read(&client).unwrap_or_else(|error| panic!("{schema}: {error}"));
        assert_eq!(printed.matches(r#""tomorrow""#).count(), added, "{schema}: {printed}");
        assert!(!printed.contains("canary"), "{schema}: its name is enough in a log");
    }
}

/// The fields without which nothing can be made of a record: what it is about, and its money.
const INDISPENSABLE: &[&str] = &[
    "Catalogue.categories.category_id",
    "Catalogue.countries.country_id",
    "Catalogue.face_values.fixed.cost",
    "Catalogue.face_values.fixed.cost_currency",
    "Catalogue.face_values.fixed.face_value",
    "Catalogue.face_values.fixed.face_value_currency",
    "Catalogue.face_values.fixed.face_value_id",
    "Catalogue.face_values.fixed.product_id",
    "Catalogue.face_values.range.cost_currency",
    "Catalogue.face_values.range.face_value_currency",
    "Catalogue.face_values.range.face_value_from",
    "Catalogue.face_values.range.face_value_id",
    "Catalogue.face_values.range.face_value_step",
    "Catalogue.face_values.range.face_value_to",
    "Catalogue.face_values.range.maximum_cost",
    "Catalogue.face_values.range.minimum_cost",
    "Catalogue.face_values.range.product_id",
    "Catalogue.maintenance.maintenance_id",
    "Catalogue.maintenance.product_id",
    "Catalogue.products.beneficiary_information.name",
    "Catalogue.products.product_id",
    "Catalogue.promotions.product_id",
    "Catalogue.promotions.promotion_id",
    "CostResponse.beneficiary_information.name",
    "CostResponse.beneficiary_information.value",
    "CostResponse.cost",
    "CostResponse.currency",
    "CostResponse.face_value",
    "CostResponse.face_value_currency",
    "CostResponse.face_value_id",
    "CustomerBalance.balance",
    "CustomerBalance.currency",
    "GiftCard.active",
    "GiftCard.currency",
    "GiftCard.face_value",
    "GiftCard.remaining_balance",
    "GiftCardActive.active",
    "NotificationChannel.uid",
    "NotificationEvent.uid",
    "NotificationResourceType.uid",
    "OrderResponseCode.response_code",
    "OrderStatus.beneficiary_information.name",
    "OrderStatus.beneficiary_information.value",
    "OrderStatus.face_value",
    "OrderStatus.face_value_currency",
    "OrderStatus.face_value_id",
    "OrderStatus.status",
    "OrderStatus.uid",
    "OrderStatus.user_uid",
    "Subscription.channel_uid",
    "Subscription.destination.name",
    "Subscription.destination.value",
    "Subscription.trigger_uid",
    "VerificationStatus.status",
];

#[test]
fn only_what_is_indispensable_costs_a_record() {
    let (client, answer) = told();
    let mut indispensable = Vec::new();
    for (schema, example, read) in answers() {
        let value: Value = serde_json::from_str(&example).unwrap();
        let mut fields = std::collections::BTreeSet::new();
        objects(schema, &mut value.clone(), &mut |path, object| {
            fields.extend(object.keys().map(|name| (path.to_string(), name.clone())));
        });
        for (path, name) in fields {
            let without = |instead: Option<Value>| {
                let mut value = value.clone();
                objects(schema, &mut value, &mut |at, object| {
                    if at == path {
                        object.remove(&name);
                        object.extend(instead.clone().map(|instead| (name.clone(), instead)));
                    }
                });
                *answer.lock().unwrap() = value.to_string();
                read(&client).is_ok()
            };
            if !without(None) {
                indispensable.push(format!("{path}.{name}"));
            } else {
                assert!(without(Some(Value::Null)), "{path}.{name} may be missing, and so it may be null");
            }
        }
    }
    indispensable.sort();
    assert_eq!(indispensable, INDISPENSABLE);
}

#[test]
fn what_is_not_of_the_documented_type_stands_in_extra() {
    let (client, answer) = told();
    let order = || {
        let query = CysendOrderQuery { uid: None, user_uid: Some("till_1".into()) };
        block_on(client.get_order(query)).unwrap().remove(0)
    };
    let written = record(r#""status":"success""#)
        .replace(r#""2026-02-20 02:00:00""#, "1771552800")
        .replace(r#""cost":9.975"#, r#""cost":"9.975""#)
        .replace(r#""response_code":"09""#, r#""response_code":0"#);
    *answer.lock().unwrap() = written;
    let read = order();
    assert_eq!((read.date, read.cost, read.response_code.as_str()), (None, None, "0"));
    assert_eq!(read.extra["date"], "1771552800");
    assert_eq!(read.extra["cost"], r#""9.975""#);
    assert_eq!(read.extra.len(), 2);

    *answer.lock().unwrap() =
        record(r#""status":"success""#).replace("2026-02-20 02:00:00", "the day before yesterday");
    assert_eq!(order().extra["date"], r#""the day before yesterday""#);

    *answer.lock().unwrap() = CATALOGUE
        .replace(r#""country_code":41"#, r#""country_code":"+41""#)
        .replace(r#""country_zone":"Mars""#, r#""country_zone":7"#);
    let catalogue = block_on(client.get_catalogue(CysendCatalogueFilter::default())).unwrap();
    assert_eq!((catalogue.countries[0].country_code, &catalogue.products[0].country_zone), (None, &None));
    assert_eq!(catalogue.countries[0].extra["country_code"], r#""+41""#);
    assert_eq!(catalogue.products[0].extra["country_zone"], "7");
}

#[test]
fn a_voucher_is_kept_in_whatever_form_it_comes() {
    let (client, answer) = told();
    let order = |prepaid_code: &str| {
        *answer.lock().unwrap() = record(&format!(r#""status":"success","prepaid_code":{prepaid_code}"#));
        let query = CysendOrderQuery { uid: None, user_uid: Some("till_1".into()) };
        block_on(client.get_order(query)).unwrap().remove(0).prepaid_code
    };
    for none in ["null", "[]", "{}", "\"\"", "false"] {
        assert_eq!(order(none), None, "{none}");
    }
    let voucher = order(r#"{"code":123456789,"serial":["a","b"],"usage_instructions":"Dial it."}"#).unwrap();
    assert_eq!(voucher.code.unwrap().reveal(), "123456789");
    assert_eq!(voucher.serial.unwrap().reveal(), r#"["a","b"]"#);
    assert_eq!(voucher.unknown_fields.unwrap().reveal(), r#"{"usage_instructions":"Dial it."}"#);
    let list = order(r#"[{"code":"1"},{"code":"2"}]"#).unwrap();
    assert_eq!(list.unknown_fields.unwrap().reveal(), r#"[{"code":"1"},{"code":"2"}]"#);
    // Nobody can say which of two codes would be meant.
    *answer.lock().unwrap() = record(r#""status":"success","prepaid_code":{"code":"1","code":"2"}"#);
    let query = CysendOrderQuery { uid: None, user_uid: Some("till_1".into()) };
    assert_eq!(block_on(client.get_order(query)).unwrap_err().code(), "invalid_answer");
}

#[test]
fn an_error_keeps_what_it_does_not_know() {
    let many: String = (0..40).map(|n| format!(r#","more_{n:02}":"{}""#, "x".repeat(3_000))).collect();
    let body = format!(
        r#"{{"code":"API_123456","message":"Missing parameter","information":"user_uid is missing."{many},"a":{{"b":1.50}}}}"#
    );
    let double = Double::answering(move |_| json(400, &body));
    let error = place(&client(&double.url())).unwrap_err();
    let details = error.details();
    assert_eq!(details.gateway_code.as_deref(), Some("API_123456"));
    assert_eq!(details.gateway_text.as_deref(), Some("Missing parameter"));
    assert_eq!(details.gateway_information.as_deref(), Some("user_uid is missing."));
    assert_eq!(details.gateway_extra["a"], r#"{"b":1.50}"#);
    assert_eq!(details.gateway_extra.len(), 32);
    assert!(details.gateway_extra.values().all(|text| text.len() <= 2_000));
}
