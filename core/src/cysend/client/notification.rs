//! Notifications.

use super::gateway::Gateway;
use crate::cysend::operations;
use crate::cysend::types::*;
use crate::error::Result;
use crate::transport::Request;

pub(super) async fn resource_types(gateway: &Gateway) -> Result<Vec<CysendNotificationResourceType>> {
    gateway.fetch_or_default(Request::new(&operations::GET_NOTIFICATION_RESOURCE_TYPES)).await
}

pub(super) async fn events(gateway: &Gateway) -> Result<Vec<CysendNotificationEvent>> {
    gateway.fetch_or_default(Request::new(&operations::GET_NOTIFICATION_EVENTS)).await
}

pub(super) async fn channels(gateway: &Gateway) -> Result<Vec<CysendNotificationChannel>> {
    gateway.fetch_or_default(Request::new(&operations::GET_NOTIFICATION_CHANNELS)).await
}

pub(super) async fn subscriptions(gateway: &Gateway) -> Result<Vec<CysendSubscription>> {
    gateway.fetch_or_default(Request::new(&operations::GET_SUBSCRIPTIONS)).await
}
