//! What the targets share: a world without network or time of its own, and oracles that know nothing of the library.

pub mod number;
pub mod own_words;
pub mod world;
