//! What went wrong, and how it becomes a JavaScript error. There is one class of error per kind, made on the JavaScript thread.

use std::any::Any;
use std::fmt;

use napi::sys;
use tillgate as core;

use crate::convert::ToJs;
use crate::runtime::{Js, Value};

/// The result of everything here.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

/// Why a call ended without a value.
pub struct Failure(Box<Cause>);

enum Cause {
    /// A getter or a proxy of the caller threw; that exception is on its way already.
    Thrown,
    /// An argument cannot be what it should. The path is from the argument to the place.
    Argument { path: String, reason: String },
    /// Core answered with an error.
    Core(core::TillgateError),
    /// Node-API refused.
    Engine(sys::napi_status),
}

impl Failure {
    pub fn argument(reason: impl Into<String>) -> Self {
        Self(Box::new(Cause::Argument { path: String::new(), reason: reason.into() }))
    }

    /// The same, at this place.
    pub fn argument_at(path: String, reason: String) -> Self {
        Self(Box::new(Cause::Argument { path, reason }))
    }

    pub fn engine(status: sys::napi_status) -> Self {
        Self(Box::new(match status {
            sys::Status::napi_pending_exception => Cause::Thrown,
            other => Cause::Engine(other),
        }))
    }

    /// A defect.
    pub fn panic(payload: &(dyn Any + Send)) -> Self {
        core::panicked(payload).into()
    }

    /// The same, inside this field or argument. Rust's name becomes JavaScript's.
    #[cold]
    pub fn in_field(self, name: &'static str) -> Self {
        self.inside(&camel(name))
    }

    /// The same, inside this element of a list.
    #[cold]
    pub fn in_element(self, index: u32) -> Self {
        self.inside(&format!("[{index}]"))
    }

    /// The same, inside this key of a map.
    #[cold]
    pub fn in_key(self, key: &str) -> Self {
        self.inside(&format!("[{key:?}]"))
    }

    fn inside(mut self, outer: &str) -> Self {
        if let Cause::Argument { path, .. } = &mut *self.0 {
            let dot = if path.is_empty() || path.starts_with('[') { "" } else { "." };
            *path = format!("{outer}{dot}{path}");
        }
        self
    }
}

impl From<core::TillgateError> for Failure {
    fn from(error: core::TillgateError) -> Self {
        Self(Box::new(Cause::Core(error)))
    }
}

impl Js {
    /// The error object; `None` if an exception is on its way already.
    pub fn error(&self, failure: Failure) -> Option<Value> {
        let error = match *failure.0 {
            Cause::Thrown => return None,
            Cause::Argument { path, reason } => core::TillgateError::invalid_argument(path, reason),
            Cause::Core(error) => error,
            Cause::Engine(_) => core::TillgateError::internal(failure.to_string()),
        };
        let text = error.to_string();
        let (code, details) = crate::generated::error_parts(error);
        let made = self.string(code).and_then(|code| {
            let (text, details) = (self.string(&text)?, details.to_js(self)?);
            self.make_error(code, text, details)
        });
        made.ok()
    }

    /// Throws the error, unless an exception is on its way already.
    pub fn throw(&self, failure: Failure) {
        // Before `bind` there are no classes of errors, so the text is needed as it is.
        let text =
            if self.is_bound() { String::new() } else { format!("tillgate cannot be used here: {failure}") };
        if let Some(error) = self.error(failure) {
            unsafe { sys::napi_throw(self.env, error.0) };
            return;
        }
        let mut pending = false;
        unsafe { sys::napi_is_exception_pending(self.env, &mut pending) };
        if let (false, Ok(text)) = (pending, std::ffi::CString::new(text)) {
            unsafe { sys::napi_throw_error(self.env, std::ptr::null(), text.as_ptr()) };
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Cause::Thrown => write!(f, "an exception of the caller"),
            Cause::Argument { path, reason } if path.is_empty() => write!(f, "{reason}"),
            Cause::Argument { path, reason } => write!(f, "{path}: {reason}"),
            Cause::Core(error) => write!(f, "{error}"),
            Cause::Engine(status) => write!(f, "Node-API answered with status {status}"),
        }
    }
}

/// `face_value` as `faceValue`.
fn camel(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    for (index, word) in name.trim_start_matches("r#").split('_').enumerate() {
        match word.chars().next() {
            Some(first) if index > 0 => {
                camel.extend(first.to_uppercase());
                camel.push_str(&word[first.len_utf8()..]);
            }
            _ => camel.push_str(word),
        }
    }
    camel
}
