//! Hands events out, the same one again until it is acknowledged.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Tracker;
use crate::Result;
use crate::orders::journal::closed;
use crate::orders::store::Command;
use crate::orders::types::Event;
use crate::testing::{Guard, guard};

/// An event that was given out and is not acknowledged.
pub(super) struct Delivered {
    /// Holds back the other events of this order, and no one else's.
    key: String,
    /// When it is given again.
    again_at: Duration,
}

impl Tracker {
    /// The next event, or nothing when there is none within the timeout. Waiting acknowledges nothing.
    pub async fn next_event(self: &Arc<Self>, timeout: Duration) -> Result<Option<Event>> {
        let until = self.clock.elapsed() + timeout;
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if let Some(event) = self.take_event().await? {
                return Ok(Some(event));
            }
            if self.closing.load(Ordering::SeqCst) {
                return Err(closed());
            }
            let now = self.clock.elapsed();
            if now >= until {
                return Ok(None);
            }
            let again = self.delivered.lock().expect("delivered events").values().map(|d| d.again_at).min();
            tokio::select! {
                biased;
                () = changed => {}
                () = self.clock.sleep_until(again.map_or(until, |at| at.min(until)).max(now)) => {}
            }
        }
    }

    /// The application has handled an event; it does not come again.
    pub async fn acknowledge(&self, event: u64) -> Result<()> {
        self.journal.commit(Command::Acknowledge { event }).await?;
        self.delivered.lock().expect("delivered events").remove(&event);
        self.changed.notify_waiters();
        Ok(())
    }

    async fn take_event(&self) -> Result<Option<Event>> {
        let event = {
            // Held while reading, so that two streams are not given the same one.
            let mut delivered = self.delivered.lock().expect("delivered events");
            let now = self.clock.elapsed();
            let held: Vec<String> =
                delivered.values().filter(|d| d.again_at > now).map(|d| d.key.clone()).collect();
            let Some((key, event)) = self.journal.store().events(&held, 1)?.into_iter().next() else {
                return Ok(None);
            };
            let again_at = now + Duration::from_millis(self.policy.redeliver_after_ms.max(1));
            delivered.insert(event.id, Delivered { key, again_at });
            event
        };
        if !guard(Guard::EventsUntilAcknowledged) {
            self.acknowledge(event.id).await?;
        }
        Ok(Some(event))
    }
}
