//! How CY.SEND's JSON is read: money exactly, dates in each of their forms, what is unknown kept.

use crate::money::Timestamp;
use crate::secret::Secret;
use crate::transport::{Answer, GatewayWords};
use jiff::civil::DateTime;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use std::sync::Arc;

/// A record of an answer that keeps, in `extra`, the fields which this version does not know.
///
/// Serde's own `flatten` keeps them too, but it buffers every record on the way, and in that buffer a number has already
/// become a float. This reads each field once, straight from the text. A field is `name: Type`, then optionally
/// `= "wire name"`, `via` a function that reads it, and `or default` where its absence is no error.
macro_rules! answer_record {
    (
        $(#[doc = $record_doc:literal])*
        pub struct $record:ident {
            $(
                $(#[doc = $doc:literal])*
                pub $field:ident: $type:ty $(= $wire:literal)? $(; via $read:path)? $(; or $default:ident)?,
            )*
        }
    ) => {
        $(#[doc = $record_doc])*
        #[derive(Clone, PartialEq, uniffi::Record)]
        pub struct $record {
            $(
                $(#[doc = $doc])*
                pub $field: $type,
            )*
            /// The fields of the answer that this version does not know: name and JSON text.
            pub extra: ::std::collections::HashMap<String, String>,
        }

        impl<'de> ::serde::Deserialize<'de> for $record {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                #[allow(non_camel_case_types)]
                enum Key<'k> { $($field,)* Unknown(::std::borrow::Cow<'k, str>) }

                struct KeyVisitor;
                impl<'de> ::serde::de::Visitor<'de> for KeyVisitor {
                    type Value = Key<'de>;
                    fn expecting(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                        f.write_str("the name of a field")
                    }
                    fn visit_borrowed_str<E>(self, name: &'de str) -> ::std::result::Result<Self::Value, E> {
                        Ok(match name {
                            $($crate::cysend::wire::wire_name!($field $(, $wire)?) => Key::$field,)*
                            _ => Key::Unknown(name.into()),
                        })
                    }
                    fn visit_str<E>(self, name: &str) -> ::std::result::Result<Self::Value, E> {
                        Ok(match name {
                            $($crate::cysend::wire::wire_name!($field $(, $wire)?) => Key::$field,)*
                            _ => Key::Unknown(name.to_string().into()),
                        })
                    }
                }
                impl<'de> ::serde::Deserialize<'de> for Key<'de> {
                    fn deserialize<D: ::serde::Deserializer<'de>>(
                        deserializer: D,
                    ) -> ::std::result::Result<Self, D::Error> {
                        deserializer.deserialize_identifier(KeyVisitor)
                    }
                }

                struct RecordVisitor;
                impl<'de> ::serde::de::Visitor<'de> for RecordVisitor {
                    type Value = $record;
                    fn expecting(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                        f.write_str("an object")
                    }
                    fn visit_map<A: ::serde::de::MapAccess<'de>>(
                        self,
                        mut map: A,
                    ) -> ::std::result::Result<Self::Value, A::Error> {
                        use ::serde::de::Error as _;
                        $(let mut $field: Option<$type> = None;)*
                        let mut extra = ::std::collections::HashMap::new();
                        while let Some(key) = map.next_key::<Key<'de>>()? {
                            match key {
                                $(Key::$field => {
                                    // Nobody can say which of the two would be meant.
                                    if $field.is_some() {
                                        return Err(A::Error::duplicate_field(stringify!($field)));
                                    }
                                    $field = Some($crate::cysend::wire::read_value!(map, $type $(, $read)?));
                                })*
                                Key::Unknown(name) => {
                                    let value: &'de ::serde_json::value::RawValue = map.next_value()?;
                                    extra.insert(name.into_owned(), value.get().to_string());
                                }
                            }
                        }
                        Ok($record {
                            $($field: $crate::cysend::wire::present!(A, $field $(, $default)?),)*
                            extra,
                        })
                    }
                }
                deserializer.deserialize_map(RecordVisitor)
            }
        }

        impl ::std::fmt::Debug for $record {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                // What an unknown field holds may be a secret; its name is enough in a log.
                let extra: Vec<_> = self.extra.keys().collect();
                f.debug_struct(stringify!($record))
                    $(.field(stringify!($field), $crate::cysend::wire::shown!(self, $field)))*
                    .field("extra", &extra)
                    .finish()
            }
        }
    };
}

macro_rules! wire_name {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident, $wire:literal) => {
        $wire
    };
}

macro_rules! read_value {
    ($map:ident, $type:ty) => {
        $map.next_value::<$type>()?
    };
    ($map:ident, $type:ty, $read:path) => {{
        struct Read;
        impl<'de> ::serde::de::DeserializeSeed<'de> for Read {
            type Value = $type;
            fn deserialize<D: ::serde::Deserializer<'de>>(
                self,
                deserializer: D,
            ) -> ::std::result::Result<Self::Value, D::Error> {
                $read(deserializer)
            }
        }
        $map.next_value_seed(Read)?
    }};
}

macro_rules! present {
    ($map:ident, $field:ident) => {
        $field.ok_or_else(|| <$map::Error>::missing_field(stringify!($field)))?
    };
    ($map:ident, $field:ident, default) => {
        $field.unwrap_or_default()
    };
}

/// What of a field is printed.
macro_rules! shown {
    ($record:ident, callback_url) => {
        &$record.callback_url.as_deref().map($crate::shown::origin)
    };
    ($record:ident, $field:ident) => {
        &$record.$field
    };
}

pub(crate) use {answer_record, present, read_value, shown, wire_name};

/// A value, or its default when it is null.
pub(crate) fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// A text, also where the gateway writes a number.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    use serde::de::Error;
    let raw = <&serde_json::value::RawValue>::deserialize(deserializer)?.get();
    match raw.as_bytes().first() {
        Some(b'"') => serde_json::from_str(raw).map(Some).map_err(D::Error::custom),
        Some(b'-' | b'0'..=b'9') => Ok(Some(raw.to_string())),
        _ => Ok(None),
    }
}

/// A text that must not be seen.
pub(crate) fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Arc<Secret>>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(Secret::new))
}

/// A date, or nothing when there is none that can be read: an order is not lost for the sake of its date.
pub(crate) fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.as_deref().and_then(parse_date))
}

/// An instant as CY.SEND writes it: the date and the time with a `T` or a blank between them, with an offset or without one.
/// Without, it is read as UTC, which all offsets in the gateway's own examples are.
pub(crate) fn parse_date(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    // RFC 3339's grammar as jiff reads it takes a blank for the `T`, and offsets with or without a colon.
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(instant);
    }
    // A blank before the offset is nobody's grammar, but it is common.
    let joined = text.rsplit_once(' ').filter(|(_, offset)| offset.starts_with(['+', '-']));
    if let Some((moment, offset)) = joined {
        return format!("{moment}{offset}").parse().ok();
    }
    let civil: DateTime = text.parse().ok()?;
    civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

/// An answer's JSON as records.
pub(crate) fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| without_values(&error))
}

/// Where and how a text is wrong, without what stood there: that may be a voucher.
fn without_values(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Io => "it cannot be read",
        serde_json::error::Category::Syntax => "it is not JSON",
        serde_json::error::Category::Data => "a field is missing or not of the documented type",
        serde_json::error::Category::Eof => "it breaks off",
    };
    format!("{what} (line {}, column {})", error.line(), error.column())
}

/// The gateway's own words in an error answer (schema `APIError`), if the body is its own: an object with a code.
pub(crate) fn gateway_words(answer: &Answer) -> Option<GatewayWords> {
    #[derive(Deserialize)]
    struct ApiError {
        code: String,
        message: Option<String>,
        information: Option<String>,
    }
    let error: ApiError = serde_json::from_slice(&answer.body).ok()?;
    if error.code.trim().is_empty() {
        return None;
    }
    let text: Vec<String> = [error.message, error.information].into_iter().flatten().collect();
    let text = Some(text.join(" ").trim().to_string()).filter(|text| !text.is_empty());
    Some(GatewayWords { code: Some(error.code), text: text.map(|text| text.chars().take(500).collect()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_each_of_their_forms() {
        let instant: Timestamp = "2019-02-20T02:00:00Z".parse().unwrap();
        for text in [
            "2019-02-20T02:00:00+00:00",
            "2019-02-20 02:00:00+00:00",
            "2019-02-20T02:00:00Z",
            "2019-02-20T03:00:00+01:00",
            "2019-02-20 03:00:00+0100",
            "2019-02-20 03:00:00 +01:00",
            "2019-02-20T02:00:00",
            "2019-02-20 02:00:00",
            " 2019-02-20 02:00:00 ",
            "2019-02-20T02:00:00.000",
        ] {
            assert_eq!(parse_date(text), Some(instant), "{text}");
        }
        for text in ["", "soon", "2019-13-01T00:00:00", "20/02/2019", "0000-00-00 00:00:00"] {
            assert_eq!(parse_date(text), None, "{text}");
        }
        assert!(parse_date("2019-02-20").is_some());
    }

    #[test]
    fn only_an_object_with_a_code_is_the_gateways_own_error() {
        let words = |body: &str| {
            gateway_words(&Answer {
                status: 404,
                headers: Default::default(),
                body: body.as_bytes().to_vec(),
                request_id: String::new(),
            })
        };
        let own = words(r#"{"code":"API_1","message":"No.","information":"Really.","more":1}"#).unwrap();
        assert_eq!(own.code.as_deref(), Some("API_1"));
        assert_eq!(own.text.as_deref(), Some("No. Really."));
        for other in [
            "",
            "<html>",
            "{}",
            "[]",
            r#"{"code":""}"#,
            r#"{"code":null}"#,
            r#"{"code":7}"#,
            r#"["code"]"#,
            r#"{"error":"x"}"#,
        ] {
            assert_eq!(words(other), None, "{other}");
        }
    }
}
