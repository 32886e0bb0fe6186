//! What the journal keeps.
