//! The receiver of callbacks, over real sockets: what it takes in, what it refuses, how it ends. A gateway in memory stands
//! behind the till, so that each look-up is seen. `storm` is the receiver at its worst, with the sandbox behind it.

mod caller;
mod ending;
mod refusing;
mod storm;
mod tls;

use std::sync::Arc;

use caller::{Caller, post};
use tillgate::orders::adapter::EvidenceStatus;
use tillgate::{
    CallbackReceiver, CallbackReceiverConfig, CallbackReceiverStatus, CysendOrderStatus, ManualClock,
    OrderState, Secret, Till,
};

use crate::rules::gateway::{Handle, order, with_look_up};
use crate::rules::{World, code, noon, run_on_threads as run};

const PATH: &str = "/hooks/k7Gd93hXw_0aZpLq-5vTnE2y";

/// Looks that a test takes at a counter before it calls the promise broken.
const LOOKS_MAX: usize = 100_000;

fn config() -> CallbackReceiverConfig {
    CallbackReceiverConfig { path: Some(Secret::new(PATH.into())), ..Default::default() }
}

/// A till with one order, accepted, and a receiver whose clock is the test's.
struct Receiving {
    world: World,
    /// The receiver's own, so that its patience is not the till's.
    clock: ManualClock,
    receiver: Arc<CallbackReceiver>,
    caller: Caller,
}

impl Receiving {
    async fn new(config: CallbackReceiverConfig) -> Self {
        let world = World::new(with_look_up()).await;
        world.till.buy(order("a1")).await.unwrap();
        let clock = ManualClock::new(noon());
        let receiver =
            world.till.receive_callbacks_with_clock(config, Arc::new(clock.clone())).await.unwrap();
        let caller = Caller::to(&receiver.callback_url());
        Self { world, clock, receiver, caller }
    }

    async fn status(&self) -> CallbackReceiverStatus {
        self.receiver.status().await.unwrap()
    }

    /// Waits until the counters are as wanted.
    async fn counted(
        &self,
        what: &str,
        wanted: impl Fn(&CallbackReceiverStatus) -> bool,
    ) -> CallbackReceiverStatus {
        counted(&self.receiver, what, wanted).await
    }
}

async fn counted(
    receiver: &CallbackReceiver,
    what: &str,
    wanted: impl Fn(&CallbackReceiverStatus) -> bool,
) -> CallbackReceiverStatus {
    for _ in 0..LOOKS_MAX {
        let status = receiver.status().await.unwrap();
        if wanted(&status) {
            return status;
        }
        std::thread::yield_now();
    }
    panic!("{what} never happened: {:#?}", receiver.status().await.unwrap());
}

/// Every connection that has ended was counted once.
fn assert_complete(status: &CallbackReceiverStatus) {
    let refused = status.wrong_path
        + status.wrong_method
        + status.too_large
        + status.too_slow
        + status.too_many
        + status.not_readable
        + status.not_committed;
    let ended = status.connections - u64::from(status.connections_open);
    assert_eq!(status.handled + refused + status.broken_off, ended, "{status:#?}");
}

#[test]
fn a_callback_is_written_down_then_answered_and_only_the_look_up_moves_the_order() {
    run(async {
        let shop = Receiving::new(config()).await;
        assert_eq!(shop.caller.send(post(PATH, "hint:a1")).await.status, 200);
        shop.world.soon("the look-up", || shop.world.gateway.calls("look_up a1") == 1).await;
        shop.world.clock.settle().await;
        assert_eq!(shop.world.state("a1").await, OrderState::Accepted, "a forged success moves nothing");
        shop.world.gateway.set_status("a1", EvidenceStatus::Succeeded, "success");
        assert_eq!(shop.caller.send(post(PATH, "hint:a1,nobody")).await.status, 200);
        shop.world.until("a1", |o| o.state == OrderState::Succeeded).await;
        let status = shop.counted("the end of both", |s| s.connections_open == 0).await;
        assert_eq!((status.handled, status.known_orders, status.unknown_orders), (2, 2, 1));
        assert_complete(&status);
    });
}

#[test]
fn the_address_is_where_it_listens_or_what_the_proxy_is_called() {
    run(async {
        let shop = Receiving::new(config()).await;
        let address = shop.status().await.address;
        assert_eq!(shop.receiver.callback_url(), format!("http://{address}{PATH}"));

        let behind =
            CallbackReceiverConfig { public_url: Some("https://shop.example/cysend/".into()), ..config() };
        let receiver = shop.world.till.receive_callbacks(behind).await.unwrap();
        assert_eq!(receiver.callback_url(), format!("https://shop.example/cysend{PATH}"));
        // A proxy passes its own path on, or cuts it off.
        let caller = Caller::to(&format!("http://{}", receiver.status().await.unwrap().address));
        for path in [PATH.to_string(), format!("/cysend{PATH}")] {
            assert_eq!(caller.send(post(&path, "hint:a1")).await.status, 200, "{path}");
        }
        assert_eq!(caller.send(post(&format!("/other{PATH}"), "hint:a1")).await.status, 404);

        let minted = shop.world.till.receive_callbacks(Default::default()).await.unwrap();
        let again = shop.world.till.receive_callbacks(Default::default()).await.unwrap();
        let path = |r: &CallbackReceiver| r.callback_url().rsplit('/').next().unwrap().to_string();
        assert_ne!(path(&minted), path(&again));
        assert!(path(&minted).len() >= 22);
    });
}

#[test]
fn a_process_that_only_reads_and_a_journal_in_quarantine_take_callbacks_in() {
    run(async {
        let world = World::new(with_look_up()).await;
        world.till.buy(order("a1")).await.unwrap();
        let mut beside = world.config();
        beside.read_only = true;
        let beside = Till::open_with_clock(beside, Arc::new(world.clock.clone())).await.unwrap();
        beside.attach(None, Arc::new(Handle(world.gateway.clone()))).await.unwrap();
        let receiver = beside.receive_callbacks(config()).await.unwrap();
        let caller = Caller::to(&receiver.callback_url());
        assert_eq!(caller.send(post(PATH, "hint:a1")).await.status, 200);
        beside.close().await.unwrap();
        // The process that buys takes the hint up.
        world.gateway.set_status("a1", EvidenceStatus::Succeeded, "success");
        world.until("a1", |o| o.state == OrderState::Succeeded).await;
        world.till.close().await.unwrap();

        let mut elsewhere = world.config();
        elsewhere.installation_id = Some("another-till".into());
        let till = Till::open_with_clock(elsewhere, Arc::new(world.clock.clone())).await.unwrap();
        till.attach(None, Arc::new(Handle(world.gateway.clone()))).await.unwrap();
        assert!(till.status().await.unwrap().quarantine.is_some());
        let receiver = till.receive_callbacks(config()).await.unwrap();
        let before = world.gateway.calls("look_up a1");
        assert_eq!(Caller::to(&receiver.callback_url()).send(post(PATH, "hint:a1")).await.status, 200);
        world.soon("the look-up", || world.gateway.calls("look_up a1") > before).await;
    });
}

#[test]
fn a_callback_made_for_a_test_has_the_gateways_form_and_moves_nothing() {
    run(async {
        let shop = storm::Shop::open(storm::quick()).await;
        let bought = shop.till.buy(storm::top_up("a1", "")).await.unwrap();
        assert_eq!(bought.state, OrderState::Accepted);
        let request = tillgate::cysend_test_callback(bought.clone(), CysendOrderStatus::Success).unwrap();
        let told: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        let expected = serde_json::json!([{
            "uid": bought.gateway_uid, "user_uid": "a1", "date": bought.gateway_date.unwrap().to_string(),
            "face_value_id": 1111, "face_value": 10, "face_value_currency": "CHF", "scenario": "live",
            "cost": told[0]["cost"], "currency": "CHF",
            "beneficiary_information": [{"name": "mobile", "value": "+41791234567"}],
            "status": "success", "response_code": "00", "response_title": "Transaction successful",
            "response_description": "A callback made for a test.",
        }]);
        assert_eq!(told, expected);
        assert!(told[0]["cost"].is_number());
        let answer = shop.till.handle_callback(request).await.unwrap();
        assert_eq!((answer.http_status, answer.known_orders), (200, 1));
        shop.looked_up(1).await;
        assert_eq!(shop.till.order("a1".into()).await.unwrap().state, OrderState::Accepted);

        let mut other = bought;
        other.product = "a voucher".into();
        let error = tillgate::cysend_test_callback(other, CysendOrderStatus::Failed);
        assert_eq!(code(&error), "invalid_argument");
    });
}
