//! What a till attaches: a gateway as seen through the network.

use std::sync::Arc;
use std::time::Duration;

use tillgate::orders::adapter::*;
use tillgate::{
    BoxFuture, CallbackRequest, Clock, Decimal, ManualClock, NewOrder, OrderKind, Outcome, Result,
};
use tokio::sync::oneshot;

use crate::gateway::{Row, World};
use crate::network::{Kind, error, lost};
use crate::personality::Personality;

/// A call is given up after this; the transport's own default.
pub const DEADLINE: Duration = Duration::from_secs(60);
/// A callback that begins so is signed. Nobody but the gateway makes these.
pub const SIGNED: &str = "signed:";

/// A gateway as the till sees it.
pub struct Counter {
    pub world: Arc<World>,
    pub clock: ManualClock,
    pub personality: Personality,
}

impl Adapter for Counter {
    fn account(&self) -> Account {
        self.personality.account()
    }

    fn abilities(&self) -> Abilities {
        self.personality.abilities()
    }

    fn check(&self, order: &NewOrder) -> Result<Checked> {
        Ok(Checked { live: order.scenario == "live" })
    }

    fn check_id(&self, _id: &str) -> Result<()> {
        Ok(())
    }

    fn submit(&self, orders: Vec<Submission>) -> BoxFuture<'static, SubmitOutcome> {
        let (world, clock, at) = (self.world.clone(), self.clock.clone(), self.personality);
        Box::pin(async move {
            let answer = world.order_something(at, orders);
            let deadline = clock.sleep_until(clock.elapsed() + DEADLINE);
            tokio::select! {
                biased;
                outcome = answer => outcome.unwrap_or_else(|_| lost()),
                () = deadline => SubmitOutcome::Unknown(error(Kind::Timeout, Outcome::Unknown, None)),
            }
        })
    }

    fn look_up(&self, order: OrderReference) -> BoxFuture<'static, LookUp> {
        let (world, at) = (self.world.clone(), self.personality);
        Box::pin(async move {
            let broken = || LookUp::Unclear(error(Kind::Network, Outcome::Unknown, None));
            world.ask(at, order).await.unwrap_or_else(|_| broken())
        })
    }

    fn control(&self) -> BoxFuture<'static, Result<()>> {
        let world = self.world.clone();
        Box::pin(async move {
            let answer = world.ask_for_anything();
            answer.await.unwrap_or_else(|_| Err(error(Kind::Network, Outcome::Unknown, None)))
        })
    }

    fn baseline(&self, parent: Parent) -> BoxFuture<'static, Result<Vec<String>>> {
        let world = self.world.clone();
        Box::pin(async move {
            let (reply, answer) = oneshot::channel();
            world.ask_for_credits(parent.id, reply);
            answer.await.unwrap_or_else(|_| Err(error(Kind::Network, Outcome::NotSent, None)))
        })
    }

    /// The ids that it names, with blanks between.
    fn read_callback(&self, request: &CallbackRequest) -> Result<CallbackNews> {
        let text = String::from_utf8_lossy(&request.body);
        if let Some(id) = text.strip_prefix(SIGNED) {
            return Ok(self.world.signed(id));
        }
        let ids = text.split_whitespace().map(str::to_string);
        if tillgate::testing::guard(tillgate::testing::Guard::CallbacksAreHints) {
            return Ok(CallbackNews::Hints(ids.collect()));
        }
        // What the eleventh rule forbids: to believe that each of them has succeeded.
        let rows = self.world.lock().ledger.clone();
        Ok(CallbackNews::Verified(ids.map(|id| claim(id, &rows)).collect()))
    }
}

/// What a forged callback would claim: the order as it was asked for, and a success.
fn claim(id: String, rows: &[Row]) -> Evidence {
    let known = rows.iter().find(|row| row.id == id).map(|row| row.evidence.clone());
    let mut evidence = known.unwrap_or_else(|| Evidence {
        id: id.clone(),
        told_by_baseline: false,
        status: EvidenceStatus::Open,
        raw_status: String::new(),
        gateway_uid: None,
        scenario: Some("live".into()),
        product: None,
        amount: Some(Decimal::new(1000, 2)),
        currency: Some("CHF".into()),
        beneficiary: None,
        date: None,
        cost: None,
        response_code: None,
        response_text: None,
        issuer_reference: None,
        voucher: None,
    });
    evidence.status = EvidenceStatus::Succeeded;
    evidence.raw_status = "success".into();
    evidence
}

/// Whether this undoes something.
pub fn is_undo(kind: OrderKind) -> bool {
    kind != OrderKind::Purchase
}
