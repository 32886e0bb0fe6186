//! CY.SEND's own gift cards. Their codes stand in the path; the log knows the path's template only.

use super::checks;
use super::gateway::{Gateway, successful};
use crate::cysend::operations;
use crate::cysend::types::{CysendGiftCard, CysendGiftCardActive};
use crate::error::Result;
use crate::secret::Secret;
use crate::transport::{Operation, Request};

pub(super) async fn get(gateway: &Gateway, code: &Secret) -> Result<CysendGiftCard> {
    gateway.fetch(request(&operations::GET_GIFT_CARD, code)?).await
}

pub(super) async fn is_active(gateway: &Gateway, code: &Secret) -> Result<CysendGiftCardActive> {
    gateway.fetch(request(&operations::GET_ACTIVE, code)?).await
}

pub(super) async fn set_active(gateway: &Gateway, code: &Secret, active: bool) -> Result<()> {
    let request = request(&operations::PUT_ACTIVE, code)?.query("active", Some(active));
    let kind = request.kind;
    successful(gateway.send(request).await, kind).map(|_| ())
}

fn request(operation: &'static Operation, code: &Secret) -> Result<Request> {
    checks::gift_card_code("gift_card_code", code)?;
    let mut request = Request::new(operation);
    request.path_parameters.push(("gift_card_code", code.reveal()));
    request.secrets.push(code.clone());
    Ok(request)
}
