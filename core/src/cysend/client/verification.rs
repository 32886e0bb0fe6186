//! Verification of phone numbers.

use super::checks;
use super::gateway::{Gateway, json};
use crate::cysend::operations;
use crate::cysend::types::*;
use crate::error::Result;
use crate::secret::Secret;
use crate::transport::Request;
use serde::Serialize;

pub(super) async fn request(
    gateway: &Gateway,
    request: CysendVerificationRequest,
) -> Result<CysendVerificationStatus> {
    checks::verification_request(&request)?;
    let operation = &operations::PHONE_NUMBER_VERIFICATION_REQUEST;
    gateway.fetch(Request::new(operation).json(json(&request)?)).await
}

pub(super) async fn verify(
    gateway: &Gateway,
    verification: CysendVerification,
) -> Result<CysendVerificationStatus> {
    checks::verification(&verification)?;
    let body = VerificationBody {
        uid: &verification.uid,
        method: &verification.method,
        code: verification.code.as_str(),
    };
    let mut request = Request::new(&operations::PHONE_NUMBER_VERIFY).json(json(&body)?);
    request.secrets.push(Secret::clone(&verification.code));
    gateway.fetch(request).await
}

/// A code on the wire (schema `Verification`).
#[derive(Serialize)]
struct VerificationBody<'a> {
    uid: &'a str,
    method: &'a CysendVerificationMethod,
    code: &'a str,
}
