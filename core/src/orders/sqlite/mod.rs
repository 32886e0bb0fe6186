use super::machine::*;
use super::store::*;
use super::types::*;
use crate::*;
use std::sync::Arc;
pub struct SqliteStore;
impl SqliteStore {
    pub fn open(_: &TillConfig, _: &dyn Clock, _: &[(String, String)]) -> Result<Arc<Self>> {
        todo!()
    }
}
impl Store for SqliteStore {
    fn commit(&self, _: &[Given]) -> Result<Vec<Result<Done>>> {
        todo!()
    }
    fn order(&self, _: &str) -> Result<Option<Record>> {
        todo!()
    }
    fn history(&self, _: &str) -> Result<Vec<HistoryEntry>> {
        todo!()
    }
    fn list(&self, _: &OrderFilter) -> Result<(Vec<Record>, Option<String>)> {
        todo!()
    }
    fn watched(&self, _: &str, _: u32, _: Timestamp) -> Result<Vec<OpenOrder>> {
        todo!()
    }
    fn open_accounts(&self) -> Result<Vec<String>> {
        todo!()
    }
    fn undos_of(&self, _: &str) -> Result<Vec<Record>> {
        todo!()
    }
    fn known_order(&self, _: &str, _: &str) -> Result<Option<Record>> {
        todo!()
    }
    fn events(&self, _: &[String], _: u32) -> Result<Vec<(String, Event)>> {
        todo!()
    }
    fn hints(&self, _: u32) -> Result<Vec<String>> {
        todo!()
    }
    fn sealed(&self, _: &str, _: SecretKind) -> Result<Option<Sealed>> {
        todo!()
    }
    fn counts(&self) -> Result<Counts> {
        todo!()
    }
    fn epoch(&self) -> u64 {
        todo!()
    }
    fn epoch_guard(&self) -> bool {
        todo!()
    }
    fn quarantine(&self) -> Result<Option<String>> {
        todo!()
    }
    fn cannot_write(&self) -> Option<TillgateError> {
        todo!()
    }
    fn close(&self) {
        todo!()
    }
}
