//! Exact money, and the instants that go with it.

pub use jiff::Timestamp;
pub use rust_decimal::Decimal;

#[cfg(feature = "uniffi")]
uniffi::custom_type!(Decimal, String, {
    remote,
    lower: |d| d.to_string(),
    try_lift: |s| Decimal::from_str_exact(&s).map_err(|why| refused(&s, &why)),
});
// As text (RFC 3339), since UniFFI's own form of an instant loses the sign within the last second before 1970.
#[cfg(feature = "uniffi")]
uniffi::custom_type!(Timestamp, String, {
    remote,
    lower: |t| t.to_string(),
    try_lift: |s| s.parse::<Timestamp>().map_err(|why| refused(&s, &why)),
});

/// What cannot be kept is an argument that is wrong, there as everywhere. Which one, only the caller can tell.
#[cfg(feature = "uniffi")]
fn refused(given: &str, why: &dyn std::fmt::Display) -> uniffi::deps::anyhow::Error {
    let given: String = given.chars().take(40).collect();
    let mut error =
        crate::TillgateError::invalid_argument("", format!("{given} cannot be kept exactly: {why}."));
    error.details_mut().field = None;
    error.into()
}

/// An exact amount with its currency.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, uniffi::Record)]
pub struct Money {
    /// The amount in the currency's main unit (francs, not centimes). Exact; never rounded by this library.
    #[serde(with = "crate::money::text")]
    pub amount: Decimal,
    /// Alphabetic ISO 4217 code, three capital letters.
    pub currency: String,
}

impl Money {
    /// An amount in a currency.
    pub fn new(amount: Decimal, currency: impl Into<String>) -> Self {
        Self { amount, currency: currency.into() }
    }
}

impl std::fmt::Display for Money {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.amount, self.currency)
    }
}

/// Decimals as text in our own records, so that no digit and no trailing zero is lost.
pub(crate) mod text {
    use super::Decimal;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(value: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
        Decimal::from_str_exact(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// Decimals as JSON numbers, the way gateways write money. Never through a float: the digits are read as they stand.
///
/// For `#[serde(with = "crate::money::json_number")]`; `json_number::option` is for optional fields. Works where the whole
/// text is at hand (`serde_json::from_slice`, `from_str`), which is what serde's raw values need.
pub(crate) mod json_number {
    use super::Decimal;
    #[cfg(feature = "testing")]
    use crate::testing::{Guard, guard};
    use serde::de::Error as _;
    use serde::ser::Error as _;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use serde_json::value::RawValue;

    /// No amount is longer; an exponent could otherwise ask for any number of digits.
    const TEXT_SIZE_MAX: usize = 64;

    pub fn serialize<S: Serializer>(value: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(value.to_string()).map_err(S::Error::custom)?.serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        parse(raw.get()).map_err(D::Error::custom)
    }

    /// The same for what may be absent or null.
    pub mod option {
        use super::{Decimal, RawValue, parse};
        use serde::de::Error as _;
        use serde::{Deserialize, Deserializer, Serializer};

        #[allow(dead_code, reason = "CY.SEND's requests have no optional money; others' do")]
        pub fn serialize<S: Serializer>(value: &Option<Decimal>, serializer: S) -> Result<S::Ok, S::Error> {
            match value {
                Some(value) => super::serialize(value, serializer),
                None => serializer.serialize_none(),
            }
        }

        pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
            match <&RawValue>::deserialize(deserializer)?.get() {
                "null" => Ok(None),
                text => parse(text).map(Some).map_err(D::Error::custom),
            }
        }
    }

    /// Exactly the number that the text says (RFC 8259, section 6), or an error.
    pub fn parse(text: &str) -> Result<Decimal, String> {
        let wrong = || format!("{} is not a number", shortened(text));
        #[cfg(feature = "testing")]
        if !guard(Guard::ExactMoney) {
            return text.parse().ok().and_then(|float: f64| float.try_into().ok()).ok_or_else(wrong);
        }
        if let Some(value) = short(text) {
            return Ok(value);
        }
        if text.len() > TEXT_SIZE_MAX {
            return Err(format!("{} has too many digits", shortened(text)));
        }
        let (negative, unsigned) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) =
            unsigned.find(['e', 'E']).map_or((unsigned, ""), |at| unsigned.split_at(at));
        let (whole, fraction) = mantissa.find('.').map_or((mantissa, ""), |at| mantissa.split_at(at));
        let fraction_digits = fraction.strip_prefix('.').unwrap_or("");
        let all_digits = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
        let grammatical = !whole.is_empty()
            && all_digits(whole)
            && (whole == "0" || !whole.starts_with('0'))
            && fraction.is_empty() == fraction_digits.is_empty()
            && all_digits(fraction_digits);
        if !grammatical {
            return Err(wrong());
        }
        let exponent: i64 = match exponent.get(1..) {
            None => 0,
            Some(digits) => {
                let unsigned = digits.strip_prefix(['+', '-']).unwrap_or(digits);
                if unsigned.is_empty() || !all_digits(unsigned) {
                    return Err(wrong());
                }
                // One that does not fit is beyond every amount but zero, which it leaves as it is.
                let fallback = if digits.starts_with('-') { -EXPONENT_MAX } else { EXPONENT_MAX };
                digits.parse::<i64>().map_or(fallback, |exponent| exponent.clamp(-EXPONENT_MAX, EXPONENT_MAX))
            }
        };
        exact(whole, fraction_digits, exponent, negative)
            .ok_or_else(|| format!("{} has more digits than can be kept exactly", shortened(text)))
    }

    /// What nearly every price is: a few digits, perhaps with a point, in one pass. `None` for whatever is not that, right or wrong.
    fn short(text: &str) -> Option<Decimal> {
        /// So many digits fit into 64 bits.
        const LENGTH_MAX: usize = 18;
        let text = text.as_bytes();
        if text.is_empty() || text.len() > LENGTH_MAX {
            return None;
        }
        let (mut digits, mut point) = (0_i64, None);
        for (at, byte) in text.iter().enumerate() {
            match byte {
                b'0'..=b'9' => digits = digits * 10 + i64::from(byte - b'0'),
                b'.' if point.is_none() && at > 0 => point = Some(at),
                _ => return None,
            }
        }
        let leading_zero = text.len() > 1 && text[0] == b'0' && text[1] != b'.';
        if text.ends_with(b".") || leading_zero {
            return None;
        }
        Some(Decimal::new(digits, point.map_or(0, |at| (text.len() - 1 - at) as u32)))
    }

    /// The digits, put together in whole numbers; `None` when they do not fit.
    fn exact(whole: &str, fraction: &str, exponent: i64, negative: bool) -> Option<Decimal> {
        // Zeros at the end that do not even fit on the way only move the point.
        let text = || whole.bytes().chain(fraction.bytes());
        let length = whole.len() + fraction.len();
        let excess = length.saturating_sub(I128_DIGITS);
        let excess =
            if excess == 0 { 0 } else { excess.min(text().rev().take_while(|byte| *byte == b'0').count()) };
        let mut digits: i128 = 0;
        for byte in text().take(length - excess) {
            digits = digits.checked_mul(10)?.checked_add(i128::from(byte - b'0'))?;
        }
        let mut scale = fraction.len() as i64 - excess as i64 - exponent;
        if digits == 0 {
            scale = scale.clamp(0, 28);
        }
        while scale < 0 {
            digits = digits.checked_mul(10)?;
            scale += 1;
        }
        // Zeros at the end of a fraction say nothing about the amount; they go where they do not fit.
        while scale > 0 && digits % 10 == 0 && (scale > 28 || digits > DIGITS_MAX) {
            digits /= 10;
            scale -= 1;
        }
        if digits > DIGITS_MAX || scale > 28 {
            return None;
        }
        Decimal::try_from_i128_with_scale(if negative { -digits } else { digits }, u32::try_from(scale).ok()?)
            .ok()
    }

    /// Larger than any that a decimal can take in.
    const EXPONENT_MAX: i64 = 1 << 32;

    /// So many digits fit an `i128`, whichever they are.
    const I128_DIGITS: usize = 38;

    /// A decimal holds 96 bits.
    const DIGITS_MAX: i128 = (1 << 96) - 1;

    fn shortened(text: &str) -> String {
        text.chars().take(40).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Decimal, String> {
        json_number::parse(text)
    }

    #[test]
    fn every_digit_of_a_json_number_is_kept() {
        for (text, kept) in [
            ("0", "0"),
            ("-0.0", "0.0"),
            ("2.15", "2.15"),
            ("2.50", "2.50"),
            ("0.0950", "0.0950"),
            ("100000000000.01", "100000000000.01"),
            // On either side of what fits into 64 bits.
            ("123456789012345678", "123456789012345678"),
            ("1234567890123456.78", "1234567890123456.78"),
            ("12345678901234567890.5", "12345678901234567890.5"),
            ("1e3", "1000"),
            ("1.5E+1", "15"),
            ("15e-1", "1.5"),
            ("-7.25e0", "-7.25"),
            ("0e999", "0"),
            ("0e99999999999999999999", "0"),
            ("-0.0e-99999999999999999999", "0.0000000000000000000000000000"),
            ("79228162514264337593543950335", "79228162514264337593543950335"),
            ("0.0000000000000000000000000001", "0.0000000000000000000000000001"),
            ("1.00000000000000000000000000000000000000000", "1.0000000000000000000000000000"),
            ("79228162514264337593543950335.0000000000", "79228162514264337593543950335"),
            ("-1000000000000000000000000000000000000000000e-40", "-100.00000000000000000000000000"),
            // A float would make 0.30000000000000004 of it.
            ("0.30000000000000000", "0.30000000000000000"),
            ("1.00000000000000000000000000000000000", "1.0000000000000000000000000000"),
        ] {
            assert_eq!(read(text).map(|value| value.to_string()), Ok(kept.to_string()), "{text}");
        }
    }

    #[test]
    fn what_does_not_fit_is_an_error_and_never_a_rounding() {
        for text in [
            "79228162514264337593543950336",
            "0.00000000000000000000000000001",
            "0.12345678901234567890123456789",
            "1e29",
            "1e-29",
            "1e99999999999999999999",
            "1e-99999999999999999999",
            "1.00000000000000000000000000000000000000000000000000000000000000000000000000000",
        ] {
            assert!(read(text).is_err(), "{text} was read as {:?}", read(text));
        }
    }

    #[test]
    fn what_is_not_a_json_number_is_refused() {
        for text in [
            "", "-", "+1", "01", "00", "01.5", "1.2.3", "1..2", "-01", ".5", "5.", "1e", "1e+", "0x10",
            "1_000", "1,5", " 1", "1 ", "NaN", "Infinity", "\"1\"", "null", "１",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    struct Price {
        #[serde(with = "json_number")]
        cost: Decimal,
        #[serde(with = "json_number::option", default)]
        tax: Option<Decimal>,
    }

    #[test]
    fn money_goes_through_json_and_back_unchanged() {
        for (json, again) in [
            (r#"{"cost":9.50,"tax":0.07}"#, r#"{"cost":9.50,"tax":0.07}"#),
            (
                r#"{"cost": 12345678901234567890.12345678, "tax": null}"#,
                r#"{"cost":12345678901234567890.12345678,"tax":null}"#,
            ),
            (r#"{"cost":1}"#, r#"{"cost":1,"tax":null}"#),
        ] {
            let price: Price = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&price).unwrap(), again);
        }
        for json in [r#"{"cost":"9.5"}"#, r#"{"cost":null}"#, r#"{"cost":[1]}"#, r#"{"cost":1,"tax":"0"}"#] {
            assert!(serde_json::from_str::<Price>(json).is_err(), "{json}");
        }
    }
}
