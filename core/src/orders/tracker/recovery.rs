//! Takes over what an earlier process left.

use std::sync::Arc;

use super::Tracker;
use crate::Result;
use crate::orders::machine::{Fact, Record};
use crate::orders::types::*;
use crate::runtime;
use crate::testing::{Guard, guard};

/// Orders read at a time.
const PAGE: u32 = 500;

impl Tracker {
    /// At open, before anything is bought: what was being sent is unknown from now on, and what was pending expires unless
    /// the policy resumes it.
    pub(super) async fn recover(self: &Arc<Self>) -> Result<()> {
        if self.journal.store().cannot_write().is_some() {
            return Ok(());
        }
        for key in self.keys_in(OrderState::Sending)? {
            self.apply(&key, Fact::Recovered, None).await?;
        }
        for key in self.keys_in(OrderState::Pending)? {
            let in_time = match self.journal.store().order(&key)? {
                Some(record) => record.time_left(&self.journal.now()).is_some(),
                None => false,
            };
            if !self.policy.resume_pending || !in_time {
                self.apply(&key, Fact::Expire, None).await?;
            }
        }
        Ok(())
    }

    /// Takes up the open orders of an account that was just attached.
    pub(super) async fn take_up(self: &Arc<Self>, account: &str) -> Result<()> {
        let writable = self.journal.store().cannot_write().is_none();
        let watch_ms = i64::try_from(self.policy.appearance_watch_ms).unwrap_or(i64::MAX);
        let watch = jiff::SignedDuration::from_millis(watch_ms);
        let absent_after = self.clock.now().checked_sub(watch).unwrap_or(crate::Timestamp::MIN);
        let mut after = String::new();
        loop {
            let page = self.journal.store().watched(&after, PAGE, absent_after)?;
            let Some(last) = page.last() else { break };
            after = last.key.clone();
            for open in page.iter().filter(|open| open.account == account) {
                let Some(record) = self.journal.store().order(&open.key)? else { continue };
                // Also what is driven below: it expires even if its driving breaks off.
                self.plan(&record);
                // What was placed since the open has a driver already.
                let left_over = record.intent.epoch != self.journal.store().epoch();
                if writable
                    && left_over
                    && record.order.state == OrderState::Pending
                    && self.may_buy().is_ok()
                {
                    let tracker = self.clone();
                    runtime::spawn(Box::pin(async move {
                        // Its end stands in the journal.
                        let _ = tracker.drive(record).await;
                    }))?;
                    continue;
                }
                if writable && record.order.state == OrderState::Unknown && !guard(Guard::NoBlindResend) {
                    let tracker = self.clone();
                    runtime::spawn(Box::pin(async move {
                        if let Ok(record) = tracker.begin(&record, None).await {
                            let _ = tracker.drive(record).await;
                        }
                    }))?;
                }
            }
        }
        self.take_hints(PAGE);
        Ok(())
    }

    fn keys_in(&self, state: OrderState) -> Result<Vec<String>> {
        let mut filter = OrderFilter { states: vec![state], limit: PAGE, ..OrderFilter::default() };
        let mut keys = Vec::new();
        loop {
            let (orders, next) = self.journal.store().list(&filter)?;
            keys.extend(orders.iter().map(|order| Record::key_of(&order.id)));
            match next {
                Some(next) => filter.after = Some(next),
                None => return Ok(keys),
            }
        }
    }
}
