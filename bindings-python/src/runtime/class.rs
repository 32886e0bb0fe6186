//! The generated Python classes, seen from Rust: found when first needed, built and read field by field.

use super::operation::{Exported, Handle};
use super::{FromPython, Refusal, ToPython};
use pyo3::exceptions::PyAttributeError;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyList, PyString, PyType};
use std::marker::PhantomData;
use std::sync::Arc;

/// A class with slots: a record, a variant of a union, an object of core with one face, or (without fields) an exception.
pub struct Class {
    module: &'static str,
    name: &'static str,
    fields: &'static [&'static str],
    loaded: PyOnceLock<Loaded>,
}

struct Loaded {
    class: Py<PyType>,
    names: Box<[Py<PyString>]>,
    offsets: Option<Box<[usize]>>,
}

/// Where in each instance the values of the slots are, in bytes from its beginning; none where they were not found.
///
/// Python lays out the slots of a class as it likes, and does not say how in its stable interface; so one instance is filled and
/// looked at. To look every name up in the class, for each field of each record, took longer than to make the values.
fn offsets(class: &Bound<'_, PyType>, names: &[Bound<'_, PyString>]) -> PyResult<Option<Box<[usize]>>> {
    if names.is_empty() {
        return Ok(Some(Box::default()));
    }
    let py = class.py();
    let size: usize = class.getattr(intern!(py, "__basicsize__"))?.extract()?;
    let instance = allocate(class)?;
    let mut offsets = Vec::with_capacity(names.len());
    for name in names {
        // An object that nothing else points to.
        let mark = PyList::empty(py);
        instance.setattr(name, &mark)?;
        let word = size_of::<*mut ffi::PyObject>();
        let places = (size_of::<ffi::PyObject>()..size).step_by(word);
        // SAFETY: a record is as long as its class says, in whole words, all of them set to zero when it was allocated; the words are only compared.
        let is_there = |place: &usize| unsafe {
            instance.as_ptr().cast::<u8>().add(*place).cast::<*mut ffi::PyObject>().read() == mark.as_ptr()
        };
        let mut found = places.filter(is_there);
        match (found.next(), found.next()) {
            (Some(place), None) => offsets.push(place),
            _ => return Ok(None),
        }
    }
    Ok(Some(offsets.into()))
}

/// A new instance whose slots are empty; no code of Python runs.
fn allocate<'py>(class: &Bound<'py, PyType>) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: the class is a plain Python class (its own `__new__` is `object`'s), for which this is what `object.__new__` does;
    // the result is a new reference or null with an exception set.
    unsafe { Bound::from_owned_ptr_or_err(class.py(), ffi::PyType_GenericAlloc(class.as_type_ptr(), 0)) }
}

impl Class {
    pub const fn new(module: &'static str, name: &'static str, fields: &'static [&'static str]) -> Self {
        Self { module, name, fields, loaded: PyOnceLock::new() }
    }

    /// The class itself.
    pub fn get<'py>(&'static self, py: Python<'py>) -> PyResult<&'py Bound<'py, PyType>> {
        Ok(self.load(py)?.class.bind(py))
    }

    /// A new instance with these values, in the order of the fields; `__init__` is not run.
    pub fn build<'py>(
        &'static self,
        py: Python<'py>,
        values: &[&dyn ToPython],
    ) -> PyResult<Bound<'py, PyAny>> {
        let loaded = self.load(py)?;
        let class = loaded.class.bind(py);
        let instance = allocate(class)?;
        let Some(offsets) = &loaded.offsets else {
            for (name, value) in loaded.names.iter().zip(values) {
                instance.setattr(name.bind(py), value.to_python(py)?)?;
            }
            return Ok(instance);
        };
        for (offset, value) in offsets.iter().zip(values) {
            let value = value.to_python(py)?.into_ptr();
            // SAFETY: here the class keeps this field, as was seen; the new instance has nothing there yet and owns the value from
            // here on.
            unsafe { instance.as_ptr().cast::<u8>().add(*offset).cast::<*mut ffi::PyObject>().write(value) };
        }
        Ok(instance)
    }

    /// A new instance of an object's class, for this object; `__init__` is not run.
    pub fn wrap<'py, T: Exported>(
        &'static self,
        py: Python<'py>,
        object: &Arc<T>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let class = self.get(py)?;
        let instance = class.call_method1(intern!(py, "__new__"), (class,))?;
        instance.cast::<Handle>()?.get().hold(object.clone());
        Ok(instance)
    }

    /// Whether the value is an instance.
    pub fn is_instance(&'static self, value: &Bound<'_, PyAny>) -> PyResult<bool> {
        let class = self.get(value.py())?;
        Ok(value.get_type().is(class) || value.is_instance(class)?)
    }

    /// Opens an instance for reading.
    pub fn read<'a, 'py>(&'static self, value: &'a Bound<'py, PyAny>) -> Result<Fields<'a, 'py>, Refusal> {
        if !self.is_instance(value)? {
            return Err(Refusal::wrong_type(value, self.name));
        }
        Ok(Fields { value, class: self, names: &self.load(value.py())?.names })
    }

    fn load(&'static self, py: Python<'_>) -> PyResult<&'static Loaded> {
        self.loaded.get_or_try_init(py, || {
            let class = py.import(self.module)?.getattr(self.name)?.cast_into::<PyType>()?;
            let names: Vec<_> = self.fields.iter().map(|name| PyString::intern(py, name)).collect();
            let offsets = offsets(&class, &names)?;
            let names = names.into_iter().map(Bound::unbind).collect();
            Ok(Loaded { class: class.unbind(), names, offsets })
        })
    }
}

/// The fields of one instance.
pub struct Fields<'a, 'py> {
    value: &'a Bound<'py, PyAny>,
    class: &'static Class,
    names: &'static [Py<PyString>],
}

impl Fields<'_, '_> {
    /// One field, by its place.
    pub fn get<T: FromPython>(&self, index: usize) -> Result<T, Refusal> {
        let read = || {
            let _deeper = Deeper::enter(self.value.py())?;
            T::from_python(&self.attribute(index)?)
        };
        read().map_err(|refusal| refusal.below(self.class.fields[index]))
    }

    #[inline(never)]
    fn attribute(&self, index: usize) -> Result<Bound<'_, PyAny>, Refusal> {
        let py = self.value.py();
        self.value.getattr(self.names[index].bind(py)).map_err(|error| {
            if error.is_instance_of::<PyAttributeError>(py) {
                Refusal::new("is not set")
            } else {
                error.into()
            }
        })
    }
}

/// One level deeper in a value. Python's own limit holds, so that a record that holds itself is an error and no crash.
struct Deeper<'py>(PhantomData<Python<'py>>);

impl<'py> Deeper<'py> {
    fn enter(py: Python<'py>) -> PyResult<Self> {
        // SAFETY: the GIL is held; whoever entered leaves on drop.
        match unsafe { ffi::Py_EnterRecursiveCall(c" while reading a record".as_ptr()) } {
            0 => Ok(Self(PhantomData)),
            _ => Err(PyErr::fetch(py)),
        }
    }
}

impl Drop for Deeper<'_> {
    fn drop(&mut self) {
        // SAFETY: entered before, on this thread.
        unsafe { ffi::Py_LeaveRecursiveCall() }
    }
}

/// A closed enumeration: an `enum.Enum` whose values are the texts.
pub struct Choice {
    module: &'static str,
    name: &'static str,
    texts: &'static [&'static str],
    loaded: PyOnceLock<Box<[Py<PyAny>]>>,
}

impl Choice {
    pub const fn new(module: &'static str, name: &'static str, texts: &'static [&'static str]) -> Self {
        Self { module, name, texts, loaded: PyOnceLock::new() }
    }

    /// The member at this place.
    pub fn member<'py>(&'static self, py: Python<'py>, index: usize) -> PyResult<Bound<'py, PyAny>> {
        let members = self.loaded.get_or_try_init(py, || {
            let class = py.import(self.module)?.getattr(self.name)?;
            self.texts.iter().map(|text| Ok(class.call1((text,))?.unbind())).collect::<PyResult<_>>()
        })?;
        Ok(members[index].bind(py).clone())
    }

    /// The place of a member, or of its text.
    pub fn index(&'static self, value: &Bound<'_, PyAny>) -> Result<usize, Refusal> {
        let Ok(text) = value.cast::<PyString>() else {
            return Err(Refusal::wrong_type(value, self.name));
        };
        let text = text.to_cow()?;
        self.texts.iter().position(|known| *known == text).ok_or_else(|| {
            Refusal::new(format!("is {text:?}; {} is one of {}", self.name, self.texts.join(", ")))
        })
    }
}
