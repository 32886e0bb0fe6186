//! The path that callbacks come to. Nothing but its being unknown keeps strangers out, so it is made like a key, kept like one,
//! and compared in constant time.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::{hmac, rand};

use crate::{Result, Secret, TillgateError};

/// What 128 random bits need in the 64 characters of base64.
const SECRET_LENGTH_MIN: usize = 22;
/// Fewer different characters than this are no random text, whatever its length.
const DIFFERENT_MIN: usize = 8;
const LENGTH_MAX: usize = 256;
/// 192 bits: 32 characters without padding.
const MINTED_BYTES: usize = 24;

/// Mints a path for a receiver of callbacks: a slash and 32 random characters. Make it once and keep it with your
/// configuration, as you would keep a password: orders carry it to the gateway, and a receiver that comes back under
/// another path does not hear of them any more.
#[uniffi::export]
pub fn new_callback_path() -> Arc<Secret> {
    let mut random = [0; MINTED_BYTES];
    crate::orders::ids::fill(&mut random);
    Secret::new(format!("/{}", URL_SAFE_NO_PAD.encode(random)))
}

/// Whether a path can be used: it must not be one that somebody guesses, and must arrive as it was sent.
pub(super) fn check(path: &str) -> Result<()> {
    // The path itself stands in no error.
    let wrong = |why: &str| Err(TillgateError::invalid_argument("path", why));
    if !path.starts_with('/') || path.len() > LENGTH_MAX {
        return wrong("It begins with a slash and has at most 256 characters.");
    }
    let url_safe = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let segments = || path[1..].split('/');
    if segments().any(|segment| segment.is_empty() || !segment.bytes().all(url_safe)) {
        return wrong("It is made of slashes and the characters A-Z a-z 0-9 - _, with no slash at its end.");
    }
    if !segments().any(cannot_be_guessed) {
        return wrong(
            "It can be guessed, and whoever guesses it can send callbacks: one part between slashes needs at least 22 random characters, which are 128 bits. This library makes one for you.",
        );
    }
    Ok(())
}

fn cannot_be_guessed(segment: &str) -> bool {
    let mut different: Vec<u8> = segment.bytes().collect();
    different.sort_unstable();
    different.dedup();
    segment.len() >= SECRET_LENGTH_MIN && different.len() >= DIFFERENT_MIN
}

/// Paths as they are recognised. The paths themselves are not in it.
pub(super) struct Paths {
    key: hmac::Key,
    tags: Vec<hmac::Tag>,
}

impl Paths {
    pub(super) fn new(paths: &[&str]) -> Result<Self> {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &rand::SystemRandom::new())
            .map_err(|_| TillgateError::internal("The operating system gave no random bytes."))?;
        let tags = paths.iter().map(|path| hmac::sign(&key, path.as_bytes())).collect();
        Ok(Self { key, tags })
    }

    /// Compares in a time that does not tell how much of the path is right.
    pub(super) fn contain(&self, path: &str) -> bool {
        let compare = |tag: &hmac::Tag| hmac::verify(&self.key, path.as_bytes(), tag.as_ref()).is_ok();
        // Each is compared, whatever the one before came to.
        self.tags.iter().fold(false, |found, tag| found | compare(tag))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minted_path_is_new_and_good() {
        let (one, other) = (new_callback_path(), new_callback_path());
        assert_ne!(one, other);
        assert_eq!(one.as_str().len(), 33);
        check(one.as_str()).unwrap();
    }

    #[test]
    fn a_path_that_can_be_guessed_or_changes_on_the_way_is_refused() {
        let long = format!("/{}", "abcdefgh".repeat(40));
        let bad = [
            "",
            "/",
            "/callback",
            "callbacks/0123456789abcdefghijklmn",
            "/0123456789abcdefghijk",
            "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "/0123456789abcdefghijklmn/",
            "/0123456789abcdefghijklmn//x",
            "/0123456789abcdefghijklmn/../x",
            "/0123456789abcdefghijklmn?x=1",
            "/0123456789abcdefghijklm%6e",
            "/0123456789abcdefghijklmö",
            &long,
        ];
        for path in bad {
            let error = check(path).unwrap_err();
            assert_eq!(error.details().field.as_deref(), Some("path"), "{path}");
            assert!(!error.to_string().contains("0123456789abc"), "{error}");
        }
        for path in ["/0123456789abcdefghijkl", "/hooks/cysend/-_23456789abcdefghijkl/x"] {
            check(path).unwrap();
        }
    }

    #[test]
    fn a_path_is_recognised_as_a_whole() {
        let paths = Paths::new(&["/one", "/base/one"]).unwrap();
        assert!(paths.contain("/one") && paths.contain("/base/one"));
        for other in ["", "/", "/on", "/one/", "/onE", "/base"] {
            assert!(!paths.contain(other), "{other}");
        }
    }
}
