//! Orders, money and look-ups of a gateway that behaves.

use tillgate_sandbox::{Account, Amount, GiftCard, OrderState, SandboxConfig};

use crate::client::{
    Shop, basic, connect, exchange, live, read_next_answer, request_bytes, simulated, still, top_up,
};
use std::io::Write;

#[test]
fn an_accepted_order_is_in_the_ledger_and_told_with_its_fields() {
    let shop = Shop::open();
    let answer = shop.buy(&simulated("a"));
    assert_eq!(answer.status, 201);
    let told = &answer.json()[0];
    assert_eq!(told["user_uid"], "a");
    assert_eq!(told["status"], "accepted");
    assert_eq!(told["scenario"], "simulate-success");
    assert_eq!(told["face_value_id"], 1111);
    assert_eq!(told["beneficiary_information"][0]["value"], "+41791234567");
    let ledger = shop.sandbox.ledger();
    assert_eq!(ledger.len(), 1);
    assert_eq!(ledger[0].uid, told["uid"]);
    assert_eq!(ledger[0].cost, Amount::parse("9.50").unwrap());
    assert!(!ledger[0].live);
    assert_eq!(shop.sandbox.requests()[0].bought, [1]);
}

#[test]
fn a_repeated_id_is_bought_again() {
    let shop = Shop::open();
    shop.buy(&simulated("a"));
    assert_eq!(shop.buy(&simulated("a")).status, 201);
    assert_eq!(shop.bought("a"), 2);
    assert_eq!(shop.look_up("a").json().as_array().unwrap().len(), 2);
}

#[test]
fn a_repeated_id_is_refused_where_that_is_asked_for() {
    let shop = Shop::with(SandboxConfig { refuse_duplicates: true, ..still() });
    shop.buy(&simulated("a"));
    assert_eq!(shop.buy(&simulated("a")).status, 400);
    let twice = format!("[{},{}]", top_up("b", ""), top_up("b", ""));
    assert_eq!(shop.buy(&twice).status, 400);
    assert_eq!(shop.bought("a"), 1);
    assert_eq!(shop.bought("b"), 0);
}

#[test]
fn each_of_several_orders_has_its_own_row() {
    let shop = Shop::open();
    let answer = shop.buy(&format!("[{},{}]", top_up("a", ""), top_up("b", "")));
    let told = answer.json();
    assert_eq!((told[0]["user_uid"].as_str(), told[1]["user_uid"].as_str()), (Some("a"), Some("b")));
    assert_ne!(told[0]["uid"], told[1]["uid"]);
    assert_eq!(shop.sandbox.ledger().len(), 2);
}

#[test]
fn one_wrong_order_among_several_buys_none() {
    let shop = Shop::open();
    let answer = shop.buy(&format!("[{},{}]", top_up("a", ""), top_up("b!", "")));
    assert_eq!(answer.status, 400);
    assert!(shop.sandbox.ledger().is_empty());
}

#[test]
fn an_order_without_a_scenario_is_live_and_debited() {
    let shop = Shop::open();
    shop.buy(&format!("[{}]", top_up("a", "")));
    let row = &shop.sandbox.ledger()[0];
    assert!(row.live && !row.scenario_given);
    assert_eq!(shop.balance(), "990.50");
    assert_eq!(shop.get("/customer/balance").text(), r#"{"balance":990.50,"currency":"CHF"}"#);
}

#[test]
fn a_simulation_costs_nothing() {
    let shop = Shop::open();
    shop.buy(&simulated("a"));
    assert_eq!(shop.balance(), "1000.00");
}

#[test]
fn a_live_order_that_fails_is_refunded() {
    let shop = Shop::open();
    let body = r#"[{"user_uid":"a","face_value_id":6666,"face_value":5,"face_value_currency":"CHF",
        "beneficiary_information":[{"name":"mobile","value":"+41791234567"}],"scenario":"live"}]"#;
    shop.buy(body);
    assert_eq!(shop.balance(), "995.25");
    shop.sandbox.advance(5_000);
    assert_eq!(shop.look_up("a").json()[0]["status"], "failed");
    assert_eq!(shop.look_up("a").json()[0]["response_code"], "91");
    assert_eq!(shop.balance(), "1000.00");
}

#[test]
fn an_order_beyond_the_balance_is_refused_and_not_bought() {
    let account = Account { balance: Amount::parse("18.99").unwrap(), ..Account::till() };
    let shop = Shop::with(SandboxConfig { accounts: vec![account], ..still() });
    assert_eq!(shop.buy(&format!("[{},{}]", top_up("a", ""), top_up("b", ""))).status, 402);
    assert_eq!(shop.bought("a"), 0);
    assert_eq!(shop.buy(&live("a")).status, 201);
    assert_eq!(shop.buy(&live("b")).status, 402);
    assert_eq!(shop.balance(), "9.49");
}

#[test]
fn wrong_orders_are_refused_as_the_document_says_and_not_bought() {
    let shop = Shop::open();
    let good = top_up("a", "");
    let wrong = [
        (400, "not json".to_owned()),
        (400, good.clone()),
        (400, "[]".to_owned()),
        (400, format!("[{}]", good.replace("\"user_uid\":\"a\",", ""))),
        (400, format!("[{}]", good.replace("\"a\"", "\"\""))),
        (400, format!("[{}]", good.replace("\"a\"", "\"a-b\""))),
        (400, format!("[{}]", good.replace("\"a\"", &format!("\"{}\"", "x".repeat(33))))),
        (400, format!("[{}]", good.replace("\"face_value\":10", "\"face_value\":\"10\""))),
        (400, format!("[{}]", good.replace("\"face_value\":10", "\"face_value\":11"))),
        (400, format!("[{}]", good.replace("CHF", "EUR"))),
        (400, format!("[{}]", good.replace("mobile", "account"))),
        (400, format!("[{}]", good.replace("+41791234567", "call me"))),
        (400, format!("[{}]", top_up("a", r#","callback_url":"nowhere""#))),
        (404, format!("[{}]", good.replace("1111", "999999999"))),
        (404, format!("[{}]", top_up("a", r#","scenario":"simulate-maybe""#))),
        // Out of range, out of step.
        (400, format!("[{}]", good.replace("1111", "2222").replace(":10,", ":110,"))),
        (400, format!("[{}]", good.replace("1111", "2222").replace(":10,", ":15,"))),
    ];
    for (status, body) in wrong {
        let answer = shop.buy(&body);
        assert_eq!(answer.status, status, "{body}: {}", answer.text());
        let error = answer.json();
        assert!(error["code"].as_str().unwrap().starts_with("API_"));
        assert!(error["message"].is_string() && error["information"].is_string());
    }
    assert!(shop.sandbox.ledger().is_empty());
    assert_eq!(shop.buy(&format!("[{good}]")).status, 201, "the pattern of all that was wrong is right");
}

#[test]
fn maintenance_and_wrong_selections_are_refused() {
    let shop = Shop::open();
    let maintained = r#"[{"user_uid":"a","face_value_id":4444,"face_value":50,"face_value_currency":"CHF",
        "beneficiary_information":[{"name":"account","value":"7"}]}]"#;
    assert_eq!(shop.buy(maintained).status, 400);
    let plan = |value: &str| {
        format!(
            r#"[{{"user_uid":"b","face_value_id":5555,"face_value":30,"face_value_currency":"CHF",
            "beneficiary_information":[{{"name":"account","value":"7"}},{{"name":"plan","value":"{value}"}}]}}]"#
        )
    };
    assert_eq!(shop.buy(&plan("premium")).status, 400);
    assert_eq!(shop.buy(&plan("plus")).status, 201);
}

#[test]
fn an_amount_is_told_digit_for_digit() {
    let shop = Shop::open();
    for (id, amount, currency) in [
        (7001, "0.1", "CHF"),
        (7002, "12.345", "KWD"),
        (7003, "100000000000.01", "IDR"),
        (7004, "0.3", "CHF"),
    ] {
        let body = format!(
            r#"[{{"user_uid":"a{id}","face_value_id":{id},"face_value":{amount},"face_value_currency":"{currency}",
            "beneficiary_information":[],"scenario":"simulate-success"}}]"#
        );
        let answer = shop.buy(&body);
        assert_eq!(answer.status, 201, "{}", answer.text());
        assert!(answer.text().contains(&format!("\"face_value\":{amount},")), "{}", answer.text());
    }
}

#[test]
fn statuses_change_when_their_time_comes() {
    let shop = Shop::open();
    for (id, scenario) in [
        ("a", "simulate-success"),
        ("b", "simulate-failed"),
        ("c", "simulate-delayed-success"),
        ("d", "simulate-delayed-failed"),
        ("e", "live"),
    ] {
        shop.buy(&format!("[{}]", top_up(id, &format!(r#","scenario":"{scenario}""#))));
    }
    let statuses = || -> Vec<String> {
        ["a", "b", "c", "d", "e"]
            .iter()
            .map(|id| shop.look_up(id).json()[0]["status"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(statuses(), ["accepted"; 5]);
    shop.sandbox.advance(59_999);
    assert_eq!(statuses(), ["success", "failed", "accepted", "accepted", "success"]);
    shop.sandbox.advance(60_001);
    assert_eq!(statuses(), ["success", "failed", "success", "failed", "success"]);
    for row in shop.sandbox.ledger().iter().filter(|row| row.scenario.contains("delayed")) {
        let delay_ms = row.changes[1].at_ms - row.accepted_at_ms;
        assert!((60_000..=120_000).contains(&delay_ms), "{delay_ms}");
    }
}

#[test]
fn an_answer_may_be_final_at_once_or_say_202() {
    let config = SandboxConfig { immediately_final: true, created_as_accepted: true, ..still() };
    let shop = Shop::with(config);
    let answer = shop.buy(&simulated("a"));
    assert_eq!(answer.status, 202);
    assert_eq!(answer.json()[0]["status"], "success");
    assert_eq!(shop.sandbox.ledger()[0].status, OrderState::Success);
}

#[test]
fn a_prepaid_code_is_told_on_success_alone_and_stays_the_same() {
    let card = GiftCard::new("33", Amount::parse("100").unwrap(), "EUR");
    let shop = Shop::with(SandboxConfig { gift_cards: vec![card], ..still() });
    let body = |id: &str, scenario: &str| {
        format!(
            r#"[{{"user_uid":"{id}","face_value_id":3333,"face_value":25.00,"face_value_currency":"EUR",
            "beneficiary_information":[],"scenario":"{scenario}","gift_card_code":"33"}}]"#
        )
    };
    assert!(shop.buy(&body("a", "simulate-success")).json()[0].get("prepaid_code").is_none());
    shop.buy(&body("b", "simulate-failed"));
    shop.buy(&body("c", "simulate-success"));
    shop.sandbox.advance(2_000);
    let told = shop.look_up("a").json();
    let code = &told[0]["prepaid_code"];
    for name in ["code", "serial", "pin_code", "pdf_link", "expiration"] {
        assert!(code[name].as_str().is_some_and(|text| !text.is_empty()), "{name}");
    }
    assert!(code["usage_instructions"][0]["text"].is_string());
    assert_eq!(told[0]["gift_card_code"], "33");
    assert_eq!(told, shop.look_up("a").json());
    assert!(shop.look_up("b").json()[0].get("prepaid_code").is_none());
    assert_ne!(code["code"], shop.look_up("c").json()[0]["prepaid_code"]["code"]);
}

#[test]
fn one_order_shows_everything_that_an_order_can() {
    let shop = Shop::open();
    let body = r#"[{"user_uid":"a","face_value_id":8101,"face_value":19.95,"face_value_currency":"EUR",
        "beneficiary_information":[{"name":"mobile","value":"+41791234567"},{"name":"plan","value":"plus"}],
        "scenario":"live","gift_card_code":"567890123","callback_url":"http://127.0.0.1:9/"}]"#;
    shop.buy(body);
    shop.sandbox.advance(5_000);
    let told = shop.look_up("a").json();
    let names = |value: &serde_json::Value| {
        let mut names: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
        names.sort();
        names
    };
    let all = [
        "beneficiary_information",
        "callback_url",
        "cost",
        "currency",
        "date",
        "face_value",
        "face_value_currency",
        "face_value_id",
        "gift_card_code",
        "issuer_reference",
        "prepaid_code",
        "response_code",
        "response_description",
        "response_title",
        "scenario",
        "status",
        "uid",
        "user_uid",
    ];
    assert_eq!(names(&told[0]), all);
    let of_code = ["code", "expiration", "pdf_link", "pin_code", "serial", "usage_instructions"];
    assert_eq!(names(&told[0]["prepaid_code"]), of_code);
}

#[test]
fn dates_come_in_both_forms() {
    let shop = Shop::with(SandboxConfig { start_ms: Some(1_550_628_000_000), ..still() });
    shop.buy(&simulated("a"));
    shop.buy(&simulated("b"));
    assert_eq!(shop.look_up("a").json()[0]["date"], "2019-02-20T02:00:00+00:00");
    assert_eq!(shop.look_up("b").json()[0]["date"], "2019-02-20 02:00:00");
    assert_eq!(shop.look_up("a").json()[0]["uid"], "0220-000001-01");
}

#[test]
fn an_order_is_found_by_either_id_and_only_by_matching_ones() {
    let shop = Shop::open();
    let uid = shop.buy(&simulated("a")).json()[0]["uid"].as_str().unwrap().to_owned();
    shop.buy(&simulated("b"));
    let status = |query: &str| shop.get(&format!("/store/order{query}")).status;
    assert_eq!(status(&format!("?uid={uid}")), 200);
    assert_eq!(status(&format!("?uid={uid}&user_uid=a")), 200);
    assert_eq!(status(&format!("?uid={uid}&user_uid=b")), 404);
    assert_eq!(status("?user_uid=c"), 404);
    assert_eq!(status("?uid=0101-000009-01"), 404);
    assert_eq!(status(""), 400);
}

#[test]
fn accounts_see_their_own_orders_and_spend_their_own_money() {
    let other =
        Account { user: "other".to_owned(), token: None, currency: "EUR".to_owned(), ..Account::till() };
    let shop = Shop::with(SandboxConfig { accounts: vec![Account::till(), other], ..still() });
    let theirs = basic("other", "secret");
    let bought = shop.ask_as(&theirs, "POST", "/store/order", &live("a")).unwrap();
    assert_eq!(bought.json()[0]["currency"], "EUR");
    assert_eq!(shop.look_up("a").status, 404, "somebody else's");
    assert_eq!(shop.ask_as(&theirs, "GET", "/store/order?user_uid=a", "").unwrap().status, 200);
    assert_eq!(shop.balance(), "1000.00");
    assert_eq!(shop.sandbox.balance("other").unwrap().to_string(), "990.025");
}

#[test]
fn both_ways_to_authenticate_work_one_at_a_time() {
    let shop = Shop::open();
    let token = format!("Api-token: {}\r\n", "t".repeat(32));
    let status = |auth: &str| shop.ask_as(auth, "GET", "/customer/balance", "").unwrap().status;
    assert_eq!(status(&basic("till", "secret")), 200);
    assert_eq!(status(&token), 200);
    assert_eq!(status(""), 401);
    assert_eq!(status(&basic("till", "wrong")), 401);
    assert_eq!(status("Api-token: wrong\r\n"), 401);
    assert_eq!(status(&format!("{token}{}", basic("till", "secret"))), 401);
    assert_eq!(shop.ask_as("", "POST", "/store/order", &live("a")).unwrap().status, 401);
    assert!(shop.sandbox.ledger().is_empty());
    for request in shop.sandbox.requests() {
        let headers = format!("{:?}", request.headers);
        assert!(
            !headers.contains("secret") && !headers.contains("tttt") && !headers.contains("dGlsbDpz"),
            "{headers}"
        );
    }
}

#[test]
fn a_cost_is_what_the_order_then_costs() {
    let shop = Shop::open();
    let body = r#"[{"face_value_id":2222,"face_value":70,"face_value_currency":"CHF",
        "beneficiary_information":[{"name":"mobile","value":"+41791234567"}]}]"#;
    let answer = shop.ask("PUT", "/store/order/cost", body);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()[0]["cost"].to_string(), "66.5");
    assert_eq!(answer.json()[0]["product_id"], 1234);
    let order = shop.buy(&body.replace("[{\"face", "[{\"user_uid\":\"a\",\"face"));
    assert_eq!(order.json()[0]["cost"].to_string(), "66.5");
    assert_eq!(shop.ask("PUT", "/store/order/cost", &body.replace("70", "75")).status, 400);
    assert_eq!(shop.sandbox.ledger().len(), 1, "asking buys nothing");
}

#[test]
fn ping_and_response_codes_need_no_credentials() {
    let shop = Shop::open();
    let ping = shop.ask_as("", "GET", "/openapi/ping", "").unwrap();
    assert_eq!((ping.text(), ping.header("content-type")), ("pong", Some("text/plain")));
    let codes = shop.ask_as("", "GET", "/store/order/responses", "").unwrap().json();
    let listed = |code: &str| codes.as_array().unwrap().iter().any(|entry| entry["response_code"] == code);
    assert!(["00", "05", "09", "91"].into_iter().all(listed));
}

#[test]
fn unknown_paths_and_methods_are_told_apart() {
    let shop = Shop::open();
    assert_eq!(shop.get("/store/orders").status, 404);
    assert_eq!(shop.ask("DELETE", "/store/order", "").status, 405);
}

#[test]
fn a_connection_serves_many_requests_in_turn() {
    let shop = Shop::open();
    let mut stream = connect(shop.sandbox.address());
    let target = format!("{}/store/order", crate::client::BASE);
    let auth = basic("till", "secret");
    // Both at once: the second waits in the buffer for its turn.
    let mut bytes = request_bytes("POST", &target, &auth, simulated("a").as_bytes());
    bytes.extend(request_bytes("POST", &target, &auth, simulated("b").as_bytes()));
    stream.write_all(&bytes).unwrap();
    let mut unread = Vec::new();
    assert_eq!(read_next_answer(&mut stream, &mut unread).unwrap().json()[0]["user_uid"], "a");
    assert_eq!(read_next_answer(&mut stream, &mut unread).unwrap().json()[0]["user_uid"], "b");

    let body = simulated("c");
    let (first, second) = body.as_bytes().split_at(10);
    let mut chunked =
        format!("POST {target} HTTP/1.1\r\nHost: h\r\n{auth}Transfer-Encoding: chunked\r\n\r\n").into_bytes();
    for chunk in [first, second, b""] {
        chunked.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        chunked.extend_from_slice(chunk);
        chunked.extend(b"\r\n");
    }
    assert_eq!(exchange(&mut stream, &chunked).unwrap().json()[0]["user_uid"], "c");
}

#[test]
fn a_client_may_ask_before_it_sends_its_body() {
    let shop = Shop::open();
    let mut stream = connect(shop.sandbox.address());
    let body = simulated("a");
    let auth = basic("till", "secret");
    let head = format!(
        "POST {}/store/order HTTP/1.1\r\nHost: h\r\n{auth}Expect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        crate::client::BASE,
        body.len()
    );
    assert_eq!(exchange(&mut stream, head.as_bytes()).unwrap().status, 100);
    assert_eq!(exchange(&mut stream, body.as_bytes()).unwrap().status, 201);
}

#[test]
fn what_is_not_http_is_refused_and_buys_nothing() {
    let shop = Shop::open();
    let long = format!("GET /{} HTTP/1.1\r\n", "x".repeat(70_000));
    let huge =
        format!("POST {}/store/order HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", crate::client::BASE);
    for bytes in ["not http at all, and long enough\r\n\r\n", long.as_str(), huge.as_str()] {
        let answer = exchange(&mut connect(shop.sandbox.address()), bytes.as_bytes());
        assert_eq!(answer.unwrap().status, 400);
    }
    assert!(shop.sandbox.ledger().is_empty());
}
