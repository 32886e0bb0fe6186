//! How a receiver ends: by itself, with its till, or let go of.

use super::caller::{Conversation, head};
use super::*;

/// A request whose head has arrived: who is told to go on knows that.
async fn half(caller: &Caller) -> Conversation {
    let head = head(PATH, "content-length: 7\r\nexpect: 100-continue");
    caller.connect().await.unwrap().say(&head).await.hear(b"HTTP/1.1 100 Continue\r\n\r\n").await
}

#[test]
fn closing_answers_what_has_arrived_and_takes_nothing_more() {
    run(async {
        let shop = Receiving::new(config()).await;
        let mut idle = Vec::new();
        let mut begun = Vec::new();
        for _ in 0..20 {
            idle.push(shop.caller.connect().await.unwrap().finish(b""));
            begun.push(half(&shop.caller).await);
        }
        shop.counted("all of them", |s| s.connections == 40).await;

        let closing = shop.receiver.clone();
        let closing = crate::double::spawn(async move { closing.close().await });
        shop.counted("the closing", |s| s.closed).await;
        for idle in idle {
            assert_eq!(idle.await.unwrap().status, 0);
        }
        assert!(!closing.is_finished());
        assert!(shop.caller.connect().await.is_err(), "nobody listens there any more");
        for begun in begun {
            assert_eq!(begun.finish(b"hint:a1").await.unwrap().status, 200);
        }
        closing.await.unwrap().unwrap();
        shop.receiver.close().await.unwrap();
        let status = shop.status().await;
        assert_eq!((status.handled, status.broken_off, status.connections_open), (20, 20, 0));
        assert_complete(&status);
        // What was answered is written down, and the till goes on.
        shop.world.soon("the look-up", || shop.world.gateway.calls("look_up a1") > 0).await;
    });
}

#[test]
fn who_sends_too_slowly_does_not_hold_the_closing_up_beyond_his_time() {
    run(async {
        let shop = Receiving::new(config()).await;
        let slow = half(&shop.caller).await.finish(b"");
        let closing = shop.receiver.clone();
        let closing = crate::double::spawn(async move { closing.close().await });
        shop.counted("the closing", |s| s.closed).await;
        shop.clock.advance(std::time::Duration::from_secs(10));
        assert_eq!(slow.await.unwrap().status, 408);
        closing.await.unwrap().unwrap();
    });
}

#[test]
fn a_till_closes_its_receivers_first() {
    run(async {
        let shop = Receiving::new(config()).await;
        let other = shop.world.till.receive_callbacks(config()).await.unwrap();
        shop.world.till.close().await.unwrap();
        for receiver in [&shop.receiver, &other] {
            assert!(receiver.status().await.unwrap().closed);
            assert!(Caller::to(&receiver.callback_url()).connect().await.is_err());
        }
        assert_eq!(code(&shop.world.till.receive_callbacks(config()).await), "closed");
    });
}

#[test]
fn a_receiver_goes_on_while_anybody_has_it_or_its_till() {
    run(async {
        let Receiving { world, receiver, caller, .. } = Receiving::new(config()).await;
        let other = world.till.receive_callbacks(config()).await.unwrap();
        let to_other = Caller::to(&other.callback_url());
        drop(receiver);
        assert_eq!(caller.send(post(PATH, "hint:a1")).await.status, 200);
        assert_eq!(world.state("a1").await, OrderState::Accepted);
        drop(world);
        for caller in [&caller, &to_other] {
            assert_eq!(caller.send(post(PATH, "hint:a1")).await.status, 200);
        }
        drop(other);
        for caller in [caller, to_other] {
            let mut looks = 0..LOOKS_MAX;
            while caller.connect().await.is_ok() {
                looks.next().expect("it still listens");
            }
        }
    });
}

#[cfg(unix)]
#[test]
fn a_forked_child_is_told_so() {
    run(async {
        let shop = Receiving::new(config()).await;
        // SAFETY: the child makes two calls that are refused before they start anything, and leaves by `_exit`.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let told = refused(shop.receiver.status()) && refused(shop.receiver.close());
            // SAFETY: ends the child at once, without running the parent's exit handlers.
            unsafe { libc::_exit(if told { 0 } else { 1 }) };
        }
        let mut status = 0;
        // SAFETY: `child` is our own child and `status` outlives the call.
        assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
        assert_eq!(status, 0);
    });
}

/// Whether it says so at once, without anybody's help.
#[cfg(unix)]
fn refused<T>(call: impl Future<Output = tillgate::Result<T>>) -> bool {
    use std::task::{Context, Poll, Waker};
    let mut context = Context::from_waker(Waker::noop());
    matches!(
        std::pin::pin!(call).poll(&mut context),
        Poll::Ready(Err(tillgate::TillgateError::Forked { .. }))
    )
}
