//! Rules 1, 2, 3, 6 and 13: the intent comes first, under an id that the caller chose, and a caller that goes away changes nothing.

use std::time::Duration;

use super::gateway::{Treat, notification, order, with_look_up};
use super::{World, begin, code, run};
use tillgate::orders::adapter::EvidenceStatus;
use tillgate::{AttemptOutcome, Decimal, OrderState, Till};

#[test]
fn rule_01_intent_and_attempt_are_durable_before_the_first_byte() {
    run(async {
        let world = World::new(with_look_up()).await;
        world.gateway.treat([Treat::Hold]);
        let till = world.till.clone();
        let buying = begin(async move { till.buy(order("a1")).await });
        world.soon("the submission", || world.gateway.calls("submit") == 1).await;
        // Another reader of the file sees what a process that starts after a crash would see.
        let mut beside = world.config();
        beside.read_only = true;
        let beside = Till::open(beside).await.unwrap();
        let seen = beside.order("a1".into()).await;
        world.gateway.release.add_permits(1);
        let seen = seen.expect("the intent is in the journal while the request is on its way");
        assert_eq!(seen.state, OrderState::Sending);
        assert_eq!(seen.attempts.len(), 1);
        assert_eq!(seen.attempts[0].outcome, AttemptOutcome::Open);
        assert_eq!(seen.account, "scripted|memory|anna");
        assert_eq!(buying.await.unwrap().unwrap().state, OrderState::Succeeded);
    });
}

#[test]
fn rule_02_the_id_exists_first_and_is_compared_without_case() {
    run(async {
        let world = World::new(with_look_up()).await;
        let nameless = world.till.buy(order("")).await;
        assert_eq!(code(&nameless), "invalid_argument");
        assert_eq!(world.gateway.calls("submit"), 0, "nothing is sent without an id");
        for wrong in [" a", "a ", "a\u{e4}", "a\n", &"a".repeat(65)] {
            assert_eq!(code(&world.till.buy(order(wrong)).await), "invalid_argument", "{wrong:?}");
        }
        let first = world.till.buy(order("Order_1")).await.unwrap();
        let second = world.till.buy(order("oRDER_1")).await.unwrap();
        assert_eq!(first, second);
        assert_eq!(world.till.order("ORDER_1  ".into()).await.unwrap(), first);
        assert_eq!(world.gateway.calls("submit"), 1);
        let minted: std::collections::HashSet<String> = (0..1_000).map(|_| tillgate::new_id()).collect();
        assert_eq!(minted.len(), 1_000);
    });
}

#[test]
fn rule_03_the_same_request_returns_the_same_order_and_another_one_is_an_error() {
    run(async {
        let world = World::new(with_look_up()).await;
        let first = world.till.buy(order("a1")).await.unwrap();
        let mut same = order("a1");
        same.amount.amount = Decimal::new(10, 0);
        same.beneficiary.reverse();
        same.callback_url = Some("https://example.org/other".into());
        same.notifications = vec![notification()];
        same.submit_within_ms = Some(5);
        assert_eq!(world.till.buy(same).await.unwrap(), first);
        world.gateway.set_status("a1", EvidenceStatus::Succeeded, "success");
        let done = world.until("a1", |o| o.state.is_final()).await;
        assert_eq!(world.till.buy(order("a1")).await.unwrap(), done, "final or not");

        let mut others = vec![order("a1"), order("a1"), order("a1"), order("a1"), order("a1")];
        others[0].amount.amount = Decimal::new(1001, 2);
        others[1].amount.currency = "EUR".into();
        others[2].product = "2222".into();
        others[3].scenario = "simulate-success".into();
        others[4].beneficiary[0].value = "+41790000000".into();
        for other in others {
            let refused = world.till.buy(other).await;
            assert_eq!(code(&refused), "order_conflict");
            assert_eq!(refused.unwrap_err().details().order_id.as_deref(), Some("a1"));
        }
        assert_eq!(world.gateway.bought("a1"), 1);
    });
}

#[test]
fn rule_06_no_attempt_starts_after_the_time_to_act() {
    run(async {
        let world = World::new(with_look_up()).await;
        world.gateway.treat(std::iter::repeat_n(Treat::NotSent, 1_000));
        let enqueued = world.till.enqueue(order("a1")).await.unwrap();
        assert_eq!(enqueued.state, OrderState::Pending);
        for _ in 0..5 {
            // The schedule sleeps, and the order between two attempts.
            world.clock.wait_for_sleepers(2).await;
            world.clock.advance(Duration::from_secs(8));
        }
        let late = |o: &tillgate::Order| o.attempts.last().is_some_and(|a| a.started_at >= o.submit_by);
        let order = world.until("a1", |o| o.state.is_final() || late(o)).await;
        assert_eq!(order.state, OrderState::Expired);
        assert!(order.attempts.len() > 3, "it was tried again while there was time");
        let last = order.attempts.last().unwrap().started_at;
        assert!(last < order.submit_by, "{last} is after {}", order.submit_by);
        let calls = world.gateway.calls("submit");
        world.pass(Duration::from_secs(60)).await;
        assert_eq!(world.gateway.calls("submit"), calls);
        assert_eq!(world.gateway.bought("a1"), 0);
    });
}

#[test]
fn a_time_to_act_without_end_is_told_as_one() {
    run(async {
        let policy = tillgate::OrderPolicy { submit_within_ms: u64::MAX, ..Default::default() };
        let world = World::with_policy(with_look_up(), policy).await;
        let order = world.till.buy(order("a1")).await.unwrap();
        assert_eq!((order.state, order.submit_by), (OrderState::Accepted, tillgate::Timestamp::MAX));
    });
}

#[test]
fn what_was_left_pending_expires_in_the_next_process_unless_it_is_resumed() {
    run(async {
        for (resume, expected) in [(false, OrderState::Expired), (true, OrderState::Accepted)] {
            let policy = tillgate::OrderPolicy { resume_pending: resume, ..Default::default() };
            let mut world = World::with_policy(with_look_up(), policy).await;
            world.gateway.treat([Treat::NotSent]);
            let mut new = order("a1");
            new.callback_url = Some("https://example.org/callback".into());
            new.notifications = vec![notification()];
            world.till.enqueue(new).await.unwrap();
            world.soon("the first attempt", || world.gateway.calls("submit") == 1).await;
            world.reopen().await;
            let order =
                world.until("a1", |o| !matches!(o.state, OrderState::Pending | OrderState::Sending)).await;
            assert_eq!(order.state, expected, "resume_pending {resume}");
            assert_eq!(world.gateway.bought("a1"), usize::from(resume));
            let told = (Some("https://example.org/callback".to_string()), vec![notification()]);
            let state = world.gateway.state.lock().unwrap();
            assert_eq!(state.to_be_told, vec![told; 1 + usize::from(resume)], "a restart forgets neither");
        }
    });
}

#[test]
fn rule_13_dropping_the_wait_does_not_touch_the_send() {
    run(async {
        let world = World::new(with_look_up()).await;
        world.gateway.treat([Treat::Hold]);
        {
            let buying = world.till.buy(order("a1"));
            tokio::pin!(buying);
            tokio::select! {
                biased;
                _ = &mut buying => panic!("the gateway holds it"),
                () = world.soon("the submission", || world.gateway.calls("submit") == 1) => {}
            }
            let late = world.till.cancel("a1".into()).await;
            assert_eq!(code(&late), "too_late");
            assert_eq!(world.state("a1").await, OrderState::Sending);
        }
        world.gateway.release.add_permits(1);
        world.settle().await;
        assert_eq!(world.state("a1").await, OrderState::Succeeded, "the send went on without its caller");
        assert_eq!(world.gateway.bought("a1"), 1);
    });
}

#[test]
fn cancel_works_on_pending_only() {
    run(async {
        let world = World::new(with_look_up()).await;
        world.gateway.treat(std::iter::repeat_n(Treat::NotSent, 100));
        world.till.enqueue(order("a1")).await.unwrap();
        world.soon("the first attempt", || world.gateway.calls("submit") >= 1).await;
        let cancelled = world.until("a1", |o| o.state == OrderState::Pending).await;
        assert_eq!(cancelled.state, OrderState::Pending);
        let cancelled = world.till.cancel("a1".into()).await.unwrap();
        assert_eq!(cancelled.state, OrderState::Cancelled);
        let calls = world.gateway.calls("submit");
        world.pass(Duration::from_secs(30)).await;
        assert_eq!(world.gateway.calls("submit"), calls, "a cancelled order is never sent");
        assert_eq!(code(&world.till.cancel("a1".into()).await), "too_late");
    });
}

#[test]
fn close_waits_for_attempts_under_way() {
    run(async {
        let mut world = World::new(with_look_up()).await;
        world.gateway.treat([Treat::Hold]);
        let till = world.till.clone();
        let buying = begin(async move { till.buy(order("a1")).await });
        world.soon("the submission", || world.gateway.calls("submit") == 1).await;
        let till = world.till.clone();
        let mut closing = begin(async move { till.close().await });
        world.settle().await;
        assert!(closing.try_recv().is_err(), "an attempt is under way");
        world.gateway.release.add_permits(1);
        closing.await.unwrap().unwrap();
        assert_eq!(buying.await.unwrap().unwrap().state, OrderState::Succeeded);
        assert_eq!(code(&world.till.buy(order("a2")).await), "closed");
        world.open_again().await;
        assert_eq!(world.state("a1").await, OrderState::Succeeded);
    });
}
