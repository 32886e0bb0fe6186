//! Encryption at rest: voucher codes and payment codes are sealed before the journal sees them (rule 19).
//!
//! AES-256-GCM. What is sealed is bound to its order, its kind and its key, so that it opens nowhere else.

use std::collections::{BTreeMap, HashMap};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::ids::hex;
use super::store::{Sealed, SecretKind};
use super::types::{JournalKey, Voucher};
use crate::testing::{Guard, guard};
use crate::{ErrorDetails, Result, Secret, TillgateError};

/// The longest name of a key. Bounds what is stored beside each secret.
const KEY_ID_LENGTH_MAX: usize = 64;
/// Under this name stands what was not encrypted, while a test has the guard off. No key can have it.
const PLAIN: &str = "";

/// The keys of a journal.
pub struct Vault {
    current: Option<Key>,
    old: Vec<Key>,
}

struct Key {
    id: String,
    sealing: LessSafeKey,
    check_value: String,
}

impl Vault {
    /// A vault that seals with `key` and opens with all of them. Without a key it seals nothing.
    pub fn new(key: Option<&JournalKey>, old: &[JournalKey]) -> Result<Self> {
        let current = key.map(|key| Key::new(key, "key")).transpose()?;
        let mut vault = Self { current, old: Vec::with_capacity(old.len()) };
        for (index, key) in old.iter().enumerate() {
            let field = format!("old_keys[{index}]");
            let key = Key::new(key, &field)?;
            if vault.find(&key.id).is_some() {
                return Err(TillgateError::invalid_argument(
                    format!("{field}.id"),
                    format!("two keys are called {:?}", key.id),
                ));
            }
            vault.old.push(key);
        }
        Ok(vault)
    }

    /// Whether anything can be sealed.
    pub fn has_key(&self) -> bool {
        self.current.is_some() || !guard(Guard::SecretsEncrypted)
    }

    /// For each key, its name and what the journal stores to know it again: the current one first.
    pub fn check_values(&self) -> impl Iterator<Item = (String, String)> + '_ {
        self.current.iter().chain(&self.old).map(|key| (key.id.clone(), key.check_value.clone()))
    }

    /// Encrypts something of an order.
    pub fn seal(&self, order_key: &str, kind: SecretKind, plain: &[u8]) -> Result<Sealed> {
        if !guard(Guard::SecretsEncrypted) {
            return Ok(Sealed { key_id: PLAIN.to_string(), bytes: plain.to_vec() });
        }
        let key = self.current.as_ref().ok_or_else(no_key)?;
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new()
            .fill(&mut nonce)
            .map_err(|_| TillgateError::internal("the operating system gave no random bytes"))?;
        let mut bytes = Vec::with_capacity(NONCE_LEN + plain.len() + AES_256_GCM.tag_len());
        bytes.extend_from_slice(&nonce);
        bytes.extend_from_slice(plain);
        let tag = key
            .sealing
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                bound_to(order_key, kind, &key.id),
                &mut bytes[NONCE_LEN..],
            )
            .map_err(|_| TillgateError::internal("a secret could not be encrypted"))?;
        bytes.extend_from_slice(tag.as_ref());
        Ok(Sealed { key_id: key.id.clone(), bytes })
    }

    /// Decrypts something of an order.
    pub fn open(&self, order_key: &str, kind: SecretKind, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>> {
        if sealed.key_id == PLAIN && !guard(Guard::SecretsEncrypted) {
            return Ok(Zeroizing::new(sealed.bytes.clone()));
        }
        let key = self.find(&sealed.key_id).ok_or_else(|| key_is_not_here(&sealed.key_id))?;
        let damaged = || unreadable(&sealed.key_id);
        let (nonce, text) = sealed.bytes.split_first_chunk::<NONCE_LEN>().ok_or_else(damaged)?;
        let mut bytes = Zeroizing::new(text.to_vec());
        let length = key
            .sealing
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                bound_to(order_key, kind, &key.id),
                &mut bytes,
            )
            .map_err(|_| damaged())?
            .len();
        bytes.truncate(length);
        Ok(bytes)
    }

    /// Encrypts a delivered voucher.
    pub fn seal_voucher(&self, order_key: &str, voucher: &Voucher) -> Result<Sealed> {
        let text = |secret: &Option<std::sync::Arc<Secret>>| secret.as_ref().map(|s| s.as_str().to_string());
        let plain = PlainVoucher {
            code: text(&voucher.code),
            serial: text(&voucher.serial),
            pin_code: text(&voucher.pin_code),
            pdf_link: text(&voucher.pdf_link),
            expiration: voucher.expiration.clone(),
            usage_instructions: voucher.usage_instructions.clone().into_iter().collect(),
            unknown_fields: text(&voucher.unknown_fields),
        };
        // Room from the start: a buffer that grows leaves copies behind. Escapes may take six bytes for one.
        let mut json = Zeroizing::new(Vec::with_capacity(6 * plain.length() + 256));
        serde_json::to_writer(&mut *json, &plain).map_err(|error| {
            TillgateError::internal(format!("a voucher could not be written down: {error}"))
        })?;
        self.seal(order_key, SecretKind::Voucher, &json)
    }

    /// Decrypts a delivered voucher.
    pub fn open_voucher(&self, order_key: &str, sealed: &Sealed) -> Result<Voucher> {
        let json = self.open(order_key, SecretKind::Voucher, sealed)?;
        // serde_json's error could quote what it read.
        let mut plain: PlainVoucher =
            serde_json::from_slice(&json).map_err(|_| unreadable(&sealed.key_id))?;
        let secret = |text: &mut Option<String>| text.take().map(Secret::new);
        Ok(Voucher {
            code: secret(&mut plain.code),
            serial: secret(&mut plain.serial),
            pin_code: secret(&mut plain.pin_code),
            pdf_link: secret(&mut plain.pdf_link),
            expiration: plain.expiration.take(),
            usage_instructions: std::mem::take(&mut plain.usage_instructions)
                .into_iter()
                .collect::<HashMap<_, _>>(),
            unknown_fields: secret(&mut plain.unknown_fields),
        })
    }

    fn find(&self, id: &str) -> Option<&Key> {
        self.current.iter().chain(&self.old).find(|key| key.id == id)
    }
}

impl Key {
    fn new(key: &JournalKey, field: &str) -> Result<Self> {
        if key.id.is_empty() || key.id.len() > KEY_ID_LENGTH_MAX {
            return Err(TillgateError::invalid_argument(
                format!("{field}.id"),
                format!("the name of a key has 1 to {KEY_ID_LENGTH_MAX} bytes"),
            ));
        }
        let wrong = || {
            TillgateError::invalid_argument(
                format!("{field}.key"),
                "a key is 32 bytes in base64, as new_journal_key() makes them",
            )
        };
        let mut bytes = Zeroizing::new(Vec::with_capacity(48));
        BASE64.decode_vec(key.key.as_str().trim(), &mut bytes).map_err(|_| wrong())?;
        let unbound = UnboundKey::new(&AES_256_GCM, &bytes).map_err(|_| wrong())?;
        let check_value = check_value(&key.id, &bytes);
        Ok(Self { id: key.id.clone(), sealing: LessSafeKey::new(unbound), check_value })
    }
}

/// Says whether a key is the one that it is called, and nothing else about it.
fn check_value(id: &str, key: &[u8]) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, key);
    let mut context = ring::hmac::Context::with_key(&key);
    context.update(b"tillgate journal key check 1\0");
    context.update(id.as_bytes());
    // Half of it is plenty to tell two keys apart.
    hex(&context.sign().as_ref()[..16])
}

/// What a sealed text belongs to; each part carries its length.
fn bound_to(order_key: &str, kind: SecretKind, key_id: &str) -> Aad<Vec<u8>> {
    let mut bytes = Vec::new();
    for part in ["tillgate sealed 1", order_key, kind.as_str(), key_id] {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    Aad::from(bytes)
}

/// A voucher on its way into or out of the vault. Never leaves this file.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
struct PlainVoucher {
    code: Option<String>,
    serial: Option<String>,
    pin_code: Option<String>,
    pdf_link: Option<String>,
    expiration: Option<String>,
    // In the order of the languages, so that the same voucher is always written in the same way.
    #[zeroize(skip)]
    usage_instructions: BTreeMap<String, String>,
    // Not in what the first version sealed.
    #[serde(default)]
    unknown_fields: Option<String>,
}

impl PlainVoucher {
    fn length(&self) -> usize {
        let codes = [&self.code, &self.serial, &self.pin_code, &self.pdf_link];
        let secrets = codes.into_iter().chain([&self.expiration, &self.unknown_fields]);
        secrets.flatten().map(String::len).sum::<usize>()
            + self.usage_instructions.iter().map(|(k, v)| k.len() + v.len() + 8).sum::<usize>()
    }
}

fn no_key() -> TillgateError {
    TillgateError::WrongKey {
        details: ErrorDetails::local(
            "the journal was opened without a key",
            "Nothing was bought. Open the journal with its key: without one, nothing secret can be kept.",
        ),
    }
}

fn key_is_not_here(id: &str) -> TillgateError {
    TillgateError::WrongKey {
        details: ErrorDetails::local(
            format!("it is encrypted with the key {id:?}, which was not given"),
            "The order itself is safe. Open the journal with that key among the old ones; if the key is lost, \
             fetch the code again: the gateway is asked for it, and it is encrypted anew.",
        ),
    }
}

fn unreadable(id: &str) -> TillgateError {
    TillgateError::WrongKey {
        details: ErrorDetails::local(
            format!("it does not open with the key {id:?}: another key of that name, or damage"),
            "The order itself is safe. Fetch the code again: the gateway is asked for it, and it is encrypted anew.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::new_journal_key;

    fn key(id: &str) -> JournalKey {
        JournalKey { id: id.into(), key: new_journal_key() }
    }

    fn voucher() -> Voucher {
        Voucher {
            code: Some(Secret::new("1234-\"\u{1}-CODE".into())),
            serial: Some(Secret::new("S-9".into())),
            pin_code: None,
            pdf_link: Some(Secret::new("https://pdf.example/x".into())),
            expiration: Some("2030-01-01".into()),
            usage_instructions: HashMap::from([("de".into(), "Wählen Sie *123#".into())]),
            unknown_fields: Some(Secret::new(r#"{"track":"2"}"#.into())),
        }
    }

    #[test]
    fn a_voucher_comes_back_as_it_was() {
        let vault = Vault::new(Some(&key("a")), &[]).unwrap();
        let sealed = vault.seal_voucher("o1", &voucher()).unwrap();
        assert_eq!(sealed.key_id, "a");
        assert!(!sealed.bytes.windows(4).any(|w| w == b"CODE"));
        assert_eq!(vault.open_voucher("o1", &sealed).unwrap(), voucher());
    }

    #[test]
    fn what_is_sealed_opens_only_where_it_belongs() {
        let vault = Vault::new(Some(&key("a")), &[]).unwrap();
        let sealed = vault.seal("o1", SecretKind::PaymentCode, b"gift").unwrap();
        assert_eq!(&**vault.open("o1", SecretKind::PaymentCode, &sealed).unwrap(), b"gift");
        for (order, kind) in [("o2", SecretKind::PaymentCode), ("o1", SecretKind::Voucher)] {
            assert_eq!(vault.open(order, kind, &sealed).unwrap_err().code(), "wrong_key");
        }
        for index in 0..sealed.bytes.len() {
            let mut bent = sealed.clone();
            bent.bytes[index] ^= 1;
            assert_eq!(vault.open("o1", SecretKind::PaymentCode, &bent).unwrap_err().code(), "wrong_key");
        }
        let short = Sealed { key_id: "a".into(), bytes: vec![1; NONCE_LEN - 1] };
        assert_eq!(vault.open("o1", SecretKind::PaymentCode, &short).unwrap_err().code(), "wrong_key");
    }

    #[test]
    fn an_old_key_opens_and_a_lost_one_is_told() {
        let (first, second) = (key("2025"), key("2026"));
        let sealed = Vault::new(Some(&first), &[]).unwrap().seal("o1", SecretKind::Voucher, b"code").unwrap();
        let rotated = Vault::new(Some(&second), std::slice::from_ref(&first)).unwrap();
        assert_eq!(&**rotated.open("o1", SecretKind::Voucher, &sealed).unwrap(), b"code");
        assert_eq!(rotated.seal("o1", SecretKind::Voucher, b"code").unwrap().key_id, "2026");
        let lost = Vault::new(Some(&second), &[]).unwrap();
        let error = lost.open("o1", SecretKind::Voucher, &sealed).unwrap_err();
        assert_eq!(error.code(), "wrong_key");
        assert!(error.details().advice.contains("fetch the code again"), "{error}");
    }

    #[test]
    fn without_a_key_nothing_is_sealed() {
        let vault = Vault::new(None, &[key("old")]).unwrap();
        assert!(!vault.has_key());
        assert_eq!(vault.seal("o1", SecretKind::Voucher, b"code").unwrap_err().code(), "wrong_key");
    }

    #[test]
    fn the_same_text_is_never_sealed_to_the_same_bytes() {
        let vault = Vault::new(Some(&key("a")), &[]).unwrap();
        let seal = || vault.seal("o1", SecretKind::Voucher, b"code").unwrap();
        assert_ne!(seal(), seal());
    }

    #[test]
    fn a_check_value_tells_keys_apart_and_not_what_they_are() {
        let (one, mut other) = (key("a"), key("a"));
        let values = |k: &JournalKey| Vault::new(Some(k), &[]).unwrap().check_values().collect::<Vec<_>>();
        assert_eq!(values(&one), values(&one));
        assert_ne!(values(&one), values(&other));
        other.key = one.key.clone();
        other.id = "b".into();
        assert_ne!(values(&one)[0].1, values(&other)[0].1);
    }

    #[test]
    fn keys_that_are_none_are_refused_before_anything_is_opened() {
        let refused = |current: Option<JournalKey>, old: Vec<JournalKey>| {
            let error = Vault::new(current.as_ref(), &old).err().expect("refused");
            assert_eq!(error.code(), "invalid_argument");
            error.details().field.clone().unwrap()
        };
        let with = |text: &str| JournalKey { id: "a".into(), key: Secret::new(text.into()) };
        assert_eq!(refused(Some(with("not base64!")), vec![]), "key.key");
        assert_eq!(refused(Some(with("c2hvcnQ=")), vec![]), "key.key");
        assert_eq!(refused(Some(key("")), vec![]), "key.id");
        assert_eq!(refused(Some(key("a")), vec![key("b"), key("a")]), "old_keys[1].id");
    }
}
