//! What came of a call, as JSON: exact numbers as texts, instants as microseconds since 1970, bytes in hexadecimal, secrets revealed.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::{Value, json};
use tillgate::{Decimal, Secret, TillgateError, Timestamp};

/// What is printed of a call.
pub type Answer = Value;

/// What can be told.
pub trait Tell {
    fn tell(&self) -> Value;
}

pub fn told<T: Tell>(result: tillgate::Result<T>) -> Answer {
    match result {
        Ok(value) => json!({ "returned": value.tell() }),
        Err(error) => failed(&error),
    }
}

pub fn failed(error: &TillgateError) -> Answer {
    let mut facts = error.details().tell();
    facts["code"] = error.code().into();
    json!({ "returned": null, "error": facts })
}

macro_rules! plain {
    ($($type:ty),*) => {$(
        impl Tell for $type {
            fn tell(&self) -> Value {
                Value::from(self.clone())
            }
        }
    )*};
}

plain!(bool, u16, u32, u64, i8, i16, i32, i64, String);

impl Tell for () {
    fn tell(&self) -> Value {
        Value::Null
    }
}

impl Tell for Decimal {
    fn tell(&self) -> Value {
        Value::from(self.to_string())
    }
}

impl Tell for Timestamp {
    fn tell(&self) -> Value {
        Value::from(self.as_microsecond())
    }
}

impl Tell for Arc<Secret> {
    fn tell(&self) -> Value {
        Value::from(self.reveal())
    }
}

impl<T: Tell> Tell for Option<T> {
    fn tell(&self) -> Value {
        self.as_ref().map_or(Value::Null, Tell::tell)
    }
}

impl<T: Tell> Tell for Box<T> {
    fn tell(&self) -> Value {
        (**self).tell()
    }
}

impl<T: Tell> Tell for Vec<T> {
    fn tell(&self) -> Value {
        self.iter().map(Tell::tell).collect()
    }
}

impl Tell for Vec<u8> {
    fn tell(&self) -> Value {
        Value::from(self.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
    }
}

impl Tell for HashMap<String, String> {
    fn tell(&self) -> Value {
        Value::Object(
            self.iter()
                .collect::<BTreeMap<_, _>>()
                .into_iter()
                .map(|(name, text)| (name.clone(), text.clone().into()))
                .collect(),
        )
    }
}
