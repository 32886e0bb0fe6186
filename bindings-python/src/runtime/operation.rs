//! The one path from Python to an operation of core and back.
//!
//! An operation is a plain function that reads its arguments and returns boxed work. What happens to the work (waiting with
//! the GIL released, a future of asyncio) is written once, below, and not once per operation: that keeps the extension small.

use super::error::{guarded, raise};
use super::question::Asked;
use super::{FromPython, Refusal, ToPython, asyncio, wait};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use std::any::Any;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use tillgate::TillgateError;

/// What work of core ends in.
pub type Ended = Result<Box<dyn ToPython + Send>, TillgateError>;
/// Work of core that is waited for.
pub type Work = Pin<Box<dyn Future<Output = Ended> + Send>>;
/// Reads the arguments, and does or begins what is asked for.
pub type Operation = for<'a, 'py> fn(&Arguments<'a, 'py>) -> Result<Call<'py>, Refusal>;

/// What became of a call, once the arguments were read.
pub enum Call<'py> {
    /// It ended at once.
    Ended(PyResult<Bound<'py, PyAny>>),
    /// It is waited for.
    Later(Work),
}

impl<'py> Call<'py> {
    /// A call that ends where it begins. Core runs without the GIL: it may wait for a lock.
    pub fn now<T: ToPython + Send>(
        py: Python<'py>,
        work: impl FnOnce() -> Result<T, TillgateError> + Send,
    ) -> Self {
        match py.detach(work) {
            Ok(value) => Self::Ended(value.to_python(py)),
            Err(error) => Self::Ended(Err(raise(py, error))),
        }
    }

    /// A question that cannot fail: it keeps the GIL, since letting go of it would cost more than the answer.
    pub fn at_once<T: ToPython>(py: Python<'py>, value: &T) -> Self {
        Self::Ended(value.to_python(py))
    }

    /// A call that is waited for.
    pub fn later<T: ToPython + Send + 'static>(
        work: impl Future<Output = Result<T, TillgateError>> + Send + 'static,
    ) -> Self {
        Self::Later(Box::pin(async move { Ok(Box::new(work.await?) as Box<dyn ToPython + Send>) }))
    }
}

/// An object of core: its name in Python, and its operations by number.
pub struct Object {
    pub name: &'static str,
    pub constructors: &'static [Operation],
    pub methods: &'static [Operation],
    /// The methods that are asked without a frame of Python, by their numbers (`question.rs`).
    pub questions: &'static [(usize, Asked)],
}

/// Written for each object of core by the generator.
pub trait Exported: Any + Send + Sync {
    /// The operations.
    const OBJECT: &'static Object;
}

/// An object of core in the hands of Python. The generated classes inherit from it; a bare one is on its way into one of them.
#[pyclass(frozen, subclass, module = "tillgate._native")]
#[derive(Default)]
pub struct Handle {
    /// Nothing between Python's `__new__` and the end of a constructor.
    held: OnceLock<Held>,
}

#[derive(Clone)]
struct Held {
    inner: Arc<dyn Any + Send + Sync>,
    object: &'static Object,
}

impl Handle {
    fn new<T: Exported>(inner: Arc<T>) -> Self {
        let handle = Self::default();
        handle.hold(inner);
        handle
    }

    /// From here on it is this object's. It stays with its first one.
    pub fn hold<T: Exported>(&self, inner: Arc<T>) {
        self.held.get_or_init(|| Held { inner, object: T::OBJECT });
    }

    /// The object, if it is of this class.
    pub fn get<T: Exported>(&self) -> Option<Arc<T>> {
        self.held.get()?.inner.clone().downcast().ok()
    }

    /// The same, without becoming one of its owners.
    fn lent<T: Exported>(&self) -> Option<&T> {
        self.held.get()?.inner.downcast_ref()
    }
}

/// What a constructor returns: the bare handle, which the generated class puts into itself.
pub fn handle<T: Exported>(object: Arc<T>) -> impl ToPython + Send {
    struct Bare<T>(Arc<T>);
    impl<T: Exported> ToPython for Bare<T> {
        fn to_python<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
            Ok(Bound::new(py, Handle::new(self.0.clone()))?.into_any())
        }
    }
    Bare(object)
}

/// The arguments of one call, in the order of the method's parameters.
pub struct Arguments<'a, 'py> {
    /// Whose token the call holds.
    pub py: Python<'py>,
    handle: Option<&'a Handle>,
    /// None for a question, which has no arguments.
    values: Option<&'a Bound<'py, PyTuple>>,
    /// How many values at the beginning say which operation it is.
    skipped: usize,
}

impl<'a, 'py> Arguments<'a, 'py> {
    /// Those of a question.
    pub fn none(py: Python<'py>, handle: &'a Handle) -> Self {
        Self { py, handle: Some(handle), values: None, skipped: 0 }
    }

    /// The object that the method was called on.
    pub fn this<T: Exported>(&self) -> Result<Arc<T>, Refusal> {
        self.handle.and_then(Handle::get).ok_or_else(not_this)
    }

    /// The same, for as long as the call lasts.
    pub fn lent<T: Exported>(&self) -> Result<&'a T, Refusal> {
        self.handle.and_then(Handle::lent).ok_or_else(not_this)
    }

    /// One argument; its name leads the path in the error.
    pub fn get<T: FromPython>(&self, index: usize, name: &'static str) -> Result<T, Refusal> {
        let read = || match self.values {
            Some(values) => T::from_python(&values.get_item(self.skipped + index)?),
            None => Err(Refusal::new("is missing")),
        };
        read().map_err(|refusal| refusal.below(name))
    }
}

#[cold]
fn not_this() -> Refusal {
    Refusal::new("is not an object of this class")
}

// Below, all positional arguments come as the one tuple that Python makes anyway, with what names the operation at its
// beginning: to take it apart costs more than a small call itself.

#[pymethods]
impl Handle {
    /// Holds nothing yet. What the class is called with is for its `__init__`.
    #[new]
    #[pyo3(signature = (*_arguments, **_named))]
    fn empty(_arguments: &Bound<'_, PyTuple>, _named: Option<&Bound<'_, PyDict>>) -> Self {
        Self::default()
    }

    /// Holds from here on what the other one holds.
    #[pyo3(name = "_adopt")]
    fn adopt(&self, other: &Self) {
        if let Some(held) = other.held.get() {
            self.held.get_or_init(|| held.clone());
        }
    }

    /// Calls a method by its number and waits for it.
    #[pyo3(name = "_call", signature = (*arguments))]
    fn call<'py>(&self, arguments: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
        run(self.method(arguments), Some(self), arguments, 1)
    }

    /// Calls a method by its number; the future belongs to the running event loop.
    #[pyo3(name = "_call_async", signature = (*arguments))]
    fn call_async<'py>(&self, arguments: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
        run_async(self.method(arguments), Some(self), arguments, 1)
    }
}

impl Handle {
    fn method(&self, arguments: &Bound<'_, PyTuple>) -> Option<&'static Operation> {
        self.held.get()?.object.methods.get(number(arguments, 0)?)
    }
}

/// Calls a constructor of an object (by the object's name and the constructor's number) and waits for it.
#[pyfunction]
#[pyo3(signature = (*arguments))]
pub fn construct<'py>(arguments: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
    run(constructor(arguments), None, arguments, 2)
}

/// Calls a constructor of an object; the future belongs to the running event loop.
#[pyfunction]
#[pyo3(signature = (*arguments))]
pub fn construct_async<'py>(arguments: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
    run_async(constructor(arguments), None, arguments, 2)
}

/// Calls a function by its number and waits for it.
#[pyfunction]
#[pyo3(signature = (*arguments))]
pub fn call<'py>(arguments: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
    run(function(arguments), None, arguments, 1)
}

/// Calls a function by its number; the future belongs to the running event loop.
#[pyfunction]
#[pyo3(signature = (*arguments))]
pub fn call_async<'py>(arguments: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
    run_async(function(arguments), None, arguments, 1)
}

fn number(arguments: &Bound<'_, PyTuple>, place: usize) -> Option<usize> {
    u16::from_python(&arguments.get_item(place).ok()?).ok().map(usize::from)
}

/// An object of core by its name.
pub fn object(name: &str) -> Option<&'static Object> {
    crate::generated::OBJECTS.iter().find(|known| known.name == name).copied()
}

fn constructor(arguments: &Bound<'_, PyTuple>) -> Option<&'static Operation> {
    let object = object(&String::from_python(&arguments.get_item(0).ok()?).ok()?)?;
    object.constructors.get(number(arguments, 1)?)
}

fn function(arguments: &Bound<'_, PyTuple>) -> Option<&'static Operation> {
    crate::generated::FUNCTIONS.get(number(arguments, 0)?)
}

/// Halves of different versions, which `import` should have refused, or an object that was never made.
#[cold]
pub fn do_not_fit(py: Python<'_>) -> PyErr {
    raise(py, TillgateError::internal("the Python and the native part do not fit together."))
}

fn begin<'py>(
    operation: Option<&Operation>,
    handle: Option<&Handle>,
    values: &Bound<'py, PyTuple>,
    skipped: usize,
) -> PyResult<Call<'py>> {
    let py = values.py();
    let operation = operation.ok_or_else(|| do_not_fit(py))?;
    match guarded(|| operation(&Arguments { py, handle, values: Some(values), skipped })) {
        Ok(Ok(call)) => Ok(call),
        Ok(Err(refusal)) => Err(refusal.raise(py)),
        Err(panic) => Err(raise(py, panic)),
    }
}

fn run<'py>(
    operation: Option<&Operation>,
    handle: Option<&Handle>,
    values: &Bound<'py, PyTuple>,
    skipped: usize,
) -> PyResult<Bound<'py, PyAny>> {
    match begin(operation, handle, values, skipped)? {
        Call::Ended(ended) => ended,
        Call::Later(work) => {
            let py = values.py();
            answer(py, wait::wait(py, work)?)
        }
    }
}

fn run_async<'py>(
    operation: Option<&Operation>,
    handle: Option<&Handle>,
    values: &Bound<'py, PyTuple>,
    skipped: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let py = values.py();
    match begin(operation, handle, values, skipped)? {
        Call::Ended(ended) => asyncio::ended(py, ended),
        Call::Later(work) => asyncio::begin(py, work),
    }
}

/// The result of work as Python sees it: a value, or an exception.
pub fn answer(py: Python<'_>, ended: Result<Ended, TillgateError>) -> PyResult<Bound<'_, PyAny>> {
    match ended {
        Ok(Ok(value)) => guarded(|| value.to_python(py)).unwrap_or_else(|panic| Err(raise(py, panic))),
        Ok(Err(error)) | Err(error) => Err(raise(py, error)),
    }
}
