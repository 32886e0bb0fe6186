//! What the generated functions stand on, under one name.

pub use crate::arena::{
    Arena, Outgoing, let_go_of_value, own, own_bytes, own_list, own_pairs, own_text, own_value,
};
pub use crate::arguments::{
    Incoming, Place, bytes, decimal, initialise, list, object, open_value, pairs, record, text, timestamp,
    unknown_number, zeroed,
};
pub use crate::call::{borrow, destination, guard, let_go, share};
pub use crate::public::{tg_bytes, tg_open, tg_pair, tg_pair_list};

/// `bool` in the header; any byte in memory, so that a caller's wrong byte is no undefined behaviour here.
pub type Flag = u8;
