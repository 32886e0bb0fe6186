//! CY.SEND's client: what it asks, and how it reads what it is told.

use crate::double::{Double, answer, json};
use crate::shop::{OWN_ERROR, accepted, client, order, place, record};
use std::sync::Arc;
use tillgate::{
    CysendCatalogueFilter, CysendCategoryFilter, CysendClient, CysendConfig, CysendCostRequest,
    CysendCountryFilter, CysendCountryZone, CysendCredentials, CysendFaceValueFilter, CysendFieldType,
    CysendForceCallbackRequest, CysendOrderQuery, CysendOrderScenario, CysendOrderStatus,
    CysendProductFilter, CysendProductType, CysendTokenOptions, CysendVerification, CysendVerificationMethod,
    CysendVerificationRequest, CysendVerificationState, Result, Secret, TillgateError, block_on,
};

fn query(user_uid: &str) -> CysendOrderQuery {
    CysendOrderQuery { uid: None, user_uid: Some(user_uid.into()) }
}

#[test]
fn an_order_is_sent_exactly_as_it_was_given() {
    let double = Double::answering(|_| json(201, &accepted()));
    let mut given = order();
    given.face_value = "10.500".parse().unwrap();
    given.gift_card_code = Some(Secret::new("123456789".into()));
    given.callback_url = Some("https://till.example/callback?a=1&b=2".into());
    block_on(client(&double.url()).create_order(vec![given])).unwrap();
    let seen = &double.seen()[0];
    assert_eq!(seen.line(), "POST /openapi/store/order");
    assert_eq!(seen.header("content-type"), Some("application/json"));
    assert_eq!(seen.header("authorization"), Some("Basic dGlsbDpjYW5hcnktcGFzc3dvcmQtNDcxMQ=="));
    assert_eq!(
        std::str::from_utf8(&seen.body).unwrap(),
        r#"[{"user_uid":"till_1","face_value_id":1111,"face_value":10.500,"face_value_currency":"CHF","gift_card_code":"123456789","scenario":"simulate-success","callback_url":"https://till.example/callback?a=1&b=2","beneficiary_information":[{"name":"mobile","value":"+41791234567"}]}]"#
    );
}

#[test]
fn the_scenario_is_always_sent() {
    for scenario in CysendOrderScenario::KNOWN {
        let double = Double::answering(|_| json(201, &accepted()));
        let mut given = order();
        given.scenario = scenario.clone();
        block_on(client(&double.url()).create_order(vec![given])).unwrap();
        let body: serde_json::Value = serde_json::from_slice(&double.seen()[0].body).unwrap();
        assert_eq!(body[0]["scenario"], scenario.as_str());
    }
}

#[test]
fn an_order_with_a_wrong_argument_is_not_sent() {
    let double = Double::answering(|_| json(201, &accepted()));
    let client = client(&double.url());
    let mut given = order();
    given.user_uid = String::new();
    let error = block_on(client.create_order(vec![given])).unwrap_err();
    assert_eq!(error.details().field.as_deref(), Some("orders[0].user_uid"));
    for empty in [query(""), CysendOrderQuery::default()] {
        assert_eq!(block_on(client.get_order(empty)).unwrap_err().code(), "invalid_argument");
    }
    assert_eq!(double.connection_count(), 0);
}

#[test]
fn a_created_order_may_be_told_by_200_201_or_202() {
    for status in [200, 201, 202] {
        let double = Double::answering(move |_| json(status, &accepted()));
        let orders = place(&client(&double.url())).unwrap();
        assert_eq!(orders[0].status, CysendOrderStatus::Accepted);
        assert_eq!(orders[0].face_value.to_string(), "10.50");
        assert_eq!(orders[0].cost.unwrap().to_string(), "9.975");
        assert_eq!(orders[0].date.unwrap().to_string(), "2026-02-20T02:00:00Z");
    }
}

#[test]
fn what_is_not_known_is_kept_as_it_came() {
    let double = Double::answering(|_| {
        json(
            200,
            &record(
                r#""status":"on_hold","retail":{"price":12.00,"currency":"CHF"},"loyalty":null,"ratio":0.10000000000000000001"#,
            ),
        )
    });
    let found = block_on(client(&double.url()).get_order(query("till_1"))).unwrap();
    assert_eq!(found[0].status, CysendOrderStatus::Other { raw: "on_hold".into() });
    assert_eq!(found[0].extra["retail"], r#"{"price":12.00,"currency":"CHF"}"#);
    assert_eq!(found[0].extra["loyalty"], "null");
    assert_eq!(found[0].extra["ratio"], "0.10000000000000000001");
    assert_eq!(found[0].extra.len(), 3);
}

#[test]
fn a_date_that_cannot_be_read_does_not_cost_the_order() {
    let double = Double::answering(|_| {
        json(200, &accepted().replace("2026-02-20 02:00:00", "yesterday").replace(r#""cost":9.975,"#, ""))
    });
    let found = block_on(client(&double.url()).get_order(query("till_1"))).unwrap();
    assert_eq!((found[0].date, found[0].cost), (None, None));
}

#[test]
fn an_order_that_says_something_twice_or_inexactly_is_not_believed() {
    for (part, instead) in [
        (r#""face_value":10.50"#, r#""face_value":10.5000000000000000000000000000001"#),
        (r#""face_value":10.50"#, r#""face_value":"10.50""#),
        (r#""face_value":10.50"#, r#""face_value":null"#),
        (r#""status":"accepted""#, r#""status":"accepted","status":"failed""#),
        (r#""uid":"0101-123456-01","#, ""),
        (r#""face_value_id":1111"#, r#""face_value_id":1111.5"#),
    ] {
        let body = accepted();
        assert!(body.contains(part), "{part}");
        let body = body.replacen(part, instead, 1);
        let double = Double::answering(move |_| json(200, &body));
        let error = block_on(client(&double.url()).get_order(query("till_1"))).expect_err(instead);
        assert_eq!(error.code(), "invalid_answer", "{instead}: {error}");
    }
}

#[test]
fn guard_exact_money_no_digit_of_an_amount_is_lost() {
    for digits in ["10.500000000000000001", "90071992547409.93", "0.1", "12345678901234567890.12"] {
        let answer = accepted().replace("\"face_value\":10.50", &format!("\"face_value\":{digits}"));
        let double = Double::answering(move |_| json(200, &answer));
        let found = block_on(client(&double.url()).get_order(query("till_1"))).unwrap();
        assert_eq!(found[0].face_value.to_string(), digits);
    }
}

#[test]
fn a_voucher_arrives_whole_and_is_not_shown() {
    let double = Double::answering(|_| {
        json(
            200,
            &record(
                r#""status":"success","prepaid_code":{"code":"canary-code","serial":"canary-serial","pin_code":"canary-pin",
                "pdf_link":"https://www.cysend.com/canary-link","expiration":"when it rains","activation":"canary-extra",
                "usage_instructions":[{"language":"en","text":"Dial it."}]},"note":"canary-note""#,
            ),
        )
    });
    let found = block_on(client(&double.url()).get_order(query("till_1"))).unwrap();
    let voucher = found[0].prepaid_code.as_ref().unwrap();
    let revealed = |secret: &Option<Arc<Secret>>| secret.as_ref().unwrap().reveal();
    assert_eq!(revealed(&voucher.code), "canary-code");
    assert_eq!(revealed(&voucher.serial), "canary-serial");
    assert_eq!(revealed(&voucher.pin_code), "canary-pin");
    assert_eq!(revealed(&voucher.pdf_link), "https://www.cysend.com/canary-link");
    assert_eq!(revealed(&voucher.unknown_fields), r#"{"activation":"canary-extra"}"#);
    assert_eq!((voucher.expiration, voucher.expiration_text.as_deref()), (None, Some("when it rains")));
    assert_eq!(voucher.usage_instructions[0].text, "Dial it.");
    let shown = format!("{found:?}");
    assert!(shown.contains("***") && !shown.contains("canary"), "{shown}");
}

#[test]
fn a_404_of_a_look_up_is_told_as_such() {
    let double = Double::answering(|_| json(404, OWN_ERROR));
    let error = block_on(client(&double.url()).get_order(query("till_1"))).unwrap_err();
    assert_eq!(error.code(), "not_found");
    assert_eq!(error.details().http_status, Some(404));
}

#[test]
fn a_wrong_password_is_told_with_what_to_do() {
    let double = Double::answering(|_| json(401, OWN_ERROR));
    let error = block_on(client(&double.url()).balance()).unwrap_err();
    assert_eq!(error.code(), "unauthorized");
    assert!(error.to_string().contains("Check the user and password"), "{error}");
}

#[test]
fn a_new_password_counts_from_the_next_call_on() {
    let double = Double::answering(|seen| match seen.header("authorization") {
        Some("Basic dGlsbDpmcmVzaA==") => json(200, r#"{"balance":1,"currency":"CHF"}"#),
        _ => json(401, OWN_ERROR),
    });
    let client = client(&double.url());
    assert!(block_on(client.balance()).is_err());
    client.rotate_secret(Secret::new("fresh".into())).unwrap();
    assert!(block_on(client.balance()).is_ok());
    assert!(client.rotate_secret(Secret::new("line\nbreak".into())).is_ok(), "Basic encodes every character");
    assert!(client.rotate_secret(Secret::new(String::new())).is_err());
}

#[test]
fn a_token_goes_into_its_own_header() {
    let double = Double::answering(|_| json(200, r#"{"balance":1,"currency":"CHF"}"#));
    let config = |credentials| CysendConfig {
        credentials,
        base_url: Some(double.url()),
        transport: None,
        server: None,
    };
    let token = Some(Secret::new("qEewe9ja7isob3MenWTz9HiEnD4A3cDi".into()));
    let credentials = CysendCredentials { token: token.clone(), ..Default::default() };
    block_on(CysendClient::new(config(credentials)).unwrap().balance()).unwrap();
    assert_eq!(double.seen()[0].header("api-token"), Some("qEewe9ja7isob3MenWTz9HiEnD4A3cDi"));
    assert_eq!(double.seen()[0].header("authorization"), None);

    let both =
        CysendCredentials { token, user: Some("till".into()), password: Some(Secret::new("x".into())) };
    for neither_nor in [CysendCredentials::default(), both] {
        assert!(CysendClient::new(config(neither_nor)).is_err());
    }
}

#[test]
fn credentials_are_shown_only_where_they_are_asked_for() {
    let double = Double::answering(|seen| {
        if seen.line().ends_with("/ping") { answer(200, "text/plain", b"pong\n") } else { json(200, "[]") }
    });
    let client = client(&double.url());
    block_on(client.ping()).unwrap();
    assert_eq!(block_on(client.get_responses()), Ok(Vec::new()));
    block_on(client.get_promotions(None)).unwrap();
    let shown: Vec<_> = double.seen().iter().map(|seen| seen.header("authorization").is_some()).collect();
    assert_eq!(shown, [false, false, true]);
}

#[test]
fn somebody_elses_pong_is_not_the_gateways() {
    let double =
        Double::answering(|_| answer(200, "text/html", b"<html>Welcome to the station's network</html>"));
    assert_eq!(block_on(client(&double.url()).ping()).unwrap_err().code(), "invalid_answer");
}

#[test]
fn an_empty_search_is_an_empty_list() {
    let double = Double::answering(|_| b"HTTP/1.1 204 No Content\r\n\r\n".to_vec());
    let client = client(&double.url());
    assert_eq!(block_on(client.get_products(CysendProductFilter::default())), Ok(Vec::new()));
    assert_eq!(block_on(client.get_catalogue(CysendCatalogueFilter::default())).unwrap().products.len(), 0);
    assert!(block_on(client.get_face_values(CysendFaceValueFilter::default())).unwrap().fixed.is_empty());
    // An account without a balance is no empty search.
    assert_eq!(block_on(client.balance()).unwrap_err().code(), "invalid_answer");
}

#[test]
fn filters_are_sent_as_the_gateway_names_them() {
    let double = Double::answering(|_| json(200, "[]"));
    let filter = CysendProductFilter {
        country_iso2: Some("CH".into()),
        category_id: Some(14),
        maintenance: Some(false),
        gift_card_code: Some(Secret::new("12&34".into())),
        languages: vec!["en".into(), "fr".into()],
        ..Default::default()
    };
    block_on(client(&double.url()).get_products(filter)).unwrap();
    assert_eq!(
        double.seen()[0].line(),
        "GET /openapi/store/catalogue/products?country_iso2=CH&category_id=14&maintenance=false&gift_card_code=12%2634&languages=en%2Cfr"
    );
}

#[test]
fn a_callback_is_asked_for_and_a_cost_calculated() {
    let double = Double::answering(|seen| match seen.line() {
        "POST /openapi/store/order/callback" => b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n".to_vec(),
        _ => json(
            200,
            r#"[{"date":"2026-02-20T02:00:00+00:00","product_id":1234,"face_value_id":1111,"face_value":10.5,
            "face_value_currency":"CHF","cost":9.9750,"currency":"CHF","beneficiary_information":[]}]"#,
        ),
    });
    let client = client(&double.url());
    let request = CysendForceCallbackRequest { uid: "0101-123456-01".into(), user_uid: "till_1".into() };
    block_on(client.force_callback(request)).unwrap();
    let request = CysendCostRequest {
        face_value_id: 1111,
        face_value: "10.5".parse().unwrap(),
        face_value_currency: "CHF".into(),
        beneficiary_information: Vec::new(),
        gift_card_code: None,
    };
    let costs = block_on(client.get_product_cost(vec![request])).unwrap();
    assert_eq!(costs[0].cost.to_string(), "9.9750");
    let seen = double.seen();
    assert_eq!(seen[0].body, br#"{"uid":"0101-123456-01","user_uid":"till_1"}"#);
    assert_eq!(seen[1].line(), "PUT /openapi/store/order/cost");
}

/// Each schema of the catalogue, with the examples of the gateway's own description and what it forgot to describe.
pub const CATALOGUE: &str = r#"{
    "countries": [{"country_id":233,"country_name":"Switzerland","country_code":41,"country_iso_alpha2":"CH",
        "country_iso_alpha3":"CHE","promotion":false,"category_ids":[14]}],
    "categories": [{"category_id":14,"category_name":"Mobile recharge","promotion":true,"product_ids":[1234]}],
    "products": [{"country_zone":"Mars","countries":[233],"categories":[14],"product_id":1234,"product_name":"Swisscom",
        "product_description":[{"language":"en","text":"A brand"}],"logo_url":"https://www.cysend.com/star.svg",
        "type":"prepaid_code","promotion":false,"maintenance":false,"rating":5,
        "beneficiary_information":[
            {"name":"mobile","description":"Number","type":"input","pattern":"^\\\\+41[0-9]+","required":true},
            {"name":"plan","description":"Plan","type":"select","elements":[{"value":"a","description":"Plan A"}],"required":false}],
        "face_value_ids":[1111,2222],"usage_instructions":null}],
    "face_values": {
        "fixed": [{"product_id":1234,"face_value_id":1111,"face_value":10,"face_value_currency":"CHF","cost":9.123456789012345678,
            "cost_currency":"CHF","definition":"","promotion":false}],
        "range": [{"product_id":1234,"face_value_id":2222,"face_value_from":10,"face_value_to":1e2,"face_value_step":0.01,
            "face_value_currency":"CHF","minimum_cost":9.5,"maximum_cost":95,"cost_currency":"CHF","promotion":false}]},
    "maintenance": [{"maintenance_id":1,"product_id":1234,"start_time":"2019-02-10T01:43:35+00:00",
        "stop_time":"2019-02-20 02:00:00","descriptions":[{"language":"en","text":"Operator maintenance"}]}],
    "promotions": [{"promotion_id":1234,"product_id":1234,"start_time":"2019-02-10T01:43:35+01:00","stop_time":null,
        "time_zone":{"utc_offset":100,"name":"Europe/Zurich","utc_difference":"+01:00"},"face_value_ids":[1111],
        "descriptions":[{"denominations":"All.","language":"en","conditions_summary":"Double","title":"New year","conditions":"Recharge"}]}]
}"#;

#[test]
fn the_whole_catalogue_is_read() {
    let double = Double::answering(|_| json(200, CATALOGUE));
    let catalogue = block_on(client(&double.url()).get_catalogue(CysendCatalogueFilter::default())).unwrap();
    assert_eq!(catalogue.countries[0].country_iso_alpha3, "CHE");
    assert_eq!(catalogue.categories[0].product_ids, [1234]);
    let product = &catalogue.products[0];
    assert_eq!(product.product_type, CysendProductType::PrepaidCode);
    assert_eq!(product.country_zone, Some(CysendCountryZone::Other { raw: "Mars".into() }));
    assert_eq!(product.extra["rating"], "5");
    assert_eq!(product.beneficiary_information[0].pattern.as_deref(), Some(r"^\\+41[0-9]+"));
    assert_eq!(product.beneficiary_information[1].field_type, CysendFieldType::Select);
    assert_eq!(product.beneficiary_information[1].elements[0].value, "a");
    assert_eq!(catalogue.face_values.fixed[0].cost.to_string(), "9.123456789012345678");
    assert_eq!(catalogue.face_values.range[0].face_value_to.to_string(), "100");
    assert_eq!(catalogue.maintenances[0].stop_time.unwrap().to_string(), "2019-02-20T02:00:00Z");
    let promotion = &catalogue.promotions[0];
    assert_eq!(promotion.start_time.unwrap().to_string(), "2019-02-10T00:43:35Z");
    assert_eq!(promotion.stop_time, None);
    let zone = promotion.time_zone.as_ref().unwrap();
    assert_eq!((zone.name.as_str(), zone.utc_offset.as_deref()), ("Europe/Zurich", Some("100")));
    assert_eq!(zone.extra["utc_difference"], "\"+01:00\"");
}

#[test]
fn a_large_catalogue_is_read_whole() {
    const COUNT: usize = 20_000;
    let one = r#"{"product_id":1234,"face_value_id":1111,"face_value":10.25,"face_value_currency":"CHF","cost":9.5,"cost_currency":"CHF","definition":"","promotion":false}"#;
    let body = format!(r#"{{"fixed":[{}],"range":[]}}"#, vec![one; COUNT].join(","));
    let double = Double::answering(move |_| json(200, &body));
    let values = block_on(client(&double.url()).get_face_values(CysendFaceValueFilter::default())).unwrap();
    assert_eq!(values.fixed.len(), COUNT);
    assert_eq!(values.fixed[COUNT - 1].face_value.to_string(), "10.25");
}

#[test]
fn every_operation_goes_its_own_way() {
    let double = Double::answering(|_| json(404, OWN_ERROR));
    let client = client(&double.url());
    let card = || Secret::new("12/34".into());
    let refused = |error: Option<TillgateError>| assert_eq!(error.unwrap().code(), "not_found");
    fn no<T>(result: Result<T>) -> Option<TillgateError> {
        result.err()
    }
    let options =
        CysendTokenOptions { ip_restricted: true, authorized_ips: Some("mine".into()), ttl_s: Some(60) };
    refused(no(block_on(client.create_access_token(options))));
    refused(no(block_on(client.get_catalogue(CysendCatalogueFilter::default()))));
    refused(no(block_on(client.get_countries(CysendCountryFilter::default()))));
    refused(no(block_on(client.get_categories(CysendCategoryFilter::default()))));
    refused(no(block_on(client.get_products(CysendProductFilter::default()))));
    refused(no(block_on(client.get_face_values(CysendFaceValueFilter::default()))));
    refused(no(block_on(client.get_maintenance(Some(7)))));
    refused(no(block_on(client.get_promotions(None))));
    refused(no(block_on(client.get_order(query("till_1")))));
    refused(no(block_on(client.create_order(vec![order()]))));
    let request = CysendForceCallbackRequest { uid: "0101-123456-01".into(), user_uid: "till_1".into() };
    refused(no(block_on(client.force_callback(request))));
    refused(no(block_on(client.get_responses())));
    refused(no(block_on(client.balance())));
    refused(no(block_on(client.get_subscriptions())));
    let (method, number) = (CysendVerificationMethod::IvrCall, "+41791234567".to_string());
    let request =
        CysendVerificationRequest { method: method.clone(), number, template_id: None, language: None };
    refused(no(block_on(client.phone_number_verification_request(request))));
    let verification =
        CysendVerification { uid: "abcd1234".into(), method, code: Secret::new("0123".into()) };
    refused(no(block_on(client.phone_number_verify(verification))));
    refused(no(block_on(client.get_gift_card(card()))));
    refused(no(block_on(client.get_active(card()))));
    refused(no(block_on(client.put_active(card(), false))));
    refused(no(block_on(client.get_errors())));
    refused(no(block_on(client.ping())));
    refused(no(block_on(client.get_notification_resource_types())));
    refused(no(block_on(client.get_notification_events())));
    refused(no(block_on(client.get_notification_channels())));
    let lines: Vec<String> =
        double.seen().iter().map(|seen| seen.line().replacen("/openapi/", "/", 1)).collect();
    assert_eq!(
        lines,
        [
            "POST /access/token",
            "GET /store/catalogue",
            "GET /store/catalogue/countries",
            "GET /store/catalogue/categories",
            "GET /store/catalogue/products",
            "GET /store/catalogue/face-value",
            "GET /store/catalogue/maintenance?product_id=7",
            "GET /store/catalogue/promotion",
            "GET /store/order?user_uid=till_1",
            "POST /store/order",
            "POST /store/order/callback",
            "GET /store/order/responses",
            "GET /customer/balance",
            "GET /customer/subscriptions",
            "POST /verification/phone-number",
            "PUT /verification/phone-number",
            "GET /gift-card/12%2F34",
            "GET /gift-card/12%2F34/active",
            "PUT /gift-card/12%2F34/active?active=false",
            "GET /openapi/errors",
            "GET /openapi/ping",
            "GET /notification/resource_types",
            "GET /notification/events",
            "GET /notification/channels",
        ]
    );
    let body = |index: usize| String::from_utf8(double.seen()[index].body.clone()).unwrap();
    assert_eq!(body(0), r#"{"ip_restricted":true,"authorized_ips":"mine","TTL":60}"#);
    assert_eq!(body(14), r#"{"method":"ivr-call","number":"+41791234567"}"#);
    assert_eq!(body(15), r#"{"uid":"abcd1234","method":"ivr-call","code":"0123"}"#);
}

#[test]
fn tokens_gift_cards_and_verifications_are_read() {
    let double = Double::answering(|seen| match seen.line().rsplit_once("/openapi/").unwrap().1 {
        "access/token" => json(
            201,
            r#"{"permissions":[{"methods":"GET","scope":"store/catalogue/*"}],"authorized_ips":"8.8.8.8,8.8.4.4",
            "TTL":"2018-06-16T01:43:35+00:00","token":"qEewe9ja7isob3MenWTz9HiEnD4A3cDi"}"#,
        ),
        "gift-card/1" => json(
            200,
            r#"{"code":"123456789","serial":"987654321","remaining_balance":2,"name":"CY.SEND gift card","logo":"",
            "active":true,"currency":"EUR","expiration":"2019-02-20T02:00:00+00:00","face_value":5.50,"usage_instruction":"Go."}"#,
        ),
        "gift-card/1/active" => json(200, r#"{"active":true}"#),
        "verification/phone-number" => {
            json(200, r#"{"status":"accepted","verification_id":"abcd1234","method":"sms"}"#)
        }
        "notification/channels" => json(
            200,
            r#"[{"uid":"1","type":"Email","name":"CY.SEND email","whitelabel":true,"destination":[{"name":"url","required":true}]}]"#,
        ),
        _ => json(200, r#"[{"code":"API_123456","http":404,"message":"Product not found"}]"#),
    });
    let client = client(&double.url());
    let card = || Secret::new("1".into());
    let options = CysendTokenOptions { ip_restricted: false, authorized_ips: None, ttl_s: None };
    let token = block_on(client.create_access_token(options)).unwrap();
    assert_eq!(token.token.unwrap().reveal(), "qEewe9ja7isob3MenWTz9HiEnD4A3cDi");
    assert_eq!(token.expires.unwrap().to_string(), "2018-06-16T01:43:35Z");
    assert_eq!(token.permissions[0].scope, "store/catalogue/*");
    let gift_card = block_on(client.get_gift_card(card())).unwrap();
    assert_eq!((gift_card.face_value.to_string(), gift_card.active), ("5.50".to_string(), true));
    assert!(!format!("{gift_card:?}").contains("123456789"));
    assert!(block_on(client.get_active(card())).unwrap().active);
    let request = CysendVerificationRequest {
        method: CysendVerificationMethod::Sms,
        number: "+41791234567".into(),
        template_id: None,
        language: Some("de".into()),
    };
    let status = block_on(client.phone_number_verification_request(request)).unwrap();
    assert_eq!(status.status, CysendVerificationState::Accepted);
    assert_eq!(status.extra["verification_id"], "\"abcd1234\"");
    assert_eq!(block_on(client.get_notification_channels()).unwrap()[0].channel_type, "Email");
    assert_eq!(block_on(client.get_errors()).unwrap()[0].meaning, "Product not found");
}

#[test]
fn what_costs_or_counts_is_checked_here_first() {
    let double = Double::answering(|_| json(200, "{}"));
    let client = client(&double.url());
    let field = |error: TillgateError| error.details().field.clone().unwrap();
    for number in ["", "0791234567", "+41 79 123 45 67"] {
        let request = CysendVerificationRequest {
            method: CysendVerificationMethod::Sms,
            number: number.into(),
            template_id: None,
            language: None,
        };
        let error = block_on(client.phone_number_verification_request(request)).unwrap_err();
        assert_eq!(field(error), "request.number");
    }
    for code in ["", "123", "12345", "12a4", "１２３４"] {
        let verification = CysendVerification {
            uid: "abcd1234".into(),
            method: CysendVerificationMethod::Sms,
            code: Secret::new(code.into()),
        };
        assert_eq!(
            field(block_on(client.phone_number_verify(verification)).unwrap_err()),
            "verification.code"
        );
    }
    for code in ["", ".."] {
        let error = block_on(client.put_active(Secret::new(code.into()), true)).unwrap_err();
        assert_eq!(field(error), "gift_card_code");
    }
    assert_eq!(double.connection_count(), 0);
}
