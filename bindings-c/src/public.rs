//! What the header has besides core's interface.

use std::ffi::{CString, c_char};
use std::time::Duration;

use zeroize::Zeroize;

use crate::arena::let_go_of_value;
use crate::call::guard;
use crate::generated::tg_error;

/// The version of the binary interface that this header describes. It changes only when something that there was is gone or has
/// changed; what is added does not change it.
pub const TG_ABI_VERSION: u32 = 0;

/// Success, the status of a call that did what it was asked to.
#[allow(dead_code, reason = "for the header alone")]
pub const TG_OK: i32 = 0;

/// A value of an enumeration that a gateway may extend.
///
/// In results both members are set: `tag` is 0 for a value that this version does not know, and `text` is the gateway's own text.
/// In arguments set `tag` and leave `text` NULL, or set `tag` to 0 and `text` to the gateway's text. All zero means absent.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tg_open {
    /// One of the constants of the enumeration, or 0.
    pub tag: i32,
    /// The gateway's own text.
    pub text: *const c_char,
}

/// A text by another text.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tg_pair {
    /// Unique among its like.
    pub key: *const c_char,
    /// What belongs to the key.
    pub value: *const c_char,
}

/// Pairs in the order of their keys.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tg_pair_list {
    /// The first of them.
    pub items: *const tg_pair,
    /// How many there are.
    pub items_len: usize,
}

/// Bytes.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tg_bytes {
    /// The first of them.
    pub data: *const u8,
    /// How many there are.
    pub data_len: usize,
}

/// The `TG_ABI_VERSION` of the library that is loaded. Compare it with that of the header before anything else is called.
#[unsafe(no_mangle)]
pub extern "C" fn tg_abi_version() -> u32 {
    TG_ABI_VERSION
}

/// The version of the library that is loaded, as `major.minor.patch`. Never freed.
#[unsafe(no_mangle)]
pub extern "C" fn tg_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// Ends the threads of the library for good: what runs gets so many milliseconds to finish, and later calls answer
/// `TG_ERROR_CLOSED`. For programs that unload the library; others need not call it. Close each till before.
///
/// Returns `TG_OK` or one of the constants `TG_ERROR_*`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_shut_down(patience_ms: u64, error: *mut *mut tg_error) -> i32 {
    let patience = Duration::from_millis(patience_ms);
    // SAFETY: the caller's promise.
    unsafe { guard(error, &mut || tillgate::shut_down_runtime(patience)) }
}

/// Wipes and frees a text that this library returned. NULL is ignored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_string_free(text: *mut c_char) {
    if !text.is_null() {
        // SAFETY: texts that callers own are what `CString::into_raw` gave.
        unsafe { CString::from_raw(text) }.into_bytes_with_nul().zeroize();
    }
}

/// Frees bytes that this library returned. NULL is ignored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_bytes_free(bytes: *mut tg_bytes) {
    // SAFETY: the caller's promise.
    unsafe { let_go_of_value(bytes.cast()) }
}

/// Frees pairs that this library returned. NULL is ignored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_pair_list_free(pairs: *mut tg_pair_list) {
    // SAFETY: the caller's promise.
    unsafe { let_go_of_value(pairs.cast()) }
}

/// Frees a value of an open enumeration that this library returned by itself. NULL is ignored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_open_free(value: *mut tg_open) {
    // SAFETY: the caller's promise.
    unsafe { let_go_of_value(value.cast()) }
}
