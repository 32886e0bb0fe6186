//! The native half of the Python package: a few classes, and the tables of operations that are generated from core.

mod generated;
#[allow(dead_code, reason = "what of it is used depends on the types that core has")]
mod runtime;

use pyo3::prelude::*;

/// What `tillgate._native` holds; its face is `python/tillgate/_native.pyi`.
#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("INTERFACE", generated::INTERFACE)?;
    module.add_class::<runtime::Handle>()?;
    module.add_function(wrap_pyfunction!(runtime::question_of, module)?)?;
    module.add_function(wrap_pyfunction!(runtime::construct, module)?)?;
    module.add_function(wrap_pyfunction!(runtime::construct_async, module)?)?;
    module.add_function(wrap_pyfunction!(runtime::call, module)?)?;
    module.add_function(wrap_pyfunction!(runtime::call_async, module)?)?;
    module.add_function(wrap_pyfunction!(runtime::stop, module)?)
}
