//! Errors of core as exceptions of Python.

use super::ToPython;
use pyo3::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tillgate::TillgateError;

/// The exception for an error: `str()` is the text that Rust shows, the attributes are the facts.
pub fn raise(py: Python<'_>, error: TillgateError) -> PyErr {
    let exception = || {
        let details = error.details().to_python(py)?;
        crate::generated::kind(&error).get(py)?.call1((error.to_string(), details))
    };
    match exception() {
        Ok(exception) => PyErr::from_value(exception),
        Err(error) => error,
    }
}

/// Runs what may panic; a panic is the error `Internal`.
pub fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, TillgateError> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let text = panic
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("it said nothing");
        TillgateError::internal(format!("a panic: {text}."))
    })
}
