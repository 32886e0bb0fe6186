//! Gateways that are told secrets and have some of their own: one that delivers, one that quotes whatever it is asked, and
//! the rest of what can go wrong on the way.

use super::canary::*;
use crate::double::{Double, Seen, answer, json, with_headers};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

/// A gateway that does what it is asked, with a canary in each secret of its answers.
pub fn delivering() -> Double {
    Double::answering(delivered)
}

/// Its answer.
pub fn delivered(seen: &Seen) -> Vec<u8> {
    match seen.line() {
        line if line.contains("/gift-card/") && line.contains("/active") => json(200, r#"{"active":true}"#),
        line if line.contains("/gift-card/") => told(json!({
            "code": OWN_CARD.text(), "serial": CARD_SERIAL.text(), "name": "Card", "logo": "", "active": true,
            "face_value": 10, "currency": "CHF", "remaining_balance": 10, "expiration": "2030-01-01 00:00:00",
            "usage_instruction": "", "security": NEW_FIELD.text(),
        })),
        line if line.contains("/access/token") => told(json!({
            "token": MADE_TOKEN.text(), "TTL": "2030-01-01 00:00:00", "permissions": [], "refresh": NEW_FIELD.text(),
        })),
        line if line.contains("/verification/") => {
            told(json!({"uid": "abcd1234", "method": "sms", "status": "success"}))
        }
        line if line.contains("/subscriptions") => told(json!([{
            "trigger_uid": "1111", "channel_uid": "2222",
            "destination": [{"name": "url", "value": format!("https://till.example/{}", NOTIFICATION.text())}],
        }])),
        line if line.contains("/balance") => told(json!({"balance": 1000, "currency": "CHF"})),
        line if line.contains("/order/cost") => told(json!([{
            "face_value_id": 1111, "face_value": 10.5, "face_value_currency": "CHF", "cost": 10, "currency": "CHF",
            "gift_card_code": GIFT_CARD.text(), "beneficiary_information": [],
        }])),
        line if line.starts_with("GET") && line.contains("/store/order?") => {
            told(json!([order(line.rsplit('=').next().unwrap_or_default(), None)]))
        }
        line if line.starts_with("POST") && line.contains("/store/order") => {
            let asked: Vec<Value> = serde_json::from_slice(&seen.body).unwrap_or_default();
            let orders =
                asked.iter().map(|asked| order(asked["user_uid"].as_str().unwrap_or_default(), Some(asked)));
            told(Value::Array(orders.collect()))
        }
        _ => answer(204, "application/json", b""),
    }
}

/// The record of an order, whose own words repeat the voucher.
pub fn order(user_uid: &str, asked: Option<&Value>) -> Value {
    let paid = asked
        .and_then(|asked| asked["gift_card_code"].as_str())
        .unwrap_or(PAYMENT.text().as_str())
        .to_string();
    let words = format!(
        "Paid by {}. Your code: {} ({}, {}), {}",
        paid,
        VOUCHER.text(),
        PIN.text(),
        SERIAL.text(),
        LINK.text()
    );
    json!({
        "uid": format!("0101-{user_uid}"), "user_uid": user_uid, "date": jiff::Timestamp::now().to_string(),
        "face_value_id": 1111, "face_value": 10.5, "face_value_currency": "CHF", "scenario": "simulate-success",
        "gift_card_code": paid, "cost": 10, "currency": "CHF",
        "callback_url": format!("https://till.example/{}", CALLBACK.text()),
        "beneficiary_information": [{"name": "mobile", "value": "+41791234567"}], "status": "success",
        "response_code": "00", "response_title": "Success", "response_description": words,
        "prepaid_code": {
            "code": VOUCHER.text(), "serial": SERIAL.text(), "pin_code": PIN.text(), "pdf_link": LINK.text(),
            "expiration": "2030-01-01 00:00:00", "activation": NEW_PART.text(),
        },
        "proof": NEW_FIELD.text(),
    })
}

/// A gateway that answers this status, in its own words, and quotes the whole request in them.
pub fn quoting(status: u16) -> Double {
    Double::answering(move |seen| quoted(seen, status))
}

/// Its answer.
pub fn quoted(seen: &Seen, status: u16) -> Vec<u8> {
    let body = String::from_utf8_lossy(&seen.body);
    let credentials = seen
        .header("authorization")
        .and_then(|text| BASE64.decode(text.trim_start_matches("Basic ")).ok())
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default();
    // As it understood them, without what addresses and JSON make of them.
    let asked = format!("{} {body}", seen.line());
    let plain = ALL.into_iter().filter(|canary| canary.found_in(asked.as_bytes()).is_some());
    let plain: Vec<String> = plain.map(|canary| canary.text()).collect();
    let plain = plain.join(" ");
    let words = json!({
        "code": format!("{plain} {}", seen.head),
        "message": format!("{credentials} {plain} {body}"),
        "information": "That was all.",
        "request": serde_json::from_slice::<Value>(&seen.body).unwrap_or_default(),
    });
    let location = format!(
        "location: https://elsewhere.example/{}\r\n",
        seen.line().split(' ').nth(1).unwrap_or_default()
    );
    with_headers(
        status,
        &format!("{location}content-type: application/json\r\n"),
        words.to_string().as_bytes(),
    )
}

/// A gateway whose answers are no records, and hold secrets where a reader stumbles.
pub fn babbling() -> Double {
    Double::answering(|seen| {
        let text = format!("{} {} {}", VOUCHER.text(), String::from_utf8_lossy(&seen.body), seen.head);
        let record = json!({
            "user_uid": 1, "face_value_id": text, "active": text, "balance": text, "token": [text], "status": {"x": text},
            "uid": [text], "prepaid_code": text,
        });
        let record = if seen.line().contains("/store/order") { json!([record]) } else { record };
        json(200, &record.to_string())
    })
}

/// A gateway that breaks off in the midst of a voucher.
pub fn breaking_off() -> Double {
    Double::connections(|mut connection| async move {
        if let Some(seen) = connection.request().await {
            let mut bytes = delivered(&seen);
            bytes.truncate(bytes.len().saturating_sub(7));
            connection.send(&bytes).await;
            connection.reset();
        }
    })
}

/// A gateway that never answers.
pub fn silent() -> Double {
    Double::connections(|mut connection| async move {
        connection.request().await;
        // Keeps the connection open until the client gives up.
        connection.request().await;
    })
}

/// A proxy that quotes what it is asked, and lets nobody through.
pub fn proxy() -> Double {
    Double::answering(|seen| quoted(seen, 407))
}

/// A gateway behind TLS: it quotes as an error where the address holds a secret, and delivers otherwise. With the authority
/// to trust.
pub fn over_tls() -> (Double, String) {
    let authority = crate::transport::Authority::new("authority");
    let double = Double::tls(authority.server("127.0.0.1", -86_400, 86_400), |seen| {
        if seen.line().contains("gift_card_code") { quoted(seen, 400) } else { delivered(seen) }
    });
    (double, authority.pem())
}

fn told(record: Value) -> Vec<u8> {
    json(200, &record.to_string())
}
