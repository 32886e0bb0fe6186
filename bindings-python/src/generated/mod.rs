use crate::runtime::{Function, Kind, Object};
pub const INTERFACE: &str = "none";
pub static OBJECTS: &[&Object] = &[];
pub static FUNCTIONS: &[Function] = &[];
pub fn kind(_: &tillgate::TillgateError) -> &'static Kind {
    static K: Kind = Kind::new("tillgate", "TillgateError", &[]);
    &K
}
impl crate::runtime::ToPython for tillgate::ErrorDetails {
    fn to_python<'py>(&self, py: pyo3::Python<'py>) -> pyo3::PyResult<pyo3::Bound<'py, pyo3::PyAny>> {
        ().to_python(py)
    }
}
