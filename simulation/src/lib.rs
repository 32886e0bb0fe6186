//! A till's world in one thread: simulated gateways with a ledger, an application, faults, and the promise, checked.

mod counter;
pub mod edges;
pub mod fault;
pub mod gateway;
pub mod history;
mod ledger;
mod network;
pub mod personality;
pub mod promise;
pub mod random;
pub mod shop;
