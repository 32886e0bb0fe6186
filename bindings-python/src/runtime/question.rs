//! Methods that need no frame of Python: questions without arguments that cannot fail, such as `Secret.reveal`.
//!
//! A generated class has the method as a function of Python, as every other one, for its docs, its annotations and every tool that
//! reads them. A decorator puts a `Question` in its place: the class shows the function, and an object shows a built-in method,
//! which is one native call.

use super::error::{guarded, raise};
use super::operation::{Arguments, Call, Exported, Handle, Operation, do_not_fit, object};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use std::ffi::CString;

/// A method as Python calls it when there are no arguments.
pub type Asked = ffi::PyCFunction;

/// One method of an object of core as such a function: a few instructions each, the rest is written once.
///
/// # Safety
///
/// The GIL is held, and `this` is a [`Handle`]: only a [`Question`] makes built-in methods of it, which looks first.
pub unsafe extern "C" fn question<T: Exported, const METHOD: usize>(
    this: *mut ffi::PyObject,
    _: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: as above.
    unsafe { answer(this, T::OBJECT.methods[METHOD]) }
}

unsafe fn answer(this: *mut ffi::PyObject, operation: Operation) -> *mut ffi::PyObject {
    // SAFETY: the GIL is held; `this` is a handle, and Python keeps it alive while its method runs.
    let (py, handle) = unsafe {
        let py = Python::assume_attached();
        (py, Bound::ref_from_ptr(py, &this).cast_unchecked::<Handle>())
    };
    let ended = match guarded(|| operation(&Arguments::none(py, handle.get()))) {
        Ok(Ok(Call::Ended(ended))) => ended,
        Ok(Ok(Call::Later(_))) => Err(do_not_fit(py)),
        Ok(Err(refusal)) => Err(refusal.raise(py)),
        Err(panic) => Err(raise(py, panic)),
    };
    match ended {
        Ok(value) => value.into_ptr(),
        Err(error) => {
            error.restore(py);
            std::ptr::null_mut()
        }
    }
}

/// What stands in a generated class in the place of such a method.
#[pyclass(frozen, module = "tillgate._native")]
pub struct Question {
    function: Py<PyAny>,
    definition: Definition,
}

/// Lives as long as the process: built-in methods point to it, and Python does not say when the last of them is gone.
#[derive(Clone, Copy)]
struct Definition(&'static ffi::PyMethodDef);

// SAFETY: nobody writes to it, and Python reads it only.
unsafe impl Send for Definition {}
// SAFETY: as above.
unsafe impl Sync for Definition {}

/// The decorator of such a method: whose it is, and its number.
#[pyfunction]
pub fn question_of(name: &str, method: usize) -> PyResult<Decorator> {
    let known = object(name).and_then(|object| object.questions.iter().find(|(number, _)| *number == method));
    match known {
        Some((_, asked)) => Ok(Decorator { asked: *asked }),
        None => Python::attach(|py| Err(do_not_fit(py))),
    }
}

#[pyclass(frozen, module = "tillgate._native")]
pub struct Decorator {
    asked: Asked,
}

#[pymethods]
impl Decorator {
    fn __call__(&self, function: Bound<'_, PyAny>) -> PyResult<Question> {
        let name: String = function.getattr("__name__")?.extract()?;
        let docs: Option<String> = function.getattr("__doc__")?.extract()?;
        // Python takes the signature from the beginning of the text.
        let docs = format!("{name}($self)\n--\n\n{}", docs.unwrap_or_default());
        let definition = Box::new(ffi::PyMethodDef {
            ml_name: CString::new(name)?.into_raw(),
            ml_meth: ffi::PyMethodDefPointer { PyCFunction: self.asked },
            ml_flags: ffi::METH_NOARGS,
            ml_doc: CString::new(docs)?.into_raw(),
        });
        Ok(Question { function: function.unbind(), definition: Definition(Box::leak(definition)) })
    }
}

#[pymethods]
impl Question {
    /// Of the class: the function. Of an object: the native method.
    fn __get__<'py>(
        &self,
        py: Python<'py>,
        object: Option<&Bound<'py, PyAny>>,
        _class: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let Some(object) = object else { return Ok(self.function.bind(py).clone()) };
        let handle = object.cast::<Handle>()?;
        // SAFETY: the definition lives for ever, and its function is asked for a handle, which this is.
        unsafe {
            Bound::from_owned_ptr_or_err(
                py,
                ffi::PyCFunction_NewEx(
                    std::ptr::from_ref(self.definition.0).cast_mut(),
                    handle.as_ptr(),
                    std::ptr::null_mut(),
                ),
            )
        }
    }

    #[pyo3(signature = (*arguments, **named))]
    fn __call__<'py>(
        &self,
        arguments: &Bound<'py, PyTuple>,
        named: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.function.bind(arguments.py()).call(arguments, named)
    }

    /// For tools that look into the class itself.
    #[getter]
    fn __wrapped__<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        self.function.bind(py).clone()
    }

    fn __getattr__<'py>(&self, py: Python<'py>, name: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.function.bind(py).getattr(name.cast::<pyo3::types::PyString>()?)
    }
}
