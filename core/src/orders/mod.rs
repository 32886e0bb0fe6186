//! Orders: from the intent to a final state, whatever happens on the way. Knows no gateway and no HTTP.

pub mod adapter;
pub(crate) mod ids;
pub(crate) mod journal;
pub(crate) mod machine;
pub(crate) mod moment;
pub(crate) mod sqlite;
pub(crate) mod store;
pub(crate) mod tracker;
mod types;
pub(crate) mod vault;

pub use ids::{new_id, new_journal_key};
pub use types::*;
