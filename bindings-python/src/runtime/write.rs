//! Values of core as values of Python.

use super::repeats::{self, Repeats};
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyBytes, PyDict, PyString};
use std::collections::HashMap;
use tillgate::{Decimal, Timestamp};

/// How a type of core looks in Python. The generated code implements it for each record, enumeration and object.
pub trait ToPython {
    fn to_python<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>>;

    /// How a list of the type looks. Only bytes differ.
    fn list_to_python<'py>(items: &[Self], py: Python<'py>) -> PyResult<Bound<'py, PyAny>>
    where
        Self: Sized,
    {
        list(py, items.len(), &mut |index| items[index].to_python(py))
    }
}

/// From this length on, a list is built with Python's collector of cycles held off, and what repeats in it is made once.
const LONG_LIST_LENGTH: usize = 1_000;

/// Python's collector of cycles, held off. It looks at everything that is new, again and again as a list grows; nothing of a list
/// that is being built can be garbage, and for a catalogue that took a third of the time. Afterwards the list counts as old, as if
/// it had been looked at: else the very next object would have the whole of it looked at for nothing.
struct NoCollection<'py>(Option<Bound<'py, PyAny>>);

impl<'py> NoCollection<'py> {
    /// Leaves it alone where the program has turned it off itself. No Python code runs and the GIL is kept until it is on again.
    fn begin(py: Python<'py>) -> PyResult<Self> {
        static ENABLE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let gc = py.import(intern!(py, "gc"))?;
        if !gc.call_method0(intern!(py, "isenabled"))?.is_truthy()? {
            return Ok(Self(None));
        }
        let enable = ENABLE.import(py, "gc", "enable")?.clone();
        gc.call_method0(intern!(py, "disable"))?;
        Ok(Self(Some(enable)))
    }
}

impl NoCollection<'_> {
    /// Freezing and thawing takes a moment, however much there is. A program that has frozen things itself is left alone.
    fn count_as_old(&self, py: Python<'_>) -> PyResult<()> {
        let gc = py.import(intern!(py, "gc"))?;
        if gc.call_method0(intern!(py, "get_freeze_count"))?.extract::<u64>()? == 0 {
            gc.call_method0(intern!(py, "freeze"))?;
            gc.call_method0(intern!(py, "unfreeze"))?;
        }
        Ok(())
    }
}

impl Drop for NoCollection<'_> {
    fn drop(&mut self) {
        if let Some(enable) = &self.0 {
            // Neither of these takes arguments or fails.
            let _ = self.count_as_old(enable.py());
            let _ = enable.call0();
        }
    }
}

/// A list of this length; written once for all types of items.
fn list<'py>(
    py: Python<'py>,
    len: usize,
    item: &mut dyn FnMut(usize) -> PyResult<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let size = isize::try_from(len)?;
    let is_long = len >= LONG_LIST_LENGTH;
    let _held_off = if is_long { Some(NoCollection::begin(py)?) } else { None };
    let _repeats = if is_long { Repeats::begin() } else { None };
    // SAFETY: a new list is owned; each place is filled once, with an owned reference, before anyone else sees the list
    // (on an early return the empty places are null, which the list's own release allows).
    unsafe {
        let list = Bound::from_owned_ptr_or_err(py, ffi::PyList_New(size))?;
        for index in 0..len {
            ffi::PyList_SetItem(list.as_ptr(), index as isize, item(index)?.into_ptr());
        }
        Ok(list)
    }
}

impl ToPython for () {
    fn to_python<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(py.None().into_bound(py))
    }
}

impl ToPython for bool {
    fn to_python<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(PyBool::new(py, *self).to_owned().into_any())
    }
}

macro_rules! integers {
    ($($integer:ty),*) => {$(
        impl ToPython for $integer {
            fn to_python<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
                Ok(self.into_pyobject(py)?.into_any())
            }
        }
    )*};
}
integers!(i8, i16, i32, i64, u16, u32, u64);

impl ToPython for u8 {
    fn to_python<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.into_pyobject(py)?.into_any())
    }

    fn list_to_python<'py>(items: &[Self], py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(PyBytes::new(py, items).into_any())
    }
}

impl ToPython for str {
    fn to_python<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        repeats::text(py, self, || Ok(PyString::new(py, self).into_any()))
    }
}

impl ToPython for String {
    fn to_python<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.as_str().to_python(py)
    }
}

impl<T: ToPython> ToPython for Vec<T> {
    fn to_python<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        T::list_to_python(self, py)
    }
}

impl<T: ToPython> ToPython for Option<T> {
    fn to_python<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match self {
            Some(value) => value.to_python(py),
            None => ().to_python(py),
        }
    }
}

impl<T: ToPython> ToPython for Box<T> {
    fn to_python<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        T::to_python(self, py)
    }
}

impl ToPython for HashMap<String, String> {
    fn to_python<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let dict = PyDict::new(py);
        let mut entries: Vec<_> = self.iter().collect();
        entries.sort_unstable();
        for (key, value) in entries {
            dict.set_item(key, value)?;
        }
        Ok(dict.into_any())
    }
}

/// `decimal.Decimal`, with every digit and trailing zero.
impl ToPython for Decimal {
    fn to_python<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        repeats::amount(py, self, || CLASS.import(py, "decimal", "Decimal")?.call1((self.to_string(),)))
    }
}

/// An aware `datetime.datetime` in UTC. What is below a microsecond is cut off.
impl ToPython for Timestamp {
    fn to_python<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        static TIMEDELTA: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let microseconds = self.as_nanosecond().div_euclid(1000);
        let since = TIMEDELTA.import(py, "datetime", "timedelta")?.call1((
            0,
            i64::try_from(microseconds.div_euclid(1_000_000))?,
            i64::try_from(microseconds.rem_euclid(1_000_000))?,
        ))?;
        epoch(py)?.call_method1(intern!(py, "__add__"), (since,))
    }
}

/// 1970-01-01T00:00:00Z as an aware `datetime`.
pub fn epoch<'py>(py: Python<'py>) -> PyResult<&'py Bound<'py, PyAny>> {
    static EPOCH: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let epoch = EPOCH.get_or_try_init(py, || {
        let module = py.import("datetime")?;
        let utc = module.getattr("timezone")?.getattr("utc")?;
        let epoch = module.getattr("datetime")?.call1((1970, 1, 1, 0, 0, 0, 0, utc))?;
        Ok::<_, PyErr>(epoch.unbind())
    })?;
    Ok(epoch.bind(py))
}
