//! Codes in addresses and bodies: they arrive whole, and are told to nobody else.

use crate::double::{Double, json};
use crate::shop::{PASSWORD, client, order};
use tillgate::{
    CysendClient, CysendCostRequest, CysendCountryFilter, CysendVerification, CysendVerificationMethod,
    Result, Secret, TillgateError, block_on,
};

#[test]
fn a_code_arrives_whole_whatever_is_in_it() {
    let double = Double::answering(|_| json(200, r#"{"active":true}"#));
    let client = client(&double.url());
    for (code, path) in [
        ("12/34", "12%2F34"),
        ("../../store/order", "..%2F..%2Fstore%2Forder"),
        ("a%2Fb", "a%252Fb"),
        ("%2e%2e", "%252e%252e"),
        ("Grüße €", "Gr%C3%BC%C3%9Fe%20%E2%82%AC"),
        ("a?b#c&d=e;f+g", "a%3Fb%23c&d=e;f+g"),
        ("a\\b", "a%5Cb"),
    ] {
        let before = double.seen().len();
        block_on(client.get_active(Secret::new(code.into()))).unwrap();
        block_on(client.put_active(Secret::new(code.into()), true)).unwrap();
        let seen = double.seen();
        assert_eq!(seen[before].line(), format!("GET /openapi/gift-card/{path}/active"), "{code}");
        assert_eq!(seen[before + 1].line(), format!("PUT /openapi/gift-card/{path}/active?active=true"));
    }
    let filter =
        CysendCountryFilter { gift_card_code: Some(Secret::new("a&b=ü/%+".into())), ..Default::default() };
    let before = double.seen().len();
    block_on(client.get_countries(filter)).unwrap_err();
    assert!(
        double.seen()[before].line().ends_with("?gift_card_code=a%26b%3D%C3%BC%2F%25%2B"),
        "{}",
        double.seen()[before].line()
    );
    let sent = double.seen().len();
    for step in ["", ".", "..", "a\nb", &"1".repeat(65)] {
        let error = block_on(client.get_gift_card(Secret::new(step.into()))).unwrap_err();
        assert_eq!(error.details().field.as_deref(), Some("gift_card_code"), "{step:?}");
    }
    assert_eq!(double.seen().len(), sent, "what would be another operation is not sent");
}

/// Calls that carry a code, and how they fail.
fn failures(client: &CysendClient, code: &str) -> Vec<TillgateError> {
    fn error<T>(result: Result<T>) -> TillgateError {
        result.err().expect("it fails")
    }
    let secret = || Secret::new(code.to_string());
    let mut paid_by_card = order();
    paid_by_card.gift_card_code = Some(secret());
    let cost = CysendCostRequest {
        face_value_id: 1,
        face_value: 1.into(),
        face_value_currency: "CHF".into(),
        beneficiary_information: Vec::new(),
        gift_card_code: Some(secret()),
    };
    let filter = CysendCountryFilter { gift_card_code: Some(secret()), ..Default::default() };
    vec![
        error(block_on(client.get_gift_card(secret()))),
        error(block_on(client.get_active(secret()))),
        error(block_on(client.put_active(secret(), true))),
        error(block_on(client.create_order(vec![paid_by_card]))),
        error(block_on(client.get_product_cost(vec![cost]))),
        error(block_on(client.get_countries(filter))),
    ]
}

#[test]
fn a_code_that_the_gateway_repeats_is_told_to_nobody() {
    const CODE: &str = "CANARY/Ü 4711";
    // It quotes the address, the body and the credentials, as a careless server does.
    let double = Double::answering(|seen| {
        let text = |text: &str| serde_json::Value::from(text).to_string();
        let quoted = format!("{} {} {PASSWORD}", seen.line(), String::from_utf8_lossy(&seen.body));
        let body = format!(
            r#"{{"code":"API_1","message":"No card {CODE}.","information":{},"echo":{}}}"#,
            text(&quoted),
            text(&quoted)
        );
        json(404, &body)
    });
    let answered = failures(&client(&double.url()), CODE);
    let breaking = Double::connections(|mut connection| async move {
        connection.request().await;
        connection.reset();
    });
    let lost = failures(&client(&breaking.url()), CODE);
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let not_sent = failures(&client(&format!("http://{closed}")), CODE);
    assert!(answered.iter().all(|error| error.details().gateway_text.as_deref() == Some("No card ***.")));
    for error in answered.iter().chain(&lost).chain(&not_sent) {
        let told = format!("{error} {error:?}");
        assert!(!told.contains("CANARY") && !told.contains("4711"), "{told}");
        assert!(!told.contains(PASSWORD), "{told}");
    }
}

#[test]
fn a_verification_code_that_the_gateway_repeats_is_told_to_nobody() {
    let double = Double::answering(|_| {
        json(404, r#"{"code":"API_1","message":"4711 is not the code.","code_given":"4711"}"#)
    });
    let verification = CysendVerification {
        uid: "abcd1234".into(),
        method: CysendVerificationMethod::Sms,
        code: Secret::new("4711".into()),
    };
    assert!(!format!("{verification:?}").contains("4711"));
    let error = block_on(client(&double.url()).phone_number_verify(verification)).unwrap_err();
    assert_eq!(error.details().gateway_text.as_deref(), Some("*** is not the code."));
    assert_eq!(error.details().gateway_extra["code_given"], "\"***\"");
}
