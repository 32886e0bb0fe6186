//! Each fault, seen by the client, and what it leaves in the ledger.

use serde_json::Value;
use tillgate_sandbox::{Change, Fault, FaultKind, OrderState};

use crate::client::{Broken, Shop, basic, connect, exchange, live, request_bytes, simulated, top_up};

/// A shop in which this befalls the next createOrder.
fn shop_with(kind: FaultKind) -> Shop {
    let shop = Shop::open();
    shop.fault(Fault::new(kind).on("createOrder"));
    shop
}

fn refuse(status: u16) -> FaultKind {
    FaultKind::Refuse {
        status,
        code: None,
        message: None,
        information: None,
        retry_after_s: None,
        body: None,
        content_type: None,
    }
}

fn mangle(change: Change, value: Option<&str>) -> FaultKind {
    FaultKind::Mangle { change, value: value.map(str::to_owned) }
}

#[test]
fn a_refused_order_is_not_bought() {
    for status in [400, 401, 402, 404, 500, 503] {
        let shop = shop_with(refuse(status));
        let answer = shop.buy(&live("a"));
        assert_eq!(answer.status, status);
        assert!(answer.json()["code"].is_string());
        assert_eq!(shop.bought("a"), 0);
        assert_eq!(shop.buy(&live("a")).status, 201, "the fault is used up");
    }
}

#[test]
fn a_refusal_may_carry_a_delay_or_a_body_of_its_own() {
    let shop = Shop::open();
    let text = r#"[{"kind":"refuse","status":429,"retry_after_s":7},
        {"kind":"refuse","status":403,"body":"<p>no</p>","content_type":"text/html"}]"#;
    for fault in serde_json::from_str::<Vec<Fault>>(text).unwrap() {
        shop.fault(fault);
    }
    assert_eq!(shop.buy(&live("a")).header("retry-after"), Some("7"));
    let second = shop.buy(&live("a"));
    assert_eq!(
        (second.status, second.text(), second.header("content-type")),
        (403, "<p>no</p>", Some("text/html"))
    );
    assert_eq!(shop.bought("a"), 0);
}

#[test]
fn connections_that_end_before_acceptance_buy_nothing() {
    let closed = || Err(Broken::Closed(Vec::new()));
    let reset = || Err(Broken::Reset(Vec::new()));
    for (kind, outcome) in [
        (FaultKind::CloseBeforeBody {}, closed()),
        (FaultKind::CloseAfterBody {}, closed()),
        (FaultKind::ResetBeforeBody {}, reset()),
        (FaultKind::ResetDuringBody { after_bytes: 40 }, reset()),
        (FaultKind::ResetAfterBody {}, reset()),
        (FaultKind::NeverAnswer { hold_ms: 1 }, closed()),
    ] {
        let shop = shop_with(kind.clone());
        assert_eq!(shop.try_buy(&live("a")).map(|answer| answer.status), outcome, "{kind:?}");
        assert_eq!(shop.bought("a"), 0, "{kind:?}");
        let record = &shop.sandbox.requests()[0];
        assert_eq!(record.faults, [kind.name()]);
        assert!(record.done.contains("nothing done"), "{}", record.done);
        assert_eq!(shop.buy(&live("a")).status, 201);
    }
}

#[test]
fn a_reset_within_the_body_has_read_that_much_of_it() {
    let shop = shop_with(FaultKind::ResetDuringBody { after_bytes: 13 });
    assert!(shop.try_buy(&live("a")).is_err());
    assert_eq!(shop.sandbox.requests()[0].body, live("a")[..13]);
}

#[test]
fn a_connection_may_end_before_it_says_anything() {
    for (kind, outcome) in [
        (FaultKind::CloseOnConnect {}, Broken::Closed(Vec::new())),
        (FaultKind::ResetOnConnect {}, Broken::Reset(Vec::new())),
    ] {
        let shop = Shop::open();
        shop.fault(Fault::new(kind));
        assert_eq!(shop.try_buy(&live("a")).unwrap_err(), outcome);
        assert!(shop.sandbox.ledger().is_empty());
        assert_eq!(shop.buy(&live("a")).status, 201);
    }
}

#[test]
fn a_lost_answer_leaves_the_order_bought() {
    let closed = Broken::Closed(Vec::new());
    let reset = Broken::Reset(Vec::new());
    for (kind, outcome) in [
        (FaultKind::AcceptThenClose {}, closed),
        (FaultKind::AcceptThenReset { after_bytes: 0 }, reset),
        (FaultKind::AcceptThenNeverAnswer { hold_ms: 1 }, Broken::Closed(Vec::new())),
    ] {
        let shop = shop_with(kind.clone());
        assert_eq!(shop.try_buy(&live("a")).unwrap_err(), outcome, "{kind:?}");
        assert_eq!(shop.bought("a"), 1, "{kind:?}");
        assert_eq!(shop.balance(), "990.50");
        assert_eq!(shop.look_up("a").json()[0]["status"], "accepted");
    }
}

#[test]
fn a_connection_that_was_to_stay_open_may_end_after_its_answer() {
    let shop = shop_with(FaultKind::AcceptThenHangUp {});
    let request = |id: &str| {
        let target = format!("{}/store/order", crate::client::BASE);
        request_bytes("POST", &target, &basic("till", "secret"), live(id).as_bytes())
    };
    let mut stream = connect(shop.sandbox.address());
    let answer = exchange(&mut stream, &request("a")).unwrap();
    assert_eq!((answer.status, answer.header("connection")), (201, None));
    assert!(exchange(&mut stream, &request("b")).is_err());
    assert_eq!((shop.bought("a"), shop.bought("b")), (1, 0));
}

#[test]
fn a_reset_may_come_within_the_answer() {
    let shop = shop_with(FaultKind::AcceptThenReset { after_bytes: 30 });
    match shop.try_buy(&live("a")).unwrap_err() {
        Broken::Reset(bytes) => assert!(bytes.len() <= 30, "{bytes:?}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(shop.bought("a"), 1);
}

#[test]
fn a_truncated_answer_ends_before_its_length() {
    for (keep_bytes, expected) in [(Some(5), 5), (Some(0), 0)] {
        let shop = shop_with(FaultKind::AcceptThenTruncated { keep_bytes });
        let Broken::Closed(bytes) = shop.try_buy(&live("a")).unwrap_err() else { panic!("not closed") };
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 201") && head.contains("Content-Length: "));
        assert_eq!(body.len(), expected);
        assert_eq!(shop.bought("a"), 1);
    }
}

#[test]
fn another_status_after_acceptance_leaves_the_order_bought() {
    for status in [400, 408, 429, 500, 502, 503, 504] {
        let shop = shop_with(FaultKind::AcceptThenStatus { status, retry_after_s: Some(2) });
        let answer = shop.buy(&live("a"));
        assert_eq!((answer.status, answer.header("retry-after")), (status, Some("2")));
        assert_eq!(shop.bought("a"), 1);
    }
}

#[test]
fn who_follows_a_redirect_buys_again() {
    for status in [307, 308] {
        let shop = shop_with(FaultKind::AcceptThenRedirect { status, location: None });
        let answer = shop.buy(&live("a"));
        assert_eq!(answer.status, status);
        let location = answer.header("location").unwrap();
        assert_eq!(shop.bought("a"), 1);
        let bytes = request_bytes("POST", location, &basic("till", "secret"), live("a").as_bytes());
        assert_eq!(exchange(&mut connect(shop.sandbox.address()), &bytes).unwrap().status, 201);
        assert_eq!(shop.bought("a"), 2);
    }
}

#[test]
fn unreadable_answers_leave_the_order_bought() {
    let shop = shop_with(FaultKind::AcceptThenHtml { status: 403 });
    let answer = shop.buy(&live("a"));
    assert_eq!(answer.status, 403);
    assert!(answer.text().starts_with("<!DOCTYPE html>"));
    shop.fault(Fault::new(FaultKind::AcceptThenNotJson {}));
    let answer = shop.buy(&live("b"));
    assert_eq!(answer.status, 201);
    assert!(serde_json::from_slice::<Value>(&answer.body).is_err());
    shop.fault(Fault::new(FaultKind::AcceptThenEmpty { status: 200 }));
    let answer = shop.buy(&live("c"));
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    assert_eq!(shop.sandbox.ledger().len(), 3);
}

#[test]
fn a_slow_answer_is_whole_in_the_end() {
    let shop = shop_with(FaultKind::AcceptThenSlow { ms_per_byte: 0 });
    assert_eq!(shop.buy(&live("a")).json()[0]["user_uid"], "a");
    assert_eq!(shop.bought("a"), 1);
}

#[test]
fn a_lying_answer_leaves_the_ledger_true() {
    let two = format!("[{},{}]", top_up("a", ""), top_up("b", ""));
    let ids = |told: &Value| -> Vec<String> {
        told.as_array().unwrap().iter().map(|order| order["user_uid"].as_str().unwrap().to_owned()).collect()
    };
    for (change, expected) in [
        (Change::DropElement, vec!["b"]),
        (Change::DoubleElement, vec!["a", "a", "b"]),
        (Change::TwoRecords, vec!["a", "a", "b"]),
        (Change::ReverseElements, vec!["b", "a"]),
        (Change::UserUid, vec!["x", "b"]),
    ] {
        let value = (change == Change::UserUid).then_some("x");
        let shop = shop_with(mangle(change, value));
        let told = shop.buy(&two).json();
        assert_eq!(ids(&told), expected, "{change:?}");
        assert_eq!(told[0]["uid"] == told[1]["uid"], change == Change::DoubleElement, "{change:?}");
        assert_eq!((shop.bought("a"), shop.bought("b"), shop.bought("x")), (1, 1, 0));
    }
}

#[test]
fn each_change_of_a_record_is_seen_and_only_once() {
    for (change, value, path, expected) in [
        (Change::Uid, None, "/0/uid", "\"0101-000000-99\""),
        (Change::FaceValue, None, "/0/face_value", "11"),
        (Change::FaceValue, Some("10.01"), "/0/face_value", "10.01"),
        (Change::FaceValueCurrency, Some("EUR"), "/0/face_value_currency", "\"EUR\""),
        (Change::FaceValueId, None, "/0/face_value_id", "1112"),
        (Change::Beneficiary, None, "/0/beneficiary_information/0/value", "\"+41790000000\""),
        (Change::Scenario, None, "/0/scenario", "\"live\""),
        (Change::Cost, None, "/0/cost", "10.5"),
        (Change::Status, None, "/0/status", "\"in_limbo\""),
        (Change::Status, Some("failed"), "/0/status", "\"failed\""),
        (Change::ResponseCode, None, "/0/response_code", "\"ZZ\""),
        (Change::ExtraFields, None, "/0/loyalty_points", "17"),
        (Change::Date, Some("2001-01-01 00:00:00"), "/0/date", "\"2001-01-01 00:00:00\""),
    ] {
        let shop = Shop::open();
        shop.buy(&simulated("a"));
        let truth = shop.look_up("a").json();
        shop.fault(Fault::new(mangle(change, value)).on("getOrder").for_order("a"));
        let told = shop.look_up("a").json();
        assert_eq!(told.pointer(path).unwrap().to_string(), expected, "{change:?}");
        assert_ne!(truth.pointer(path), told.pointer(path), "{change:?}");
        assert_eq!(shop.look_up("a").json(), truth, "{change:?}");
    }
}

#[test]
fn a_hidden_order_appears_after_its_time() {
    let shop = shop_with(FaultKind::HideOrder { for_ms: 60_000 });
    shop.fault(Fault::new(FaultKind::AcceptThenClose {}).on("createOrder"));
    assert!(shop.try_buy(&live("a")).is_err(), "both faults strike one request");
    assert_eq!(shop.bought("a"), 1);
    assert_eq!(shop.look_up("a").status, 404);
    shop.sandbox.advance(59_999);
    assert_eq!(shop.look_up("a").status, 404);
    shop.sandbox.advance(1);
    assert_eq!(shop.look_up("a").json()[0]["status"], "success");
}

#[test]
fn lost_rights_hide_every_order_until_they_are_given_back() {
    let shop = Shop::open();
    shop.buy(&live("a"));
    for balance_status in [None, Some(401), Some(403)] {
        shop.fault(Fault::new(FaultKind::LostRights { balance_status }).for_account("till"));
        for _ in 0..3 {
            assert_eq!(shop.look_up("a").status, 404);
            assert_eq!(shop.get("/customer/balance").status, balance_status.unwrap_or(200));
        }
        assert_eq!(shop.buy(&live("b")).status, 201, "buying goes on");
        assert_eq!(shop.sandbox.clear_faults(), 1);
        assert_eq!(shop.look_up("a").status, 200);
    }
}

#[test]
fn an_outcome_can_be_ordered_or_withheld() {
    let shop = Shop::open();
    let outcome = |status, code: Option<&str>| FaultKind::Outcome {
        status,
        response_code: code.map(str::to_owned),
        after_ms: 10_000,
    };
    shop.fault(Fault::new(outcome(OrderState::Failed, Some("77"))).for_order("a"));
    shop.fault(Fault::new(outcome(OrderState::Accepted, None)).for_order("b"));
    shop.buy(&live("a"));
    shop.buy(&live("b"));
    shop.sandbox.advance(9_999);
    assert_eq!(shop.look_up("a").json()[0]["status"], "accepted");
    shop.sandbox.advance(1);
    assert_eq!(shop.look_up("a").json()[0]["response_code"], "77");
    shop.sandbox.advance(90 * 86_400_000);
    assert_eq!(shop.look_up("b").json()[0]["status"], "accepted");
    assert_eq!(shop.balance(), "990.50");
}

#[test]
fn a_final_status_can_be_contradicted_and_money_follows() {
    for (first, then, balances) in [
        (OrderState::Success, OrderState::Failed, ["990.50", "1000.00"]),
        (OrderState::Failed, OrderState::Success, ["1000.00", "990.50"]),
    ] {
        let shop = shop_with(FaultKind::Contradict { first, then, after_ms: 60_000 });
        shop.buy(&live("a"));
        shop.sandbox.advance(5_000);
        assert_eq!(shop.look_up("a").json()[0]["status"], first.text());
        assert_eq!(shop.balance(), balances[0]);
        shop.sandbox.advance(60_000);
        assert_eq!(shop.look_up("a").json()[0]["status"], then.text());
        assert_eq!(shop.balance(), balances[1]);
        let statuses: Vec<_> = shop.sandbox.ledger()[0].changes.iter().map(|change| change.status).collect();
        assert_eq!(statuses, [OrderState::Accepted, first, then]);
    }
}

#[test]
fn chances_depend_on_the_seed_alone() {
    let run = |seed| -> Vec<u16> {
        let shop = Shop::with(tillgate_sandbox::SandboxConfig { seed, ..crate::client::still() });
        shop.fault(Fault::new(refuse(503)).on("createOrder").with_probability(0.5));
        (0..40).map(|_| shop.buy(&simulated("a")).status).collect()
    };
    let first = run(1);
    assert_eq!(first, run(1));
    assert_ne!(first, run(2));
    assert!(first.contains(&503) && first.contains(&201));
}

#[test]
fn senseless_faults_are_refused() {
    let shop = Shop::open();
    for fault in [
        Fault::new(FaultKind::CloseAfterBody {}).on("buyEverything"),
        Fault::new(FaultKind::CloseOnConnect {}).on("createOrder"),
        Fault::new(FaultKind::ResetDuringBody { after_bytes: 1 }).on("createOrder").for_order("a"),
        Fault::new(refuse(700)),
        Fault::new(refuse(500)).with_probability(1.5),
        Fault::new(FaultKind::Contradict {
            first: OrderState::Failed,
            then: OrderState::Failed,
            after_ms: 1,
        }),
    ] {
        assert!(shop.sandbox.order_fault(fault.clone()).is_err(), "{fault:?}");
    }
    assert_eq!(shop.sandbox.clear_faults(), 0);
}

#[test]
fn faults_strike_what_sells_nothing_too() {
    let shop = Shop::open();
    let verify = r#"{"method":"sms","number":"+41791234567"}"#;
    shop.fault(Fault::new(FaultKind::CloseAfterBody {}).on("phoneNumberVerificationRequest"));
    assert!(shop.try_ask("POST", "/verification/phone-number", verify).is_err());
    assert!(shop.sandbox.verifications().is_empty(), "nothing was done");
    shop.fault(Fault::new(FaultKind::AcceptThenClose {}).on("phoneNumberVerificationRequest"));
    assert!(shop.try_ask("POST", "/verification/phone-number", verify).is_err());
    assert_eq!(shop.sandbox.verifications().len(), 1, "done, and the answer lost");

    let failing = FaultKind::AcceptThenStatus { status: 503, retry_after_s: None };
    shop.fault(Fault::new(failing).on("putActive").for_account("till"));
    assert_eq!(shop.ask("PUT", "/gift-card/123456789/active?active=false", "").status, 503);
    assert_eq!(shop.get("/gift-card/123456789/active").json()["active"], false, "done all the same");
    assert_eq!(shop.sandbox.requests().last().unwrap().faults, [""; 0]);
}
