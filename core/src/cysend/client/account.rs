//! The account, the gateway's errors, and whether the gateway is there.

use super::gateway::{Gateway, successful};
use crate::cysend::operations;
use crate::cysend::types::{CysendBalance, CysendErrorDescription};
use crate::error::Result;
use crate::transport::{self, Request};

pub(super) async fn balance(gateway: &Gateway) -> Result<CysendBalance> {
    gateway.fetch(Request::new(&operations::BALANCE)).await
}

pub(super) async fn errors(gateway: &Gateway) -> Result<Vec<CysendErrorDescription>> {
    gateway.fetch_or_default(Request::new(&operations::GET_ERRORS)).await
}

pub(super) async fn ping(gateway: &Gateway) -> Result<()> {
    let kind = operations::PING.kind;
    let answer = successful(gateway.send(Request::new(&operations::PING)).await, kind)?;
    // Plain text by the description; quoted where a server makes JSON of everything.
    let pong = answer.body.trim_ascii();
    if pong == b"pong" || pong == b"\"pong\"" {
        return Ok(());
    }
    Err(transport::unreadable(&answer, kind, "it is not the gateway's \"pong\""))
}
