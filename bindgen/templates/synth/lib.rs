//! A made-up core, to try the bindings on.

#[cfg(not(feature = "uniffi"))]
extern crate tillgate_macros as uniffi;
#[cfg(feature = "uniffi")]
uniffi::setup_scaffolding!("tillgate_synthetic");

mod error;
mod money;
mod probe;
mod runtime;
mod sample;
mod secret;
// More modules follow; see `synth.rs` of the generator.

pub use error::{ErrorDetails, Outcome, Result, TillgateError};
pub use money::{Decimal, Money, Timestamp};
pub use probe::*;
pub use runtime::{block_on, panicked, shut_down_runtime};
pub use secret::Secret;

/// The version of this library, as `major.minor.patch`.
#[uniffi::export]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_string()
}
