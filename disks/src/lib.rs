//! A disk under SQLite that loses power, tears, fills and fails; and a sweep that sells through all of it and holds the journal
//! against the gateway's ledger.
//!
//! `disk` decides what is safe and what is lost, `vfs` puts it under SQLite. `shop` carries out a plan of orders at a scripted
//! `gateway`, `life` lets its processes live and die on the disk, `judge` says what came of the promise, and `sweep` tries
//! every fault at every operation.

#[cfg(not(unix))]
compile_error!("the layer lies over SQLite's VFS of Unix");

pub mod disk;
pub mod gateway;
pub mod judge;
pub mod life;
pub mod shop;
pub mod sweep;
pub mod vfs;
