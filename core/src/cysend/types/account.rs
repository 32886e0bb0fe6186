//! The account.

use crate::cysend::wire::answer_record;
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
