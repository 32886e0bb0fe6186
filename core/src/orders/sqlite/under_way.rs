//! Orders that are being sent, kept in memory as the journal holds them: what became of one is written next, and it need not be read
//! and parsed for that.
//!
//! An order that is not here is read from the journal, so it is always right to forget. All are forgotten when anything
//! was rolled back, or when another connection has written.

use std::collections::HashMap;

use crate::orders::machine::Record;
use crate::orders::types::OrderState;

/// Orders in memory, at most. Those that find no room are read.
const ORDERS_MAX: usize = 1024;

#[derive(Default)]
pub struct UnderWay {
    /// SQLite's count of what others have committed, when these were written.
    others_wrote: Option<i64>,
    records: HashMap<String, (i64, Record)>,
}

impl UnderWay {
    /// In a new transaction. `others_wrote` is SQLite's `data_version`, which another connection's commit changes and our own does not.
    pub fn begin(&mut self, others_wrote: i64) {
        if self.others_wrote.replace(others_wrote) != Some(others_wrote) {
            self.records.clear();
        }
    }

    /// An order as it was just written, under the number of its row; whatever was kept of it before is gone.
    pub fn keep(&mut self, id: i64, record: &Record) {
        self.records.remove(&record.key);
        if record.order.state == OrderState::Sending && self.records.len() < ORDERS_MAX {
            // What is not written down is not remembered either: here stands what would be read.
            let record = Record { brought_no_payment_code: false, ..record.clone() };
            self.records.insert(record.key.clone(), (id, record));
        }
    }

    /// Takes an order out: whatever is written of it next is kept anew, or read.
    pub fn take(&mut self, key: &str) -> Option<(i64, Record)> {
        self.records.remove(key)
    }

    /// What was written is undone, or nobody knows.
    pub fn forget_all(&mut self) {
        self.records.clear();
    }
}
