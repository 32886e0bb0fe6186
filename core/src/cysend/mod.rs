//! CY.SEND: prepaid top-ups and vouchers (OpenAPI 5.2.3).

pub(crate) mod adapter;
pub(crate) mod client;
pub(crate) mod operations;
mod response_codes;
mod types;
pub(crate) mod wire;

pub use adapter::CysendAccount;
pub use client::{CysendClient, CysendConfig, CysendCredentials, CysendServer};
pub use response_codes::{CysendAdvice, CysendNewTry, cysend_response_advice};
pub use types::*;
