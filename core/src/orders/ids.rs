use super::types::*;
use crate::*;
pub fn new_id() -> String {
    todo!()
}
pub fn fingerprint(_: &str, _: &NewOrder) -> String {
    todo!()
}
pub fn undo_fingerprint(_: &str, _: &str, _: OrderKind, _: Decimal) -> String {
    todo!()
}
