//! Access tokens.

use super::checks;
use super::gateway::{Gateway, Proof, json};
use crate::cysend::operations;
use crate::cysend::types::{CysendToken, CysendTokenOptions};
use crate::error::Result;
use crate::transport::Request;

pub(super) async fn token(gateway: &Gateway) -> Result<CysendToken> {
    gateway.must_be(Proof::Token)?;
    gateway.fetch(Request::new(&operations::GET_ACCESS_TOKEN)).await
}

pub(super) async fn create_token(gateway: &Gateway, options: CysendTokenOptions) -> Result<CysendToken> {
    gateway.must_be(Proof::Basic)?;
    checks::token_options(&options)?;
    gateway.fetch(Request::new(&operations::CREATE_ACCESS_TOKEN).json(json(&options)?)).await
}
