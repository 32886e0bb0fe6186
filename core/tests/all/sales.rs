//! Sales through CY.SEND's protocol, end to end: a till, the real client, and the sandbox, which alone knows what was bought. Each
//! case names the exact state that the order must end in.

use std::sync::Arc;
use std::time::Duration;

use tillgate::{
    BeneficiaryField, CallbackRequest, Clock, CysendAccount, CysendClient, CysendConfig, CysendCredentials,
    CysendOrderScenario, Decimal, FailureReason, JournalKey, ManualClock, Money, NewOrder, Order, OrderState,
    Secret, Till, TillConfig, Timestamp, TransportConfig,
};
use tillgate_sandbox::{Change, Fault, FaultKind, OrderState as At, Sandbox, SandboxConfig};

struct Shop {
    sandbox: Sandbox,
    clock: ManualClock,
    till: Arc<Till>,
    _dir: tempfile::TempDir,
}

fn run(body: impl Future<Output = ()>) {
    tillgate::block_on(async {
        body.await;
        Ok(())
    })
    .unwrap();
}

fn order(id: &str) -> NewOrder {
    NewOrder {
        beneficiary: vec![BeneficiaryField { name: "mobile".into(), value: "+41791234567".into() }],
        ..NewOrder::new(id, "1111", Money::new(Decimal::from(10), "CHF"), "live")
    }
}

impl Shop {
    async fn open(password: &str) -> Self {
        let sandbox = Sandbox::start_blocking(SandboxConfig { speed: 0.0, ..Default::default() }).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let clock = ManualClock::new(Timestamp::now());
        let config = TillConfig {
            create: true,
            key: Some(JournalKey { id: "k".into(), key: tillgate::new_journal_key() }),
            ..TillConfig::new(dir.path().join("journal").to_str().unwrap())
        };
        let till = Till::open_with_clock(config, Arc::new(clock.clone())).await.unwrap();
        let client = CysendClient::new(CysendConfig {
            credentials: CysendCredentials {
                user: Some("till".into()),
                password: Some(Secret::new(password.into())),
                token: None,
            },
            base_url: Some(sandbox.url().to_string()),
            transport: Some(TransportConfig {
                read_timeout_ms: Some(1_500),
                total_timeout_ms: Some(3_000),
                ..Default::default()
            }),
            ..CysendConfig::default()
        })
        .unwrap();
        till.attach_cysend(CysendAccount { client, name: None }).await.unwrap();
        Self { sandbox, clock, till, _dir: dir }
    }

    fn bought(&self, id: &str) -> usize {
        self.sandbox.ledger().iter().filter(|row| row.user_uid == id).count()
    }

    /// Lets time pass on both sides until the order is as wanted.
    async fn until(&self, id: &str, wanted: impl Fn(&Order) -> bool) -> Order {
        for _ in 0..3_000 {
            let order = self.till.order(id.into()).await.unwrap();
            if wanted(&order) {
                return order;
            }
            // What is on its way over real sockets is let to arrive before time goes on.
            self.sandbox.idle_blocking();
            self.clock.settle().await;
            let before = self.clock.elapsed();
            if self.clock.advance_to_next() {
                let moved = self.clock.elapsed() - before;
                self.sandbox.advance(moved.as_millis() as u64);
            }
        }
        panic!("{id} never became what it must: {:#?}", self.till.order(id.into()).await.unwrap());
    }
}

/// What an order under one fault must come to.
struct Case {
    name: &'static str,
    fault: FaultKind,
    on: &'static str,
    state: OrderState,
    failure: Option<FailureReason>,
    bought: usize,
}

fn case(name: &'static str, fault: FaultKind, state: OrderState) -> Case {
    let bought = usize::from(state == OrderState::Succeeded);
    let failure = (state == OrderState::Failed).then_some(FailureReason::Absent);
    Case { name, fault, on: "createOrder", state, failure, bought }
}

fn refuse(status: u16) -> FaultKind {
    FaultKind::Refuse {
        status,
        code: Some("API_1".into()),
        message: Some("no".into()),
        information: None,
        retry_after_s: None,
        body: None,
        content_type: None,
    }
}

fn cases() -> Vec<Case> {
    use FaultKind::*;
    use OrderState::{Failed, Succeeded};
    let status = |status| AcceptThenStatus { status, retry_after_s: None };
    let mangle = |change, value: Option<&str>| Mangle { change, value: value.map(str::to_string) };
    let refused = |name, fault| Case { failure: Some(FailureReason::Refused), ..case(name, fault, Failed) };
    let look_up = |case: Case| Case { on: "getOrder", ..case };
    vec![
        case("reset before the body", ResetBeforeBody {}, Failed),
        case("reset during the body", ResetDuringBody { after_bytes: 20 }, Failed),
        case("reset after the body", ResetAfterBody {}, Failed),
        case("closed after the body", CloseAfterBody {}, Failed),
        case("never answered", NeverAnswer { hold_ms: 10_000 }, Failed),
        refused("400 in the gateway's words", refuse(400)),
        refused("401", refuse(401)),
        refused("402", refuse(402)),
        refused("404", refuse(404)),
        case("403 is no documented refusal of an order", refuse(403), Failed),
        case("429", refuse(429), Failed),
        case("accepted, then reset", AcceptThenReset { after_bytes: 0 }, Succeeded),
        case("accepted, then reset in the answer", AcceptThenReset { after_bytes: 60 }, Succeeded),
        case("accepted, then closed", AcceptThenClose {}, Succeeded),
        case("accepted, then silence", AcceptThenNeverAnswer { hold_ms: 10_000 }, Succeeded),
        case("accepted, then 307", AcceptThenRedirect { status: 307, location: None }, Succeeded),
        case("accepted, then 308", AcceptThenRedirect { status: 308, location: None }, Succeeded),
        case("accepted, then 400", status(400), Failed),
        case("accepted, then 408", status(408), Succeeded),
        case("accepted, then 429", status(429), Succeeded),
        case("accepted, then 500", status(500), Succeeded),
        case("accepted, then 502", status(502), Succeeded),
        case("accepted, then 503", status(503), Succeeded),
        case("accepted, then 504", status(504), Succeeded),
        case("accepted, then a proxy's 403", AcceptThenHtml { status: 403 }, Succeeded),
        case("accepted, then a proxy's 404", AcceptThenHtml { status: 404 }, Succeeded),
        case("accepted, then half an answer", AcceptThenTruncated { keep_bytes: None }, Succeeded),
        case("accepted, then no JSON", AcceptThenNotJson {}, Succeeded),
        case("accepted, then nothing", AcceptThenEmpty { status: 200 }, Succeeded),
        case("accepted, then a hang-up", AcceptThenHangUp {}, Succeeded),
        case("another id in the answer", mangle(Change::UserUid, Some("other")), Succeeded),
        case("no element in the answer", mangle(Change::DropElement, None), Succeeded),
        case("a doubled element", mangle(Change::DoubleElement, None), Succeeded),
        case("another amount in the answer", mangle(Change::FaceValue, Some("11")), Succeeded),
        case("an unknown status in the answer", mangle(Change::Status, Some("on_hold")), Succeeded),
        case("unknown fields", mangle(Change::ExtraFields, None), Succeeded),
        case("hidden for ten minutes", HideOrder { for_ms: 600_000 }, Succeeded),
        look_up(case("a look-up without an answer", CloseAfterBody {}, Succeeded)),
        look_up(case("a look-up refused with 404 once", refuse(404), Succeeded)),
        look_up(case("a look-up refused with 401 once", refuse(401), Succeeded)),
        look_up(case("a look-up with an unknown status", mangle(Change::Status, Some("on_hold")), Succeeded)),
    ]
}

#[test]
fn every_fault_on_the_way_ends_in_the_state_that_it_must() {
    run(async {
        for case in cases() {
            // "Accepted, then 400 in the gateway's own words" is a gateway that lies: a refusal is believed. What it really did
            // shows in the ledger alone.
            let lies = case.name == "accepted, then 400";
            let shop = Shop::open("secret").await;
            let fault = shop.sandbox.order_fault(Fault::new(case.fault.clone()).on(case.on)).unwrap();
            shop.till.buy(order("a1")).await.unwrap();
            let order = shop.until("a1", |o| o.state.is_final() || o.state == OrderState::NeedsReview).await;
            let (failure, bought) =
                if lies { (Some(FailureReason::Refused), 1) } else { (case.failure.clone(), case.bought) };
            assert_eq!((order.state, &order.failure), (case.state, &failure), "{}: {order:#?}", case.name);
            assert_eq!(shop.bought("a1"), bought, "{}", case.name);
            assert_eq!(order.conflict, None, "{}", case.name);
            assert_eq!(order.attempts.len(), 1, "{}", case.name);
            assert!(shop.sandbox.struck(fault).is_none_or(|times| times > 0), "{} never struck", case.name);
        }
    });
}

#[test]
fn an_account_that_loses_sight_of_its_orders_fails_none_of_them() {
    run(async {
        let shop = Shop::open("secret").await;
        shop.till.buy(order("known")).await.unwrap();
        shop.until("known", |o| o.state == OrderState::Succeeded).await;
        let fault = Fault::new(FaultKind::AcceptThenClose {}).on("createOrder");
        shop.sandbox.order_fault(fault).unwrap();
        let rights =
            shop.sandbox.order_fault(Fault::new(FaultKind::LostRights { balance_status: None })).unwrap();
        shop.till.buy(order("a1")).await.unwrap();
        let overdue = shop.until("a1", |o| o.overdue).await;
        assert_eq!(overdue.state, OrderState::Unknown, "every look-up says 404, and the balance is there");
        shop.sandbox.remove_fault(rights);
        let settled = shop.until("a1", |o| o.state.is_final()).await;
        assert_eq!((settled.state, shop.bought("a1")), (OrderState::Succeeded, 1));
    });
}

#[test]
fn a_closed_port_is_tried_again_and_expires() {
    run(async {
        let shop = Shop::open("secret").await;
        shop.sandbox.stop();
        let mut quick = order("a1");
        quick.submit_within_ms = Some(5_000);
        shop.till.enqueue(quick).await.unwrap();
        let order = shop.until("a1", |o| o.state.is_final()).await;
        assert_eq!(order.state, OrderState::Expired);
        let attempt = order.attempts.first().expect("one was made");
        assert!(attempt.advice.as_deref().is_some_and(|advice| !advice.is_empty()), "{attempt:?}");
    });
}

#[test]
fn a_wrong_password_refuses_and_says_what_to_do() {
    run(async {
        let shop = Shop::open("wrong").await;
        let order = shop.till.buy(order("a1")).await.unwrap();
        assert_eq!((order.state, order.failure), (OrderState::Failed, Some(FailureReason::Refused)));
        assert_eq!(order.attempts[0].http_status, Some(401));
        let advice = order.attempts[0].advice.as_deref().unwrap_or_default();
        assert!(advice.contains("password") || advice.contains("credentials"), "{advice}");
        assert_eq!(shop.bought("a1"), 0);
    });
}

#[test]
fn issuers_failures_contradictions_and_vouchers_are_told_as_they_are() {
    run(async {
        let shop = Shop::open("secret").await;
        let outcome =
            FaultKind::Outcome { status: At::Failed, response_code: Some("91".into()), after_ms: 1_000 };
        shop.sandbox.order_fault(Fault::new(outcome).for_order("failed")).unwrap();
        shop.till.buy(order("failed")).await.unwrap();
        let failed = shop.until("failed", |o| o.state.is_final()).await;
        assert_eq!((failed.state, failed.failure), (OrderState::Failed, Some(FailureReason::Issuer)));
        assert_eq!(failed.response_code.as_deref(), Some("91"));

        // Looked up after 1, 3, 7 and 15 seconds: a success from 5 on, and something else from 25 on.
        let contradict = FaultKind::Contradict { first: At::Success, then: At::Failed, after_ms: 20_000 };
        shop.sandbox.order_fault(Fault::new(contradict).for_order("fickle")).unwrap();
        shop.till.buy(order("fickle")).await.unwrap();
        let fickle = shop.until("fickle", |o| o.state.is_final()).await;
        assert_eq!(fickle.state, OrderState::Succeeded);
        shop.sandbox.advance(60_000);
        let body = br#"[{"user_uid": "fickle", "status": "success", "junk": 1}]"#.to_vec();
        let answer = shop.till.handle_callback(CallbackRequest { body, account: None }).await.unwrap();
        assert_eq!((answer.http_status, answer.known_orders), (200, 1));
        let fickle = shop.until("fickle", |o| o.conflict.is_some()).await;
        assert_eq!(fickle.state, OrderState::Succeeded, "final means final");

        let mut code = order("voucher");
        code.product = "3333".into();
        code.amount = Money::new(Decimal::from(25), "EUR");
        code.beneficiary.clear();
        code.scenario = CysendOrderScenario::SimulateSuccess.to_string();
        shop.till.buy(code).await.unwrap();
        let voucher = shop.until("voucher", |o| o.state.is_final()).await;
        assert_eq!((voucher.state, voucher.has_voucher, voucher.live), (OrderState::Succeeded, true, false));
        let revealed = shop.till.reveal("voucher".into()).await.unwrap();
        assert!(!revealed.code.unwrap().as_str().is_empty());
    });
}

#[test]
fn what_is_wrong_with_an_order_is_said_before_anything_is_written() {
    run(async {
        let shop = Shop::open("secret").await;
        let step = tillgate::AmountRange {
            minimum: Decimal::from(10),
            maximum: Decimal::from(100),
            step: Decimal::from(20),
        };
        type Change = Box<dyn Fn(&mut NewOrder)>;
        let wrong: Vec<(&str, Change)> = vec![
            ("id", Box::new(|o| o.id = String::new())),
            ("id", Box::new(|o| o.id = "a".repeat(33))),
            ("id", Box::new(|o| o.id = "a-1".into())),
            ("amount", Box::new(|o| o.amount.amount = Decimal::ZERO)),
            ("amount", Box::new(|o| o.amount.amount = Decimal::from(-10))),
            ("amount.currency", Box::new(|o| o.amount.currency = "chf".into())),
            (
                "amount",
                Box::new(move |o| {
                    o.amount.amount = Decimal::from(25);
                    o.amount_range = Some(step.clone());
                }),
            ),
            ("product", Box::new(|o| o.product = "ten francs".into())),
            ("scenario", Box::new(|o| o.scenario = "test".into())),
            ("beneficiary[1].name", Box::new(|o| o.beneficiary.push(o.beneficiary[0].clone()))),
            ("account", Box::new(|o| o.account = Some("nobody".into()))),
            ("callback_url", Box::new(|o| o.callback_url = Some("x".repeat(5_000)))),
            ("beneficiary[0].value", Box::new(|o| o.beneficiary[0].value = "7\0".into())),
            (r#"notes["till"]"#, Box::new(|o| drop(o.notes.insert("till".into(), "7".repeat(5_000))))),
            ("notes", Box::new(|o| drop(o.notes.insert("t".repeat(5_000), "7".into())))),
        ];
        for (field, change) in wrong {
            let mut order = order("a1");
            change(&mut order);
            let error = shop.till.buy(order).await.unwrap_err();
            assert_eq!(error.code(), "invalid_argument", "{field}");
            let told = error.details().field.clone().unwrap_or_default();
            assert_eq!(told, format!("order.{field}"));
        }
        assert!(shop.sandbox.requests().is_empty(), "nothing was sent");
        let none = shop.till.list(tillgate::OrderFilter { limit: 10, ..Default::default() }).await.unwrap();
        assert!(none.orders.is_empty(), "nothing was written");
        let mut absurd = order("a2");
        absurd.amount.amount = Decimal::MAX;
        assert_eq!(shop.till.buy(absurd).await.unwrap_err().code(), "invalid_argument");
        // What CY.SEND does not sell is its to refuse.
        for (id, product, amount, currency) in
            [("r1", "1111", 11, "CHF"), ("r2", "1111", 10, "EUR"), ("r3", "2222", 15, "CHF")]
        {
            let mut other = order(id);
            other.product = product.into();
            other.amount = Money::new(Decimal::from(amount), currency);
            let refused = shop.till.buy(other).await.unwrap();
            assert_eq!(refused.failure, Some(FailureReason::Refused), "{id}");
            assert!(refused.attempts[0].advice.is_some(), "{id}");
        }
        assert!(shop.sandbox.ledger().is_empty());
        shop.clock.advance(Duration::from_secs(1));
    });
}
