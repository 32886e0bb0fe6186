//! The catalogue.

use super::checks;
use super::gateway::Gateway;
use crate::cysend::operations;
use crate::cysend::types::*;
use crate::error::Result;
use crate::transport::{OperationKind, Request};

pub(super) async fn all(gateway: &Gateway, filter: CysendCatalogueFilter) -> Result<CysendCatalogue> {
    let request = Request::new(&operations::GET_CATALOGUE)
        .secret_query("gift_card_code", &filter.gift_card_code)
        .query("return_usage_instruction", filter.return_usage_instruction)
        .query("languages", checks::languages(&filter.languages)?);
    gateway.fetch_or_default(request).await
}

pub(super) async fn countries(gateway: &Gateway, filter: CysendCountryFilter) -> Result<Vec<CysendCountry>> {
    let request = Request::new(&operations::GET_COUNTRIES)
        .query("country_id", filter.country_id)
        .query("country_iso2", checks::country(filter.country_iso2.as_deref())?)
        .query("promotion", filter.promotion)
        .secret_query("gift_card_code", &filter.gift_card_code);
    gateway.fetch_or_default(request).await
}

pub(super) async fn categories(
    gateway: &Gateway,
    filter: CysendCategoryFilter,
) -> Result<Vec<CysendCategory>> {
    let request = Request::new(&operations::GET_CATEGORIES)
        .query("country_id", filter.country_id)
        .query("country_iso2", checks::country(filter.country_iso2.as_deref())?)
        .query("category_id", filter.category_id)
        .query("promotion", filter.promotion)
        .secret_query("gift_card_code", &filter.gift_card_code);
    gateway.fetch_or_default(request).await
}

pub(super) async fn products(gateway: &Gateway, filter: CysendProductFilter) -> Result<Vec<CysendProduct>> {
    let request = Request::new(&operations::GET_PRODUCTS)
        .query("country_id", filter.country_id)
        .query("country_iso2", checks::country(filter.country_iso2.as_deref())?)
        .query("category_id", filter.category_id)
        .query("product_id", filter.product_id)
        .query("maintenance", filter.maintenance)
        .query("promotion", filter.promotion)
        .secret_query("gift_card_code", &filter.gift_card_code)
        .query("mobile", checks::mobile(filter.mobile.as_deref())?)
        .query("return_usage_instruction", filter.return_usage_instruction)
        .query("languages", checks::languages(&filter.languages)?);
    gateway.fetch_or_default(costing_if(filter.mobile.is_some(), request)).await
}

pub(super) async fn face_values(
    gateway: &Gateway,
    filter: CysendFaceValueFilter,
) -> Result<CysendFaceValues> {
    let request = Request::new(&operations::GET_FACE_VALUES)
        .query("country_id", filter.country_id)
        .query("country_iso2", checks::country(filter.country_iso2.as_deref())?)
        .query("category_id", filter.category_id)
        .query("product_id", filter.product_id)
        .query("face_value_id", filter.face_value_id)
        .query("promotion", filter.promotion)
        .secret_query("gift_card_code", &filter.gift_card_code)
        .query("mobile", checks::mobile(filter.mobile.as_deref())?);
    gateway.fetch_or_default(costing_if(filter.mobile.is_some(), request)).await
}

pub(super) async fn maintenances(
    gateway: &Gateway,
    product_id: Option<i64>,
) -> Result<Vec<CysendMaintenance>> {
    gateway.fetch_or_default(Request::new(&operations::GET_MAINTENANCE).query("product_id", product_id)).await
}

pub(super) async fn promotions(gateway: &Gateway, product_id: Option<i64>) -> Result<Vec<CysendPromotion>> {
    gateway.fetch_or_default(Request::new(&operations::GET_PROMOTIONS).query("product_id", product_id)).await
}

/// The detection of a number's operator is billed each time.
fn costing_if(detects_operator: bool, mut request: Request) -> Request {
    if detects_operator {
        request.kind = OperationKind::ReadThatCosts;
    }
    request
}
