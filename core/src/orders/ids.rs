//! Names that are given before anything is sent: ids of orders, keys of the journal, and the digest by which two requests
//! are the same.

use std::fmt::Display;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use super::machine::Record;
use super::types::{NewOrder, NewUndo};
use crate::Secret;

/// Mints the id of a new order: a ULID, 26 of `0-9 A-Z`, which sorts by the time of its making and fits every gateway. Save it
/// before you buy with it: after a crash it is what tells you whether the order was placed.
#[uniffi::export]
pub fn new_id() -> String {
    #[cfg(feature = "testing")]
    if let Some(random) = crate::runtime::simulated_random() {
        return ulid::Ulid::from_parts(0, random).to_string();
    }
    // The random part is asked of the system each time. A generator that lives in the process would, after a fork, give
    // parent and child the same ids, and the second order would be taken for the first.
    let mut random = [0; 16];
    fill(&mut random);
    let now_ms = u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or(0);
    ulid::Ulid::from_parts(now_ms, u128::from_ne_bytes(random)).to_string()
}

/// Makes a key for the journal's encryption: 32 random bytes in base64. Keep it where the journal is not (a key store, the
/// host's secrets): who has both reads the vouchers, and who loses it fetches them anew from the gateway.
#[uniffi::export]
pub fn new_journal_key() -> Arc<Secret> {
    let mut key = Zeroizing::new([0; 32]);
    fill(key.as_mut());
    Secret::new(BASE64.encode(key.as_ref()))
}

/// Random bytes of the operating system.
pub(crate) fn fill(bytes: &mut [u8]) {
    SystemRandom::new().fill(bytes).expect("the operating system gives random bytes");
}

/// What makes two orders under one id the same request (rule 3), digested. Deadlines, callback address, secrets, notes and
/// bounds do not count; the environment is part of the account's address.
pub fn fingerprint(account: impl Display, order: &NewOrder) -> String {
    let mut digest = Digest::new("order");
    digest.add(&account);
    digest.add(&order.scenario);
    digest.add(&order.product);
    digest.add(order.amount.amount.normalize());
    digest.add(&order.amount.currency);
    let mut beneficiary: Vec<_> = order.beneficiary.iter().collect();
    beneficiary.sort();
    digest.add(beneficiary.len());
    for field in beneficiary {
        digest.add(&field.name);
        digest.add(&field.value);
    }
    digest.finish()
}

/// What makes two undos under one id the same request, digested. An amount left out is a request of its own: what is
/// left to undo changes, the request does not.
pub fn undo_fingerprint(account: impl Display, undo: &NewUndo) -> String {
    let mut digest = Digest::new("undo");
    digest.add(&account);
    digest.add(undo.kind as u16);
    digest.add(Record::key_of(&undo.of));
    match undo.amount {
        Some(amount) => digest.add(amount.normalize()),
        None => digest.add("all"),
    }
    digest.finish()
}

/// SHA-256 over texts that each carry their length, so that no two lists of texts read the same.
struct Digest(ring::digest::Context);

impl Digest {
    fn new(subject: &str) -> Self {
        let mut digest = Self(ring::digest::Context::new(&ring::digest::SHA256));
        // Journals keep fingerprints for ever: another encoding needs another name here.
        digest.add("tillgate fingerprint 1");
        digest.add(subject);
        digest
    }

    fn add(&mut self, part: impl Display) {
        let text = part.to_string();
        self.0.update(&(text.len() as u64).to_be_bytes());
        self.0.update(text.as_bytes());
    }

    fn finish(self) -> String {
        hex(self.0.finish().as_ref())
    }
}

/// Bytes in hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;
    use crate::{BeneficiaryField, Decimal, Money, OrderKind, OrderNotification};

    fn field(name: &str, value: &str) -> BeneficiaryField {
        BeneficiaryField { name: name.into(), value: value.into() }
    }

    fn order() -> NewOrder {
        NewOrder {
            id: "A1".into(),
            product: "1201".into(),
            amount: Money::new(Decimal::new(1000, 2), "CHF"),
            scenario: "live".into(),
            beneficiary: vec![field("mobile", "+41791234567"), field("account", "7")],
            account: None,
            amount_range: None,
            callback_url: None,
            notifications: Vec::new(),
            payment_code: None,
            submit_within_ms: None,
            notes: HashMap::new(),
        }
    }

    fn undo(amount: Option<Decimal>) -> NewUndo {
        NewUndo { id: "U1".into(), of: "A1".into(), kind: OrderKind::Refund, amount, submit_within_ms: None }
    }

    #[test]
    fn a_new_id_fits_every_gateway_and_is_new() {
        let ids: HashSet<String> = (0..1000).map(|_| new_id()).collect();
        assert_eq!(ids.len(), 1000);
        for id in ids {
            assert_eq!(id.len(), 26);
            assert!(id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()), "{id}");
        }
    }

    #[test]
    fn a_new_key_is_32_bytes_and_is_new() {
        let (one, other) = (new_journal_key(), new_journal_key());
        assert_ne!(one, other);
        assert_eq!(BASE64.decode(one.as_str()).unwrap().len(), 32);
    }

    #[test]
    fn the_same_request_has_the_same_fingerprint() {
        let first = fingerprint("a", &order());
        let mut again = order();
        again.amount.amount = Decimal::new(10, 0);
        again.beneficiary.reverse();
        again.callback_url = Some("https://till.example/cb".into());
        again.notifications.push(OrderNotification {
            trigger: "1".into(),
            channel: "2".into(),
            destination: Vec::new(),
        });
        again.payment_code = Some(Secret::new("gift".into()));
        again.submit_within_ms = Some(1);
        again.notes.insert("till".into(), "3".into());
        assert_eq!(first, fingerprint("a", &again));
    }

    #[test]
    fn another_request_has_another_fingerprint() {
        let changes: [fn(&mut NewOrder); 7] = [
            |o| o.product = "1202".into(),
            |o| o.amount.amount = Decimal::new(1001, 2),
            |o| o.amount.currency = "EUR".into(),
            |o| o.scenario = "success".into(),
            |o| o.beneficiary[0].value = "+41791234568".into(),
            // The same characters, otherwise divided.
            |o| o.beneficiary[0] = field("mobile+", "41791234567"),
            |o| drop(o.beneficiary.pop()),
        ];
        let mut seen = HashSet::from([fingerprint("a", &order()), fingerprint("b", &order())]);
        assert_eq!(seen.len(), 2);
        for change in changes {
            let mut other = order();
            change(&mut other);
            assert!(seen.insert(fingerprint("a", &other)));
        }
    }

    #[test]
    fn an_undo_of_all_is_not_an_undo_of_a_sum() {
        let all = undo_fingerprint("a", &undo(None));
        let ten = undo_fingerprint("a", &undo(Some(Decimal::new(10, 0))));
        assert_ne!(all, ten);
        assert_eq!(ten, undo_fingerprint("a", &undo(Some(Decimal::new(1000, 2)))));
        let mut blank = undo(None);
        blank.of = "a1 ".into();
        assert_eq!(all, undo_fingerprint("a", &blank));
    }

    #[test]
    fn fingerprints_in_old_journals_stay_readable() {
        // Worked out apart from this code, from the encoding that `Digest` describes.
        assert_eq!(
            fingerprint("cysend|https://api.example/v5|till", &order()),
            "5c256d704ad593de9834f9411f3088d0dcdead824ee9ec3d2befa54107bd74d1"
        );
    }
}
