//! The catalogue: countries, categories, products, face values, maintenances, promotions.

use super::CysendText;
use crate::cysend::wire::{self, answer_record};
use crate::money::{Decimal, Timestamp, json_number};
use crate::secret::Secret;
use std::sync::Arc;
use tillgate_macros::open_enum;

open_enum! {
    /// How a product is delivered (CY.SEND schema `ProductType`).
    pub enum CysendProductType {
        /// Credited at once to the beneficiary's account.
        Instant = 1 => "instant",
        /// A code with instructions, which the beneficiary redeems.
        PrepaidCode = 2 => "prepaid_code",
        /// A text message.
        Sms = 3 => "sms",
        /// The detection of a mobile operator.
        Hlr = 4 => "hlr",
    }
}

open_enum! {
    /// Where a product can be used, roughly (CY.SEND schema `Product`, field `country_zone`). What a zone covers varies by product.
    pub enum CysendCountryZone {
        /// Countries of the euro.
        Eurozone = 1 => "Eurozone",
        /// Everywhere.
        Global = 2 => "Global",
        /// Neither.
        Others = 3 => "Others",
    }
}

open_enum! {
    /// How a fact about the beneficiary is asked for (CY.SEND schema `ProductParameter`, field `type`).
    pub enum CysendFieldType {
        /// A text to type in.
        Input = 1 => "input",
        /// A choice among `elements`.
        Select = 2 => "select",
    }
}

/// What of the catalogue is wanted (CY.SEND operation `getCatalogue`).
#[derive(Clone, Debug, Default, PartialEq, uniffi::Record)]
pub struct CysendCatalogueFilter {
    /// Only what this gift card can pay for.
    #[uniffi(default = None)]
    pub gift_card_code: Option<Arc<Secret>>,
    /// Whether products come with instructions for redeeming. The gateway's default: no.
    #[uniffi(default = None)]
    pub return_usage_instruction: Option<bool>,
    /// The languages of texts, as ISO 639-1 codes. None: all.
    #[uniffi(default = [])]
    pub languages: Vec<String>,
}

/// Which countries are wanted (CY.SEND operation `getCountries`).
#[derive(Clone, Debug, Default, PartialEq, uniffi::Record)]
pub struct CysendCountryFilter {
    /// The gateway's id of the country.
    #[uniffi(default = None)]
    pub country_id: Option<i64>,
    /// ISO 3166-1 alpha-2 code of the country, two capital letters.
    #[uniffi(default = None)]
    pub country_iso2: Option<String>,
    /// Only with a running promotion, or only without.
    #[uniffi(default = None)]
    pub promotion: Option<bool>,
    /// Only where this gift card can pay.
    #[uniffi(default = None)]
    pub gift_card_code: Option<Arc<Secret>>,
}

/// Which categories are wanted (CY.SEND operation `getCategories`).
#[derive(Clone, Debug, Default, PartialEq, uniffi::Record)]
pub struct CysendCategoryFilter {
    /// The gateway's id of the country.
    #[uniffi(default = None)]
    pub country_id: Option<i64>,
    /// ISO 3166-1 alpha-2 code of the country, two capital letters.
    #[uniffi(default = None)]
    pub country_iso2: Option<String>,
    /// The gateway's id of the category.
    #[uniffi(default = None)]
    pub category_id: Option<i64>,
    /// Only with a running promotion, or only without.
    #[uniffi(default = None)]
    pub promotion: Option<bool>,
    /// Only what this gift card can pay for.
    #[uniffi(default = None)]
    pub gift_card_code: Option<Arc<Secret>>,
}

/// Which products are wanted (CY.SEND operation `getProducts`).
#[derive(Clone, Debug, Default, PartialEq, uniffi::Record)]
pub struct CysendProductFilter {
    /// The gateway's id of the country.
    #[uniffi(default = None)]
    pub country_id: Option<i64>,
    /// ISO 3166-1 alpha-2 code of the country, two capital letters.
    #[uniffi(default = None)]
    pub country_iso2: Option<String>,
    /// The gateway's id of the category.
    #[uniffi(default = None)]
    pub category_id: Option<i64>,
    /// The gateway's id of the product.
    #[uniffi(default = None)]
    pub product_id: Option<i64>,
    /// Only under maintenance, or only not.
    #[uniffi(default = None)]
    pub maintenance: Option<bool>,
    /// Only with a running promotion, or only without.
    #[uniffi(default = None)]
    pub promotion: Option<bool>,
    /// Only what this gift card can pay for.
    #[uniffi(default = None)]
    pub gift_card_code: Option<Arc<Secret>>,
    /// Only of the operator of this number, in E.164 form such as `+41791234567`. **Each call with it costs 0.01 EUR**, and is never
    /// repeated by itself.
    #[uniffi(default = None)]
    pub mobile: Option<String>,
    /// Whether products come with instructions for redeeming. The gateway's default: no.
    #[uniffi(default = None)]
    pub return_usage_instruction: Option<bool>,
    /// The languages of texts, as ISO 639-1 codes. None: all.
    #[uniffi(default = [])]
    pub languages: Vec<String>,
}

/// Which face values are wanted (CY.SEND operation `getFaceValues`).
#[derive(Clone, Debug, Default, PartialEq, uniffi::Record)]
pub struct CysendFaceValueFilter {
    /// The gateway's id of the country.
    #[uniffi(default = None)]
    pub country_id: Option<i64>,
    /// ISO 3166-1 alpha-2 code of the country, two capital letters.
    #[uniffi(default = None)]
    pub country_iso2: Option<String>,
    /// The gateway's id of the category.
    #[uniffi(default = None)]
    pub category_id: Option<i64>,
    /// The gateway's id of the product.
    #[uniffi(default = None)]
    pub product_id: Option<i64>,
    /// The gateway's id of the face value.
    #[uniffi(default = None)]
    pub face_value_id: Option<i64>,
    /// Only with a running promotion, or only without.
    #[uniffi(default = None)]
    pub promotion: Option<bool>,
    /// Only what this gift card can pay for.
    #[uniffi(default = None)]
    pub gift_card_code: Option<Arc<Secret>>,
    /// Only of the operator of this number, in E.164 form such as `+41791234567`. **Each call with it is billed**, and is never
    /// repeated by itself.
    #[uniffi(default = None)]
    pub mobile: Option<String>,
}

answer_record! {
    /// Everything that is for sale (CY.SEND schema `Catalogue`).
    pub struct CysendCatalogue {
        /// Countries with products.
        pub countries: Vec<CysendCountry>; via wire::or_default; or default,
        /// Categories of products.
        pub categories: Vec<CysendCategory>; via wire::or_default; or default,
        /// Products.
        pub products: Vec<CysendProduct>; via wire::or_default; or default,
        /// What each product can be bought for.
        pub face_values: CysendFaceValues; via wire::or_default; or default,
        /// Maintenances, running and announced.
        pub maintenances: Vec<CysendMaintenance> = "maintenance" | "maintenances"; via wire::or_default; or default,
        /// Promotions, running and announced.
        pub promotions: Vec<CysendPromotion>; via wire::or_default; or default,
    }
}

#[allow(clippy::derivable_impls, reason = "the record is written by a macro; few have a sensible empty form")]
impl Default for CysendCatalogue {
    fn default() -> Self {
        Self {
            countries: Vec::new(),
            categories: Vec::new(),
            products: Vec::new(),
            face_values: CysendFaceValues::default(),
            maintenances: Vec::new(),
            promotions: Vec::new(),
            extra: std::collections::HashMap::new(),
        }
    }
}

answer_record! {
    /// A country with products (CY.SEND schema `Country`).
    pub struct CysendCountry {
        /// The gateway's id of the country.
        pub country_id: i64,
        /// Its name in English.
        pub country_name: String; via wire::or_default; or default,
        /// Its dialling code.
        pub country_code: Option<i64>; or extra,
        /// ISO 3166-1 alpha-2 code.
        pub country_iso_alpha2: String; via wire::or_default; or default,
        /// ISO 3166-1 alpha-3 code.
        pub country_iso_alpha3: String; via wire::or_default; or default,
        /// Whether a promotion is running.
        pub promotion: bool; via wire::or_default; or default,
        /// The ids of its categories.
        pub category_ids: Vec<i64>; via wire::or_default; or default,
    }
}

answer_record! {
    /// A category of products (CY.SEND schema `Category`).
    pub struct CysendCategory {
        /// The gateway's id of the category.
        pub category_id: i64,
        /// Its name in English.
        pub category_name: String; via wire::or_default; or default,
        /// Whether a promotion is running.
        pub promotion: bool; via wire::or_default; or default,
        /// The ids of its products.
        pub product_ids: Vec<i64>; via wire::or_default; or default,
    }
}

answer_record! {
    /// A product (CY.SEND schema `Product`).
    pub struct CysendProduct {
        /// The gateway's id of the product.
        pub product_id: i64,
        /// Its name.
        pub product_name: String; via wire::or_default; or default,
        /// How it is delivered. The text is empty if the gateway does not say.
        pub product_type: CysendProductType = "type"; via wire::or_empty; or empty,
        /// Where it can be used, roughly.
        pub country_zone: Option<CysendCountryZone>; or extra,
        /// The ids of the countries that it is sold for.
        pub countries: Vec<i64>; via wire::or_default; or default,
        /// The ids of its categories.
        pub categories: Vec<i64>; via wire::or_default; or default,
        /// What it is, in various languages.
        pub product_description: Vec<CysendText>; via wire::or_default; or default,
        /// The address of its logo.
        pub logo_url: String; via wire::or_default; or default,
        /// Whether a promotion is running.
        pub promotion: bool; via wire::or_default; or default,
        /// Whether it is under maintenance; then it cannot be bought.
        pub maintenance: bool; via wire::or_default; or default,
        /// What an order must say of the beneficiary.
        pub beneficiary_information: Vec<CysendBeneficiaryField>; via wire::or_default; or default,
        /// The ids of its face values.
        pub face_value_ids: Vec<i64>; via wire::or_default; or default,
        /// How to redeem it, in various languages, if that was asked for.
        pub usage_instructions: Vec<CysendText>; via wire::or_default; or default,
    }
}

answer_record! {
    /// A fact about the beneficiary that a product asks for (CY.SEND schema `ProductParameter`).
    pub struct CysendBeneficiaryField {
        /// Its name, to be sent with the order.
        pub name: String,
        /// What to ask the customer, in English.
        pub description: String; via wire::or_default; or default,
        /// How to ask. The text is empty if the gateway does not say.
        pub field_type: CysendFieldType = "type"; via wire::or_empty; or empty,
        /// A regular expression for what is typed in. Advice only: published ones partly match nothing.
        pub pattern: Option<String>; via wire::text; or default,
        /// What to choose from.
        pub elements: Vec<CysendSelectElement>; via wire::or_default; or default,
        /// Whether the order needs it.
        pub required: bool; via wire::or_default; or default,
    }
}

answer_record! {
    /// A choice (CY.SEND schema `ProductParameter_elements_inner`).
    pub struct CysendSelectElement {
        /// What to send with the order.
        pub value: String; via wire::text_or_empty; or default,
        /// What to show to the customer.
        pub description: String; via wire::text_or_empty; or default,
    }
}

answer_record! {
    /// What products can be bought for (CY.SEND schema `FaceValue`).
    pub struct CysendFaceValues {
        /// Set amounts.
        pub fixed: Vec<CysendFixedFaceValue>; via wire::or_default; or default,
        /// Amounts of the customer's choice within bounds.
        pub range: Vec<CysendRangeFaceValue>; via wire::or_default; or default,
    }
}

#[allow(clippy::derivable_impls, reason = "the record is written by a macro")]
impl Default for CysendFaceValues {
    fn default() -> Self {
        Self { fixed: Vec::new(), range: Vec::new(), extra: std::collections::HashMap::new() }
    }
}

answer_record! {
    /// A set amount (CY.SEND schema `FixedFaceValue`).
    pub struct CysendFixedFaceValue {
        /// The product's id.
        pub product_id: i64,
        /// Its id, to order it by. It changes when the value changes, not when the cost does.
        pub face_value_id: i64,
        /// What the beneficiary receives, in the main unit of its currency.
        pub face_value: Decimal; via json_number::deserialize,
        /// The currency of the face value: alphabetic ISO 4217 code.
        pub face_value_currency: String,
        /// What the account is debited, in the main unit of its currency.
        pub cost: Decimal; via json_number::deserialize,
        /// The currency of the cost, which is the account's: alphabetic ISO 4217 code.
        pub cost_currency: String,
        /// What is in it besides, such as messages or data of a bundle. Often empty.
        pub definition: String; via wire::or_default; or default,
        /// Whether a promotion is running.
        pub promotion: bool; via wire::or_default; or default,
    }
}

answer_record! {
    /// Amounts within bounds (CY.SEND schema `RangeFaceValue`).
    pub struct CysendRangeFaceValue {
        /// The product's id.
        pub product_id: i64,
        /// Its id, to order it by. It changes when the bounds change, not when the cost does.
        pub face_value_id: i64,
        /// The smallest amount, in the main unit of its currency.
        pub face_value_from: Decimal; via json_number::deserialize,
        /// The largest amount.
        pub face_value_to: Decimal; via json_number::deserialize,
        /// The step from one amount to the next, from the smallest on.
        pub face_value_step: Decimal; via json_number::deserialize,
        /// The currency of the amounts: alphabetic ISO 4217 code.
        pub face_value_currency: String,
        /// What the account is debited for the smallest amount, in the main unit of its currency.
        pub minimum_cost: Decimal; via json_number::deserialize,
        /// What the account is debited for the largest amount.
        pub maximum_cost: Decimal; via json_number::deserialize,
        /// The currency of the costs, which is the account's: alphabetic ISO 4217 code.
        pub cost_currency: String,
        /// Whether a promotion is running.
        pub promotion: bool; via wire::or_default; or default,
    }
}

answer_record! {
    /// A time in which a product cannot be bought (CY.SEND schema `Maintenance`).
    pub struct CysendMaintenance {
        /// The gateway's id of the maintenance.
        pub maintenance_id: i64,
        /// The product's id.
        pub product_id: i64,
        /// When it begins; a date without an offset is read as UTC.
        pub start_time: Option<Timestamp>; via wire::date; or extra,
        /// When it ends; a date without an offset is read as UTC.
        pub stop_time: Option<Timestamp>; via wire::date; or extra,
        /// What it is, in various languages.
        pub descriptions: Vec<CysendText>; via wire::or_default; or default,
    }
}

answer_record! {
    /// A promotion (CY.SEND schema `Promotion`).
    pub struct CysendPromotion {
        /// The gateway's id of the promotion.
        pub promotion_id: i64,
        /// The product's id.
        pub product_id: i64,
        /// When it begins; a date without an offset is read as UTC.
        pub start_time: Option<Timestamp>; via wire::date; or extra,
        /// When it ends; a date without an offset is read as UTC.
        pub stop_time: Option<Timestamp>; via wire::date; or extra,
        /// The time zone in which the promotion thinks.
        pub time_zone: Option<CysendTimeZone>; or default,
        /// What it is, in various languages.
        pub descriptions: Vec<CysendPromotionText>; via wire::or_default; or default,
        /// The ids of the face values that take part.
        pub face_value_ids: Vec<i64>; via wire::or_default; or default,
    }
}

answer_record! {
    /// A time zone (CY.SEND schema `Promotion_time_zone`). The description requires a field `utc_difference` that it does not
    /// describe; if it comes, it stands in `extra`.
    pub struct CysendTimeZone {
        /// Its name, such as `Europe/Zurich`.
        pub name: String; via wire::or_default; or default,
        /// Its offset from UTC as the gateway writes it, such as `100` for one hour.
        pub utc_offset: Option<String>; via wire::text; or default,
    }
}

answer_record! {
    /// A promotion in one language (CY.SEND schema `Promotion_descriptions_inner`).
    pub struct CysendPromotionText {
        /// ISO 639-1 code of the language.
        pub language: String; via wire::or_default; or default,
        /// The title.
        pub title: String; via wire::or_default; or default,
        /// The conditions in short.
        pub conditions_summary: String; via wire::or_default; or default,
        /// The conditions.
        pub conditions: String; via wire::or_default; or default,
        /// Which face values take part.
        pub denominations: String; via wire::or_default; or default,
    }
}
