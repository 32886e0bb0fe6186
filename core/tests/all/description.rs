//! Where CY.SEND's description contradicts itself or the world, and that `docs/gateways/cysend.md` tells of each case with
//! a test that exists.

use crate::cysend::CATALOGUE;
use crate::double::{Double, Seen, answer, json};
use crate::shop::{OWN_ERROR, client, confirmed, order, till_in, till_order, token_client};
use std::fs;
use std::path::{Path, PathBuf};
use tillgate::{
    CysendAccount, CysendCatalogueFilter, CysendForceCallbackRequest, CysendOrderQuery, CysendOrderScenario,
    CysendProductFilter, CysendVerificationMethod, CysendVerificationRequest, CysendVerificationState,
    NewOrder, Order, OrderState, Secret, block_on,
};

/// What a till makes of an order that the gateway answers in this way.
fn bought(new: NewOrder, answering: impl Fn(&Seen) -> Vec<u8> + Send + Sync + 'static) -> Order {
    let double = Double::answering(answering);
    let dir = tempfile::tempdir().unwrap();
    let till = till_in(&dir);
    block_on(till.attach_cysend(CysendAccount { client: client(&double.url()), name: None })).unwrap();
    let order = block_on(till.buy(new)).unwrap();
    block_on(till.close()).unwrap();
    order
}

fn edited(part: &'static str, instead: &'static str) -> impl Fn(&Seen) -> Vec<u8> + Send + Sync + 'static {
    move |seen| {
        let whole = String::from_utf8(confirmed(seen)).unwrap();
        let (_, body) = whole.split_once("\r\n\r\n").unwrap();
        assert!(body.contains(part), "{part}");
        json(201, &body.replace(part, instead))
    }
}

#[test]
fn an_order_without_its_scenario_can_be_read_and_is_not_believed() {
    for instead in [r#""scenario":null"#, r#""_":0"#] {
        let order = bought(till_order("till_1"), edited(r#""scenario":"simulate-success""#, instead));
        assert_eq!(order.state, OrderState::Unknown, "{instead}");
        let reason = order.attempts[0].reason.as_deref().unwrap();
        assert!(reason.contains("scenario (not said)"), "{reason}");
    }
    // Another scenario is another order: this one might have cost money. It is not believed, and looked up.
    let order = bought(till_order("till_1"), edited("simulate-success", "live"));
    assert_eq!(order.state, OrderState::Unknown);
}

#[test]
fn an_order_for_nobody_may_be_told_in_three_ways() {
    const OURS: &str = r#""beneficiary_information":[{"name":"mobile","value":"+41791234567"}]"#;
    for theirs in [r#""beneficiary_information":[]"#, r#""beneficiary_information":null"#, r#""_":0"#] {
        let nobody = NewOrder { beneficiary: Vec::new(), ..till_order("till_1") };
        assert_eq!(bought(nobody, edited(OURS, theirs)).state, OrderState::Succeeded, "{theirs}");
        let somebody = bought(till_order("till_1"), edited(OURS, theirs));
        assert_eq!(somebody.state, OrderState::Unknown, "{theirs}: not believed");
    }
}

#[test]
fn a_scenario_in_capitals_is_refused_here() {
    // Chapters 4.14, 7 and 8 write LIVE. Nobody knows what the gateway makes of it.
    let double = Double::answering(|_| json(201, "[]"));
    let mut given = order();
    given.scenario = CysendOrderScenario::from_wire("LIVE");
    let error = block_on(client(&double.url()).create_order(vec![given])).unwrap_err();
    assert_eq!(error.details().field.as_deref(), Some("orders[0].scenario"));
    assert_eq!(double.connection_count(), 0);
}

#[test]
fn maintenances_have_either_of_two_names() {
    for name in ["maintenance", "maintenances"] {
        let body = CATALOGUE.replace(r#""maintenance": ["#, &format!(r#""{name}": ["#));
        assert!(body.contains(&format!(r#""{name}": ["#)), "{name}");
        let double = Double::answering(move |_| json(200, &body));
        let catalogue =
            block_on(client(&double.url()).get_catalogue(CysendCatalogueFilter::default())).unwrap();
        assert_eq!(catalogue.maintenances.len(), 1, "{name}");
        assert!(catalogue.extra.is_empty(), "{name}");
    }
}

#[test]
fn a_tokens_end_is_a_date_and_anything_else_is_kept() {
    let token = |fields: &'static str| {
        let double = Double::answering(move |_| json(200, fields));
        block_on(token_client(&double.url()).get_access_token()).unwrap()
    };
    let dated = token(r#"{"TTL":"2030-06-16T01:43:35+00:00"}"#);
    assert_eq!(dated.expires.unwrap().to_string(), "2030-06-16T01:43:35Z");
    let seconds = token(r#"{"token":"t","TTL":3600}"#);
    assert_eq!((seconds.expires, seconds.extra["TTL"].as_str()), (None, "3600"));
    // Not one of its fields is required.
    assert!(token("{}").token.is_none());
}

#[test]
fn a_verification_is_read_with_and_without_its_required_fields() {
    let status = |fields: &'static str| {
        let double = Double::answering(move |_| json(200, fields));
        let request = CysendVerificationRequest {
            method: CysendVerificationMethod::Sms,
            number: "+41791234567".into(),
            template_id: None,
            language: None,
        };
        block_on(client(&double.url()).phone_number_verification_request(request)).unwrap()
    };
    let described = status(r#"{"uid":"abcd1234","method":null,"status":"accepted"}"#);
    assert_eq!((described.uid.as_deref(), described.method), (Some("abcd1234"), None));
    let required = status(r#"{"status":"success","type":"sms","verification_id":7}"#);
    assert_eq!((required.uid, required.status), (None, CysendVerificationState::Success));
    assert_eq!(
        (required.extra["type"].as_str(), required.extra["verification_id"].as_str()),
        ("\"sms\"", "7")
    );
}

#[test]
fn an_answer_without_a_body_is_an_answer() {
    for status in [200, 201, 202, 204] {
        let double = Double::answering(move |_| match status {
            204 => b"HTTP/1.1 204 No Content\r\n\r\n".to_vec(),
            _ => answer(status, "text/html", b""),
        });
        let client = client(&double.url());
        block_on(client.put_active(Secret::new("1234".into()), false)).unwrap();
        let request = CysendForceCallbackRequest { uid: "0101".into(), user_uid: "till_1".into() };
        block_on(client.force_callback(request)).unwrap();
    }
}

#[test]
fn a_search_without_a_find_is_told_in_three_ways() {
    let empty = Double::answering(|seen| match seen.line().contains("promotion=true") {
        true => b"HTTP/1.1 204 No Content\r\n\r\n".to_vec(),
        false => json(200, "[]"),
    });
    for promotion in [true, false] {
        let filter = CysendProductFilter { promotion: Some(promotion), ..Default::default() };
        assert_eq!(block_on(client(&empty.url()).get_products(filter)), Ok(Vec::new()));
    }
    let query = || CysendOrderQuery { uid: None, user_uid: Some("till_1".into()) };
    assert_eq!(block_on(client(&empty.url()).get_order(query())), Ok(Vec::new()));
    let absent = Double::answering(|_| json(404, OWN_ERROR));
    assert_eq!(
        block_on(client(&absent.url()).get_products(CysendProductFilter::default())).unwrap_err().code(),
        "not_found"
    );
    assert_eq!(block_on(client(&absent.url()).get_order(query())).unwrap_err().code(), "not_found");
}

/// The table of cases, and the tests that it names.
fn named_tests() -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/gateways/cysend.md");
    let page = fs::read_to_string(page).unwrap();
    let (_, table) = page.split_once("| the description says |").expect("the table of cases");
    let mut lines = table.lines();
    let head: Vec<_> = lines.next().unwrap().split('|').map(str::trim).collect();
    assert_eq!(head[head.len() - 2], "test", "the last column names the test");
    lines.next();
    lines
        .take_while(|line| line.starts_with('|'))
        .flat_map(|line| {
            let cell = line.trim_end_matches('|').rsplit('|').next().unwrap().trim().to_string();
            assert!(cell.contains('`'), "a case without a test: {line}");
            cell.split(',').map(|name| name.trim().trim_matches('`').to_string()).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn each_case_of_the_page_has_a_test_that_exists() {
    let mut sources = String::new();
    let mut folders: Vec<PathBuf> =
        ["src", "tests"].map(|name| Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).into();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                sources.push_str(&fs::read_to_string(path).unwrap());
            }
        }
    }
    let named = named_tests();
    assert!(named.len() >= 30, "only {} tests are named", named.len());
    for name in named {
        let function = format!("fn {name}()");
        let tests = sources.split("#[test]").skip(1);
        // The function right after the attribute; its body, and what follows it, is not searched.
        let exists = tests.into_iter().any(|after| after.trim_start().starts_with(&function));
        assert!(exists, "docs/gateways/cysend.md names the test {name}, which does not exist");
    }
}
