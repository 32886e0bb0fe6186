//! Rule 14: undo is an order.

use std::sync::Arc;
use std::time::Duration;

use super::gateway::{REVERSE, Treat, order, with_look_up, without_look_up};
use super::{Handle, World, begin, code, run};
use tillgate::orders::adapter::EvidenceStatus;
use tillgate::{Decimal, FailureReason, NewUndo, OrderKind, OrderPolicy, OrderState, ReviewReason, Till};

fn refund(id: &str, of: &str, cents: i64) -> NewUndo {
    NewUndo {
        id: id.into(),
        of: of.into(),
        kind: OrderKind::Refund,
        amount: Some(Decimal::new(cents, 2)),
        submit_within_ms: None,
    }
}

fn reverse(id: &str, of: &str) -> NewUndo {
    NewUndo { id: id.into(), of: of.into(), kind: REVERSE, amount: None, submit_within_ms: None }
}

const DONE: Treat = Treat::Do(EvidenceStatus::Succeeded);

#[test]
fn rule_14_one_undo_at_a_time_and_never_more_than_was_paid() {
    run(async {
        let mut world = World::new(with_look_up()).await;
        world.gateway.treat([DONE, DONE, Treat::DoAndLose]);
        world.till.buy(order("pay")).await.unwrap();
        let first = world.till.undo(refund("r1", "pay", 400)).await.unwrap();
        assert_eq!((first.state, first.of.as_deref()), (OrderState::Succeeded, Some("pay")));
        assert_eq!(world.order("pay").await.undone_amount, Decimal::new(400, 2));
        assert_eq!(code(&world.till.undo(refund("r2", "pay", 601)).await), "invalid_argument");
        world.gateway.state.lock().unwrap().mute = true;
        let lost = world.till.undo(refund("r3", "pay", 600)).await.unwrap();
        assert_eq!(lost.state, OrderState::Unknown);
        assert_eq!(code(&world.till.undo(refund("r4", "pay", 1)).await), "too_late");
        // After a crash between two as well.
        world.reopen().await;
        assert_eq!(code(&world.till.undo(refund("r5", "pay", 1)).await), "too_late");
        world.gateway.state.lock().unwrap().mute = false;
        world.until("r3", |o| o.state == OrderState::Succeeded).await;
        let parent = world.order("pay").await;
        assert_eq!((parent.state, parent.undone_amount), (OrderState::Reversed, Decimal::new(1000, 2)));
        assert_eq!(code(&world.till.undo(refund("r6", "pay", 1)).await), "too_late");
        assert_eq!(world.till.undo(refund("r1", "pay", 400)).await.unwrap(), world.order("r1").await);
        assert_eq!(world.gateway.bought("r3"), 1);
    });
}

#[test]
fn guard_refund_sum_refunds_never_exceed_what_was_paid() {
    run(async {
        let mut world = World::new(with_look_up()).await;
        world.gateway.treat([DONE, DONE, DONE, DONE]);
        world.till.buy(order("pay")).await.unwrap();
        world.till.undo(refund("r1", "pay", 400)).await.unwrap();
        assert_eq!(code(&world.till.undo(refund("r2", "pay", 700)).await), "invalid_argument");
        // The next process knows as much.
        world.reopen().await;
        assert_eq!(code(&world.till.undo(refund("r3", "pay", 601)).await), "invalid_argument");
        assert_eq!(world.gateway.calls("submit r"), 1, "nothing of it went out");
        world.till.undo(refund("r4", "pay", 600)).await.unwrap();
        assert_eq!(world.order("pay").await.undone_amount, Decimal::new(1000, 2));
    });
}

#[test]
fn guard_undo_baseline_a_credit_that_was_there_before_is_not_the_undos_own() {
    run(async {
        let mut abilities = with_look_up();
        abilities.needs_baseline = true;
        let world = World::new(abilities).await;
        world.gateway.treat([DONE, Treat::Lose, Treat::DoAndLose]);
        world.till.buy(order("pay")).await.unwrap();
        world.gateway.credit_by_hand("pay", 400);
        // It never arrives, and the same sum is credited already.
        world.till.undo(refund("r1", "pay", 400)).await.unwrap();
        let undo = world.until("r1", |o| o.state != OrderState::Unknown).await;
        assert_eq!((undo.state, undo.failure), (OrderState::Failed, Some(FailureReason::Absent)));
        assert_eq!(world.order("pay").await.undone_amount, Decimal::ZERO);
        // This one is carried out, and what is new is its own.
        world.till.undo(refund("r2", "pay", 400)).await.unwrap();
        let undo = world.until("r2", |o| o.state != OrderState::Unknown).await;
        assert_eq!(undo.state, OrderState::Succeeded);
        assert_eq!(world.order("pay").await.undone_amount, Decimal::new(400, 2));
    });
}

#[test]
fn the_credit_of_a_later_undo_is_no_sign_of_an_earlier_one() {
    run(async {
        let mut abilities = with_look_up();
        abilities.needs_baseline = true;
        let world = World::new(abilities).await;
        world.gateway.treat([DONE, Treat::Lose, DONE, DONE]);
        world.till.buy(order("pay")).await.unwrap();
        world.till.undo(refund("r1", "pay", 400)).await.unwrap();
        world.until("r1", |o| o.state == OrderState::Failed).await;
        world.till.undo(refund("r2", "pay", 400)).await.unwrap();
        // The first is still looked up now and then, and the second's credit is new to it.
        world.pass(Duration::from_secs(3_600)).await;
        assert_eq!(world.order("r1").await.conflict, None);
        world.till.undo(refund("r3", "pay", 200)).await.unwrap();
        // One that is nobody's may be its own.
        world.gateway.credit_by_hand("pay", 400);
        world.pass(Duration::from_secs(3_600)).await;
        assert!(world.order("r1").await.conflict.is_some());
    });
}

#[test]
fn guard_outdated_baseline_what_a_restored_journal_does_not_know_may_be_another_undos() {
    run(async {
        let mut abilities = with_look_up();
        abilities.needs_baseline = true;
        let mut world = World::new(abilities).await;
        world.gateway.treat([DONE, Treat::Lose]);
        world.till.buy(order("pay")).await.unwrap();
        world.till.undo(refund("r1", "pay", 400)).await.unwrap();
        world.till.close().await.unwrap();
        let mut config = world.config();
        config.installation_id = Some("till-8".into());
        world.till = Till::open_with_clock(config, Arc::new(world.clock.clone())).await.unwrap();
        // The first never arrived; a later one, which only the other journal knows, did.
        world.gateway.credit_by_hand("pay", 400);
        world.till.attach(None, Arc::new(Handle(world.gateway.clone()))).await.unwrap();
        let undo = world.until("r1", |o| o.state != OrderState::Unknown).await;
        assert_eq!((undo.state, undo.review), (OrderState::NeedsReview, Some(ReviewReason::UndoUnclear)));
        assert_eq!(world.order("pay").await.undone_amount, Decimal::ZERO);
        world.till.leave_quarantine("Anna".into(), "the other till is scrap".into()).await.unwrap();
        // What is placed now has seen that credit.
        let decision = tillgate::Decision {
            state: OrderState::Failed,
            decided_by: "Anna".into(),
            grounds: "the credit is of r0".into(),
        };
        world.till.resolve("r1".into(), decision).await.unwrap();
        world.gateway.treat([Treat::DoAndLose]);
        world.till.undo(refund("r2", "pay", 400)).await.unwrap();
        let undo = world.until("r2", |o| o.state != OrderState::Unknown).await;
        assert_eq!(undo.state, OrderState::Succeeded);
        assert_eq!(world.order("pay").await.undone_amount, Decimal::new(400, 2));
    });
}

#[test]
fn an_undo_in_two_steps_counts_only_the_second_not_found() {
    run(async {
        let world = World::new(without_look_up()).await;
        world.gateway.treat([DONE, Treat::Nothing, Treat::Nothing]);
        world.till.buy(order("pay")).await.unwrap();
        let undo = world.till.undo(reverse("u1", "pay")).await.unwrap();
        assert_eq!(undo.state, OrderState::Unknown, "the first time it says nothing");
        world.pass(Duration::from_secs(590)).await;
        assert_eq!(world.gateway.calls("submit u1"), 1, "not before the gap is over");
        let undo = world.until("u1", |o| o.state.is_final()).await;
        assert_eq!((undo.state, undo.failure), (OrderState::Failed, Some(FailureReason::Absent)));
        // The gateway had said that it was paid: that it cannot be undone contradicts it.
        let parent = world.order("pay").await;
        assert_eq!((parent.state, parent.conflict.is_some()), (OrderState::Succeeded, true));
    });
}

#[test]
fn an_unknown_order_is_undone_by_itself_only_where_that_was_asked_for() {
    run(async {
        for undo_if_unknown in [false, true] {
            let policy = OrderPolicy { undo_if_unknown, submit_within_ms: 5_000, ..Default::default() };
            let mut abilities = without_look_up();
            abilities.duplicates = tillgate::orders::adapter::Duplicates::NotRefused;
            let world = World::with_policy(abilities, policy).await;
            world.gateway.treat([Treat::DoAndLose, DONE]);
            world.till.buy(order("pay")).await.unwrap();
            let wanted = if undo_if_unknown { OrderState::Reversed } else { OrderState::NeedsReview };
            let order = world.until("pay", |o| o.state == wanted).await;
            if !undo_if_unknown {
                assert_eq!(order.review, Some(ReviewReason::NoLookUp));
                assert_eq!(world.gateway.calls("submit"), 1);
            }
        }
    });
}

#[test]
fn an_order_whose_own_undo_needs_a_person_needs_one_too() {
    run(async {
        let mut abilities = without_look_up();
        abilities.undo = tillgate::orders::adapter::UndoSteps::One;
        abilities.duplicates = tillgate::orders::adapter::Duplicates::NotRefused;
        let policy = OrderPolicy { undo_if_unknown: true, ..Default::default() };
        let world = World::with_policy(abilities, policy).await;
        world.gateway.treat([Treat::DoAndLose, Treat::Lose]);
        world.till.buy(order("pay")).await.unwrap();
        let order = world.until("pay", |o| o.state == OrderState::NeedsReview).await;
        assert_eq!(order.review, Some(ReviewReason::UndoUnclear));
    });
}

#[test]
fn an_undo_needs_a_gateway_that_undoes_and_an_order_that_was_done() {
    run(async {
        let mut abilities = with_look_up();
        abilities.undo = tillgate::orders::adapter::UndoSteps::None;
        let world = World::new(abilities).await;
        world.till.buy(order("pay")).await.unwrap();
        assert_eq!(code(&world.till.undo(reverse("u1", "pay")).await), "not_supported");

        let world = World::new(with_look_up()).await;
        world.gateway.treat([Treat::Refuse]);
        world.till.buy(order("pay")).await.unwrap();
        assert_eq!(code(&world.till.undo(reverse("u1", "pay")).await), "too_late");
        assert_eq!(code(&world.till.undo(reverse("u2", "nobody")).await), "unknown_order");
    });
}

#[test]
fn what_a_person_decides_of_an_undo_counts_for_its_order() {
    run(async {
        let mut abilities = without_look_up();
        abilities.undo = tillgate::orders::adapter::UndoSteps::One;
        abilities.duplicates = tillgate::orders::adapter::Duplicates::NotRefused;
        let world = World::new(abilities).await;
        world.gateway.treat([DONE, Treat::Lose]);
        world.till.buy(order("pay")).await.unwrap();
        world.till.undo(reverse("u1", "pay")).await.unwrap();
        let undo = world.until("u1", |o| o.state == OrderState::NeedsReview).await;
        assert_eq!(undo.review, Some(ReviewReason::UndoUnclear));
        let decision = tillgate::Decision {
            state: OrderState::Succeeded,
            decided_by: "Anna".into(),
            grounds: "the statement shows it".into(),
        };
        world.till.resolve("u1".into(), decision).await.unwrap();
        let parent = world.order("pay").await;
        assert_eq!((parent.state, parent.undone_amount), (OrderState::Reversed, Decimal::new(1000, 2)));
        assert_eq!(code(&world.till.undo(reverse("u2", "pay")).await), "too_late");
    });
}

#[test]
fn an_undo_that_a_person_takes_back_counts_no_more_for_its_order() {
    run(async {
        let world = World::new(with_look_up()).await;
        world.gateway.treat([DONE, DONE, DONE, DONE]);
        world.till.buy(order("pay")).await.unwrap();
        let decide = |state| tillgate::Decision {
            state,
            decided_by: "Anna".into(),
            grounds: "the statement shows it".into(),
        };
        let takes_back = async |id: &str| {
            world.gateway.set_status(id, EvidenceStatus::Failed, "failed");
            assert!(world.till.look_up(id.into()).await.unwrap().conflict.is_some());
            world.till.resolve(id.into(), decide(OrderState::Failed)).await.unwrap();
            world.order("pay").await
        };

        world.till.undo(refund("part", "pay", 400)).await.unwrap();
        let parent = takes_back("part").await;
        assert_eq!((parent.state, parent.conflict), (OrderState::Succeeded, None));
        assert_eq!(parent.undone_amount, Decimal::new(0, 2));

        world.till.undo(refund("whole", "pay", 1000)).await.unwrap();
        assert_eq!(world.order("pay").await.state, OrderState::Reversed);
        let parent = takes_back("whole").await;
        assert_eq!((parent.state, parent.conflict.is_some()), (OrderState::Reversed, true));
        assert_eq!(parent.undone_amount, Decimal::new(0, 2));

        let decided = world.till.resolve("pay".into(), decide(OrderState::Succeeded)).await.unwrap();
        assert_eq!((decided.state, decided.conflict), (OrderState::Succeeded, None));
        world.till.undo(refund("again", "pay", 1000)).await.unwrap();
        assert_eq!(world.order("pay").await.state, OrderState::Reversed);
    });
}

#[test]
fn an_undo_that_is_taken_back_a_second_time_contradicts_its_order_again() {
    run(async {
        let world = World::new(with_look_up()).await;
        world.gateway.treat([DONE, DONE]);
        world.till.buy(order("pay")).await.unwrap();
        world.till.undo(refund("whole", "pay", 1000)).await.unwrap();
        let decide = async |id: &str, state| {
            let grounds = "the statement shows it".into();
            let decision = tillgate::Decision { state, decided_by: "Anna".into(), grounds };
            world.till.resolve(id.into(), decision).await.unwrap();
        };
        for _ in 0..2 {
            assert_eq!(world.order("pay").await.state, OrderState::Reversed);
            world.gateway.set_status("whole", EvidenceStatus::Failed, "failed");
            world.till.look_up("whole".into()).await.unwrap();
            decide("whole", OrderState::Failed).await;
            let parent = world.order("pay").await;
            assert_eq!((parent.undone_amount, parent.conflict.is_some()), (Decimal::new(0, 2), true));
            decide("pay", OrderState::Succeeded).await;
            world.gateway.set_status("whole", EvidenceStatus::Succeeded, "success");
            world.till.look_up("whole".into()).await.unwrap();
            decide("whole", OrderState::Succeeded).await;
        }
        let parent = world.order("pay").await;
        assert_eq!((parent.state, parent.undone_amount), (OrderState::Reversed, Decimal::new(1000, 2)));
    });
}

#[test]
fn an_undo_that_waits_is_not_sent_when_another_one_may_have_been_done_meanwhile() {
    run(async {
        let world = World::new(with_look_up()).await;
        world.gateway.treat([DONE, Treat::Lose]);
        world.till.buy(order("pay")).await.unwrap();
        world.till.undo(refund("first", "pay", 1000)).await.unwrap();
        let first = world.until("first", |o| o.state.is_final()).await;
        assert_eq!(first.failure, Some(FailureReason::Absent));
        world.gateway.treat(std::iter::repeat_n(Treat::NotSent, 2));
        let till = world.till.clone();
        let undoing = begin(async move { till.undo(refund("second", "pay", 1000)).await });
        world.soon("two attempts", || world.gateway.calls("submit second") == 2).await;
        world.settle().await;
        assert_eq!(world.state("second").await, OrderState::Pending);
        // It comes to light only now that the first had arrived after all.
        world.gateway.treat([DONE, DONE]);
        world.gateway.meddle(|ledger| {
            let mut late = ledger[0].clone();
            (late.id, late.gateway_uid) = ("first".into(), Some("U-late".into()));
            ledger.push(late);
        });
        assert!(world.till.look_up("first".into()).await.unwrap().conflict.is_some());
        world.pass(Duration::from_secs(70)).await;
        assert_eq!((world.gateway.bought("second"), world.state("second").await), (0, OrderState::Expired));
        assert_eq!(code(&undoing.await.unwrap()), "too_late");
    });
}

#[test]
fn a_sum_beyond_all_numbers_is_refused_and_the_till_lives_on() {
    run(async {
        let world = World::new(with_look_up()).await;
        world.gateway.treat([DONE, DONE, DONE]);
        world.till.buy(order("pay")).await.unwrap();
        world.till.undo(refund("r1", "pay", 400)).await.unwrap();
        let mut huge = refund("r2", "pay", 1);
        huge.amount = Some(Decimal::MAX);
        assert_eq!(code(&world.till.undo(huge).await), "invalid_argument");
        world.till.undo(refund("r3", "pay", 600)).await.unwrap();
        assert_eq!(world.state("pay").await, OrderState::Reversed);
    });
}

#[test]
fn an_undo_of_an_order_that_is_failed_contradicts_it_and_reverses_nothing() {
    run(async {
        let mut abilities = without_look_up();
        abilities.undo = tillgate::orders::adapter::UndoSteps::One;
        abilities.duplicates = tillgate::orders::adapter::Duplicates::NotRefused;
        let world = World::new(abilities).await;
        world.gateway.treat([Treat::Lose, Treat::Lose]);
        world.till.buy(order("pay")).await.unwrap();
        world.till.undo(reverse("u1", "pay")).await.unwrap();
        world.until("pay", |o| o.state == OrderState::NeedsReview).await;
        world.until("u1", |o| o.state == OrderState::NeedsReview).await;
        let decide = |state| tillgate::Decision {
            state,
            decided_by: "Anna".into(),
            grounds: "the statement shows it".into(),
        };
        world.till.resolve("pay".into(), decide(OrderState::Failed)).await.unwrap();
        world.till.resolve("u1".into(), decide(OrderState::Succeeded)).await.unwrap();
        let parent = world.order("pay").await;
        assert_eq!((parent.state, parent.conflict.is_some()), (OrderState::Failed, true));
        let reversed = world.till.resolve("pay".into(), decide(OrderState::Reversed)).await.unwrap();
        assert_eq!((reversed.state, reversed.conflict), (OrderState::Reversed, None));
    });
}

#[test]
fn an_order_that_stays_open_where_nobody_can_be_asked_is_overdue() {
    run(async {
        let world = World::new(without_look_up()).await;
        world.gateway.treat([Treat::Do(EvidenceStatus::Open)]);
        let bought = world.till.buy(order("pay")).await.unwrap();
        assert_eq!((bought.state, bought.overdue), (OrderState::Accepted, false));
        let order = world.until("pay", |o| o.overdue).await;
        assert_eq!(order.state, OrderState::Accepted);
    });
}
