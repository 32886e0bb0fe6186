//! Values on their way between core and JavaScript. Records, enumerations and objects follow in `shapes`.
//!
//! Out of core nothing fails for what the value is: a result that cost money is never lost to its conversion. Into core
//! everything is checked, and the failure names the place.

use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;

use tillgate as core;

use crate::failure::{Failure, Result};
use crate::runtime::{Js, Value};

/// What can be handed to JavaScript: something that has a shape says what it gives, anything else how it is made.
pub trait ToJs: Sized {
    /// Which of JavaScript's functions makes it of its values.
    const SHAPE: usize = usize::MAX;
    /// Whether the first of its values is never null, so that an option of it needs no sign of its own.
    const FIRST_TELLS: bool = true;

    /// It alone.
    fn to_js(self, js: &Js) -> Result<Value> {
        js.make(Self::SHAPE, &together(self, js)?)
    }

    /// As a part of something larger: the values that JavaScript makes it of, in the order in which its taker takes them.
    fn give(self, js: &Js, values: &mut Vec<Value>) -> Result<()> {
        values.push(self.to_js(js)?);
        Ok(())
    }
}

/// What can be taken from JavaScript.
pub trait FromJs: Sized {
    fn from_js(js: &Js, value: Value) -> Result<Self>;
}

/// The largest integer up to which every integer is a number of its own.
const SAFE_INTEGER_MAX: i128 = (1 << 53) - 1;
/// The longest list or map whose parts are given with those of what it is in. A longer one is made before.
const GIVEN_TOGETHER_MAX: usize = 16;
/// As many values are given in one call at most, and the parts of what was begun.
const VALUES_MAX: usize = 1024;
/// Room for the values of most things.
const VALUES_USUAL: usize = 64;
/// The longest decimal that is read; core's have at most 29 digits.
const DECIMAL_LENGTH_MAX: usize = 64;

impl ToJs for () {
    fn to_js(self, js: &Js) -> Result<Value> {
        js.undefined()
    }
}

impl ToJs for bool {
    fn to_js(self, js: &Js) -> Result<Value> {
        js.boolean(self)
    }
}

impl FromJs for bool {
    fn from_js(js: &Js, value: Value) -> Result<Self> {
        js.read_boolean(value)
    }
}

macro_rules! small_integers {
    ($($integer:ty),*) => {$(
        impl ToJs for $integer {
            fn to_js(self, js: &Js) -> Result<Value> {
                js.small_number(self.into())
            }
        }
    )*};
}
small_integers!(u8, i8, u16, i16, i32);

impl ToJs for u32 {
    fn to_js(self, js: &Js) -> Result<Value> {
        js.number(self.into())
    }
}

impl ToJs for u64 {
    fn to_js(self, js: &Js) -> Result<Value> {
        if i128::from(self) <= SAFE_INTEGER_MAX { js.number(self as f64) } else { js.bigint_unsigned(self) }
    }
}

impl ToJs for i64 {
    fn to_js(self, js: &Js) -> Result<Value> {
        if i128::from(self).abs() <= SAFE_INTEGER_MAX { js.number(self as f64) } else { js.bigint(self) }
    }
}

macro_rules! integers {
    ($($integer:ty),*) => {$(
        impl FromJs for $integer {
            fn from_js(js: &Js, value: Value) -> Result<Self> {
                let integer = read_integer(js, value, <$integer>::MIN.into(), <$integer>::MAX.into())?;
                Ok(integer as $integer)
            }
        }
    )*};
}
integers!(u8, i8, u16, i16, u32, i32, u64, i64);

fn read_integer(js: &Js, value: Value, min: i128, max: i128) -> Result<i128> {
    let integer = match js.read_number(value) {
        Some(number) if number.fract() != 0.0 || !number.is_finite() => {
            return Err(Failure::argument(format!("expected a whole number, found {number}")));
        }
        Some(number) if number.abs() > SAFE_INTEGER_MAX as f64 => {
            return Err(Failure::argument("beyond what a number holds exactly; give a bigint"));
        }
        Some(number) => number as i128,
        None => js.read_bigint(value).ok_or_else(|| js.expected("a whole number", value))?,
    };
    if integer < min || integer > max {
        return Err(Failure::argument(format!("{integer} is not between {min} and {max}")));
    }
    Ok(integer)
}

impl ToJs for String {
    fn to_js(self, js: &Js) -> Result<Value> {
        js.string(&self)
    }
}

impl FromJs for String {
    fn from_js(js: &Js, value: Value) -> Result<Self> {
        js.read_string(value)
    }
}

impl ToJs for Vec<u8> {
    fn to_js(self, js: &Js) -> Result<Value> {
        js.bytes(&self)
    }
}

impl FromJs for Vec<u8> {
    fn from_js(js: &Js, value: Value) -> Result<Self> {
        js.read_bytes(value)
    }
}

impl ToJs for core::Decimal {
    fn to_js(self, js: &Js) -> Result<Value> {
        js.string(&self.to_string())
    }
}

impl FromJs for core::Decimal {
    fn from_js(js: &Js, value: Value) -> Result<Self> {
        if js.read_number(value).is_some() {
            return Err(Failure::argument(
                "a number is not exact; give the amount as a string, such as \"10.50\"",
            ));
        }
        let text = js.read_string(value).map_err(|_| js.expected("a decimal as a string", value))?;
        if text.len() > DECIMAL_LENGTH_MAX || !is_decimal(&text) {
            return Err(Failure::argument("not a decimal, such as \"10.50\""));
        }
        Self::from_str_exact(&text).map_err(|_| Failure::argument("more digits than are held exactly"))
    }
}

/// An optional minus, digits, and perhaps a point with digits: nothing else that a parser may be lenient about.
fn is_decimal(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    match text.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(text),
    }
}

const NANOSECONDS: i128 = 1_000_000;

impl ToJs for core::Timestamp {
    fn to_js(self, js: &Js) -> Result<Value> {
        let nanoseconds = self.as_nanosecond();
        let milliseconds = nanoseconds.div_euclid(NANOSECONDS) as f64;
        match nanoseconds.rem_euclid(NANOSECONDS) {
            0 => js.date(milliseconds),
            _ => js.make_instant(&together(self, js)?),
        }
    }

    fn give(self, js: &Js, values: &mut Vec<Value>) -> Result<()> {
        let nanoseconds = self.as_nanosecond();
        values.push(js.number(nanoseconds.div_euclid(NANOSECONDS) as f64)?);
        values.push(js.small_number(nanoseconds.rem_euclid(NANOSECONDS) as i32)?);
        Ok(())
    }
}

impl FromJs for core::Timestamp {
    fn from_js(js: &Js, value: Value) -> Result<Self> {
        let milliseconds = js.read_date(value)? as i128;
        // Of our own dates alone; any other has no such property.
        let rest = js.read_number(js.property(value, c"nanoseconds")?).unwrap_or(0.0);
        let rest = if (0.0..NANOSECONDS as f64).contains(&rest) { rest as i128 } else { 0 };
        Self::from_nanosecond(milliseconds * NANOSECONDS + rest)
            .map_err(|_| Failure::argument("a date outside the years -9999 to 9999"))
    }
}

impl<T: ToJs> ToJs for Option<T> {
    fn to_js(self, js: &Js) -> Result<Value> {
        match self {
            Some(value) => value.to_js(js),
            None => js.null(),
        }
    }

    fn give(self, js: &Js, values: &mut Vec<Value>) -> Result<()> {
        let Some(value) = self else {
            values.push(js.null()?);
            return Ok(());
        };
        if !T::FIRST_TELLS {
            values.push(js.boolean(true)?);
        }
        value.give(js, values)
    }
}

impl<T: FromJs> FromJs for Option<T> {
    fn from_js(js: &Js, value: Value) -> Result<Self> {
        if js.is_absent(value)? { Ok(None) } else { T::from_js(js, value).map(Some) }
    }
}

impl<T: ToJs> ToJs for Box<T> {
    const FIRST_TELLS: bool = T::FIRST_TELLS;

    fn to_js(self, js: &Js) -> Result<Value> {
        (*self).to_js(js)
    }

    fn give(self, js: &Js, values: &mut Vec<Value>) -> Result<()> {
        (*self).give(js, values)
    }
}

impl<T: FromJs> FromJs for Box<T> {
    fn from_js(js: &Js, value: Value) -> Result<Self> {
        T::from_js(js, value).map(Box::new)
    }
}

/// Elements of lists. A byte is none: `Vec<u8>` is bytes.
pub trait Element {}

impl<T: ToJs + Element> ToJs for Vec<T> {
    fn to_js(self, js: &Js) -> Result<Value> {
        js.array(self, |js, item| item.to_js(js))
    }

    fn give(self, js: &Js, values: &mut Vec<Value>) -> Result<()> {
        if !goes_with(self.len(), values) {
            values.push(self.to_js(js)?);
            return Ok(());
        }
        values.push(js.small_number(self.len() as i32)?);
        self.into_iter().try_for_each(|item| item.give(js, values))
    }
}

/// Whether something with so many parts is given with the values that there are.
fn goes_with(parts: usize, values: &[Value]) -> bool {
    parts <= GIVEN_TOGETHER_MAX && values.len() < VALUES_MAX
}

/// All values of something that consists of more than one.
pub fn together(whole: impl ToJs, js: &Js) -> Result<Vec<Value>> {
    let mut values = Vec::with_capacity(VALUES_USUAL);
    whole.give(js, &mut values)?;
    Ok(values)
}

impl<T: FromJs + Element> FromJs for Vec<T> {
    fn from_js(js: &Js, value: Value) -> Result<Self> {
        if !js.is_array(value)? {
            return Err(js.expected("an array", value));
        }
        let length = js.length(value)?;
        // A sparse array may claim any length; memory is taken as elements are found.
        let mut items = Vec::with_capacity(length.min(1024) as usize);
        for index in 0..length {
            let item = js.scoped(|js| T::from_js(js, js.element(value, index)?));
            items.push(item.map_err(|failure| failure.in_element(index))?);
        }
        Ok(items)
    }
}

macro_rules! elements {
    ($($element:ty),*) => { $(impl Element for $element {})* };
}
elements!(bool, i8, u16, i16, u32, i32, u64, i64, String, Vec<u8>, core::Decimal, core::Timestamp);
impl<T: Element> Element for Option<T> {}
impl<T: Element> Element for Box<T> {}

impl ToJs for HashMap<String, String> {
    fn to_js(self, js: &Js) -> Result<Value> {
        let object = js.object()?;
        for (key, text) in in_order(self) {
            // Not by assignment: a key may be `__proto__`.
            js.scoped(|js| js.define(object, js.string(&key)?, js.string(&text)?))?;
        }
        Ok(object)
    }

    fn give(self, js: &Js, values: &mut Vec<Value>) -> Result<()> {
        if !goes_with(self.len(), values) {
            values.push(self.to_js(js)?);
            return Ok(());
        }
        values.push(js.small_number(self.len() as i32)?);
        for (key, text) in in_order(self) {
            values.extend([js.string(&key)?, js.string(&text)?]);
        }
        Ok(())
    }
}

/// The same map always prints the same.
fn in_order(map: HashMap<String, String>) -> Vec<(String, String)> {
    let mut entries: Vec<_> = map.into_iter().collect();
    entries.sort_unstable();
    entries
}

impl FromJs for HashMap<String, String> {
    fn from_js(js: &Js, value: Value) -> Result<Self> {
        if js.kind(value)? != napi::sys::ValueType::napi_object || js.is_array(value)? {
            return Err(js.expected("an object with strings", value));
        }
        // Its entries are no properties: it would count as empty.
        if js.kind(js.property(value, c"entries")?)? == napi::sys::ValueType::napi_function {
            return Err(Failure::argument(
                "expected an object with strings, found a Map; use Object.fromEntries",
            ));
        }
        let keys = js.keys(value)?;
        let mut map = HashMap::new();
        for index in 0..js.length(keys)? {
            js.scoped(|js| {
                let key = js.element(keys, index)?;
                let name = js.read_string(key)?;
                let text = js.property_by_key(value, key).and_then(|value| js.read_string(value));
                let text = text.map_err(|failure| failure.in_key(&name))?;
                map.insert(name, text);
                Ok(())
            })?;
        }
        Ok(map)
    }
}

/// The object that an instance of its class holds.
pub fn object_from_js<T: Any + Send + Sync>(js: &Js, shape: usize, value: Value) -> Result<Arc<T>> {
    js.read_handle(js.open(shape, value)?.read_raw()?)
}

/// A text that must be one of these; the place in the list is the answer.
pub fn one_of(js: &Js, texts: &[&str], value: Value) -> Result<usize> {
    let text = js.read_string(value)?;
    texts
        .iter()
        .position(|known| *known == text)
        .ok_or_else(|| Failure::argument(format!("{text:?} is not one of \"{}\"", texts.join("\", \""))))
}
