//! The account, and the gateway's errors.

use crate::cysend::wire::{self, answer_record};
use crate::money::{Decimal, json_number};

answer_record! {
    /// What the account has left (CY.SEND schema `CustomerBalance`).
    pub struct CysendBalance {
        /// The balance, in the main unit of its currency. May be below zero.
        pub balance: Decimal; via json_number::deserialize,
        /// The currency of the account: alphabetic ISO 4217 code.
        pub currency: String,
    }
}

answer_record! {
    /// An error that the gateway can tell (CY.SEND operation `getErrors`, schema `APIErrorDescription`).
    pub struct CysendErrorDescription {
        /// The HTTP status that it comes with.
        pub http: Option<u16>; or extra,
        /// The code, to tell the gateway's support.
        pub code: String; via wire::text_or_empty; or default,
        /// What it means, in English.
        pub meaning: String = "message"; via wire::text_or_empty; or default,
    }
}
