//! CY.SEND: prepaid top-ups and vouchers (OpenAPI 5.2.3).

pub(crate) mod adapter;
pub(crate) mod client;
pub(crate) mod operations;
mod types;
pub(crate) mod wire;

pub use adapter::CysendAccount;
pub use client::{CysendClient, CysendConfig, CysendCredentials, CysendServer};
pub use types::*;
