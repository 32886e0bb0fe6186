//! A text that must not be seen.

use std::fmt;
use std::sync::Arc;
use zeroize::Zeroizing;

/// A password, token, key or voucher code.
///
/// It prints as `***`, cannot be serialised, and its memory is wiped when the last owner lets go of it.
#[derive(Clone, PartialEq, Eq, uniffi::Object)]
pub struct Secret {
    text: Zeroizing<String>,
}

#[uniffi::export]
impl Secret {
    /// Wraps a text. The caller's own copy is the caller's to wipe.
    #[uniffi::constructor]
    pub fn new(text: String) -> Arc<Self> {
        Arc::new(Self { text: Zeroizing::new(text) })
    }

    /// The text itself. Whoever asks for it takes care of it from here on.
    pub fn reveal(&self) -> String {
        self.text.to_string()
    }
}

impl Secret {
    /// The text, without a copy.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What is printed of it.
    fn shown(&self) -> &str {
        #[cfg(feature = "testing")]
        if !crate::testing::guard(crate::testing::Guard::SecretsNotPrinted) {
            return &self.text;
        }
        "***"
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.shown())
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.shown())
    }
}
