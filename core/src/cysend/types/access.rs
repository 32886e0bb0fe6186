//! Access tokens: credentials for others.

use crate::cysend::wire::{self, answer_record};
use crate::money::Timestamp;
use crate::secret::Secret;
use serde::Serialize;
use std::sync::Arc;

/// What a new token may do (CY.SEND operation `createAccessToken`, schema `TokenOptions`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, uniffi::Record)]
pub struct CysendTokenOptions {
    /// Whether the token works only from `authorized_ips`.
    pub ip_restricted: bool,
    /// IPv4 addresses with commas between, or `mine` for the address that this request comes from. At most 256 characters.
    /// The gateway's default: `mine`.
    #[uniffi(default = None)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorized_ips: Option<String>,
    /// How long the token lives, in seconds. The gateway's default: 3600.
    #[uniffi(default = None)]
    #[serde(rename = "TTL", skip_serializing_if = "Option::is_none")]
    pub ttl_s: Option<u32>,
}

answer_record! {
    /// A token (CY.SEND schema `Token`).
    pub struct CysendToken {
        /// The token itself: whoever has it can act with it.
        pub token: Option<Arc<Secret>>; via wire::secret; or default,
        /// When it expires; a date without an offset is read as UTC. What is no date stands in `extra` as `TTL`.
        pub expires: Option<Timestamp> = "TTL"; via wire::date; or extra,
        /// The addresses that it works from, with commas between.
        pub authorized_ips: Option<String>; via wire::text; or default,
        /// What it may do.
        pub permissions: Vec<CysendPermission>; via wire::or_default; or default,
    }
}

answer_record! {
    /// What a token may do (CY.SEND schema `Permission`).
    pub struct CysendPermission {
        /// The operations, as a pattern of paths such as `store/catalogue/*`.
        pub scope: String; via wire::text_or_empty; or default,
        /// The HTTP methods.
        pub methods: String; via wire::text_or_empty; or default,
    }
}
