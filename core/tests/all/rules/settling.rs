//! Rules 7, 8 and 10: how the unknown is settled, and what follows later.

use std::sync::Arc;
use std::time::Duration;

use super::gateway::{Gateway, Handle, Treat, order, with_look_up, without_look_up};
use super::{World, code, run};
use tillgate::orders::adapter::{Evidence, EvidenceStatus};
use tillgate::{
    CallbackRequest, Clock, Decimal, Decision, EventKind, FailureReason, NewOrder, OrderState, ReviewReason,
    Secret,
};

fn hint(id: &str) -> CallbackRequest {
    CallbackRequest { body: format!("hint:{id}").into_bytes(), account: None }
}

#[test]
fn rule_07_found_counts_only_if_everything_matches() {
    type Change = fn(&mut Evidence);
    let changes: [(&str, Change); 7] = [
        ("scenario", |e| e.scenario = Some("simulate-success".into())),
        ("product", |e| e.product = Some("9".into())),
        ("amount", |e| e.amount = Some(Decimal::new(1001, 2))),
        ("currency", |e| e.currency = Some("EUR".into())),
        ("beneficiary", |e| e.beneficiary = Some(Vec::new())),
        ("date", |e| e.date = Some("2026-02-28T11:59:59Z".parse().unwrap())),
        ("uid of another order", |e| e.gateway_uid = Some("U-1".into())),
    ];
    run(async move {
        for (what, change) in changes {
            let world = World::new(with_look_up()).await;
            world.till.buy(order("other")).await.unwrap();
            world.gateway.treat([Treat::DoAndLose]);
            world.till.buy(order("a1")).await.unwrap();
            world.gateway.meddle(|ledger| change(&mut ledger[1]));
            let order = world.until("a1", |o| o.state != OrderState::Unknown).await;
            assert_eq!(
                (order.state, order.review),
                (OrderState::NeedsReview, Some(ReviewReason::ForeignOrder)),
                "{what}"
            );
        }
        let world = World::new(with_look_up()).await;
        world.gateway.treat([Treat::DoAndLose]);
        world.till.buy(order("a1")).await.unwrap();
        world.gateway.meddle(|ledger| ledger.push(ledger[0].clone()));
        let order = world.until("a1", |o| o.state != OrderState::Unknown).await;
        assert_eq!(order.review, Some(ReviewReason::SeveralRecords));
        // Slow look-ups go on, and what fits settles it.
        world.gateway.meddle(|ledger| ledger.truncate(1));
        let order = world.until("a1", |o| o.state.is_final()).await;
        assert_eq!((order.state, order.review), (OrderState::Succeeded, None));
    });
}

#[test]
fn guard_same_principal_an_order_is_looked_up_by_nobody_else() {
    run(async {
        let mut world = World::new(with_look_up()).await;
        world.gateway.treat([Treat::DoAndLose]);
        world.till.buy(order("a1")).await.unwrap();
        // The next process has another customer's credentials, for the same gateway. That customer sees no order of ours.
        let anna = world.gateway.clone();
        world.gateway = Gateway::of("berta", with_look_up(), super::noon);
        world.reopen().await;
        for _ in 0..8 {
            world.pass(Duration::from_secs(200)).await;
            let _ = world.till.look_up("a1".into()).await;
        }
        assert_eq!(world.state("a1").await, OrderState::Unknown, "that berta does not have it says nothing");
        assert_eq!(world.gateway.calls("look_up"), 0);
        assert_eq!(code(&world.till.look_up("a1".into()).await), "invalid_argument");
        world.till.attach(Some("anna".into()), Arc::new(Handle(anna))).await.unwrap();
        world.until("a1", |o| o.state == OrderState::Succeeded).await;
    });
}

#[test]
fn rule_08_absence_is_not_no() {
    run(async {
        let world = World::new(with_look_up()).await;
        world.gateway.treat([Treat::Lose]);
        world.till.buy(order("a1")).await.unwrap();
        world.pass(Duration::from_secs(14 * 60)).await;
        assert_eq!(world.state("a1").await, OrderState::Unknown, "not enough time");
        assert!(world.gateway.calls("look_up a1") > 5, "and more than enough answers");
        let order = world.until("a1", |o| o.state != OrderState::Unknown).await;
        assert_eq!((order.state, order.failure), (OrderState::Failed, Some(FailureReason::Absent)));
        let settled_after = order.updated_at.duration_since(order.created_at);
        assert!(settled_after.as_secs() >= 15 * 60, "{settled_after}");
    });
}

#[test]
fn guard_control_call_absence_does_not_count_while_the_control_fails() {
    run(async {
        let world = World::new(with_look_up()).await;
        world.gateway.treat([Treat::Lose]);
        world.gateway.state.lock().unwrap().control_fails = true;
        world.till.buy(order("a1")).await.unwrap();
        world.pass(Duration::from_secs(40 * 60)).await;
        let order = world.until("a1", |o| o.overdue || o.state.is_final()).await;
        assert_eq!((order.state, order.overdue), (OrderState::Unknown, true));
    });
}

#[test]
fn guard_control_call_absence_does_not_count_while_known_orders_are_not_seen_either() {
    run(async {
        let world = World::new(with_look_up()).await;
        world.till.buy(order("known")).await.unwrap();
        world.gateway.treat([Treat::DoAndLose]);
        world.gateway.state.lock().unwrap().blind = true;
        world.till.buy(order("a1")).await.unwrap();
        world.pass(Duration::from_secs(40 * 60)).await;
        assert_eq!(world.state("a1").await, OrderState::Unknown, "the account has lost sight of its orders");
        world.gateway.state.lock().unwrap().blind = false;
        world.until("a1", |o| o.state == OrderState::Succeeded).await;
    });
}

#[test]
fn guard_absence_by_one_process_restarts_add_nothing_to_an_absence() {
    run(async {
        let mut world = World::new(with_look_up()).await;
        world.gateway.treat([Treat::Lose]);
        world.till.buy(order("a1")).await.unwrap();
        for _ in 0..4 {
            world.pass(Duration::from_secs(200)).await;
            // An hour in which nothing runs.
            world.till.close().await.unwrap();
            world.clock.advance(Duration::from_secs(3_600));
            world.open_again().await;
            assert_eq!(world.state("a1").await, OrderState::Unknown);
        }
        world.until("a1", |o| o.state == OrderState::Failed).await;
    });
}

/// An order that was settled to be absent comes to light at the gateway.
fn appears(world: &World, id: &str, like: &str) {
    let now = world.clock.now();
    world.gateway.meddle(|ledger| {
        let mut late = ledger.iter().find(|e| e.id == like).unwrap().clone();
        (late.id, late.gateway_uid) = (id.into(), Some("U-99".into()));
        (late.status, late.date) = (EvidenceStatus::Succeeded, Some(now));
        ledger.push(late);
    });
}

#[test]
fn an_absent_order_is_looked_up_for_a_day_whatever_the_wall_clock_does() {
    run(async {
        for jump in [jiff::SignedDuration::from_hours(-2), jiff::SignedDuration::from_hours(25)] {
            let world = World::new(with_look_up()).await;
            world.gateway.treat([Treat::Lose]);
            world.till.buy(order("a1")).await.unwrap();
            world.till.buy(order("b1")).await.unwrap();
            world.until("a1", |o| o.state == OrderState::Failed).await;
            world.clock.set_wall(world.clock.now() + jump);
            world.pass(Duration::from_secs(3_600)).await;
            appears(&world, "a1", "b1");
            world.pass(Duration::from_secs(3_600)).await;
            assert!(world.order("a1").await.conflict.is_some(), "after a jump of {jump}");
        }
    });
}

#[test]
fn an_absent_order_can_be_looked_up_for_ever() {
    run(async {
        let policy = tillgate::OrderPolicy { appearance_watch_ms: u64::MAX, ..Default::default() };
        let mut world = World::with_policy(with_look_up(), policy).await;
        world.gateway.treat([Treat::Lose]);
        world.till.buy(order("a1")).await.unwrap();
        world.till.buy(order("b1")).await.unwrap();
        world.until("a1", |o| o.state == OrderState::Failed).await;
        world.reopen().await;
        appears(&world, "a1", "b1");
        world.pass(Duration::from_secs(3_600)).await;
        assert!(world.order("a1").await.conflict.is_some());
    });
}

#[test]
fn an_absent_order_that_appears_is_a_conflict() {
    run(async {
        let world = World::new(with_look_up()).await;
        world.gateway.treat([Treat::Lose]);
        world.till.buy(order("a1")).await.unwrap();
        world.till.buy(order("b1")).await.unwrap();
        world.until("a1", |o| o.state == OrderState::Failed).await;
        appears(&world, "a1", "b1");
        let order = world.until("a1", |o| o.conflict.is_some()).await;
        assert_eq!(order.state, OrderState::Failed, "nothing is changed silently");
        let decision = Decision {
            state: OrderState::Succeeded,
            decided_by: "Anna".into(),
            grounds: "the beneficiary has it".into(),
        };
        let decided = world.till.resolve("a1".into(), decision).await.unwrap();
        assert_eq!((decided.state, decided.conflict), (OrderState::Succeeded, None));
    });
}

#[test]
fn rule_10_final_means_final() {
    run(async {
        let world = World::new(with_look_up()).await;
        world.gateway.treat([Treat::Do(EvidenceStatus::Succeeded)]);
        let done = world.till.buy(order("a1")).await.unwrap();
        assert_eq!(done.state, OrderState::Succeeded);
        world.events().await;
        world.gateway.set_status("a1", EvidenceStatus::Failed, "failed");
        world.till.handle_callback(hint("a1")).await.unwrap();
        let order = world.until("a1", |o| o.conflict.is_some() || o.state != OrderState::Succeeded).await;
        assert_eq!(order.state, OrderState::Succeeded);
        let events = world.events().await;
        assert_eq!(events.iter().filter(|e| e.kind == EventKind::Conflict).count(), 1);
        let decision =
            |state| Decision { state, decided_by: "Anna".into(), grounds: "issuer's letter".into() };
        assert_eq!(
            code(&world.till.resolve("a1".into(), decision(OrderState::Pending)).await),
            "invalid_argument"
        );
        let decided = world.till.resolve("a1".into(), decision(OrderState::Failed)).await.unwrap();
        assert_eq!((decided.state, decided.failure), (OrderState::Failed, Some(FailureReason::Decided)));
        let history = world.till.history("a1".into()).await.unwrap();
        assert_eq!(decided.conflict, None);
        assert!(history.last().unwrap().note.as_deref().unwrap().contains("issuer's letter"));
        assert_eq!(code(&world.till.resolve("a1".into(), decision(OrderState::Succeeded)).await), "too_late");
    });
}

#[test]
fn what_a_person_decided_is_no_news_when_it_is_seen_again() {
    run(async {
        let world = World::new(with_look_up()).await;
        world.gateway.treat([Treat::Do(EvidenceStatus::Succeeded)]);
        world.till.buy(order("a1")).await.unwrap();
        world.gateway.set_status("a1", EvidenceStatus::Failed, "failed");
        assert!(world.till.look_up("a1".into()).await.unwrap().conflict.is_some());
        let decision = Decision {
            state: OrderState::Succeeded,
            decided_by: "Anna".into(),
            grounds: "the receipt".into(),
        };
        world.till.resolve("a1".into(), decision).await.unwrap();
        world.events().await;
        assert_eq!(world.till.look_up("a1".into()).await.unwrap().conflict, None);
        assert!(world.events().await.is_empty());
    });
}

#[test]
fn a_voucher_with_nothing_in_it_takes_nothing_from_the_one_that_is_here() {
    run(async {
        let world = World::new(with_look_up()).await;
        world.gateway.treat([Treat::Do(EvidenceStatus::Succeeded)]);
        let sold = NewOrder { product: "voucher".into(), ..order("a1") };
        assert!(world.till.buy(sold).await.unwrap().has_voucher);
        world.gateway.meddle(|ledger| {
            for evidence in ledger {
                evidence.response_text = Some("delivered".into());
                let code = evidence.voucher.as_mut().unwrap();
                (code.code, code.serial) = (None, None);
                code.unknown_fields = Some(Secret::new("{}".into()));
            }
        });
        assert_eq!(
            world.till.look_up("a1".into()).await.unwrap().response_text.as_deref(),
            Some("delivered")
        );
        assert!(world.till.reveal("a1".into()).await.unwrap().code.is_some());
    });
}

#[test]
fn a_contradiction_seen_while_asking_about_another_order_is_not_passed_over() {
    run(async {
        let world = World::new(with_look_up()).await;
        world.gateway.treat([Treat::Do(EvidenceStatus::Succeeded), Treat::Lose]);
        world.till.buy(order("known")).await.unwrap();
        world.events().await;
        world.gateway.set_status("known", EvidenceStatus::Failed, "failed");
        // Its answer is lost and it is never found: the known order is what the gateway is asked for besides.
        world.till.buy(order("lost")).await.unwrap();
        world.until("lost", |o| o.state.is_final()).await;
        let known = world.order("known").await;
        assert_eq!(known.state, OrderState::Succeeded);
        assert!(known.conflict.is_some());
        let events = world.events().await;
        assert_eq!(events.iter().filter(|e| e.kind == EventKind::Conflict).count(), 1);
    });
}

#[test]
fn an_accepted_order_that_vanishes_stays_accepted_with_a_conflict() {
    run(async {
        let world = World::new(with_look_up()).await;
        world.till.buy(order("other")).await.unwrap();
        world.till.buy(order("a1")).await.unwrap();
        world.gateway.meddle(|ledger| ledger.retain(|e| e.id != "a1"));
        let order = world.until("a1", |o| o.conflict.is_some()).await;
        assert_eq!(order.state, OrderState::Accepted);
    });
}

#[test]
fn repeats_grow_apart_however_many_there_are() {
    run(async {
        let world = World::new(without_look_up()).await;
        world.gateway.treat((0..60).map(|_| Treat::Lose));
        world.till.buy(order("a1")).await.unwrap();
        let order = world.until("a1", |o| o.state == OrderState::NeedsReview).await;
        // 1, 2, 4, 8, 16 and 32 seconds apart, within the minute that the order has.
        assert!((3..=7).contains(&order.attempts.len()), "{} attempts", order.attempts.len());
    });
}

#[test]
fn without_look_ups_a_lost_answer_is_repeated_only_where_duplicates_are_refused() {
    run(async {
        let world = World::new(without_look_up()).await;
        world.gateway.treat([Treat::Lose, Treat::Do(EvidenceStatus::Succeeded)]);
        world.till.buy(order("a1")).await.unwrap();
        let order_1 = world.until("a1", |o| o.state.is_final()).await;
        assert_eq!((order_1.state, order_1.attempts.len()), (OrderState::Succeeded, 2));

        world.gateway.abilities.lock().unwrap().duplicates =
            tillgate::orders::adapter::Duplicates::NotRefused;
        let abilities = world.gateway.abilities.lock().unwrap().clone();
        let world = World::new(abilities).await;
        world.gateway.treat([Treat::Lose]);
        world.till.buy(order("a2")).await.unwrap();
        let order_2 = world.until("a2", |o| o.state != OrderState::Unknown).await;
        assert_eq!((order_2.state, order_2.review), (OrderState::NeedsReview, Some(ReviewReason::NoLookUp)));
        assert_eq!(world.gateway.calls("submit"), 1);
    });
}
