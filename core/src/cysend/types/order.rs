//! Orders: what is asked for, and what the gateway says became of it.

use crate::cysend::wire::{self, answer_record};
use crate::money::{Decimal, Timestamp, json_number};
use crate::secret::Secret;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::sync::Arc;
use tillgate_macros::open_enum;

open_enum! {
    /// Whether an order is meant (CY.SEND schema `OrderScenario`). The gateway takes a missing one for `live`, so this
    /// library always sends it, and the caller always chooses.
    pub enum CysendOrderScenario {
        /// A real purchase: the balance is debited.
        Live = 1 => "live",
        /// A simulation that succeeds at once.
        SimulateSuccess = 2 => "simulate-success",
        /// A simulation that fails at once.
        SimulateFailed = 3 => "simulate-failed",
        /// A simulation that succeeds after 60 to 120 seconds.
        SimulateDelayedSuccess = 4 => "simulate-delayed-success",
        /// A simulation that fails after 60 to 120 seconds.
        SimulateDelayedFailed = 5 => "simulate-delayed-failed",
    }
}

open_enum! {
    /// How far an order has come (CY.SEND schema `OrderStatus`, field `status`).
    pub enum CysendOrderStatus {
        /// The gateway has it and is not done: it waits for the issuer, or holds it back for security.
        Accepted = 1 => "accepted",
        /// The purchase was carried out.
        Success = 2 => "success",
        /// The purchase was not carried out; the response code says why.
        Failed = 3 => "failed",
    }
}

answer_record! {
    /// A fact about the beneficiary (CY.SEND schema `BeneficiaryInformation`): which ones a product wants, its catalogue entry
    /// says.
    pub struct CysendBeneficiary, also sent {
        /// The name of the fact, such as `mobile`. 1 to 64 characters.
        pub name: String; via wire::text_or_empty,
        /// Its value, such as `+41791234567`. At most 1000 characters.
        pub value: String; via wire::text_or_empty,
    }
}

impl CysendBeneficiary {
    /// A fact to be sent.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into(), extra: HashMap::new() }
    }
}

answer_record! {
    /// A parameter of a notification's destination (CY.SEND schema `NotificationDestinationParameter`).
    pub struct CysendDestinationParameter, also sent {
        /// The name that the channel asks for, such as `url`.
        pub name: String; via wire::text_or_empty,
        /// Its value.
        pub value: String; via wire::text_or_empty,
    }
}

impl CysendDestinationParameter {
    /// A parameter to be sent.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into(), extra: HashMap::new() }
    }
}

answer_record! {
    /// A subscription to notifications (CY.SEND schema `Subscription`): to what happens to one order when it is placed with the
    /// order, to what happens to the account when `get_subscriptions` lists it.
    pub struct CysendSubscription, also sent {
        /// The trigger's id at the gateway, such as `1111-2222-3333-4444`.
        pub trigger_uid: String,
        /// The channel's id at the gateway.
        pub channel_uid: String,
        /// Where the notification goes; the channel says which parameters it wants.
        pub destination: Vec<CysendDestinationParameter>; via wire::or_default; or default,
    }
}

/// An order to place (CY.SEND operation `createOrder`, schema `OrderRequest`).
#[derive(Clone, derive_more::Debug, PartialEq, uniffi::Record)]
pub struct CysendOrderRequest {
    /// Your own id of the order: 1 to 32 of the characters `A-Z a-z 0-9 _`. Save it before you send the order: it is the only
    /// way to find the order again. Never use one twice, not even with other capitals.
    pub user_uid: String,
    /// The id of the face value in the present catalogue. It changes when the value changes.
    pub face_value_id: i64,
    /// What the beneficiary receives, in the main unit of its currency. Above zero, at most 28 digits; sent exactly as it is.
    pub face_value: Decimal,
    /// The currency of the face value: alphabetic ISO 4217 code, three capital letters.
    pub face_value_currency: String,
    /// Whether this is meant, or a simulation. Always sent.
    pub scenario: CysendOrderScenario,
    /// What the product wants to know of the beneficiary. At most 50 entries.
    pub beneficiary_information: Vec<CysendBeneficiary>,
    /// The code of a CY.SEND gift card that pays instead of the account's balance.
    #[uniffi(default = None)]
    pub gift_card_code: Option<Arc<Secret>>,
    /// Where the gateway posts the order when its status changes, `https` or `http`, at most 2048 characters. The gateway calls
    /// it deprecated in favour of notifications, and it is still the only way that needs nothing set up. What arrives there is
    /// not signed: take it for a hint, and look the order up.
    #[uniffi(default = None)]
    #[debug("{:?}", callback_url.as_deref().map(crate::shown::origin))]
    pub callback_url: Option<String>,
    /// Notifications to subscribe to for this order. At most 50.
    #[uniffi(default = [])]
    pub notifications: Vec<CysendSubscription>,
}

/// Which orders to look up (CY.SEND operation `getOrder`). At least one of the two; with both, both must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq, uniffi::Record)]
pub struct CysendOrderQuery {
    /// The gateway's id of the order.
    #[uniffi(default = None)]
    pub uid: Option<String>,
    /// Your own id of the order.
    #[uniffi(default = None)]
    pub user_uid: Option<String>,
}

/// The order of which the gateway is to send its callback again (CY.SEND schema `ForceCallbackRequest`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, uniffi::Record)]
pub struct CysendForceCallbackRequest {
    /// The gateway's id of the order.
    pub uid: String,
    /// Your own id of the order.
    pub user_uid: String,
}

answer_record! {
    /// An order as the gateway has it (CY.SEND schema `OrderStatus`).
    pub struct CysendOrder {
        /// The gateway's id of the order.
        pub uid: String,
        /// Your own id of the order.
        pub user_uid: String,
        /// When the gateway took it; a date without an offset is read as UTC. What could not be read stands in `extra`.
        pub date: Option<Timestamp>; via wire::date; or extra,
        /// The id of the face value.
        pub face_value_id: i64,
        /// What the beneficiary receives, in the main unit of its currency.
        pub face_value: Decimal; via json_number::deserialize,
        /// The currency of the face value: alphabetic ISO 4217 code.
        pub face_value_currency: String,
        /// The code of the gift card that paid, if one did.
        pub gift_card_code: Option<Arc<Secret>>; via wire::secret; or default,
        /// Whether it was meant. A simulated order looks like a real one in all else. The text is empty if the gateway
        /// does not say.
        pub scenario: CysendOrderScenario; via wire::or_empty; or empty,
        /// Where the gateway posts changes, if it was told to.
        pub callback_url: Option<String>; via wire::text; or default,
        /// What the account is debited, in the main unit of `currency`.
        pub cost: Option<Decimal>; via json_number::option::deserialize; or extra,
        /// The currency of the cost: alphabetic ISO 4217 code.
        pub currency: Option<String>; via wire::text; or default,
        /// What the gateway knows of the beneficiary.
        pub beneficiary_information: Vec<CysendBeneficiary>; via wire::or_default; or default,
        /// The issuer's reference, for questions to the issuer's customer care. Some issuers give one.
        pub issuer_reference: Option<String>; via wire::text; or default,
        /// The voucher, when the product is a prepaid code and the order has succeeded.
        pub prepaid_code: Option<CysendPrepaidCode>; via voucher_if_any; or default,
        /// How far the order has come.
        pub status: CysendOrderStatus,
        /// Why, as a code modelled on ISO 8583; `00` is success. Empty if the gateway gave none.
        pub response_code: String; via wire::text_or_empty; or default,
        /// The title of the response code, in English.
        pub response_title: String; via wire::text_or_empty; or default,
        /// The response code in words, in English.
        pub response_description: String; via wire::text_or_empty; or default,
    }
}

/// A voucher (CY.SEND schema `PrepaidCode`). Whoever has it can redeem it.
#[derive(Clone, Debug, Default, PartialEq, Eq, uniffi::Record)]
pub struct CysendPrepaidCode {
    /// The code to redeem.
    pub code: Option<Arc<Secret>>,
    /// The serial number, to ask the issuer about the voucher. It cannot be redeemed.
    pub serial: Option<Arc<Secret>>,
    /// The security code, if the voucher has one.
    pub pin_code: Option<Arc<Secret>>,
    /// The address of a PDF that shows the voucher. Whoever has the address has the voucher.
    pub pdf_link: Option<Arc<Secret>>,
    /// When the voucher expires. Nothing if the gateway gave no date that can be read: `expiration_text` has what it gave.
    pub expiration: Option<Timestamp>,
    /// When the voucher expires, as the gateway wrote it.
    pub expiration_text: Option<String>,
    /// How to redeem it, in various languages.
    pub usage_instructions: Vec<CysendText>,
    /// The fields of the voucher that this version does not know, or that are not of the documented type, as JSON text: an object,
    /// or what the gateway wrote in the place of one.
    pub unknown_fields: Option<Arc<Secret>>,
}

impl<'de> Deserialize<'de> for CysendPrepaidCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;

        let mut fields = wire::fields(deserializer)?;
        let mut secret = |name: &str| {
            let raw = fields
                .remove(name)
                .map(|raw| wire::secret(&mut serde_json::Deserializer::from_str(raw.get())));
            raw.transpose().map(Option::flatten).map_err(D::Error::custom)
        };
        let mut voucher = Self {
            code: secret("code")?,
            serial: secret("serial")?,
            pin_code: secret("pin_code")?,
            pdf_link: secret("pdf_link")?,
            ..Self::default()
        };
        if let Some(raw) = fields.remove("expiration") {
            let text =
                wire::text(&mut serde_json::Deserializer::from_str(raw.get())).map_err(D::Error::custom)?;
            voucher.expiration = text.as_deref().and_then(wire::parse_date);
            voucher.expiration_text = text;
        }
        if let Some(raw) = fields.get("usage_instructions")
            && let Ok(texts) = serde_json::from_str::<Option<Vec<CysendText>>>(raw.get())
        {
            voucher.usage_instructions = texts.unwrap_or_default();
            fields.remove("usage_instructions");
        }
        if !fields.is_empty() {
            voucher.unknown_fields =
                Some(Secret::new(serde_json::to_string(&fields).map_err(D::Error::custom)?));
        }
        Ok(voucher)
    }
}

/// The voucher of an order. What is neither an object nor empty is kept all the same: it may be one.
fn voucher_if_any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<CysendPrepaidCode>, D::Error> {
    use serde::de::Error;

    let raw = <&RawValue>::deserialize(deserializer)?.get();
    match raw {
        // Some servers have no other words for "none".
        "null" | "false" | "\"\"" | "[]" | "{}" => Ok(None),
        _ if raw.starts_with('{') => serde_json::from_str(raw).map(Some).map_err(D::Error::custom),
        _ => Ok(Some(CysendPrepaidCode {
            unknown_fields: Some(Secret::new(raw.to_string())),
            ..CysendPrepaidCode::default()
        })),
    }
}

answer_record! {
    /// A text in one language (CY.SEND schemas `Product_usage_instructions_inner` and its like).
    pub struct CysendText {
        /// ISO 639-1 code of the language.
        pub language: String; via wire::or_default; or default,
        /// The text.
        pub text: String; via wire::or_default; or default,
    }
}

/// What to calculate a cost for (CY.SEND operation `getProductCost`, schema `CostRequest`).
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct CysendCostRequest {
    /// The id of the face value in the present catalogue.
    pub face_value_id: i64,
    /// What the beneficiary would receive, in the main unit of its currency. Above zero, at most 28 digits.
    pub face_value: Decimal,
    /// The currency of the face value: alphabetic ISO 4217 code, three capital letters.
    pub face_value_currency: String,
    /// What the product wants to know of the beneficiary. At most 50 entries.
    pub beneficiary_information: Vec<CysendBeneficiary>,
    /// The code of a CY.SEND gift card that would pay.
    #[uniffi(default = None)]
    pub gift_card_code: Option<Arc<Secret>>,
}

answer_record! {
    /// A cost, right at the moment of the calculation (CY.SEND schema `CostResponse`).
    pub struct CysendCost {
        /// When it was calculated; a date without an offset is read as UTC.
        pub date: Option<Timestamp>; via wire::date; or extra,
        /// The product's id.
        pub product_id: Option<i64>; or extra,
        /// The id of the face value.
        pub face_value_id: i64,
        /// What the beneficiary would receive, in the main unit of its currency.
        pub face_value: Decimal; via json_number::deserialize,
        /// The currency of the face value: alphabetic ISO 4217 code.
        pub face_value_currency: String,
        /// The code of the gift card that would pay, if one was given.
        pub gift_card_code: Option<Arc<Secret>>; via wire::secret; or default,
        /// What the account would be debited, in the main unit of `currency`.
        pub cost: Decimal; via json_number::deserialize,
        /// The currency of the cost: alphabetic ISO 4217 code.
        pub currency: String,
        /// What the gateway was told of the beneficiary.
        pub beneficiary_information: Vec<CysendBeneficiary>; via wire::or_default; or default,
    }
}

answer_record! {
    /// A response code that orders can have (CY.SEND schema `OrderResponseCode`). What a cashier makes of it:
    /// `cysend_response_advice`.
    pub struct CysendResponseCode {
        /// The code, modelled on ISO 8583.
        pub response_code: String; via wire::text_or_empty,
        /// Its title, in English.
        pub response_title: String; via wire::text_or_empty; or default,
        /// What it means, in English.
        pub response_description: String; via wire::text_or_empty; or default,
    }
}
