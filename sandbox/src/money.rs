//! Amounts as exact decimals that travel as JSON numbers, digit for digit.

use std::fmt;

use rust_decimal::Decimal;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// An amount of money, without its currency. Written to JSON as a number with the very digits it holds: a detour
/// over a binary float would turn 100000000000.01 into something else in some readers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(pub Decimal);

impl Amount {
    /// Reads the text of a JSON number exactly; `None` if it is no number, or has more digits than can be held.
    pub fn parse(text: &str) -> Option<Amount> {
        if !text.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
            return None;
        }
        let (mantissa, exponent) = match text.find(['e', 'E']) {
            Some(at) => (&text[..at], text[at + 1..].parse::<i32>().ok()?),
            None => (text, 0),
        };
        let mut value = Decimal::from_str_exact(mantissa).ok()?;
        for _ in 0..exponent.unsigned_abs().min(60) {
            value = if exponent > 0 {
                value.checked_mul(Decimal::TEN)?
            } else {
                let scaled = value.checked_div(Decimal::TEN)?;
                if scaled.checked_mul(Decimal::TEN)? != value {
                    return None;
                }
                scaled
            };
        }
        Some(Amount(value))
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.0.to_string();
        RawValue::from_string(text).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Amount, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Amount::parse(raw.get())
            .ok_or_else(|| D::Error::custom(format!("not an exact decimal: {}", raw.get())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_keeps_its_digits_through_json() {
        for text in ["0.1", "12.345", "100000000000.01", "9.50", "-3", "79228162514264337593543950335"] {
            let amount: Amount = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&amount).unwrap(), text);
        }
    }

    #[test]
    fn an_exponent_is_read_exactly_or_refused() {
        assert_eq!(Amount::parse("1e2"), Amount::parse("100"));
        assert_eq!(Amount::parse("125e-2"), Amount::parse("1.25"));
        assert_eq!(Amount::parse("1e40"), None);
    }

    #[test]
    fn a_text_is_no_amount() {
        assert!(serde_json::from_str::<Amount>("\"10\"").is_err());
        assert_eq!(Amount::parse("true"), None);
    }
}
