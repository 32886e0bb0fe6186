//! The journal's thread above the store: what waits is committed together.

use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Waker};

use super::*;
use crate::orders::journal::Journal;
use crate::orders::store::{Counts, OpenOrder, SecretKind};

/// A store that waits at each commit until it is let through, and counts what came.
struct Gated {
    store: Arc<SqliteStore>,
    gate: Arc<Mutex<()>>,
    sizes: Mutex<Vec<usize>>,
}

impl Store for Gated {
    fn commit(&self, batch: &[Given]) -> Result<Vec<Result<Done>>> {
        let _through = self.gate.lock().unwrap();
        self.sizes.lock().unwrap().push(batch.len());
        self.store.commit(batch)
    }
    fn epoch(&self) -> u64 {
        self.store.epoch()
    }
    fn close(&self) {
        self.store.close();
    }
    fn order(&self, _: &str) -> Result<Option<Record>> {
        unreachable!()
    }
    fn history(&self, _: &str) -> Result<Vec<HistoryEntry>> {
        unreachable!()
    }
    fn list(&self, _: &OrderFilter) -> Result<(Vec<Order>, Option<String>)> {
        unreachable!()
    }
    fn watched(&self, _: &str, _: u32, _: Timestamp) -> Result<Vec<OpenOrder>> {
        unreachable!()
    }
    fn open_accounts(&self) -> Result<Vec<String>> {
        unreachable!()
    }
    fn undos_of(&self, _: &str) -> Result<Vec<Record>> {
        unreachable!()
    }
    fn known_order(&self, _: &str, _: &str) -> Result<Option<Record>> {
        unreachable!()
    }
    fn events(&self, _: &[String], _: u32) -> Result<Vec<(String, Event)>> {
        unreachable!()
    }
    fn hint(&self, _: &str) -> Result<Option<String>> {
        unreachable!()
    }
    fn hints(&self, _: i64, _: u32) -> Result<Vec<(i64, String)>> {
        unreachable!()
    }
    fn sealed(&self, _: &str, _: SecretKind) -> Result<Option<Sealed>> {
        unreachable!()
    }
    fn counts(&self) -> Result<Counts> {
        unreachable!()
    }
    fn epoch_guard(&self) -> bool {
        unreachable!()
    }
    fn quarantine(&self) -> Result<Option<String>> {
        unreachable!()
    }
    fn cannot_write(&self) -> Option<TillgateError> {
        unreachable!()
    }
    fn keys_not_given(&self) -> Result<Vec<String>> {
        unreachable!()
    }
    fn cannot_send(&self) -> Option<TillgateError> {
        unreachable!()
    }
}

#[test]
fn what_waits_is_committed_together_and_answered_each_for_itself() {
    const COMMANDS: usize = 600;
    let till = Till::new();
    let gate = Arc::new(Mutex::new(()));
    let gated = Arc::new(Gated { store: till.open(), gate: gate.clone(), sizes: Mutex::default() });
    let journal = Journal::start(gated.clone(), Arc::new(SystemClock::new())).unwrap();
    let shut = gate.lock().unwrap();
    // Each is named twice: the second one finds the first one's order.
    let mut waits: Vec<Pin<Box<_>>> = (0..COMMANDS)
        .map(|n| Box::pin(journal.create(vec![draft(sent(&format!("o{}", n / 2), 0))])))
        .collect();
    for wait in &mut waits {
        let mut context = Context::from_waker(Waker::noop());
        assert!(wait.as_mut().poll(&mut context).is_pending(), "nothing is answered before its commit");
    }
    assert!(gated.store.order("o0").unwrap().is_none());
    drop(shut);
    for (n, wait) in waits.into_iter().enumerate() {
        let created = block_on(wait).unwrap();
        assert_eq!((created[0].0.order.id.clone(), created[0].1), (format!("o{}", n / 2), n % 2 == 0));
    }
    let sizes = gated.sizes.lock().unwrap().clone();
    assert_eq!(sizes.iter().sum::<usize>(), COMMANDS);
    // The first commit has whatever was there when the thread looked.
    assert!(sizes.len() <= 4 && sizes.iter().all(|size| *size <= 256), "{sizes:?}");
    journal.close();
    assert_sound(&till.journal());
}
