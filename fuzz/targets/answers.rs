//! Whatever is answered to a call of CY.SEND, the client says no more than was said.
//!
//! The first byte chooses the operation, the next two the status and a header, the rest is the body.
//!
//! * It never panics (that would be told as `internal`), and sends a read at most three times and all else once.
//! * What changes something is `refused` only by a documented status with the gateway's own error.
//! * Records come only with a status that says yes. What orders, costs and the balance tell stood on the wire: amounts to the last
//!   digit, ids and statuses to the last letter. The records of the other operations are not compared, face values and gift
//!   cards among them.
#![no_main]

use std::collections::HashMap;
use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;
use tillgate::testing::inner::{self, NetworkAnswer};
use tillgate::*;
use tillgate_fuzz::number::digits;
use tillgate_fuzz::own_words::{REFUSALS, may_be_own};
use tillgate_fuzz::world::{self, World};

struct Clients {
    world: World,
    user: Arc<CysendClient>,
    token: Arc<CysendClient>,
}

thread_local! {
    static CLIENTS: Clients = {
        let world = World::new();
        Clients { user: world.client(), token: world.client_with_token(), world }
    };
}

fuzz_target!(|data: &[u8]| {
    let [operation, status, header, body @ ..] = data else { return };
    let answer = world::answer([*status, *header], body);
    CLIENTS.with(|clients| {
        clients.world.quiet();
        inner::answer_with(answer.clone());
        call(clients, *operation, &answer);
    });
});

/// What the call of an operation may do.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Read,
    Else,
}
use Kind::{Else, Read};

fn call(clients: &Clients, operation: u8, answer: &NetworkAnswer) {
    let Clients { world, user, token } = clients;
    let (user, token) = (user.clone(), token.clone());
    let secret = || Secret::new("4711081547110815".into());
    macro_rules! ask {
        ($kind:expr, $client:ident.$method:ident($($argument:expr),*)) => {{
            let told = world.run(async move { $client.$method($($argument),*).await });
            judge(stringify!($method), $kind, &told, answer);
            told
        }};
    }
    match operation % 26 {
        0 => compare_orders(ask!(Else, user.create_order(vec![order()])), answer),
        1 => {
            let query = CysendOrderQuery { uid: None, user_uid: Some("A1".into()) };
            compare_orders(ask!(Read, user.get_order(query)), answer);
        }
        2 => {
            let request = CysendForceCallbackRequest { uid: "1111-222222-33".into(), user_uid: "A1".into() };
            ask!(Else, user.force_callback(request)).ok();
        }
        3 => compare_costs(ask!(Read, user.get_product_cost(vec![cost()])), answer),
        4 => drop(ask!(Read, user.get_responses())),
        5 => drop(ask!(Read, user.get_catalogue(CysendCatalogueFilter::default()))),
        6 => drop(ask!(Read, user.get_countries(CysendCountryFilter::default()))),
        7 => drop(ask!(Read, user.get_categories(CysendCategoryFilter::default()))),
        8 => drop(ask!(Read, user.get_products(CysendProductFilter::default()))),
        9 => drop(ask!(Read, user.get_face_values(CysendFaceValueFilter::default()))),
        10 => drop(ask!(Read, user.get_maintenance(None))),
        11 => drop(ask!(Read, user.get_promotions(None))),
        12 => compare_balance(ask!(Read, user.balance()), answer),
        13 => drop(ask!(Read, user.ping())),
        14 => drop(ask!(Read, user.get_errors())),
        15 => drop(ask!(Read, token.get_access_token())),
        16 => {
            let options = CysendTokenOptions { ip_restricted: false, authorized_ips: None, ttl_s: None };
            drop(ask!(Else, user.create_access_token(options)));
        }
        17 => drop(ask!(Else, user.get_gift_card(secret()))),
        18 => drop(ask!(Else, user.get_active(secret()))),
        19 => drop(ask!(Else, user.put_active(secret(), true))),
        20 => drop(ask!(Read, user.get_subscriptions())),
        21 => drop(ask!(Read, user.get_notification_resource_types())),
        22 => drop(ask!(Read, user.get_notification_events())),
        23 => drop(ask!(Read, user.get_notification_channels())),
        24 => {
            let request = CysendVerificationRequest {
                method: CysendVerificationMethod::Sms,
                number: "+41791234567".into(),
                template_id: None,
                language: None,
            };
            drop(ask!(Else, user.phone_number_verification_request(request)));
        }
        _ => {
            let verification = CysendVerification {
                uid: "12345678".into(),
                method: CysendVerificationMethod::Sms,
                code: Secret::new("1234".into()),
            };
            drop(ask!(Else, user.phone_number_verify(verification)));
        }
    }
}

fn order() -> CysendOrderRequest {
    CysendOrderRequest {
        user_uid: "A1".into(),
        face_value_id: 1111,
        face_value: Decimal::new(1000, 2),
        face_value_currency: "CHF".into(),
        scenario: CysendOrderScenario::SimulateSuccess,
        beneficiary_information: vec![CysendBeneficiary::new("mobile", "+41791234567")],
        gift_card_code: None,
        callback_url: None,
        notifications: Vec::new(),
    }
}

fn cost() -> CysendCostRequest {
    CysendCostRequest {
        face_value_id: 1111,
        face_value: Decimal::new(1000, 2),
        face_value_currency: "CHF".into(),
        beneficiary_information: vec![CysendBeneficiary::new("mobile", "+41791234567")],
        gift_card_code: None,
    }
}

fn judge<T>(method: &str, kind: Kind, told: &Result<T>, answer: &NetworkAnswer) {
    let calls = inner::calls_answered();
    let calls_max = if kind == Read { 3 } else { 1 };
    assert!((1..=calls_max).contains(&calls), "{method} was sent {calls} times, answered {}", answer.status);
    let error = match told {
        Ok(_) => {
            assert!((200..300).contains(&answer.status), "{method}: {} said yes", answer.status);
            return;
        }
        Err(error) => error,
    };
    assert_ne!(error.code(), "internal", "{method}: {error}");
    match error.outcome() {
        Outcome::Refused if kind == Read => assert!((400..500).contains(&answer.status), "{method}: {error}"),
        Outcome::Refused => assert!(
            REFUSALS.contains(&answer.status) && may_be_own(&answer.body),
            "{method} was told as refused by {} {:?}",
            answer.status,
            String::from_utf8_lossy(&answer.body)
        ),
        Outcome::Unknown => {}
        other => panic!("{method} was answered, and told as {other:?}: {error}"),
    }
}

/// A record's fields, as they stood on the wire.
type Fields = HashMap<String, Box<RawValue>>;

fn records(answer: &NetworkAnswer) -> Vec<Fields> {
    serde_json::from_slice(&answer.body).expect("what was told as a list of records is one")
}

fn same_amount(told: &Decimal, wire: &Fields, name: &str) {
    let wire = wire.get(name).expect("an amount that is told was on the wire").get();
    assert_eq!(digits(&told.to_string()), digits(wire), "{wire} was told as {told}");
}

fn same_text(told: &str, wire: &Fields, name: &str) {
    let wire = wire.get(name).expect("a text that is told was on the wire").get();
    assert_eq!(
        serde_json::from_str::<String>(wire).ok().as_deref(),
        Some(told),
        "{wire} was told as {told:?}"
    );
}

fn compare_orders(told: Result<Vec<CysendOrder>>, answer: &NetworkAnswer) {
    let Ok(orders) = told else { return };
    if answer.status == 204 {
        return assert!(orders.is_empty());
    }
    let wire = records(answer);
    assert_eq!(orders.len(), wire.len());
    for (order, wire) in orders.iter().zip(&wire) {
        same_text(&order.uid, wire, "uid");
        same_text(&order.user_uid, wire, "user_uid");
        same_text(order.status.as_str(), wire, "status");
        same_text(&order.face_value_currency, wire, "face_value_currency");
        same_amount(&order.face_value, wire, "face_value");
        same_amount(&order.face_value_id.into(), wire, "face_value_id");
        if let Some(cost) = &order.cost {
            same_amount(cost, wire, "cost");
        }
        for (name, kept) in &order.extra {
            assert_eq!(wire.get(name).map(|raw| raw.get()), Some(kept.as_str()), "{name}");
        }
        let known = |name: &str| KNOWN_OF_ORDERS.contains(&name);
        for name in wire.keys().filter(|name| !known(name)) {
            assert!(order.extra.contains_key(name), "the field {name:?} is lost");
        }
    }
}

const KNOWN_OF_ORDERS: [&str; 18] = [
    "uid",
    "user_uid",
    "date",
    "face_value_id",
    "face_value",
    "face_value_currency",
    "gift_card_code",
    "scenario",
    "callback_url",
    "cost",
    "currency",
    "beneficiary_information",
    "issuer_reference",
    "prepaid_code",
    "status",
    "response_code",
    "response_title",
    "response_description",
];

fn compare_costs(told: Result<Vec<CysendCost>>, answer: &NetworkAnswer) {
    let Ok(costs) = told else { return };
    if answer.status == 204 {
        return assert!(costs.is_empty());
    }
    let wire = records(answer);
    assert_eq!(costs.len(), wire.len());
    for (cost, wire) in costs.iter().zip(&wire) {
        same_amount(&cost.face_value, wire, "face_value");
        same_amount(&cost.cost, wire, "cost");
        same_text(&cost.currency, wire, "currency");
    }
}

fn compare_balance(told: Result<CysendBalance>, answer: &NetworkAnswer) {
    let Ok(balance) = told else { return };
    let wire: Fields = serde_json::from_slice(&answer.body).expect("an object");
    same_amount(&balance.balance, &wire, "balance");
    same_text(&balance.currency, &wire, "currency");
}
