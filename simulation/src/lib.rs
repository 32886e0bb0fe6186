//! A till's world in one thread: a simulated gateway with a ledger, an application, faults, and the promise, checked.

pub mod fault;
pub mod gateway;
pub mod history;
pub mod promise;
pub mod random;
pub mod shop;
