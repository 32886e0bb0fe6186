//! Notifications: what can be heard of, and over which channels.

use crate::cysend::wire::{self, answer_record};

answer_record! {
    /// A kind of thing that notifications are about (CY.SEND schema `NotificationResourceType`).
    pub struct CysendNotificationResourceType {
        /// Its id at the gateway.
        pub uid: String,
        /// Its name, such as `Purchase`.
        pub name: String; via wire::or_default; or default,
    }
}

answer_record! {
    /// Something that happens (CY.SEND schema `NotificationEvent`).
    pub struct CysendNotificationEvent {
        /// Its id at the gateway.
        pub uid: String,
        /// The id of the kind of thing that it happens to.
        pub resource_type_uid: String; via wire::or_default; or default,
        /// Its name, such as `Purchase result`.
        pub name: String; via wire::or_default; or default,
    }
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

answer_record! {
    /// A parameter that a channel asks for (CY.SEND schema `NotificationDestinationParameterDescription`).
    pub struct CysendDestinationDescription {
        /// Its name.
        pub name: String; via wire::or_default; or default,
        /// Whether it must be given.
        pub required: bool; via wire::or_default; or default,
    }
}
