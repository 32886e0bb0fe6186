//! tillgate as a Node addon.
//!
//! `runtime` is the little of Node-API that is needed, reached through `napi`, `convert` carries values over, `calls` carries calls over, `failure` makes
//! JavaScript errors. What depends on core's interface is generated: it names shapes and operations, and runs through here.

#[macro_use]
#[allow(unused_macros, reason = "what of it is used depends on the types that core has")]
mod shapes;
mod calls;
mod convert;
mod failure;
mod generated;
mod runtime;

use std::ffi::c_void;

use napi::sys;

// Done when the library is loaded: from then on `napi` calls `export` in every thread that asks for the addon.
napi::ctor::declarative::ctor! {
    #[ctor(unsafe)]
    fn register() {
        napi::bindgen_prelude::register_module_export_hook(export);
    }
}

/// What each thread gets: its own state, and a function per operation.
///
/// # Safety
/// Only the registration calls this, with an environment that lives and its `exports` object.
unsafe fn export(env: sys::napi_env, exports: sys::napi_value) -> napi::Result<sys::napi_value> {
    let mut properties: Vec<_> = runtime::FUNCTIONS
        .iter()
        .map(|(name, function)| property(name, *function, std::ptr::null_mut()))
        .collect();
    for operation in generated::operations() {
        let data = std::ptr::from_ref(operation).cast_mut().cast::<c_void>();
        properties.push(property(operation.name, calls::call, data));
    }
    // A failure leaves an empty `exports`, and the package says that it cannot be used.
    unsafe {
        if runtime::State::install(env).is_ok() {
            sys::napi_define_properties(env, exports, properties.len(), properties.as_ptr());
        }
    }
    Ok(exports)
}

fn property(
    name: &'static std::ffi::CStr,
    method: runtime::NativeFunction,
    data: *mut c_void,
) -> sys::napi_property_descriptor {
    sys::napi_property_descriptor {
        utf8name: name.as_ptr(),
        name: std::ptr::null_mut(),
        method: Some(method),
        getter: None,
        setter: None,
        value: std::ptr::null_mut(),
        attributes: sys::PropertyAttributes::default,
        data,
    }
}
