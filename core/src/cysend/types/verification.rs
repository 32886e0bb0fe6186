//! Verification of phone numbers.

use crate::cysend::wire::{self, answer_record};
use crate::secret::Secret;
use serde::Serialize;
use std::sync::Arc;
use tillgate_macros::open_enum;

open_enum! {
    /// How a code reaches the owner of a number (CY.SEND schema `VerificationMethod`).
    pub enum CysendVerificationMethod {
        /// By a text message.
        Sms = 1 => "sms",
        /// By a call that speaks it.
        IvrCall = 2 => "ivr-call",
    }
}

open_enum! {
    /// How far a verification has come (CY.SEND schema `VerificationStatus`, field `status`).
    pub enum CysendVerificationState {
        /// The code is on its way, or was not given yet.
        Accepted = 1 => "accepted",
        /// The code was right.
        Success = 2 => "success",
        /// The code was wrong, or could not be delivered.
        Failed = 3 => "failed",
    }
}

/// A number to verify (CY.SEND operation `phoneNumberVerificationRequest`, schema `VerificationRequest`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, uniffi::Record)]
pub struct CysendVerificationRequest {
    /// How the code is to reach its owner.
    pub method: CysendVerificationMethod,
    /// The number, in E.164 form such as `+41791234567`.
    pub number: String,
    /// The gateway's id of a template for the text message.
    #[uniffi(default = None)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_id: Option<i64>,
    /// ISO 639-1 code of the language. The gateway's default: `en`.
    #[uniffi(default = None)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// A code that the owner of a number was given (CY.SEND operation `phoneNumberVerify`, schema `Verification`).
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct CysendVerification {
    /// The verification's id: 8 characters.
    pub uid: String,
    /// How the code reached its owner.
    pub method: CysendVerificationMethod,
    /// The code: 4 digits.
    pub code: Arc<Secret>,
}

answer_record! {
    /// How far a verification has come (CY.SEND schema `VerificationStatus`). The description requires `type` and
    /// `verification_id`, which it does not describe; if they come, they stand in `extra`.
    pub struct CysendVerificationStatus {
        /// The verification's id.
        pub uid: Option<String>; via wire::text; or default,
        /// How the code reaches its owner.
        pub method: Option<CysendVerificationMethod>; or extra,
        /// How far it has come.
        pub status: CysendVerificationState,
    }
}
