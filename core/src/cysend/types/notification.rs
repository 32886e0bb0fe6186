//! Notifications: what can be heard of, and over which channels.

use crate::cysend::wire::{self, answer_record};
use serde::Deserialize;

/// A kind of thing that notifications are about (CY.SEND schema `NotificationResourceType`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize, uniffi::Record)]
pub struct CysendNotificationResourceType {
    /// Its id at the gateway.
    pub uid: String,
    /// Its name, such as `Purchase`.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub name: String,
}

/// Something that happens (CY.SEND schema `NotificationEvent`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize, uniffi::Record)]
pub struct CysendNotificationEvent {
    /// Its id at the gateway.
    pub uid: String,
    /// The id of the kind of thing that it happens to.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub resource_type_uid: String,
    /// Its name, such as `Purchase result`.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub name: String,
}

answer_record! {
    /// A way to be notified (CY.SEND schema `NotificationChannel`).
    pub struct CysendNotificationChannel {
        /// Its id at the gateway.
        pub uid: String,
        /// Its type, such as `Email`.
        pub channel_type: String = "type"; via wire::or_default; or default,
        /// Its name.
        pub name: String; via wire::or_default; or default,
        /// Whether messages are written with your own templates.
        pub whitelabel: bool; via wire::or_default; or default,
        /// The parameters that a subscription gives it.
        pub destination: Vec<CysendDestinationDescription>; via wire::or_default; or default,
    }
}

/// A parameter that a channel asks for (CY.SEND schema `NotificationDestinationParameterDescription`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize, uniffi::Record)]
pub struct CysendDestinationDescription {
    /// Its name.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub name: String,
    /// Whether it must be given.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub required: bool,
}
