//! The generated Python classes, seen from Rust: found when first needed, built and read field by field.

use super::operation::{Exported, Handle};
use super::{FromPython, Refusal, ToPython};
use pyo3::exceptions::PyAttributeError;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyString, PyType};
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
    fields: Box<[Py<PyString>]>,
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
        // SAFETY: the class is a plain Python class (its own `__new__` is `object`'s), for which this is what `object.__new__`
        // does; the result is a new reference or null with an exception set.
        let instance =
            unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyType_GenericAlloc(class.as_type_ptr(), 0))? };
        for (name, value) in loaded.fields.iter().zip(values) {
            instance.setattr(name.bind(py), value.to_python(py)?)?;
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
        Ok(Fields { value, class: self, names: &self.load(value.py())?.fields })
    }

    fn load(&'static self, py: Python<'_>) -> PyResult<&'static Loaded> {
        self.loaded.get_or_try_init(py, || {
            let class = py.import(self.module)?.getattr(self.name)?.cast_into::<PyType>()?;
            let fields = self.fields.iter().map(|name| PyString::intern(py, name).unbind()).collect();
            Ok(Loaded { class: class.unbind(), fields })
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
