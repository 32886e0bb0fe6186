//! CY.SEND's own gift cards.

use crate::cysend::wire::{self, answer_record};
use crate::money::{Decimal, Timestamp, json_number};
use crate::secret::Secret;
use std::sync::Arc;

answer_record! {
    /// A gift card (CY.SEND schema `GiftCard`).
    pub struct CysendGiftCard {
        /// Its code: whoever has it can spend the card.
        pub code: Option<Arc<Secret>>; via wire::secret; or default,
        /// Its serial number, to ask the gateway about the card.
        pub serial: Option<Arc<Secret>>; via wire::secret; or default,
        /// Its name.
        pub name: String; via wire::or_default; or default,
        /// The address of its logo.
        pub logo: String; via wire::or_default; or default,
        /// Whether it can be spent.
        pub active: bool,
        /// What it was worth when it was issued, in the main unit of its currency.
        pub face_value: Decimal; via json_number::deserialize,
        /// Its currency: alphabetic ISO 4217 code.
        pub currency: String,
        /// What is left on it, in the main unit of its currency.
        pub remaining_balance: Decimal; via json_number::deserialize,
        /// When it expires; a date without an offset is read as UTC.
        pub expiration: Option<Timestamp>; via wire::date; or extra,
        /// How to use it.
        pub usage_instruction: String; via wire::or_default; or default,
    }
}

answer_record! {
    /// Whether a gift card can be spent (CY.SEND schema `GiftCardActive`).
    pub struct CysendGiftCardActive {
        /// Whether it can be spent.
        pub active: bool,
    }
}
