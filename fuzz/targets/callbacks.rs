//! Bytes that anybody may post to a till as a callback (rule 11).
//!
//! The till has one order that the gateway accepted. Whatever is posted:
//!
//! * it is answered with 200, 400 or 413, and at most 1,000 orders are counted, none more often than the bytes name ids;
//! * only what is a list can be a callback, judged by another reading;
//! * the order is as it was, and the gateway is asked about it once at most, which it is only if the callback named it.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use tillgate::testing::inner::{self, NetworkAnswer};
use tillgate::{
    BeneficiaryField, CallbackRequest, CysendAccount, Decimal, Money, NewOrder, Order, OrderState, Till,
};
use tillgate_fuzz::world::{self, World};

/// Orders that one callback may name.
const IDS_MAX: u32 = 1_000;

struct Shop {
    world: World,
    till: Arc<Till>,
    _folder: tempfile::TempDir,
}

thread_local! {
    static SHOP: Shop = open();
}

fuzz_target!(|body: &[u8]| {
    SHOP.with(|shop| {
        let before = shop.order();
        // Look-ups learn nothing, so that all that could move the order is the callback.
        inner::answer_with(NetworkAnswer { status: 403, ..NetworkAnswer::default() });
        let till = shop.till.clone();
        let request = CallbackRequest { body: body.to_vec(), account: None };
        let answer = shop.world.run(async move { till.handle_callback(request).await }).expect("an answer");
        shop.world.settle();
        let (known, unknown) = (answer.known_orders, answer.unknown_orders);
        assert!(matches!(answer.http_status, 200 | 400 | 413), "{}", answer.http_status);
        assert!(known <= 1 && known + unknown <= IDS_MAX);
        let named =
            body.windows(8).filter(|part| part.starts_with(b"user_uid") || part.contains(&b'\\')).count();
        assert!((known + unknown) as usize <= named, "{known} and {unknown} of {named}");
        if answer.http_status != 200 {
            assert_eq!((known, unknown), (0, 0));
        } else {
            // Bytes that are no text may stand in fields that nobody reads.
            let text = String::from_utf8_lossy(body);
            assert!(
                serde_json::from_str::<Vec<&serde_json::value::RawValue>>(&text).is_ok(),
                "it is no list"
            );
        }
        assert!(inner::calls_answered() <= known, "{} look-ups for {known} orders", inner::calls_answered());
        assert_eq!(shop.order(), before, "a callback moved the order");
        // The hint is worked off: the next one finds the same till.
        shop.world.quiet();
        shop.world.settle();
        let after = shop.order();
        assert_eq!((after.state, after.failure, after.review), (before.state, before.failure, before.review));
    });
});

impl Shop {
    fn order(&self) -> Order {
        let till = self.till.clone();
        self.world.run(async move { till.order("A1".into()).await }).expect("the order")
    }
}

fn open() -> Shop {
    let world = World::new();
    let folder = world::journal_folder();
    let config = world::till_config(folder.path());
    let clock = Arc::new(world.clock.clone());
    let till = world.run(async move { Till::open_with_clock(config, clock).await }).expect("a till");
    let account = CysendAccount { client: world.client(), name: None };
    let attaching = till.clone();
    world.run(async move { attaching.attach_cysend(account).await }).expect("the account");
    let accepted = br#"[{"uid":"1111-222222-33","user_uid":"A1","date":"2026-03-01T12:00:00Z","face_value_id":1111,
        "face_value":10.00,"face_value_currency":"CHF","scenario":"simulate-success","cost":9.50,"currency":"CHF",
        "beneficiary_information":[{"name":"mobile","value":"+41791234567"}],"status":"accepted"}]"#;
    inner::answer_with(NetworkAnswer { status: 201, body: accepted.to_vec(), ..NetworkAnswer::default() });
    let buying = till.clone();
    let order = world.run(async move {
        let order = NewOrder {
            beneficiary: vec![BeneficiaryField { name: "mobile".into(), value: "+41791234567".into() }],
            ..NewOrder::new("A1", "1111", Money::new(Decimal::new(1000, 2), "CHF"), "simulate-success")
        };
        buying.buy(order).await
    });
    assert_eq!(order.expect("the order").state, OrderState::Accepted);
    world.settle();
    Shop { world, till, _folder: folder }
}
