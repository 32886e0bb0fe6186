//! What came, and what became of it.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::SeqCst};

use super::CallbackReceiverStatus;

/// How a connection's one request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Handled,
    WrongPath,
    WrongMethod,
    TooLarge,
    TooSlow,
    TooMany,
    NotReadable,
    NotCommitted,
    BrokenOff,
}

/// Every fate, each counted by its number.
const FATES: usize = Fate::BrokenOff as usize + 1;

#[derive(Default)]
pub(super) struct Counts {
    connections: AtomicU64,
    open: AtomicU32,
    open_max: AtomicU32,
    held_bytes: AtomicU64,
    held_bytes_max: AtomicU64,
    fates: [AtomicU64; FATES],
    known_orders: AtomicU64,
    unknown_orders: AtomicU64,
}

impl Counts {
    /// A connection has come.
    pub(super) fn opened(&self) {
        self.connections.fetch_add(1, SeqCst);
        let open = self.open.fetch_add(1, SeqCst) + 1;
        self.open_max.fetch_max(open, SeqCst);
    }

    /// A connection has gone.
    pub(super) fn closed(&self) {
        self.open.fetch_sub(1, SeqCst);
    }

    pub(super) fn met(&self, fate: Fate) {
        self.fates[fate as usize].fetch_add(1, SeqCst);
    }

    pub(super) fn named(&self, known: u32, unknown: u32) {
        self.known_orders.fetch_add(known.into(), SeqCst);
        self.unknown_orders.fetch_add(unknown.into(), SeqCst);
    }

    pub(super) fn status(&self, address: String, closed: bool) -> CallbackReceiverStatus {
        let fate = |fate: Fate| self.fates[fate as usize].load(SeqCst);
        CallbackReceiverStatus {
            address,
            closed,
            connections: self.connections.load(SeqCst),
            connections_open: self.open.load(SeqCst),
            connections_open_max: self.open_max.load(SeqCst),
            body_bytes_held_max: self.held_bytes_max.load(SeqCst),
            handled: fate(Fate::Handled),
            known_orders: self.known_orders.load(SeqCst),
            unknown_orders: self.unknown_orders.load(SeqCst),
            wrong_path: fate(Fate::WrongPath),
            wrong_method: fate(Fate::WrongMethod),
            too_large: fate(Fate::TooLarge),
            too_slow: fate(Fate::TooSlow),
            too_many: fate(Fate::TooMany),
            not_readable: fate(Fate::NotReadable),
            not_committed: fate(Fate::NotCommitted),
            broken_off: fate(Fate::BrokenOff),
        }
    }
}

/// A body while it is in memory.
pub(super) struct Held<'a> {
    counts: &'a Counts,
    pub(super) bytes: Vec<u8>,
    counted: usize,
}

impl<'a> Held<'a> {
    pub(super) fn new(counts: &'a Counts) -> Self {
        Self { counts, bytes: Vec::new(), counted: 0 }
    }

    pub(super) fn add(&mut self, more: &[u8]) {
        self.bytes.extend_from_slice(more);
        self.counted += more.len();
        let held = self.counts.held_bytes.fetch_add(more.len() as u64, SeqCst) + more.len() as u64;
        self.counts.held_bytes_max.fetch_max(held, SeqCst);
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.counts.held_bytes.fetch_sub(self.counted as u64, SeqCst);
    }
}
