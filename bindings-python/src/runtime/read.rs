//! Values of Python as values of core. Nothing is guessed: no float for money, no naive time, no bool for a number.

use super::error::raise;
use super::operation::{Exported, Handle};
use super::write::epoch;
use pyo3::exceptions::PyUnicodeEncodeError;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyByteArray, PyBytes, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use std::collections::HashMap;
use std::sync::Arc;
#[cfg(feature = "testing")]
use tillgate::testing::{Guard, guard};
use tillgate::{Decimal, TillgateError, Timestamp};

/// How a type of core is read. The generated code implements it for each record and enumeration.
pub trait FromPython: Sized {
    fn from_python(value: &Bound<'_, PyAny>) -> Result<Self, Refusal>;

    /// How a list of the type is read. Only bytes differ.
    fn list_from_python(value: &Bound<'_, PyAny>) -> Result<Vec<Self>, Refusal> {
        let mut items = Vec::new();
        each(value, &mut |item| {
            items.push(Self::from_python(item)?);
            Ok(())
        })?;
        Ok(items)
    }
}

/// An argument that is wrong: where, and why.
pub struct Refusal(Box<Reason>);

enum Reason {
    Wrong { path: String, reason: String },
    Raised(PyErr),
}

impl Refusal {
    pub fn new(reason: impl Into<String>) -> Self {
        Self(Box::new(Reason::Wrong { path: String::new(), reason: reason.into() }))
    }

    /// The value is of another type than this one.
    pub fn wrong_type(value: &Bound<'_, PyAny>, wanted: &str) -> Self {
        match value.get_type().name() {
            Ok(found) => Self::new(format!("is {found}, not {wanted}")),
            Err(error) => error.into(),
        }
    }

    /// The same, in a field of this name or at a place such as `[3]`.
    #[cold]
    pub fn below(mut self, name: &str) -> Self {
        if let Reason::Wrong { path, .. } = &mut *self.0 {
            let dot = if path.is_empty() || path.starts_with('[') { "" } else { "." };
            *path = format!("{name}{dot}{path}");
        }
        self
    }

    /// As an exception.
    pub fn raise(self, py: Python<'_>) -> PyErr {
        match *self.0 {
            Reason::Wrong { path, reason } => {
                raise(py, TillgateError::invalid_argument(path, format!("{reason}.")))
            }
            Reason::Raised(error) => error,
        }
    }
}

impl From<PyErr> for Refusal {
    fn from(error: PyErr) -> Self {
        Self(Box::new(Reason::Raised(error)))
    }
}

/// Goes through a list or tuple; written once for all types of items.
fn each(
    value: &Bound<'_, PyAny>,
    read: &mut dyn FnMut(&Bound<'_, PyAny>) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    if !value.is_instance_of::<PyList>() && !value.is_instance_of::<PyTuple>() {
        return Err(Refusal::wrong_type(value, "list"));
    }
    for (index, item) in value.try_iter()?.enumerate() {
        read(&item?).map_err(|refusal| refusal.below(&format!("[{index}]")))?;
    }
    Ok(())
}

impl<T: FromPython> FromPython for Vec<T> {
    fn from_python(value: &Bound<'_, PyAny>) -> Result<Self, Refusal> {
        T::list_from_python(value)
    }
}

impl<T: FromPython> FromPython for Option<T> {
    fn from_python(value: &Bound<'_, PyAny>) -> Result<Self, Refusal> {
        if value.is_none() { Ok(None) } else { T::from_python(value).map(Some) }
    }
}

impl<T: FromPython> FromPython for Box<T> {
    fn from_python(value: &Bound<'_, PyAny>) -> Result<Self, Refusal> {
        T::from_python(value).map(Self::new)
    }
}

/// An object of core, out of the generated class around it.
impl<T: Exported> FromPython for Arc<T> {
    fn from_python(value: &Bound<'_, PyAny>) -> Result<Self, Refusal> {
        value
            .cast::<Handle>()
            .ok()
            .and_then(|handle| handle.get().get())
            .ok_or_else(|| Refusal::wrong_type(value, T::OBJECT.name))
    }
}

impl FromPython for bool {
    fn from_python(value: &Bound<'_, PyAny>) -> Result<Self, Refusal> {
        match value.cast::<PyBool>() {
            Ok(value) => Ok(value.is_true()),
            Err(_) => Err(Refusal::wrong_type(value, "bool")),
        }
    }
}

macro_rules! integers {
    ($($integer:ident)*) => {$(
        impl FromPython for $integer {
            fn from_python(value: &Bound<'_, PyAny>) -> Result<Self, Refusal> {
                integer(value)?
                    .and_then(|number| Self::try_from(number).ok())
                    .ok_or_else(|| out_of_range(Self::MIN, Self::MAX))
            }
        }
    )*};
}
integers!(i8 i16 i32 i64 u16 u32);

impl FromPython for u8 {
    fn from_python(value: &Bound<'_, PyAny>) -> Result<Self, Refusal> {
        integer(value)?
            .and_then(|number| Self::try_from(number).ok())
            .ok_or_else(|| out_of_range(Self::MIN, Self::MAX))
    }

    fn list_from_python(value: &Bound<'_, PyAny>) -> Result<Vec<Self>, Refusal> {
        if let Ok(bytes) = value.cast::<PyBytes>() {
            Ok(bytes.as_bytes().to_vec())
        } else if let Ok(bytes) = value.cast::<PyByteArray>() {
            Ok(bytes.to_vec())
        } else {
            Err(Refusal::wrong_type(value, "bytes"))
        }
    }
}

impl FromPython for u64 {
    fn from_python(value: &Bound<'_, PyAny>) -> Result<Self, Refusal> {
        if let Some(number) = integer(value)? {
            return Self::try_from(number).map_err(|_| out_of_range(Self::MIN, Self::MAX));
        }
        value.extract().map_err(|_| out_of_range(Self::MIN, Self::MAX))
    }
}

/// An integer, if it fits into 64 bits. True and False are numbers to Python, but not to us.
fn integer(value: &Bound<'_, PyAny>) -> Result<Option<i64>, Refusal> {
    if !value.is_instance_of::<PyInt>() || value.is_instance_of::<PyBool>() {
        return Err(Refusal::wrong_type(value, "int"));
    }
    // SAFETY: it is an int, so no code of Python runs; -1 may mean that an exception is set, which is taken at once.
    let number = unsafe { ffi::PyLong_AsLongLong(value.as_ptr()) };
    if number == -1 && PyErr::take(value.py()).is_some() {
        return Ok(None);
    }
    Ok(Some(number))
}

#[cold]
fn out_of_range(min: impl ToString, max: impl ToString) -> Refusal {
    Refusal::new(format!("is out of range: {} to {}", min.to_string(), max.to_string()))
}

impl FromPython for String {
    fn from_python(value: &Bound<'_, PyAny>) -> Result<Self, Refusal> {
        let Ok(text) = value.cast::<PyString>() else {
            return Err(Refusal::wrong_type(value, "str"));
        };
        match text.to_cow() {
            Ok(text) => Ok(text.into_owned()),
            Err(error) if error.is_instance_of::<PyUnicodeEncodeError>(value.py()) => {
                Err(Refusal::new("holds half of a surrogate pair, which is no text"))
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl FromPython for HashMap<String, String> {
    fn from_python(value: &Bound<'_, PyAny>) -> Result<Self, Refusal> {
        let Ok(dict) = value.cast::<PyDict>() else {
            return Err(Refusal::wrong_type(value, "dict"));
        };
        let mut map = Self::with_capacity(dict.len());
        for (key, value) in dict.iter() {
            let key = String::from_python(&key).map_err(|refusal| refusal.below("[a key]"))?;
            let value =
                String::from_python(&value).map_err(|refusal| refusal.below(&format!("[{key:?}]")))?;
            map.insert(key, value);
        }
        Ok(map)
    }
}

/// Powers of ten beyond which no decimal of core can be, whatever its digits.
const DECIMAL_EXPONENT_MAX: i64 = 40;

impl FromPython for Decimal {
    fn from_python(value: &Bound<'_, PyAny>) -> Result<Self, Refusal> {
        static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let py = value.py();
        if value.is_instance_of::<PyFloat>() {
            #[cfg(feature = "testing")]
            if !guard(Guard::ExactMoney)
                && let Ok(nearest) = Decimal::try_from(value.extract::<f64>()?)
            {
                return Ok(nearest);
            }
            return Err(Refusal::new(
                "is a float, and no float is exact money: pass decimal.Decimal('12.50') or an int",
            ));
        }
        if value.is_instance(CLASS.import(py, "decimal", "Decimal")?)? {
            let finite = value.call_method0(intern!(py, "is_finite"))?.is_truthy()?;
            if !finite {
                return Err(Refusal::new("is not a finite number"));
            }
            let adjusted: i64 = value.call_method0(intern!(py, "adjusted"))?.extract()?;
            if adjusted.abs() > DECIMAL_EXPONENT_MAX {
                return Err(too_many_digits());
            }
            let text = value.call_method1(intern!(py, "__format__"), (intern!(py, "f"),))?;
            return parse(&text);
        }
        integer(value).map_err(|_| Refusal::wrong_type(value, "decimal.Decimal"))?;
        // Only what fits is turned into text: Python refuses to print integers of many thousand digits.
        let _: i128 = value.extract().map_err(|_| too_many_digits())?;
        parse(value.str()?.as_any())
    }
}

fn parse(text: &Bound<'_, PyAny>) -> Result<Decimal, Refusal> {
    let text = String::from_python(text)?;
    Decimal::from_str_exact(&text).map_err(|_| too_many_digits())
}

fn too_many_digits() -> Refusal {
    Refusal::new("has more digits than can be kept exactly (28)")
}

impl FromPython for Timestamp {
    fn from_python(value: &Bound<'_, PyAny>) -> Result<Self, Refusal> {
        static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let py = value.py();
        if !value.is_instance(CLASS.import(py, "datetime", "datetime")?)? {
            return Err(Refusal::wrong_type(value, "datetime.datetime"));
        }
        if value.call_method0(intern!(py, "utcoffset"))?.is_none() {
            return Err(Refusal::new(
                "is a datetime without a time zone: say which, for instance datetime.now(timezone.utc)",
            ));
        }
        let since = value.call_method1(intern!(py, "__sub__"), (epoch(py)?,))?;
        let part = |name: &Bound<'_, PyString>| since.getattr(name)?.extract::<i64>();
        let seconds = part(intern!(py, "days"))? * 86_400 + part(intern!(py, "seconds"))?;
        let microseconds = seconds * 1_000_000 + part(intern!(py, "microseconds"))?;
        Self::from_microsecond(microseconds).map_err(|_| Refusal::new("is out of range"))
    }
}
