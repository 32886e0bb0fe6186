//! Reading the JSON of a request's body, field by field, so that an error names what is wrong.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::errors::wrong_request;
use crate::http::Response;

/// An object, as far as JSON alone says what it is.
pub(crate) type Fields = std::collections::HashMap<String, Box<RawValue>>;

/// The one object of a body.
pub(crate) fn object(body: &[u8]) -> Result<Fields, Response> {
    serde_json::from_slice(body)
        .map_err(|error| wrong_request(format!("The body must be an object of JSON: {error}.")))
}

pub(crate) fn required<'a, T: Deserialize<'a>>(
    fields: &'a Fields,
    name: &str,
    kind: &str,
) -> Result<T, Response> {
    optional(fields, name, kind)?.ok_or_else(|| wrong_request(format!("The parameter {name} is missing.")))
}

pub(crate) fn optional<'a, T: Deserialize<'a>>(
    fields: &'a Fields,
    name: &str,
    kind: &str,
) -> Result<Option<T>, Response> {
    match fields.get(name) {
        None => Ok(None),
        Some(raw) if raw.get() == "null" => Ok(None),
        Some(raw) => serde_json::from_str(raw.get())
            .map(Some)
            .map_err(|_| wrong_request(format!("The parameter {name} must be {kind}."))),
    }
}
