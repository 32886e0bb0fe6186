//! Callbacks are hints: they are written down, answered, and followed by a look-up. Only one proved by a signature may
//! confirm a success.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Tracker;
use crate::Result;
use crate::orders::adapter::{CallbackNews, Evidence, EvidenceStatus};
use crate::orders::machine::{Fact, Record, Source};
use crate::orders::store::Command;
use crate::orders::types::*;
use crate::runtime;
use crate::testing::{Guard, guard};

/// A callback's body, at most. Larger ones are none of a gateway's.
const BODY_SIZE_MAX_BYTES: usize = 1 << 20;
/// Ids that one callback may name. More are none of a gateway's.
const IDS_MAX: usize = 1_000;

impl Tracker {
    /// Takes a callback in and says what to answer. What it says of an order is not believed: the gateway is asked.
    pub async fn handle_callback(self: &Arc<Self>, request: CallbackRequest) -> Result<CallbackAnswer> {
        let attached = self.attached_named(request.account.as_deref())?;
        if request.body.len() > BODY_SIZE_MAX_BYTES && guard(Guard::CallbackSize) {
            return Ok(CallbackAnswer { http_status: 413, known_orders: 0, unknown_orders: 0 });
        }
        let Ok(news) = attached.adapter.read_callback(&request) else {
            return Ok(CallbackAnswer { http_status: 400, known_orders: 0, unknown_orders: 0 });
        };
        let (ids, evidence) = match news {
            CallbackNews::Hints(ids) => (ids, Vec::new()),
            CallbackNews::Verified(evidence) => (evidence.iter().map(|e| e.id.clone()).collect(), evidence),
        };
        // Each once, in their order.
        let mut seen = HashSet::new();
        let mut keys: Vec<String> = ids.iter().map(|id| Record::key_of(id)).collect();
        keys.retain(|key| seen.insert(key.clone()));
        if keys.len() > IDS_MAX {
            return Ok(CallbackAnswer { http_status: 413, known_orders: 0, unknown_orders: 0 });
        }
        let mut answer = CallbackAnswer { http_status: 200, known_orders: 0, unknown_orders: 0 };
        for key in keys {
            let known = if key.is_empty() { None } else { self.journal.store().order(&key)? };
            let Some(record) = known.filter(|r| r.order.account == attached.account) else {
                answer.unknown_orders += 1;
                self.unknown_callback_ids.fetch_add(1, Ordering::SeqCst);
                continue;
            };
            answer.known_orders += 1;
            // Committed before it is answered: a crash from here on does not lose the hint.
            if guard(Guard::HintBeforeAnswer) {
                self.journal.commit(Command::Hint { key }).await?;
            } else {
                let journal = self.journal.clone();
                runtime::spawn(Box::pin(async move {
                    let _ = journal.commit(Command::Hint { key }).await;
                }))?;
            }
            if self.journal.store().cannot_write().is_some() {
                // The process that buys takes the hint up.
                continue;
            }
            let mut proved: Vec<Evidence> = evidence
                .iter()
                .filter(|e| Record::key_of(&e.id) == record.key && e.status == EvidenceStatus::Succeeded)
                .cloned()
                .collect();
            if !proved.is_empty() {
                let voucher = self.seal_voucher(&record, &mut proved);
                let fact = Fact::Evidence { records: proved, source: Source::VerifiedCallback };
                self.apply(&record.key, fact, voucher).await?;
            }
            if let Some(record) = self.journal.store().order(&record.key)? {
                self.schedule.hint(&record, self.clock.elapsed());
            }
        }
        Ok(answer)
    }

    /// Whether callbacks can be told to be for this account.
    pub fn check_account(&self, name: Option<&str>) -> Result<()> {
        self.attached_named(name).map(drop)
    }

    /// Takes over hints that are in the journal and not in the schedule: of an earlier process, or of one beside us.
    /// Each turn goes on where the last one ended, so that hints which nobody can follow now hold back no others.
    pub(super) fn take_hints(&self, limit: u32) {
        let after = self.hints_taken.load(Ordering::SeqCst);
        // A journal that cannot be read now is asked again at the next turn.
        let hints = self.journal.store().hints(after, limit).unwrap_or_default();
        let more = hints.len() == limit as usize;
        let end = hints.last().map_or(0, |(place, _)| *place);
        self.hints_taken.store(if more { end } else { 0 }, Ordering::SeqCst);
        for (_, key) in hints {
            if let Ok(Some(record)) = self.journal.store().order(&key) {
                self.schedule.hint(&record, self.clock.elapsed());
            }
        }
    }
}
