//! The peer: what one writes for a catalogue with serde in a quarter of an hour. Exact decimals, and nothing else of ours:
//! no unknown fields or values kept, nothing forgiven, no field of a product left out.

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

#[derive(Deserialize)]
#[allow(dead_code, reason = "read, and not used")]
pub struct Catalogue {
    pub countries: Vec<Country>,
    pub categories: Vec<Category>,
    pub products: Vec<Product>,
    pub face_values: FaceValues,
    pub maintenance: Vec<Window>,
    pub promotions: Vec<Window>,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "read, and not used")]
pub struct Country {
    country_id: i64,
    country_name: String,
    country_code: i64,
    country_iso_alpha2: String,
    country_iso_alpha3: String,
    promotion: bool,
    category_ids: Vec<i64>,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "read, and not used")]
pub struct Category {
    category_id: i64,
    category_name: String,
    promotion: bool,
    product_ids: Vec<i64>,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "read, and not used")]
pub struct Product {
    product_id: i64,
    product_name: String,
    #[serde(rename = "type")]
    product_type: ProductType,
    country_zone: Zone,
    countries: Vec<i64>,
    categories: Vec<i64>,
    product_description: Vec<Text>,
    logo_url: String,
    promotion: bool,
    maintenance: bool,
    beneficiary_information: Vec<Field>,
    face_value_ids: Vec<i64>,
    #[serde(default)]
    usage_instructions: Vec<Text>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProductType {
    Instant,
    PrepaidCode,
    Sms,
    Hlr,
}

#[derive(Deserialize)]
pub enum Zone {
    Eurozone,
    Global,
    Others,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "read, and not used")]
pub struct Text {
    language: String,
    text: String,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "read, and not used")]
pub struct Field {
    name: String,
    description: String,
    #[serde(rename = "type")]
    field_type: String,
    pattern: Option<String>,
    #[serde(default)]
    elements: Vec<Element>,
    required: bool,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "read, and not used")]
pub struct Element {
    value: String,
    description: String,
}

#[derive(Deserialize)]
pub struct FaceValues {
    pub fixed: Vec<Fixed>,
    pub range: Vec<Range>,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "read, and not used")]
pub struct Fixed {
    product_id: i64,
    face_value_id: i64,
    #[serde(deserialize_with = "exact")]
    face_value: Decimal,
    face_value_currency: String,
    #[serde(deserialize_with = "exact")]
    pub cost: Decimal,
    cost_currency: String,
    definition: String,
    promotion: bool,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "read, and not used")]
pub struct Range {
    product_id: i64,
    face_value_id: i64,
    #[serde(deserialize_with = "exact")]
    face_value_from: Decimal,
    #[serde(deserialize_with = "exact")]
    face_value_to: Decimal,
    #[serde(deserialize_with = "exact")]
    face_value_step: Decimal,
    face_value_currency: String,
    #[serde(deserialize_with = "exact")]
    pub minimum_cost: Decimal,
    #[serde(deserialize_with = "exact")]
    pub maximum_cost: Decimal,
    cost_currency: String,
    promotion: bool,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "read, and not used")]
pub struct Window {
    product_id: i64,
}

/// The digits as they stand, by rust_decimal's own reader.
fn exact<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?.get();
    Decimal::from_str_exact(raw).or_else(|_| Decimal::from_scientific(raw)).map_err(serde::de::Error::custom)
}
