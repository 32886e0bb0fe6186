//! Rules 4, 5, 9 and 15: what an answer, or none, means.

use super::gateway::{Treat, order, with_look_up};
use super::{World, run};
use tillgate::orders::adapter::EvidenceStatus;
use tillgate::{AttemptOutcome, EventKind, FailureReason, OrderPolicy, OrderState};

#[test]
fn rule_04_what_may_have_been_sent_is_never_blindly_sent_again() {
    run(async {
        let mut world = World::new(with_look_up()).await;
        world.gateway.treat([Treat::DoAndLose]);
        let order_1 = world.till.buy(order("a1")).await.unwrap();
        assert_eq!(order_1.state, OrderState::Unknown);
        let settled = world.until("a1", |o| o.state.is_final()).await;
        assert_eq!(settled.state, OrderState::Succeeded);
        assert_eq!(settled.attempts.len(), 1);
        assert_eq!(world.gateway.bought("a1"), 1);
        // Nor by the next process.
        world.gateway.state.lock().unwrap().mute = true;
        world.gateway.treat([Treat::DoAndLose]);
        world.till.buy(order("a2")).await.unwrap();
        world.reopen().await;
        world.pass(std::time::Duration::from_secs(90)).await;
        world.gateway.state.lock().unwrap().mute = false;
        world.until("a2", |o| o.state == OrderState::Succeeded).await;
        assert_eq!(world.gateway.bought("a2"), 1);
    });
}

#[test]
fn rule_05_an_attempt_was_not_sent_or_refused_or_nobody_knows() {
    run(async {
        let world = World::new(with_look_up()).await;
        world.gateway.treat([Treat::Refuse]);
        let refused = world.till.buy(order("refused")).await.unwrap();
        assert_eq!((refused.state, refused.failure), (OrderState::Failed, Some(FailureReason::Refused)));
        assert_eq!(refused.attempts[0].outcome, AttemptOutcome::Refused);

        world.gateway.treat([Treat::Lose]);
        let lost = world.till.buy(order("lost")).await.unwrap();
        assert_eq!((lost.state, lost.failure), (OrderState::Unknown, None), "no answer is no failure");
        assert_eq!(lost.attempts[0].outcome, AttemptOutcome::Unknown);

        world.gateway.treat([Treat::NotSent, Treat::NotSent, Treat::Refuse]);
        world.till.enqueue(order("mixed")).await.unwrap();
        let mixed = world.until("mixed", |o| o.state.is_final()).await;
        assert_eq!((mixed.state, mixed.failure), (OrderState::Failed, Some(FailureReason::Refused)));
        let outcomes: Vec<_> = mixed.attempts.iter().map(|a| a.outcome).collect();
        assert_eq!(outcomes, [AttemptOutcome::NotSent, AttemptOutcome::NotSent, AttemptOutcome::Refused]);

        world.gateway.treat([Treat::NotSent, Treat::DoAndLose]);
        world.till.enqueue(order("late")).await.unwrap();
        let late = world.until("late", |o| o.state.is_final()).await;
        assert_eq!(late.state, OrderState::Succeeded);
        assert_eq!(world.gateway.bought("late"), 1);

        world.gateway.treat([Treat::Unauthorized]);
        let unauthorized = world.till.buy(order("unauthorized")).await.unwrap();
        assert_eq!(unauthorized.state, OrderState::Failed);
        assert_eq!(unauthorized.attempts[0].http_status, Some(401));
    });
}

#[test]
fn rule_09_unknown_stays_unknown() {
    run(async {
        let world = World::new(with_look_up()).await;
        world.gateway.treat([Treat::DoWithStatus("on_hold")]);
        let order_1 = world.till.buy(order("a1")).await.unwrap();
        assert_eq!(order_1.state, OrderState::Accepted, "a status that nobody knows is no failure");
        assert_eq!(order_1.gateway_status.as_deref(), Some("on_hold"), "kept as it came");
        world.pass(std::time::Duration::from_secs(60)).await;
        assert_eq!(world.state("a1").await, OrderState::Accepted);
        world.gateway.set_status("a1", EvidenceStatus::Succeeded, "success");
        world.until("a1", |o| o.state == OrderState::Succeeded).await;
    });
}

#[test]
fn look_ups_that_fail_make_an_order_overdue_and_never_a_case_for_review() {
    run(async {
        let world = World::new(with_look_up()).await;
        world.gateway.state.lock().unwrap().mute = true;
        world.gateway.treat([Treat::DoAndLose]);
        world.till.buy(order("a1")).await.unwrap();
        let overdue = world.until("a1", |o| o.overdue).await;
        assert_eq!(overdue.state, OrderState::Unknown);
        let kinds: Vec<EventKind> = world.events().await.into_iter().map(|e| e.kind).collect();
        assert_eq!(kinds.iter().filter(|k| **k == EventKind::Overdue).count(), 1);
        world.pass(std::time::Duration::from_secs(600)).await;
        assert_eq!(world.state("a1").await, OrderState::Unknown);
        world.gateway.state.lock().unwrap().mute = false;
        let settled = world.until("a1", |o| o.state.is_final()).await;
        assert_eq!((settled.state, settled.overdue), (OrderState::Succeeded, false));
    });
}

fn in_one_call() -> OrderPolicy {
    OrderPolicy { batch_size_on_wire: 10, ..Default::default() }
}

#[test]
fn rule_15_the_answers_of_a_batch_match_by_id() {
    run(async {
        let world = World::with_policy(with_look_up(), in_one_call()).await;
        world.gateway.treat([Treat::DoAndAnswer(|mut records| {
            records.reverse();
            records[0].status = EvidenceStatus::Failed;
            records[0].raw_status = "failed".to_string();
            records
        })]);
        let placed = world.till.buy_batch(vec![order("a"), order("b"), order("c")]).await.unwrap();
        let states: Vec<_> = placed.iter().map(|o| (o.id.as_str(), o.state)).collect();
        assert_eq!(
            states,
            [("a", OrderState::Succeeded), ("b", OrderState::Succeeded), ("c", OrderState::Failed)]
        );
        assert_eq!(world.gateway.calls("submit"), 3);
    });
}

#[test]
fn a_missing_or_doubled_answer_of_a_batch_is_unknown_and_looked_up() {
    run(async {
        let world = World::with_policy(with_look_up(), in_one_call()).await;
        world.gateway.treat([Treat::DoAndAnswer(|mut records| {
            let doubled = records[1].clone();
            records.remove(0);
            records.push(doubled);
            records
        })]);
        let placed = world.till.buy_batch(vec![order("a"), order("b"), order("c")]).await.unwrap();
        let states: Vec<_> = placed.iter().map(|o| o.state).collect();
        assert_eq!(states, [OrderState::Unknown, OrderState::Unknown, OrderState::Succeeded]);
        for id in ["a", "b"] {
            world.until(id, |o| o.state == OrderState::Succeeded).await;
            assert_eq!(world.gateway.bought(id), 1);
        }
    });
}

#[test]
fn a_refused_call_with_several_orders_leaves_each_unknown_but_for_wrong_credentials() {
    run(async {
        let world = World::with_policy(with_look_up(), in_one_call()).await;
        world.gateway.treat([Treat::Refuse, Treat::Unauthorized]);
        let placed = world.till.buy_batch(vec![order("a"), order("b")]).await.unwrap();
        assert!(placed.iter().all(|o| o.state == OrderState::Unknown));
        let placed = world.till.buy_batch(vec![order("c"), order("d")]).await.unwrap();
        assert!(placed.iter().all(|o| o.state == OrderState::Failed));
    });
}

#[test]
fn all_intents_of_a_batch_or_none() {
    run(async {
        let world = World::new(with_look_up()).await;
        world.till.buy(order("b")).await.unwrap();
        let mut other = order("b");
        other.product = "2222".into();
        let refused = world.till.buy_batch(vec![order("a"), other]).await;
        assert_eq!(super::code(&refused), "order_conflict");
        assert_eq!(super::code(&world.till.order("a".into()).await), "unknown_order");
        assert_eq!(world.gateway.bought("a"), 0);
        let twice = world.till.buy_batch(vec![order("x"), order("X")]).await;
        assert_eq!(super::code(&twice), "invalid_argument");
    });
}

#[test]
fn a_defect_in_an_adapter_leaves_the_order_unknown_and_it_is_looked_up() {
    run(async {
        let world = World::new(with_look_up()).await;
        world.gateway.treat([Treat::Defect]);
        let order_1 = world.till.buy(order("a1")).await.unwrap();
        assert_eq!(order_1.state, OrderState::Unknown);
        let settled = world.until("a1", |o| o.state.is_final()).await;
        assert_eq!((settled.state, settled.failure), (OrderState::Failed, Some(FailureReason::Absent)));
        assert_eq!(
            world.till.buy(order("a2")).await.unwrap().state,
            OrderState::Accepted,
            "the till lives on"
        );
    });
}

#[test]
fn an_order_that_nobody_can_ask_about_becomes_overdue_after_a_restart_too() {
    run(async {
        let mut world = World::new(with_look_up()).await;
        world.gateway.state.lock().unwrap().mute = true;
        world.gateway.treat([Treat::DoAndLose]);
        world.till.buy(order("a1")).await.unwrap();
        world.reopen().await;
        let overdue = world.until("a1", |o| o.overdue).await;
        assert_eq!(overdue.state, OrderState::Unknown);
        let waited = overdue.updated_at.duration_since(overdue.created_at);
        assert!(waited.as_secs() >= 30 * 60, "{waited}");
    });
}
