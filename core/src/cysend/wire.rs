//! How CY.SEND's JSON is read: money exactly, dates in each of their forms, what is unknown kept.

use crate::money::Timestamp;
use crate::secret::Secret;
use crate::transport::{Answer, GatewayWords};
use jiff::civil::DateTime;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A record of an answer that keeps, in `extra`, the fields which this version does not know.
///
/// Serde's own `flatten` keeps them too, but it buffers every record on the way, and in that buffer a number has already
/// become a float. This reads each field once, straight from the text. A field is `name: Type`, then optionally
/// `= "wire name"` (and other names after `|`), `via` a function that reads it, and what its absence means:
///
/// * nothing said: the record cannot be read;
/// * `or default`: its type's default;
/// * `or extra`: the same, and what is not of the documented type is kept in `extra` under its own name, so that a record
///   is not lost for the sake of a field that nothing hangs on;
/// * `or empty`: what its type makes of an empty text (an open enumeration: a value that is not known).
///
/// `, also sent` after the record's name is for records that go both ways: their `extra` is left out when they are sent.
macro_rules! answer_record {
    (
        $(#[doc = $record_doc:literal])*
        pub struct $record:ident {
            $(
                $(#[doc = $doc:literal])*
                pub $field:ident: $type:ty $(= $wire:literal $(| $alias:literal)*)? $(; via $read:path)? $(; or $absent:ident)?,
            )*
        }
    ) => {
        $(#[doc = $record_doc])*
        #[derive(Clone, PartialEq, Eq, uniffi::Record)]
        pub struct $record {
            $(
                $(#[doc = $doc])*
                pub $field: $type,
            )*
            /// The fields of the answer that this version does not know, or that are not of the documented type: name and JSON
            /// text.
            pub extra: ::std::collections::HashMap<String, String>,
        }
        $crate::cysend::wire::answer_record! {
            @reads $record
            { $($field: $type $(= $wire $(| $alias)*)? $(; via $read)? $(; or $absent)?,)* }
        }
    };
    (
        $(#[doc = $record_doc:literal])*
        pub struct $record:ident, also sent {
            $(
                $(#[doc = $doc:literal])*
                pub $field:ident: $type:ty $(; via $read:path)? $(; or $absent:ident)?,
            )*
        }
    ) => {
        $(#[doc = $record_doc])*
        #[derive(Clone, PartialEq, Eq, ::serde::Serialize, uniffi::Record)]
        pub struct $record {
            $(
                $(#[doc = $doc])*
                pub $field: $type,
            )*
            /// In an answer, the fields that this version does not know: name and JSON text. Never sent: leave it empty.
            #[uniffi(default)]
            #[serde(skip)]
            pub extra: ::std::collections::HashMap<String, String>,
        }
        $crate::cysend::wire::answer_record! {
            @reads $record
            { $($field: $type $(; via $read)? $(; or $absent)?,)* }
        }
    };
    (
        @reads $record:ident
        {
            $($field:ident: $type:ty $(= $wire:literal $(| $alias:literal)*)? $(; via $read:path)? $(; or $absent:ident)?,)*
        }
    ) => {
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
                            $($crate::cysend::wire::wire_name!($field $(, $wire $(| $alias)*)?) => Key::$field,)*
                            _ => Key::Unknown(name.into()),
                        })
                    }
                    fn visit_str<E>(self, name: &str) -> ::std::result::Result<Self::Value, E> {
                        Ok(match name {
                            $($crate::cysend::wire::wire_name!($field $(, $wire $(| $alias)*)?) => Key::$field,)*
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
                        // Empty, it costs no memory of its own: a catalogue has a hundred thousand of them.
                        let mut extra = ::std::collections::HashMap::new();
                        while let Some(key) = map.next_key::<Key<'de>>()? {
                            match key {
                                $(Key::$field => {
                                    // Nobody can say which of the two would be meant.
                                    if $field.is_some() {
                                        return Err(A::Error::duplicate_field(stringify!($field)));
                                    }
                                    let wire = $crate::cysend::wire::first_name!($field $(, $wire)?);
                                    $field = $crate::cysend::wire::read_field!(
                                        map, extra, wire, $type $(; via $read)? $(; or $absent)?
                                    );
                                })*
                                Key::Unknown(name) => {
                                    let value: &'de ::serde_json::value::RawValue = map.next_value()?;
                                    extra.insert(name.into_owned(), value.get().to_string());
                                }
                            }
                        }
                        Ok($record {
                            $($field: $crate::cysend::wire::present!(A, $field $(, $absent)?),)*
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
    ($field:ident, $wire:literal $(| $alias:literal)*) => {
        $wire $(| $alias)*
    };
}

macro_rules! first_name {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident, $wire:literal) => {
        $wire
    };
}

macro_rules! read_field {
    ($map:ident, $extra:ident, $wire:ident, $type:ty $(; via $read:path)?; or extra) => {{
        let value: &'de ::serde_json::value::RawValue = $map.next_value()?;
        if $extra.contains_key($wire) {
            return Err(A::Error::duplicate_field($wire));
        }
        let read: Option<$type> = $crate::cysend::wire::read_raw!(value, $type $(, $read)?).ok();
        if read.is_none() {
            $extra.insert($wire.to_string(), value.get().to_string());
        }
        read
    }};
    ($map:ident, $extra:ident, $wire:ident, $type:ty $(; via $read:path)? $(; or $absent:ident)?) => {{
        let _: &str = $wire;
        Some($crate::cysend::wire::read_value!($map, $type $(, $read)?))
    }};
}

macro_rules! read_raw {
    ($raw:ident, $type:ty) => {
        ::serde_json::from_str::<$type>($raw.get())
    };
    ($raw:ident, $type:ty, $read:path) => {
        $read(&mut ::serde_json::Deserializer::from_str($raw.get()))
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
    ($map:ident, $field:ident, empty) => {
        match $field {
            Some(value) => value,
            None => $crate::cysend::wire::of_empty_text()?,
        }
    };
    ($map:ident, $field:ident, $absent:ident) => {
        $field.unwrap_or_default()
    };
}

/// What of a field is printed.
macro_rules! shown {
    ($record:ident, callback_url) => {
        &$record.callback_url.as_deref().map($crate::shown::origin)
    };
    ($record:ident, value) => {
        &$crate::shown::destination(&$record.value)
    };
    ($record:ident, $field:ident) => {
        &$record.$field
    };
}

pub(crate) use {answer_record, first_name, present, read_field, read_raw, read_value, shown, wire_name};

/// A value, or its default when it is null.
pub(crate) fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// A value, or what its type makes of an empty text when it is null.
pub(crate) fn or_empty<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    match Option::<T>::deserialize(deserializer)? {
        Some(value) => Ok(value),
        None => of_empty_text(),
    }
}

/// What a type makes of an empty text.
pub(crate) fn of_empty_text<'de, T: Deserialize<'de>, E: serde::de::Error>() -> Result<T, E> {
    T::deserialize(serde::de::value::StrDeserializer::<E>::new(""))
}

/// A text. What the gateway writes in its place (a number, a list) is kept as its JSON text.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    use serde::de::Error;
    let raw = <&RawValue>::deserialize(deserializer)?.get();
    match raw.as_bytes().first() {
        Some(b'"') => serde_json::from_str(raw).map(Some).map_err(D::Error::custom),
        Some(b'n') => Ok(None),
        _ => Ok(Some(raw.to_string())),
    }
}

/// The same, and null is an empty text.
pub(crate) fn text_or_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(text(deserializer)?.unwrap_or_default())
}

/// A text that must not be seen. A code that is written as a number is a code all the same; what is empty is none.
pub(crate) fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Arc<Secret>>, D::Error> {
    let said = text(deserializer)?.filter(|text| !matches!(text.as_str(), "" | "false" | "[]" | "{}"));
    Ok(said.map(Secret::new))
}

/// A date. One that cannot be read is an error, for `or extra` to keep.
pub(crate) fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    use serde::de::Error;
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    parse_date(&text).map(Some).ok_or_else(|| D::Error::custom("no date"))
}

/// The fields of an object, each once.
pub(crate) fn fields<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, &'de RawValue>, D::Error> {
    struct Fields;
    impl<'de> serde::de::Visitor<'de> for Fields {
        type Value = BTreeMap<String, &'de RawValue>;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            use serde::de::Error;
            let mut fields = BTreeMap::new();
            while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
                if fields.insert(name, value).is_some() {
                    return Err(A::Error::custom("a field stands twice"));
                }
            }
            Ok(fields)
        }
    }
    deserializer.deserialize_map(Fields)
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

/// How much of an error answer is kept.
const WORDS_CHARS_MAX: usize = 500;
const CODE_CHARS_MAX: usize = 100;
const EXTRA_FIELDS_MAX: usize = 32;
const EXTRA_CHARS_MAX: usize = 2000;

/// The gateway's own words in an error answer (schema `APIError`), if the body is its own: an object with a code.
pub(crate) fn gateway_words(answer: &Answer) -> Option<GatewayWords> {
    let mut json = serde_json::Deserializer::from_slice(&answer.body);
    let mut fields = fields(&mut json).ok()?;
    json.end().ok()?;
    let code: String = serde_json::from_str(fields.remove("code")?.get()).ok()?;
    if code.trim().is_empty() {
        return None;
    }
    let cut = |text: String, chars_max: usize| text.chars().take(chars_max).collect::<String>();
    // Both are texts, or not there: what has something else in their place is somebody else's.
    let mut words = |name: &str| -> Result<Option<String>, serde_json::Error> {
        let Some(raw) = fields.remove(name) else { return Ok(None) };
        let text: Option<String> = serde_json::from_str(raw.get())?;
        Ok(text.map(|text| cut(text.trim().to_string(), WORDS_CHARS_MAX)).filter(|text| !text.is_empty()))
    };
    let (text, information) = (words("message").ok()?, words("information").ok()?);
    // A raw value may hold half a character, which no reader takes, and in which nothing was looked for.
    let whole = |raw: &RawValue| serde_json::from_str::<serde_json::Value>(raw.get()).is_ok();
    let extra = fields.into_iter().filter(|(_, raw)| whole(raw)).take(EXTRA_FIELDS_MAX);
    let extra =
        extra.map(|(name, raw)| (cut(name, CODE_CHARS_MAX), cut(raw.get().to_string(), EXTRA_CHARS_MAX)));
    Some(GatewayWords { code: Some(cut(code, CODE_CHARS_MAX)), text, information, extra: extra.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

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
        assert_eq!(own.text.as_deref(), Some("No."));
        assert_eq!(own.information.as_deref(), Some("Really."));
        assert_eq!(own.extra, HashMap::from([("more".to_string(), "1".to_string())]));
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
