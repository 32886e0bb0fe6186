//! The account, and the gateway's errors.

use crate::cysend::wire::{self, answer_record};
use crate::money::{Decimal, json_number};
use serde::Deserialize;

answer_record! {
    /// What the account has left (CY.SEND schema `CustomerBalance`).
    pub struct CysendBalance {
        /// The balance, in the main unit of its currency. May be below zero.
        pub balance: Decimal; via json_number::deserialize,
        /// The currency of the account: alphabetic ISO 4217 code.
        pub currency: String,
    }
}

/// An error that the gateway can tell (CY.SEND operation `getErrors`, schema `APIErrorDescription`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize, uniffi::Record)]
pub struct CysendErrorDescription {
    /// The HTTP status that it comes with.
    pub http: Option<u16>,
    /// The code, to tell the gateway's support.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub code: String,
    /// What it means, in English.
    #[serde(default, rename = "message", deserialize_with = "wire::or_default")]
    pub meaning: String,
}
