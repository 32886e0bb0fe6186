//! What makes two requests the same, keys in base64, and advice on response codes.
//!
//! * Two orders have the same fingerprint if, and only if, all that rule 3 counts is the same, compared field by field.
//! * A key is taken if, and only if, a slow decoder of base64 makes 32 bytes of it.
//! * Advice is given only for a code of two digits, and it is that code's.
#![no_main]

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use tillgate::testing::inner;
use tillgate::{BeneficiaryField, Decimal, JournalKey, Money, NewOrder, Secret, cysend_response_advice};
use tillgate_fuzz::number;

#[derive(Arbitrary, Clone, Debug)]
struct Request {
    account: String,
    scenario: String,
    product: String,
    coefficient: i64,
    scale: u8,
    currency: String,
    beneficiary: Vec<(String, String)>,
    callback_url: Option<String>,
    submit_within_ms: Option<u64>,
}

#[derive(Arbitrary, Debug)]
enum Change {
    Nothing,
    MoveText { from: u8 },
    Amount { coefficient: i64, scale: u8 },
    Zeros { count: u8 },
    Reverse,
    Other(Box<Request>),
    NotCounted { callback_url: Option<String>, submit_within_ms: Option<u64> },
}

#[derive(Arbitrary, Debug)]
struct Input {
    request: Request,
    change: Change,
    key: String,
    code: String,
}

fuzz_target!(|input: Input| {
    let other = changed(&input.request, &input.change);
    let same = counted(&input.request) == counted(&other);
    let (one, two) = (fingerprint(&input.request), fingerprint(&other));
    assert_eq!(one == two, same, "{:?} and {other:?}", input.request);
    assert_eq!(one, fingerprint(&input.request));

    let key = JournalKey { id: "k".into(), key: Secret::new(input.key.clone()) };
    let is_key = base64(input.key.trim()).is_some_and(|bytes| bytes.len() == 32);
    assert_eq!(inner::check_key(&key).is_ok(), is_key, "{:?}", input.key);

    if let Some(advice) = cysend_response_advice(input.code.clone()) {
        assert_eq!(advice.code, input.code.trim());
        assert!(advice.code.len() == 2 && advice.code.bytes().all(|byte| byte.is_ascii_digit()));
        assert!(!advice.meaning.is_empty() && !advice.tell_customer.is_empty());
    }
});

fn amount(request: &Request) -> Decimal {
    Decimal::new(request.coefficient, u32::from(request.scale % 29))
}

fn fingerprint(request: &Request) -> String {
    let mut order = NewOrder::new(
        "A1",
        &request.product,
        Money::new(amount(request), &request.currency),
        &request.scenario,
    );
    let field =
        |(name, value): &(String, String)| BeneficiaryField { name: name.clone(), value: value.clone() };
    order.beneficiary = request.beneficiary.iter().map(field).collect();
    order.callback_url = request.callback_url.clone();
    order.submit_within_ms = request.submit_within_ms;
    inner::fingerprint(&request.account, &order)
}

/// All that counts, in a form that can be compared.
fn counted(request: &Request) -> impl PartialEq + std::fmt::Debug {
    let mut beneficiary = request.beneficiary.clone();
    beneficiary.sort();
    let digits = number::digits(&amount(request).to_string());
    let texts = [&request.account, &request.scenario, &request.product, &request.currency].map(String::clone);
    (texts, digits, beneficiary)
}

fn changed(request: &Request, change: &Change) -> Request {
    let mut other = request.clone();
    match change {
        Change::Nothing => {}
        // The same letters, otherwise divided.
        Change::MoveText { from } => match from % 3 {
            0 => other.product.extend(other.currency.pop()),
            1 => other.scenario.extend(other.product.pop()),
            _ => {
                if let Some((name, value)) = other.beneficiary.first_mut() {
                    name.extend(value.pop());
                }
            }
        },
        Change::Amount { coefficient, scale } => (other.coefficient, other.scale) = (*coefficient, *scale),
        Change::Zeros { count } => {
            let scale = other.scale % 29 + count % 19;
            let more =
                10_i64.checked_pow(u32::from(count % 19)).and_then(|ten| other.coefficient.checked_mul(ten));
            if let (Some(coefficient), true) = (more, scale < 29) {
                (other.coefficient, other.scale) = (coefficient, scale);
            }
        }
        Change::Reverse => other.beneficiary.reverse(),
        Change::Other(whole) => other = (**whole).clone(),
        Change::NotCounted { callback_url, submit_within_ms } => {
            (other.callback_url, other.submit_within_ms) = (callback_url.clone(), *submit_within_ms);
        }
    }
    other
}

/// RFC 4648, section 4, with padding and with no bits left over.
fn base64(text: &str) -> Option<Vec<u8>> {
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let unpadded = text.trim_end_matches('=');
    let padding = text.len() - unpadded.len();
    if !text.len().is_multiple_of(4) || padding > 2 {
        return None;
    }
    let mut bits = String::new();
    for letter in unpadded.chars() {
        bits.push_str(&format!("{:06b}", LETTERS.find(letter)?));
    }
    let bytes = bits.len() / 8;
    if bits[bytes * 8..].contains('1') || (bits.len() - bytes * 8) != padding * 2 {
        return None;
    }
    (0..bytes).map(|at| u8::from_str_radix(&bits[at * 8..at * 8 + 8], 2).ok()).collect()
}
