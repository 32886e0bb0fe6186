//! The library that a till links: it sells prepaid top-ups, vouchers and payments through gateways, and at every
//! moment it can say what became of each order.
//!
//! The public items of this crate are the interface of every language binding.

#[cfg(not(feature = "uniffi"))]
extern crate tillgate_macros as uniffi;
#[cfg(feature = "uniffi")]
uniffi::setup_scaffolding!("tillgate");

mod clock;
mod cysend;
mod error;
mod money;
pub mod orders;
mod runtime;
mod secret;
mod shown;
pub mod testing;
mod till;
mod transport;

pub use clock::{Clock, SystemClock};
#[cfg(feature = "testing")]
pub use clock::{ManualClock, ScaledClock};
pub use cysend::*;
pub use error::{ErrorDetails, Outcome, Result, TillgateError};
pub use money::{Decimal, Money, Timestamp};
pub use orders::*;
#[cfg(feature = "testing")]
pub use runtime::SimulatedRuntime;
pub use runtime::{BoxFuture, block_on, panicked, shut_down_runtime};
pub use secret::Secret;
pub use till::{EventStream, Till};
pub use transport::{OperationKind, ProxyConfig, TransportConfig};

/// The version of this library, as `major.minor.patch`.
#[uniffi::export]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_string()
}
