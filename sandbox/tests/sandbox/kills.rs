//! Processes killed at a chosen moment.

use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command};

use tillgate_sandbox::{Fault, FaultKind, KillPoint, KillTarget};

use crate::client::{Shop, basic, connect, exchange, live, request_bytes};

const CHILD_TARGET: &str = "TILLGATE_SANDBOX_TEST_CHILD";

/// Not a test by itself: other tests run this binary again with an address, to have a process that buys and then
/// waits to be killed.
#[test]
fn child_that_buys() {
    let Ok(address) = std::env::var(CHILD_TARGET) else { return };
    let address: SocketAddr = address.parse().unwrap();
    let target = format!("{}/store/order", crate::client::BASE);
    let bytes = request_bytes("POST", &target, &basic("till", "secret"), live("a").as_bytes());
    let mut stream = connect(address);
    let _ = exchange(&mut stream, &bytes);
    // Ends by itself, as a failure of the test, if nobody kills it: the parent closes the connection at its end.
    let _ = exchange(&mut stream, b"");
}

fn buying_child(shop: &Shop) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kills::child_that_buys"])
        .env(CHILD_TARGET, shop.sandbox.address().to_string())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap()
}

fn kill(point: KillPoint, pid: KillTarget, accept: bool) -> Fault {
    Fault::new(FaultKind::Kill { point, pid, accept }).on("createOrder")
}

#[test]
fn the_process_that_buys_is_killed_at_each_point() {
    for (point, accept, bought) in [
        (KillPoint::BeforeAccepting, false, 0),
        (KillPoint::BeforeAccepting, true, 1),
        (KillPoint::AfterAccepting, true, 1),
        (KillPoint::AfterAnswer, true, 1),
    ] {
        let shop = Shop::open();
        shop.fault(kill(point, KillTarget::Peer, accept));
        let mut child = buying_child(&shop);
        let status = child.wait().unwrap();
        assert_eq!(status.signal(), Some(9), "{point:?}");
        // The order may be taken after the death: the gateway had read it.
        shop.sandbox.idle_blocking();
        assert_eq!(shop.bought("a"), bought, "{point:?}");
    }
}

#[test]
fn a_named_process_is_killed_and_the_answer_lost() {
    let shop = Shop::open();
    let mut sleeper = Command::new("sleep").arg("600").spawn().unwrap();
    shop.fault(kill(KillPoint::AfterAccepting, KillTarget::Pid(sleeper.id()), true));
    assert!(shop.try_buy(&live("a")).is_err(), "no answer");
    assert_eq!(sleeper.wait().unwrap().signal(), Some(9));
    assert_eq!(shop.bought("a"), 1);
    assert!(shop.sandbox.requests()[0].done.contains("killed process"));
}

#[test]
fn a_kill_that_would_hit_the_sandbox_is_not_done() {
    let shop = Shop::open();
    shop.fault(kill(KillPoint::AfterAnswer, KillTarget::Peer, true));
    assert_eq!(shop.buy(&live("a")).status, 201);
    assert!(
        shop.sandbox
            .order_fault(kill(KillPoint::AfterAnswer, KillTarget::Pid(std::process::id()), true))
            .is_err()
    );
    assert!(shop.sandbox.order_fault(kill(KillPoint::AfterAnswer, KillTarget::Pid(1), true)).is_err());
}
