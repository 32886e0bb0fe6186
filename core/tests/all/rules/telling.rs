//! Rules 11 and 12: what is told to us, and what we tell.

use super::gateway::{Treat, order, with_look_up};
use super::{World, code, run};
use tillgate::orders::adapter::EvidenceStatus;
use tillgate::{CallbackRequest, OrderState, Till};

fn callback(body: &str) -> CallbackRequest {
    CallbackRequest { body: body.as_bytes().to_vec(), account: None }
}

#[test]
fn rule_11_a_callback_is_a_hint_until_proved() {
    run(async {
        let world = World::new(with_look_up()).await;
        world.till.buy(order("a1")).await.unwrap();
        let before = world.gateway.calls("look_up a1");
        let answer = world.till.handle_callback(callback("hint:a1")).await.unwrap();
        assert_eq!((answer.http_status, answer.known_orders), (200, 1));
        world.soon("the look-up", || world.gateway.calls("look_up a1") > before).await;
        world.settle().await;
        assert_eq!(world.state("a1").await, OrderState::Accepted, "a forged success moves nothing");
        world.gateway.set_status("a1", EvidenceStatus::Succeeded, "success");
        world.till.handle_callback(callback("hint:a1")).await.unwrap();
        world.until("a1", |o| o.state == OrderState::Succeeded).await;
    });
}

#[test]
fn callbacks_for_unknown_ids_get_200_and_are_counted_and_rubbish_gets_400() {
    run(async {
        let world = World::new(with_look_up()).await;
        let answer = world.till.handle_callback(callback("hint:nobody,,nobody")).await.unwrap();
        assert_eq!((answer.http_status, answer.known_orders, answer.unknown_orders), (200, 0, 2));
        assert_eq!(world.till.status().await.unwrap().unknown_callback_ids, 2);
        assert_eq!(world.till.handle_callback(callback("<html>")).await.unwrap().http_status, 400);
        let huge = CallbackRequest { body: vec![b'x'; (1 << 20) + 1], account: None };
        assert_eq!(world.till.handle_callback(huge).await.unwrap().http_status, 413);
    });
}

#[test]
fn many_callbacks_for_one_order_cause_few_look_ups() {
    run(async {
        let world = World::new(with_look_up()).await;
        world.till.buy(order("a1")).await.unwrap();
        let before = world.gateway.calls("look_up a1");
        for _ in 0..200 {
            world.till.handle_callback(callback("hint:a1")).await.unwrap();
        }
        world.pass(std::time::Duration::from_secs(3)).await;
        let made = world.gateway.calls("look_up a1") - before;
        assert!((1..=8).contains(&made), "{made} look-ups for 200 callbacks within three seconds");
    });
}

#[test]
fn many_callbacks_for_a_final_order_cause_few_look_ups_too() {
    run(async {
        let world = World::new(with_look_up()).await;
        world.gateway.treat([Treat::Do(EvidenceStatus::Succeeded)]);
        world.till.buy(order("a1")).await.unwrap();
        world.till.handle_callback(callback("hint:a1")).await.unwrap();
        world.soon("the look-up", || world.gateway.calls("look_up a1") == 1).await;
        for _ in 0..50 {
            world.till.handle_callback(callback("hint:a1")).await.unwrap();
            world.settle().await;
        }
        assert_eq!(world.gateway.calls("look_up a1"), 1, "no time has passed");
        world.pass(std::time::Duration::from_secs(1)).await;
        world.soon("the second look-up", || world.gateway.calls("look_up a1") == 2).await;
    });
}

#[test]
fn a_signed_success_settles_and_a_look_up_follows_all_the_same() {
    run(async {
        let world = World::new(with_look_up()).await;
        world.till.buy(order("a1")).await.unwrap();
        world.gateway.set_status("a1", EvidenceStatus::Failed, "failed");
        world.till.handle_callback(callback("signed:a1")).await.unwrap();
        assert_eq!(world.state("a1").await, OrderState::Succeeded);
        world.until("a1", |o| o.conflict.is_some()).await;
    });
}

#[test]
fn a_hint_survives_the_process_and_may_be_appended_by_another_one() {
    run(async {
        let mut world = World::new(with_look_up()).await;
        world.gateway.treat([Treat::Do(EvidenceStatus::Succeeded)]);
        world.till.buy(order("a1")).await.unwrap();
        world.gateway.set_status("a1", EvidenceStatus::Failed, "failed");
        let mut beside = world.config();
        beside.read_only = true;
        let beside = Till::open_with_clock(beside, std::sync::Arc::new(world.clock.clone())).await.unwrap();
        beside.attach(None, std::sync::Arc::new(super::Handle(world.gateway.clone()))).await.unwrap();
        assert_eq!(beside.handle_callback(callback("hint:a1")).await.unwrap().http_status, 200);
        assert_ne!(code(&beside.buy(order("b1")).await), "no error");
        drop(beside);
        world.reopen().await;
        world.until("a1", |o| o.conflict.is_some()).await;
    });
}

#[test]
fn rule_12_events_come_again_until_they_are_acknowledged() {
    run(async {
        let mut world = World::new(with_look_up()).await;
        world.till.buy(order("a1")).await.unwrap();
        world.till.buy(order("b1")).await.unwrap();
        world.gateway.set_status("a1", EvidenceStatus::Succeeded, "success");
        world.until("a1", |o| o.state == OrderState::Succeeded).await;
        let stream = world.till.events();
        let first = stream.next(0).await.unwrap().unwrap();
        assert_eq!((first.order.id.as_str(), first.order.state), ("a1", OrderState::Accepted));
        // It holds back its own order only.
        let other = stream.next(0).await.unwrap().unwrap();
        assert_eq!(other.order.id, "b1");
        assert_eq!(stream.next(0).await.unwrap(), None);
        // The next process is given the same one.
        world.reopen().await;
        let stream = world.till.events();
        let again = stream.next(0).await.unwrap().expect("not acknowledged, so it comes again");
        assert_eq!(again, first);
        stream.acknowledge(again.id).await.unwrap();
        // What the other stream had been given comes again as well, oldest first.
        let other = stream.next(0).await.unwrap().unwrap();
        assert_eq!((other.order.id.as_str(), other.order.state), ("b1", OrderState::Accepted));
        let next = stream.next(0).await.unwrap().unwrap();
        assert_eq!((next.order.id.as_str(), next.order.state), ("a1", OrderState::Succeeded));
        stream.acknowledge(next.id).await.unwrap();
        // Within one process it comes again after a while.
        world.clock.advance(std::time::Duration::from_secs(31));
        assert_eq!(stream.next(0).await.unwrap(), Some(other.clone()));
        stream.acknowledge(other.id).await.unwrap();
        stream.acknowledge(other.id).await.unwrap();
        assert_eq!(stream.next(0).await.unwrap(), None);
    });
}

#[test]
fn a_wait_that_was_let_go_of_takes_no_event_from_others() {
    run(async {
        let world = World::new(with_look_up()).await;
        let stream = world.till.events();
        for _ in 0..3 {
            let waiting = stream.next(600_000);
            tokio::pin!(waiting);
            tokio::select! {
                biased;
                _ = &mut waiting => panic!("nothing has happened yet"),
                () = world.settle() => {}
            }
        }
        let bought = world.till.buy(order("a1"));
        let (bought, event) = tokio::join!(bought, stream.next(1_000));
        bought.unwrap();
        let event = event.unwrap().expect("nobody else waits for it");
        assert_eq!(event.order.id, "a1");
    });
}

#[test]
fn a_callback_that_names_too_many_orders_is_refused_and_not_half_taken_in() {
    run(async {
        let world = World::new(with_look_up()).await;
        world.till.buy(order("a1")).await.unwrap();
        let naming = |count: u32| {
            let ids: Vec<String> =
                std::iter::once("a1".to_string()).chain((1..count).map(|n| format!("x{n}"))).collect();
            CallbackRequest { body: format!("hint:{}", ids.join(",")).into_bytes(), account: None }
        };
        let refused = world.till.handle_callback(naming(1_001)).await.unwrap();
        assert_eq!((refused.http_status, refused.known_orders, refused.unknown_orders), (413, 0, 0));
        let taken = world.till.handle_callback(naming(1_000)).await.unwrap();
        assert_eq!((taken.http_status, taken.known_orders, taken.unknown_orders), (200, 1, 999));
    });
}
