//! All of core's integration tests, as one binary: it links once.

#[path = "all/rules/mod.rs"]
mod rules;
