//! The one path from Python to an operation of core and back.
//!
//! An operation is a plain function that reads its arguments and returns boxed work. What happens to the work (waiting with
//! the GIL released, a future of asyncio) is written once, below, and not once per operation: that keeps the extension small.

use super::error::{guarded, raise};
use super::{FromPython, Refusal, ToPython, asyncio, wait};
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use std::any::Any;
use std::pin::Pin;
use std::sync::Arc;
use tillgate::TillgateError;

/// What an operation ends in.
pub type Ended = Result<Box<dyn ToPython + Send>, TillgateError>;
/// Work of core that is waited for.
pub type Work = Pin<Box<dyn Future<Output = Ended> + Send>>;
/// Reads the arguments and says what is to be done.
pub type Operation = fn(&Arguments<'_, '_>) -> Result<Call, Refusal>;

/// What is to be done, once the arguments were read.
pub enum Call {
    /// Runs at once, without the GIL.
    Now(Box<dyn FnOnce() -> Ended + Send>),
    /// Is waited for.
    Later(Work),
}

impl Call {
    /// A call that ends where it begins.
    pub fn now<T: ToPython + Send + 'static>(
        work: impl FnOnce() -> Result<T, TillgateError> + Send + 'static,
    ) -> Self {
        Self::Now(Box::new(move || Ok(Box::new(work()?) as Box<dyn ToPython + Send>)))
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
}

/// A function of core that belongs to no object.
pub struct Function {
    pub name: &'static str,
    pub operation: Operation,
}

/// Written for each object of core by the generator.
pub trait Exported: Any + Send + Sync {
    /// The operations.
    const OBJECT: &'static Object;
}

/// An object of core in the hands of Python. The generated classes keep one each, in `_handle`.
#[pyclass(frozen, module = "tillgate._native")]
pub struct Handle {
    inner: Arc<dyn Any + Send + Sync>,
    object: &'static Object,
}

impl Handle {
    fn new<T: Exported>(inner: Arc<T>) -> Self {
        Self { inner, object: T::OBJECT }
    }

    /// The object, if it is of this class.
    pub fn get<T: Exported>(&self) -> Option<Arc<T>> {
        self.inner.clone().downcast().ok()
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
    handle: Option<&'a Handle>,
    values: &'a Bound<'py, PyTuple>,
}

impl Arguments<'_, '_> {
    /// The object that the method was called on.
    pub fn this<T: Exported>(&self) -> Result<Arc<T>, Refusal> {
        self.handle.and_then(Handle::get).ok_or_else(|| Refusal::new("is not an object of this class"))
    }

    /// One argument; its name leads the path in the error.
    pub fn get<T: FromPython>(&self, index: usize, name: &'static str) -> Result<T, Refusal> {
        let read = || T::from_python(&self.values.get_item(index)?);
        read().map_err(|refusal| refusal.below(name))
    }
}

#[pymethods]
impl Handle {
    /// Calls a method by its number and waits for it.
    #[pyo3(signature = (method, *arguments))]
    fn call<'py>(
        &self,
        py: Python<'py>,
        method: usize,
        arguments: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        run(py, self.object.methods.get(method), Some(self), arguments)
    }

    /// Calls a method by its number; the future belongs to the running event loop.
    #[pyo3(signature = (method, *arguments))]
    fn call_async<'py>(
        &self,
        py: Python<'py>,
        method: usize,
        arguments: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        run_async(py, self.object.methods.get(method), Some(self), arguments)
    }
}

/// Calls a constructor of an object by its number and waits for it.
#[pyfunction]
#[pyo3(signature = (object, constructor, *arguments))]
pub fn construct<'py>(
    py: Python<'py>,
    object: &str,
    constructor: usize,
    arguments: &Bound<'py, PyTuple>,
) -> PyResult<Bound<'py, PyAny>> {
    run(py, constructor_of(object, constructor), None, arguments)
}

/// Calls a constructor of an object by its number; the future belongs to the running event loop.
#[pyfunction]
#[pyo3(signature = (object, constructor, *arguments))]
pub fn construct_async<'py>(
    py: Python<'py>,
    object: &str,
    constructor: usize,
    arguments: &Bound<'py, PyTuple>,
) -> PyResult<Bound<'py, PyAny>> {
    run_async(py, constructor_of(object, constructor), None, arguments)
}

/// Calls a function and waits for it.
#[pyfunction]
#[pyo3(signature = (function, *arguments))]
pub fn call<'py>(
    py: Python<'py>,
    function: &str,
    arguments: &Bound<'py, PyTuple>,
) -> PyResult<Bound<'py, PyAny>> {
    run(py, function_of(function), None, arguments)
}

/// Calls a function; the future belongs to the running event loop.
#[pyfunction]
#[pyo3(signature = (function, *arguments))]
pub fn call_async<'py>(
    py: Python<'py>,
    function: &str,
    arguments: &Bound<'py, PyTuple>,
) -> PyResult<Bound<'py, PyAny>> {
    run_async(py, function_of(function), None, arguments)
}

fn constructor_of(object: &str, constructor: usize) -> Option<&'static Operation> {
    let object = crate::generated::OBJECTS.iter().find(|known| known.name == object)?;
    object.constructors.get(constructor)
}

fn function_of(name: &str) -> Option<&'static Operation> {
    crate::generated::FUNCTIONS.iter().find(|known| known.name == name).map(|known| &known.operation)
}

fn read(
    operation: Option<&Operation>,
    handle: Option<&Handle>,
    values: &Bound<'_, PyTuple>,
) -> PyResult<Call> {
    let py = values.py();
    let operation = operation.ok_or_else(|| {
        raise(py, TillgateError::internal("the Python and the native part do not fit together."))
    })?;
    match guarded(|| operation(&Arguments { handle, values })) {
        Ok(Ok(call)) => Ok(call),
        Ok(Err(refusal)) => Err(refusal.raise(py)),
        Err(panic) => Err(raise(py, panic)),
    }
}

fn run<'py>(
    py: Python<'py>,
    operation: Option<&Operation>,
    handle: Option<&Handle>,
    values: &Bound<'py, PyTuple>,
) -> PyResult<Bound<'py, PyAny>> {
    let ended = match read(operation, handle, values)? {
        Call::Now(work) => py.detach(|| guarded(work)),
        Call::Later(work) => wait::wait(py, work)?,
    };
    answer(py, ended)
}

fn run_async<'py>(
    py: Python<'py>,
    operation: Option<&Operation>,
    handle: Option<&Handle>,
    values: &Bound<'py, PyTuple>,
) -> PyResult<Bound<'py, PyAny>> {
    match read(operation, handle, values)? {
        Call::Now(work) => asyncio::ended(py, guarded(work)),
        Call::Later(work) => asyncio::begin(py, work),
    }
}

/// The result as Python sees it: a value, or an exception.
pub fn answer(py: Python<'_>, ended: Result<Ended, TillgateError>) -> PyResult<Bound<'_, PyAny>> {
    match ended {
        Ok(Ok(value)) => guarded(|| value.to_python(py)).unwrap_or_else(|panic| Err(raise(py, panic))),
        Ok(Err(error)) | Err(error) => Err(raise(py, error)),
    }
}
