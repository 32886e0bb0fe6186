//! CY.SEND: prepaid top-ups and vouchers (OpenAPI 5.2.3).

pub(crate) mod adapter;
pub(crate) mod client;
pub(crate) mod operations;
mod test_callback;
mod types;
pub(crate) mod wire;

pub use adapter::CysendAccount;
pub use client::{CysendClient, CysendConfig, CysendCredentials};
pub use test_callback::cysend_test_callback;
pub use types::*;
