//! Whether an answer's body is the gateway's own error, by another reading than the library's.

use serde_json::Value;

/// The statuses by which CY.SEND says no.
pub const REFUSALS: [u16; 4] = [400, 401, 402, 404];

/// An object whose `code` is a text that is not blank. Wider than what the library takes (it wants each field once, and texts in
/// their places), so it may only be used in one direction: what is not this is nobody's refusal.
pub fn may_be_own(body: &[u8]) -> bool {
    let Ok(Value::Object(fields)) = serde_json::from_slice(body) else { return false };
    // Of a field that stands twice this reading has the last; then it says nothing.
    matches!(fields.get("code"), Some(Value::String(code)) if !code.trim().is_empty())
}
