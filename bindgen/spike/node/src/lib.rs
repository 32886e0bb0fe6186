//! tillgate as a Node addon.
//!
//! `runtime` is the little of Node-API that is needed, `convert` carries values over, `calls` carries calls over, `failure` makes
//! JavaScript errors. What depends on core's interface is generated: it names shapes and operations, and runs through here.

#[macro_use]
mod shapes;
mod calls;
mod convert;
mod failure;
mod generated;
mod runtime;

use std::ffi::c_void;

use napi_sys as sys;

/// What Node calls when a thread loads the addon.
///
/// # Safety
/// Only Node calls this, with an environment that lives and its `exports` object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn napi_register_module_v1(
    env: sys::napi_env,
    exports: sys::napi_value,
) -> sys::napi_value {
    // Without it the library of symbols would be closed again; it is the host process itself.
    #[cfg(target_env = "msvc")]
    std::mem::forget(unsafe { sys::setup() });
    let mut properties = vec![property(c"bind", runtime::bind, std::ptr::null_mut())];
    for operation in generated::operations() {
        let data = std::ptr::from_ref(operation).cast_mut().cast::<c_void>();
        properties.push(property(operation.name, calls::call, data));
    }
    // A failure here leaves an empty `exports`, and the package says that it cannot be loaded.
    unsafe {
        if runtime::State::install(env).is_ok() {
            sys::napi_define_properties(env, exports, properties.len(), properties.as_ptr());
        }
    }
    exports
}

fn property(
    name: &'static std::ffi::CStr,
    method: unsafe extern "C" fn(sys::napi_env, sys::napi_callback_info) -> sys::napi_value,
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
