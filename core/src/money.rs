//! Exact money, and the instants that go with it.

pub use jiff::Timestamp;
pub use rust_decimal::Decimal;

#[cfg(feature = "uniffi")]
uniffi::custom_type!(Decimal, String, {
    remote,
    lower: |d| d.to_string(),
    try_lift: |s| s.parse::<Decimal>().map_err(Into::into),
});
// `SystemTime` is java.time.Instant and Foundation.Date on the other side.
#[cfg(feature = "uniffi")]
uniffi::custom_type!(Timestamp, std::time::SystemTime, {
    remote,
    lower: |t| std::time::SystemTime::from(t),
    try_lift: |s| Timestamp::try_from(s).map_err(Into::into),
});

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
