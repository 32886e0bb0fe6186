//! The little of Node-API that tillgate needs. All calls into the engine are in this file and in `calls`.

use std::any::Any;
use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::Arc;

use napi::sys;

use crate::calls::Waiting;
use crate::failure::{Failure, Result};
use crate::generated;

/// A value of JavaScript, good until the native call that saw it returns.
#[derive(Clone, Copy)]
pub struct Value(pub(crate) sys::napi_value);

/// The engine, as one native call on its thread sees it.
#[derive(Clone, Copy)]
pub struct Js {
    pub(crate) env: sys::napi_env,
    state: *const State,
}

/// What each thread that loaded the addon has of its own.
#[derive(Default)]
pub struct State {
    shapes: std::cell::OnceCell<Vec<ShapeFunctions>>,
    make_error: std::cell::OnceCell<sys::napi_ref>,
    make_instant: std::cell::OnceCell<sys::napi_ref>,
    pub(crate) waiting: Waiting,
}

/// The two small JavaScript functions of a record, enumeration or class: the engine compiles them, so that objects have one hidden
/// class and reading a field costs no look-up by name from here.
struct ShapeFunctions {
    /// All values of an object to the object, with those in it.
    make: sys::napi_ref,
    /// Object to array of field values, or to a text that says what is wrong with it.
    open: sys::napi_ref,
}

/// The usual mistake is a body that a web framework has parsed.
const BYTES: &str = "the bytes as they came, a Buffer, Uint8Array or ArrayBuffer (a web framework that parsed the body must be told not to; \
                     in Express express.raw({ type: () => true }) keeps it raw)";

/// A long-lived thing of core, in the hands of the garbage collector.
struct Handle {
    object: Arc<dyn Any + Send + Sync>,
}

impl State {
    /// Gives the environment its state.
    ///
    /// # Safety
    /// The environment lives, and has no state yet.
    pub unsafe fn install(env: sys::napi_env) -> Result<()> {
        let data = Box::into_raw(Box::<State>::default()).cast();
        status(unsafe { sys::napi_set_instance_data(env, data, Some(drop_box::<State>), null_mut()) })
    }
}

/// A function that JavaScript calls.
pub type NativeFunction = unsafe extern "C" fn(sys::napi_env, sys::napi_callback_info) -> sys::napi_value;

/// What the package's own JavaScript calls beside the operations.
pub const FUNCTIONS: &[(&std::ffi::CStr, NativeFunction)] = &[
    (c"bind", bind),
    (c"ticket", crate::calls::ticket),
    (c"abandon", crate::calls::abandon),
    (c"refuse", refuse),
];

/// `refuse(path, reason)`: throws what a wrong argument is answered with.
///
/// # Safety
/// Only Node calls this.
pub unsafe extern "C" fn refuse(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let [path, reason] = unsafe { arguments(env, info) };
    let Ok(js) = (unsafe { Js::of(env) }) else { return null_mut() };
    let texts = js.read_string(path).and_then(|path| Ok((path, js.read_string(reason)?)));
    js.throw(match texts {
        Ok((path, reason)) => Failure::argument_at(path, reason),
        Err(failure) => failure,
    });
    null_mut()
}

/// So many arguments of a call, `undefined` where there are fewer.
///
/// # Safety
/// Inside a call that Node made.
pub unsafe fn arguments<const COUNT: usize>(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> [Value; COUNT] {
    let mut arguments = [null_mut(); COUNT];
    let mut count = COUNT;
    unsafe { sys::napi_get_cb_info(env, info, &mut count, arguments.as_mut_ptr(), null_mut(), null_mut()) };
    arguments.map(Value)
}

/// `bind(fingerprint, shapes, makeError, makeInstant)`: hands over the functions that make and open objects. The
/// fingerprint tells whether the JavaScript files and the addon were generated together.
///
/// # Safety
/// Only Node calls this.
pub unsafe extern "C" fn bind(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let given = unsafe { arguments(env, info) };
    if let Ok(js) = unsafe { Js::of(env) }
        && let Err(failure) = js.bind(given)
    {
        js.throw(failure);
    }
    null_mut()
}

impl Js {
    /// The engine of this environment.
    ///
    /// # Safety
    /// The environment lives and this is its thread, inside a native call.
    pub unsafe fn of(env: sys::napi_env) -> Result<Js> {
        let mut state = null_mut();
        status(unsafe { sys::napi_get_instance_data(env, &mut state) })?;
        if state.is_null() {
            return Err(Failure::engine(sys::Status::napi_generic_failure));
        }
        Ok(Js { env, state: state.cast_const().cast() })
    }

    pub(crate) fn state(&self) -> &State {
        // The state lives as long as the environment, and whoever holds a `Js` is inside a call of it.
        unsafe { &*self.state }
    }

    fn bind(&self, [fingerprint, shapes, make_error, make_instant]: [Value; 4]) -> Result<()> {
        let found = self.read_string(fingerprint)?;
        if found != generated::FINGERPRINT {
            return Err(Failure::argument(format!(
                "the JavaScript files and the native addon are of different versions ({found} and {})",
                generated::FINGERPRINT
            )));
        }
        let mut all = Vec::with_capacity(generated::SHAPES);
        for index in 0..self.length(shapes)? {
            let pair = self.element(shapes, index)?;
            let make = self.keep(self.element(pair, 0)?)?;
            let open = self.keep(self.element(pair, 1)?)?;
            all.push(ShapeFunctions { make, open });
        }
        if all.len() != generated::SHAPES {
            return Err(Failure::argument("the native addon knows other shapes than the JavaScript files"));
        }
        let state = self.state();
        // Bound once per thread; a second time changes nothing.
        let _ = state.shapes.set(all);
        let _ = state.make_error.set(self.keep(make_error)?);
        let _ = state.make_instant.set(self.keep(make_instant)?);
        Ok(())
    }

    /// Whether the JavaScript files have handed over their functions.
    pub fn is_bound(&self) -> bool {
        self.state().make_error.get().is_some()
    }

    /// An object of this shape, made of these values.
    pub fn make(&self, shape: usize, values: &[Value]) -> Result<Value> {
        self.invoke(self.shape(shape)?.make, values)
    }

    /// The field values of an object of this shape, in the order of the shape.
    pub fn open(&self, shape: usize, object: Value) -> Result<Opened<'_>> {
        let fields = self.invoke(self.shape(shape)?.open, &[object])?;
        if self.is_array(fields)? {
            return Ok(Opened { js: self, fields, next: std::cell::Cell::new(0) });
        }
        Err(Failure::argument(self.read_string(fields)?))
    }

    fn shape(&self, shape: usize) -> Result<&ShapeFunctions> {
        self.state()
            .shapes
            .get()
            .and_then(|all| all.get(shape))
            .ok_or_else(|| Failure::engine(sys::Status::napi_generic_failure))
    }

    /// An error object with this code, text and details.
    pub fn make_error(&self, code: Value, text: Value, details: Value) -> Result<Value> {
        self.invoke(bound(&self.state().make_error)?, &[code, text, details])
    }

    /// A date that knows digits below the millisecond.
    pub fn make_instant(&self, values: &[Value]) -> Result<Value> {
        self.invoke(bound(&self.state().make_instant)?, values)
    }

    fn keep(&self, function: Value) -> Result<sys::napi_ref> {
        let mut kept = null_mut();
        status(unsafe { sys::napi_create_reference(self.env, function.0, 1, &mut kept) })?;
        Ok(kept)
    }

    fn invoke(&self, function: sys::napi_ref, arguments: &[Value]) -> Result<Value> {
        let function = self.made(|to| unsafe { sys::napi_get_reference_value(self.env, function, to) })?;
        // `Value` is one pointer, so an array of them is an array of Node's.
        let pointer = arguments.as_ptr().cast::<sys::napi_value>();
        let this = self.undefined()?;
        self.made(|to| unsafe {
            sys::napi_call_function(self.env, this.0, function.0, arguments.len(), pointer, to)
        })
    }

    fn made(&self, make: impl FnOnce(*mut sys::napi_value) -> sys::napi_status) -> Result<Value> {
        let mut value = null_mut();
        status(make(&mut value))?;
        Ok(Value(value))
    }

    pub fn undefined(&self) -> Result<Value> {
        self.made(|to| unsafe { sys::napi_get_undefined(self.env, to) })
    }

    pub fn null(&self) -> Result<Value> {
        self.made(|to| unsafe { sys::napi_get_null(self.env, to) })
    }

    pub fn boolean(&self, value: bool) -> Result<Value> {
        self.made(|to| unsafe { sys::napi_get_boolean(self.env, value, to) })
    }

    pub fn number(&self, value: f64) -> Result<Value> {
        self.made(|to| unsafe { sys::napi_create_double(self.env, value, to) })
    }

    pub fn small_number(&self, value: i32) -> Result<Value> {
        self.made(|to| unsafe { sys::napi_create_int32(self.env, value, to) })
    }

    pub fn bigint(&self, value: i64) -> Result<Value> {
        self.made(|to| unsafe { sys::napi_create_bigint_int64(self.env, value, to) })
    }

    pub fn bigint_unsigned(&self, value: u64) -> Result<Value> {
        self.made(|to| unsafe { sys::napi_create_bigint_uint64(self.env, value, to) })
    }

    pub fn string(&self, text: &str) -> Result<Value> {
        let (pointer, length) = (text.as_ptr().cast(), text.len() as isize);
        // ASCII, which is nearly everything, needs no decoding.
        if text.is_ascii() {
            self.made(|to| unsafe { sys::napi_create_string_latin1(self.env, pointer, length, to) })
        } else {
            self.made(|to| unsafe { sys::napi_create_string_utf8(self.env, pointer, length, to) })
        }
    }

    pub fn date(&self, milliseconds: f64) -> Result<Value> {
        self.made(|to| unsafe { sys::napi_create_date(self.env, milliseconds, to) })
    }

    pub fn bytes(&self, bytes: &[u8]) -> Result<Value> {
        self.made(|to| unsafe {
            sys::napi_create_buffer_copy(self.env, bytes.len(), bytes.as_ptr().cast(), null_mut(), to)
        })
    }

    /// An object without properties.
    pub fn object(&self) -> Result<Value> {
        self.made(|to| unsafe { sys::napi_create_object(self.env, to) })
    }

    /// Gives the object a property of its own, as one in a literal is.
    pub fn define(&self, object: Value, key: Value, value: Value) -> Result<()> {
        let property = sys::napi_property_descriptor {
            utf8name: std::ptr::null(),
            name: key.0,
            method: None,
            getter: None,
            setter: None,
            value: value.0,
            attributes: sys::PropertyAttributes::writable
                | sys::PropertyAttributes::enumerable
                | sys::PropertyAttributes::configurable,
            data: null_mut(),
        };
        status(unsafe { sys::napi_define_properties(self.env, object.0, 1, &property) })
    }

    /// An array of what the items become. Each item's own handles are let go of before the next.
    pub fn array<T>(&self, items: Vec<T>, to_js: impl Fn(&Js, T) -> Result<Value>) -> Result<Value> {
        let array =
            self.made(|to| unsafe { sys::napi_create_array_with_length(self.env, items.len(), to) })?;
        for (index, item) in items.into_iter().enumerate() {
            self.scoped(|js| {
                let value = to_js(js, item)?;
                status(unsafe { sys::napi_set_element(js.env, array.0, index as u32, value.0) })
            })?;
        }
        Ok(array)
    }

    /// Runs with a scope of its own: the values made inside are gone after.
    pub fn scoped<T>(&self, run: impl FnOnce(&Js) -> Result<T>) -> Result<T> {
        let mut scope = null_mut();
        status(unsafe { sys::napi_open_handle_scope(self.env, &mut scope) })?;
        let result = run(self);
        unsafe { sys::napi_close_handle_scope(self.env, scope) };
        result
    }

    /// A handle that keeps the object alive until it is collected.
    pub fn handle(&self, object: Arc<dyn Any + Send + Sync>) -> Result<Value> {
        let data: *mut c_void = Box::into_raw(Box::new(Handle { object })).cast();
        let made = self.made(|to| unsafe {
            sys::napi_create_external(self.env, data, Some(drop_box::<Handle>), null_mut(), to)
        });
        if made.is_err() {
            drop(unsafe { Box::<Handle>::from_raw(data.cast()) });
        }
        made
    }

    /// The object behind a handle. Handles are private fields of the classes, so no other addon's external comes here.
    pub fn read_handle<T: Any + Send + Sync>(&self, handle: Value) -> Result<Arc<T>> {
        let mut data = null_mut();
        status(unsafe { sys::napi_get_value_external(self.env, handle.0, &mut data) })
            .map_err(|_| Failure::argument("expected an object of this library"))?;
        let handle = unsafe { &*data.cast::<Handle>() };
        Arc::downcast(handle.object.clone())
            .map_err(|_| Failure::argument("this is an object of another class"))
    }

    pub fn kind(&self, value: Value) -> Result<sys::napi_valuetype> {
        let mut kind = sys::ValueType::napi_undefined;
        status(unsafe { sys::napi_typeof(self.env, value.0, &mut kind) })?;
        Ok(kind)
    }

    /// Whether it is `undefined` or `null`.
    pub fn is_absent(&self, value: Value) -> Result<bool> {
        Ok(matches!(self.kind(value)?, sys::ValueType::napi_undefined | sys::ValueType::napi_null))
    }

    pub fn is_array(&self, value: Value) -> Result<bool> {
        let mut is_array = false;
        status(unsafe { sys::napi_is_array(self.env, value.0, &mut is_array) })?;
        Ok(is_array)
    }

    pub fn length(&self, array: Value) -> Result<u32> {
        let mut length = 0;
        status(unsafe { sys::napi_get_array_length(self.env, array.0, &mut length) })?;
        Ok(length)
    }

    pub fn element(&self, array: Value, index: u32) -> Result<Value> {
        self.made(|to| unsafe { sys::napi_get_element(self.env, array.0, index, to) })
    }

    pub fn property(&self, object: Value, name: &std::ffi::CStr) -> Result<Value> {
        self.made(|to| unsafe { sys::napi_get_named_property(self.env, object.0, name.as_ptr(), to) })
    }

    pub fn property_by_key(&self, object: Value, key: Value) -> Result<Value> {
        self.made(|to| unsafe { sys::napi_get_property(self.env, object.0, key.0, to) })
    }

    /// The object's own enumerable keys, as strings.
    pub fn keys(&self, object: Value) -> Result<Value> {
        self.made(|to| unsafe {
            sys::napi_get_all_property_names(
                self.env,
                object.0,
                sys::KeyCollectionMode::own_only,
                sys::KeyFilter::enumerable | sys::KeyFilter::skip_symbols,
                sys::KeyConversion::numbers_to_strings,
                to,
            )
        })
    }

    pub fn read_boolean(&self, value: Value) -> Result<bool> {
        let mut read = false;
        status(unsafe { sys::napi_get_value_bool(self.env, value.0, &mut read) })
            .map_err(|_| self.expected("true or false", value))?;
        Ok(read)
    }

    /// A number as it is in JavaScript; `None` if the value is something else.
    pub fn read_number(&self, value: Value) -> Option<f64> {
        let mut read = 0.0;
        let found = unsafe { sys::napi_get_value_double(self.env, value.0, &mut read) };
        (found == sys::Status::napi_ok).then_some(read)
    }

    /// A bigint that fits; `None` if the value is something else or does not fit.
    pub fn read_bigint(&self, value: Value) -> Option<i128> {
        let (mut signed, mut unsigned, mut exact) = (0, 0, false);
        let ok = sys::Status::napi_ok;
        if unsafe { sys::napi_get_value_bigint_int64(self.env, value.0, &mut signed, &mut exact) } == ok
            && exact
        {
            return Some(signed.into());
        }
        if unsafe { sys::napi_get_value_bigint_uint64(self.env, value.0, &mut unsigned, &mut exact) } == ok
            && exact
        {
            return Some(unsigned.into());
        }
        None
    }

    pub fn read_date(&self, value: Value) -> Result<f64> {
        let mut read = 0.0;
        status(unsafe { sys::napi_get_date_value(self.env, value.0, &mut read) })
            .map_err(|_| self.expected("a Date", value))?;
        if read.is_nan() {
            return Err(Failure::argument("an invalid Date"));
        }
        Ok(read)
    }

    pub fn read_bytes(&self, value: Value) -> Result<Vec<u8>> {
        let (mut kind, mut length, mut data) = (0, 0, null_mut());
        let read = unsafe {
            sys::napi_get_typedarray_info(
                self.env,
                value.0,
                &mut kind,
                &mut length,
                &mut data,
                null_mut(),
                null_mut(),
            )
        };
        let is_bytes = [sys::TypedarrayType::uint8_array, sys::TypedarrayType::uint8_clamped_array];
        if read != sys::Status::napi_ok {
            // As `await request.arrayBuffer()` gives them.
            status(unsafe { sys::napi_get_arraybuffer_info(self.env, value.0, &mut data, &mut length) })
                .map_err(|_| self.expected(BYTES, value))?;
        } else if !is_bytes.contains(&kind) {
            return Err(self.expected(BYTES, value));
        }
        if length == 0 {
            return Ok(Vec::new());
        }
        Ok(unsafe { std::slice::from_raw_parts(data.cast::<u8>(), length) }.to_vec())
    }

    pub fn read_string(&self, value: Value) -> Result<String> {
        let mut short = [0u8; 128];
        let mut length = 0;
        let read = unsafe {
            sys::napi_get_value_string_utf8(
                self.env,
                value.0,
                short.as_mut_ptr().cast(),
                short.len(),
                &mut length,
            )
        };
        if read != sys::Status::napi_ok {
            return Err(self.expected("a string", value));
        }
        // Four bytes are left free when the next character did not fit, and one for the closing zero.
        let text = if length + 5 <= short.len() { short[..length].to_vec() } else { self.read_long(value)? };
        let text = String::from_utf8(text).map_err(|_| Failure::engine(sys::Status::napi_generic_failure))?;
        // The engine writes half a surrogate pair as U+FFFD; a text that was altered on the way in would be a lie.
        if text.contains('\u{FFFD}') && !self.is_well_formed(value)? {
            return Err(Failure::argument("the string holds half a character (a lone surrogate)"));
        }
        Ok(text)
    }

    fn read_long(&self, value: Value) -> Result<Vec<u8>> {
        let mut length = 0;
        status(unsafe { sys::napi_get_value_string_utf8(self.env, value.0, null_mut(), 0, &mut length) })?;
        let mut text = vec![0u8; length + 1];
        let pointer = text.as_mut_ptr().cast();
        status(unsafe {
            sys::napi_get_value_string_utf8(self.env, value.0, pointer, text.len(), &mut length)
        })?;
        text.truncate(length);
        Ok(text)
    }

    fn is_well_formed(&self, value: Value) -> Result<bool> {
        let mut length = 0;
        status(unsafe { sys::napi_get_value_string_utf16(self.env, value.0, null_mut(), 0, &mut length) })?;
        let mut units = vec![0u16; length + 1];
        let pointer = units.as_mut_ptr();
        status(unsafe {
            sys::napi_get_value_string_utf16(self.env, value.0, pointer, units.len(), &mut length)
        })?;
        Ok(String::from_utf16(&units[..length]).is_ok())
    }

    /// Another kind of value was expected.
    pub fn expected(&self, what: &str, found: Value) -> Failure {
        let found = match self.kind(found).unwrap_or(sys::ValueType::napi_object) {
            sys::ValueType::napi_undefined => return Failure::argument(format!("missing: expected {what}")),
            sys::ValueType::napi_null => "null",
            sys::ValueType::napi_boolean => "a boolean",
            sys::ValueType::napi_number => "a number",
            sys::ValueType::napi_string => "a string",
            sys::ValueType::napi_bigint => "a bigint",
            sys::ValueType::napi_function => "a function",
            sys::ValueType::napi_symbol => "a symbol",
            _ => "an object",
        };
        Failure::argument(format!("expected {what}, found {found}"))
    }
}

/// The field values of an object, read one after the other.
pub struct Opened<'js> {
    js: &'js Js,
    fields: Value,
    next: std::cell::Cell<u32>,
}

impl Opened<'_> {
    /// The next field; the name is for the error.
    pub fn read<T: crate::convert::FromJs>(&self, name: &'static str) -> Result<T> {
        let index = self.next.replace(self.next.get() + 1);
        self.js
            .element(self.fields, index)
            .and_then(|value| T::from_js(self.js, value))
            .map_err(|failure| failure.in_field(name))
    }

    /// The next field, as it is.
    pub fn read_raw(&self) -> Result<Value> {
        self.js.element(self.fields, self.next.replace(self.next.get() + 1))
    }
}

fn bound(function: &std::cell::OnceCell<sys::napi_ref>) -> Result<sys::napi_ref> {
    function.get().copied().ok_or_else(|| Failure::engine(sys::Status::napi_generic_failure))
}

/// What the engine answered.
pub fn status(found: sys::napi_status) -> Result<()> {
    match found {
        sys::Status::napi_ok => Ok(()),
        other => Err(Failure::engine(other)),
    }
}

/// Called by the engine when it is done with what was boxed.
unsafe extern "C" fn drop_box<T>(_env: sys::napi_env, data: *mut c_void, _hint: *mut c_void) {
    // A panic must not leave through C.
    let _ = std::panic::catch_unwind(|| drop(unsafe { Box::<T>::from_raw(data.cast()) }));
}
