//! Rule 20: waits use the lower bound of elapsed time, windows the upper.

use std::time::Duration;

use super::gateway::{Treat, order, with_look_up};
use super::{World, run};
use jiff::SignedDuration;
use tillgate::{Clock, OrderState};

#[test]
fn rule_20_a_wall_clock_that_jumps_closes_windows_and_ends_no_wait() {
    run(async {
        for jump in [SignedDuration::from_hours(2), SignedDuration::from_hours(-2)] {
            let world = World::new(with_look_up()).await;
            world.gateway.treat(std::iter::repeat_n(Treat::NotSent, 100));
            world.till.enqueue(order("a1")).await.unwrap();
            world.soon("the first attempt", || world.gateway.calls("submit") == 1).await;
            // The schedule sleeps, and the order between two attempts.
            world.clock.wait_for_sleepers(2).await;
            let calls = world.gateway.calls("submit");
            world.clock.set_wall(world.clock.now() + jump);
            let order = world.until("a1", |o| o.state.is_final()).await;
            assert_eq!(
                (order.state, world.gateway.calls("submit")),
                (OrderState::Expired, calls),
                "after a jump of {jump} nobody knows how long ago the intent was"
            );
        }
    });
}

#[test]
fn a_wall_clock_that_jumps_forward_does_not_settle_an_absence() {
    run(async {
        let world = World::new(with_look_up()).await;
        world.gateway.treat([Treat::Lose]);
        world.till.buy(order("a1")).await.unwrap();
        world.pass(Duration::from_secs(60)).await;
        world.clock.set_wall(world.clock.now() + SignedDuration::from_hours(1));
        world.pass(Duration::from_secs(120)).await;
        assert_eq!(world.state("a1").await, OrderState::Unknown);
    });
}
