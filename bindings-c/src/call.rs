//! The frame around every function: panics and errors become a status, results are written only on success.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::{Arc, Once};

use tillgate::{Result, TillgateError};

use crate::arena::own_error;
use crate::arguments::{Place, object};
use crate::generated::{error_number, tg_error};

/// Where a result goes; known to be writable before anything is done.
pub struct Destination<T>(*mut T);

impl<T> Destination<T> {
    /// Hands the result over.
    pub fn put(self, value: T) {
        // SAFETY: not NULL, and the caller's promise is that it is writable.
        unsafe { self.0.write(value) }
    }
}

/// Checks where a result is to go, before the call: nothing is bought whose receipt cannot be handed over.
pub fn destination<T>(out: *mut T, name: &'static str) -> Result<Destination<T>> {
    if out.is_null() { Err(Place::ARGUMENTS.field(name).wrong("It is NULL.")) } else { Ok(Destination(out)) }
}

/// A share of the object behind the first argument of a method that waits.
///
/// # Safety
/// NULL, or a handle that is not let go of meanwhile.
pub unsafe fn share<T, C>(handle: *const C) -> Result<Arc<T>> {
    // SAFETY: as promised.
    unsafe { object(handle, &Place::ARGUMENTS, "handle") }
}

/// The object behind the first argument of a method that returns at once: counting a share would cost more than the call.
///
/// # Safety
/// NULL, or a handle that is not let go of meanwhile.
pub unsafe fn borrow<'a, T, C>(handle: *const C) -> Result<&'a T> {
    // SAFETY: as promised; handles are what `Arc::into_raw` or `Arc::as_ptr` gave.
    unsafe { handle.cast::<T>().as_ref() }
        .ok_or_else(|| Place::ARGUMENTS.field("handle").wrong("It is NULL."))
}

/// Lets go of a handle.
///
/// # Safety
/// NULL, or a handle that the caller owns, for the last time.
pub unsafe fn let_go<T, C>(handle: *mut C) {
    if handle.is_null() {
        return;
    }
    // A panic while an object is let go of must not reach the caller, who could do nothing about it.
    let _ = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: handles that callers own are what `Arc::into_raw` gave.
        drop(unsafe { Arc::from_raw(handle.cast_const().cast::<T>()) });
    }));
}

/// Runs a call. The status is 0, or the number of the error, which is also put where `error` points.
///
/// # Safety
/// `error` is NULL or writable.
pub unsafe fn guard(error: *mut *mut tg_error, call: &mut dyn FnMut() -> Result<()>) -> i32 {
    quieten_panics();
    let failure = match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(())) => {
            if !error.is_null() {
                // SAFETY: as promised.
                unsafe { error.write(ptr::null_mut()) };
            }
            return 0;
        }
        Ok(Err(failure)) => failure,
        Err(panic) => {
            let mut failure = tillgate::panicked(panic.as_ref());
            if let Some(place) = PANICKED_AT.take() {
                failure.details_mut().reason.push_str(&format!(" ({place})"));
            }
            failure
        }
    };
    // SAFETY: as promised.
    unsafe { report(error, &failure) }
}

#[cold]
unsafe fn report(error: *mut *mut tg_error, failure: &TillgateError) -> i32 {
    if !error.is_null() {
        let made = catch_unwind(AssertUnwindSafe(|| own_error(failure))).unwrap_or(ptr::null_mut());
        // SAFETY: as promised by the caller of `guard`.
        unsafe { error.write(made) };
    }
    error_number(failure)
}

thread_local! {
    static PANICKED_AT: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// A library does not write to the standard error of its host: where a panic was goes into the error instead.
fn quieten_panics() {
    static ONCE: Once = Once::new();
    if ONCE.is_completed() {
        return;
    }
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|panic| {
            let place = panic.location().map(ToString::to_string);
            let _ = PANICKED_AT.try_with(|at| *at.borrow_mut() = place);
        }));
    });
}
