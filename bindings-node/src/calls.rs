//! One way for every call, and one for every promise.
//!
//! Core runs its work on its own runtime and lets any executor poll the outer future. So the future is polled here, on the
//! JavaScript thread, first when the call is made and again when it wakes: no other thread touches it, the result becomes
//! JavaScript's where it arrives, and nothing of this is generic.

use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::ptr::null_mut;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use napi::sys;
use tillgate as core;

use crate::convert::{FromJs, ToJs};
use crate::failure::{Failure, Result};
use crate::runtime::{Js, Value, status};

/// A constructor, method or function of core, as JavaScript sees it.
pub struct Operation {
    pub name: &'static std::ffi::CStr,
    pub run: fn(&Js, &Call) -> Result<Value>,
}

/// The most arguments that a call has, the object among them.
pub const ARGUMENTS_MAX: usize = 8;
/// The most calls of one thread that wait for their results; above it core could not keep up anyway.
const WAITING_MAX: usize = 65_536;

/// The arguments of a call. What the caller left out is `undefined`.
pub struct Call {
    arguments: [sys::napi_value; ARGUMENTS_MAX],
}

impl Call {
    /// The object whose method it is: always the first argument.
    pub fn this<T: std::any::Any + Send + Sync>(&self, js: &Js) -> Result<Arc<T>> {
        js.read_handle(Value(self.arguments[0]))
    }

    /// The argument at this place; the name is for the error.
    pub fn argument<T: FromJs>(&self, js: &Js, place: usize, name: &'static str) -> Result<T> {
        T::from_js(js, Value(self.arguments[place])).map_err(|failure| failure.in_field(name))
    }
}

/// What Node calls for each operation; the operation is the function's data.
///
/// # Safety
/// Only Node calls this, for functions that were made with a `&'static Operation`.
pub unsafe extern "C" fn call(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let mut call = Call { arguments: [null_mut(); ARGUMENTS_MAX] };
    let (mut count, mut data) = (ARGUMENTS_MAX, null_mut());
    let read = unsafe {
        sys::napi_get_cb_info(env, info, &mut count, call.arguments.as_mut_ptr(), null_mut(), &mut data)
    };
    let Ok(js) = status(read).and_then(|()| unsafe { Js::of(env) }) else { return null_mut() };
    let operation = unsafe { &*data.cast_const().cast::<Operation>() };
    match guarded(|| (operation.run)(&js, &call)) {
        Ok(value) => value.0,
        Err(failure) => {
            js.throw(failure);
            null_mut()
        }
    }
}

/// `ticket()`: names the call that was begun last on this thread, for `abandon`.
///
/// # Safety
/// Only Node calls this.
pub unsafe extern "C" fn ticket(env: sys::napi_env, _info: sys::napi_callback_info) -> sys::napi_value {
    let Ok(js) = (unsafe { Js::of(env) }) else { return null_mut() };
    // Exact far beyond what a process can call.
    js.number(js.state().waiting.ticket.get() as f64).map_or(null_mut(), |ticket| ticket.0)
}

/// `abandon(ticket)`: nobody waits for that call any more.
///
/// # Safety
/// Only Node calls this.
pub unsafe extern "C" fn abandon(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let [ticket] = unsafe { crate::runtime::arguments(env, info) };
    let Ok(js) = (unsafe { Js::of(env) }) else { return null_mut() };
    let _ = guarded(|| js.abandon(js.read_number(ticket).unwrap_or_default() as u64));
    null_mut()
}

/// Runs; a panic becomes a failure.
fn guarded<T>(run: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| Err(Failure::panic(&*panic)))
}

type Work = Pin<Box<dyn Future<Output = Result<Value>>>>;

/// The calls of one thread that have no result yet.
#[derive(Default)]
pub struct Waiting {
    calls: RefCell<Vec<Option<Pending>>>,
    free: RefCell<Vec<usize>>,
    bell: RefCell<Option<Arc<Bell>>>,
    /// Names the call that began last.
    ticket: Cell<u64>,
}

struct Pending {
    ticket: u64,
    /// Taken out while it is polled.
    work: Option<Work>,
    deferred: sys::napi_deferred,
    waker: Waker,
}

/// How other threads tell this one that a call can go on.
struct Bell {
    rope: Mutex<Rope>,
}

struct Rope {
    /// None when the environment is going away: nobody is there to hear.
    function: Option<sys::napi_threadsafe_function>,
    /// The places of the calls that can go on.
    ready: Vec<usize>,
}

// The thread-safe function is made to be called from any thread; the lock keeps it from being called after its end.
unsafe impl Send for Rope {}

/// Wakes one call.
struct Ringer {
    bell: Arc<Bell>,
    place: usize,
}

impl Wake for Ringer {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut rope = self.bell.rope.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(function) = rope.function else { return };
        rope.ready.push(self.place);
        // One ring for all that are ready: the listener empties the list.
        if rope.ready.len() == 1 {
            let mode = sys::ThreadsafeFunctionCallMode::nonblocking;
            unsafe { sys::napi_call_threadsafe_function(function, null_mut(), mode) };
        }
    }
}

impl Js {
    /// A promise of what the future will give.
    pub fn promise<T: ToJs + 'static>(
        &self,
        future: impl Future<Output = Result<T, core::TillgateError>> + 'static,
    ) -> Result<Value> {
        let js = *self;
        self.start(Box::pin(async move {
            let value = future.await?;
            value.to_js(&js)
        }))
    }

    fn start(&self, work: Work) -> Result<Value> {
        let waiting = &self.state().waiting;
        let bell = self.bell()?;
        let (mut deferred, mut promise) = (null_mut(), null_mut());
        let place = waiting.free.borrow_mut().pop().unwrap_or(waiting.calls.borrow().len());
        if place >= WAITING_MAX {
            return Err(too_many());
        }
        status(unsafe { sys::napi_create_promise(self.env, &mut deferred, &mut promise) })?;
        let waker = Waker::from(Arc::new(Ringer { bell, place }));
        // Where it is, and that it is this one and no later one.
        let ticket = (waiting.ticket.get() / WAITING_MAX as u64 + 1) * WAITING_MAX as u64 + place as u64;
        waiting.ticket.set(ticket);
        let pending = Some(Pending { ticket, work: Some(work), deferred, waker });
        let mut calls = waiting.calls.borrow_mut();
        let first = calls.len() == waiting.free.borrow().len();
        if place == calls.len() {
            calls.push(pending);
        } else {
            calls[place] = pending;
        }
        drop(calls);
        if first {
            self.keep_process_alive(true);
        }
        self.go_on(place);
        Ok(Value(promise))
    }

    /// Polls the call at this place, and settles its promise when it is done.
    fn go_on(&self, place: usize) {
        let waiting = &self.state().waiting;
        let taken = match waiting.calls.borrow_mut().get_mut(place) {
            Some(Some(pending)) => {
                pending.work.take().map(|work| (work, pending.waker.clone(), pending.deferred))
            }
            _ => None,
        };
        // A late wake-up of a call that is done.
        let Some((mut work, waker, deferred)) = taken else { return };
        let mut context = Context::from_waker(&waker);
        let done = guarded(|| match work.as_mut().poll(&mut context) {
            Poll::Pending => Ok(None),
            Poll::Ready(result) => result.map(Some),
        });
        if matches!(done, Ok(None)) {
            if let Some(Some(pending)) = waiting.calls.borrow_mut().get_mut(place) {
                pending.work = Some(work);
            }
            return;
        }
        let _ = catch_unwind(AssertUnwindSafe(|| drop(work)));
        self.settle(deferred, done);
        self.leave(place);
    }

    /// Makes room: the call at this place is done.
    fn leave(&self, place: usize) {
        let waiting = &self.state().waiting;
        waiting.calls.borrow_mut()[place] = None;
        waiting.free.borrow_mut().push(place);
        if waiting.free.borrow().len() == waiting.calls.borrow().len() {
            waiting.calls.borrow_mut().clear();
            waiting.free.borrow_mut().clear();
            self.keep_process_alive(false);
        }
    }

    /// Lets go of the wait with this ticket, and of the wait alone: what core began goes on. Its promise, which nobody looks
    /// at any more, is resolved.
    fn abandon(&self, ticket: u64) -> Result<()> {
        let waiting = &self.state().waiting;
        let place = (ticket % WAITING_MAX as u64) as usize;
        let found = match waiting.calls.borrow_mut().get_mut(place) {
            Some(Some(call)) if call.ticket == ticket => Some((call.work.take(), call.deferred)),
            _ => None,
        };
        // It has ended already.
        let Some((work, deferred)) = found else { return Ok(()) };
        let _ = catch_unwind(AssertUnwindSafe(|| drop(work)));
        let undefined = self.undefined()?;
        unsafe { sys::napi_resolve_deferred(self.env, deferred, undefined.0) };
        self.leave(place);
        Ok(())
    }

    fn settle(&self, deferred: sys::napi_deferred, done: Result<Option<Value>>) {
        let rejected = match done {
            Ok(Some(value)) => {
                unsafe { sys::napi_resolve_deferred(self.env, deferred, value.0) };
                return;
            }
            Ok(None) => return,
            Err(failure) => self.error(failure),
        };
        let error = rejected.or_else(|| {
            // What was thrown while the result was made.
            let mut thrown = null_mut();
            let taken = unsafe { sys::napi_get_and_clear_last_exception(self.env, &mut thrown) };
            status(taken).ok().map(|()| Value(thrown))
        });
        if let Some(error) = error.or_else(|| self.undefined().ok()) {
            unsafe { sys::napi_reject_deferred(self.env, deferred, error.0) };
        }
    }

    /// The bell of this thread, hung up when it is first needed.
    fn bell(&self) -> Result<Arc<Bell>> {
        let mut slot = self.state().waiting.bell.borrow_mut();
        if let Some(bell) = &*slot {
            return Ok(bell.clone());
        }
        let name = self.string("tillgate")?;
        let mut function = null_mut();
        status(unsafe {
            sys::napi_create_threadsafe_function(
                self.env,
                null_mut(),
                null_mut(),
                name.0,
                0,
                1,
                null_mut(),
                None,
                null_mut(),
                Some(rung),
                &mut function,
            )
        })?;
        let bell = Arc::new(Bell { rope: Mutex::new(Rope { function: Some(function), ready: Vec::new() }) });
        // Runs before the function's own end, which was announced before this.
        let hook = Arc::into_raw(bell.clone()).cast_mut().cast();
        status(unsafe { sys::napi_add_env_cleanup_hook(self.env, Some(cut), hook) })?;
        unsafe { sys::napi_unref_threadsafe_function(self.env, function) };
        *slot = Some(bell.clone());
        Ok(bell)
    }

    /// The process lives as long as a call waits, and no longer.
    fn keep_process_alive(&self, alive: bool) {
        let Ok(bell) = self.bell() else { return };
        let function = bell.rope.lock().unwrap_or_else(PoisonError::into_inner).function;
        let Some(function) = function else { return };
        unsafe {
            if alive {
                sys::napi_ref_threadsafe_function(self.env, function);
            } else {
                sys::napi_unref_threadsafe_function(self.env, function);
            }
        }
    }
}

fn too_many() -> Failure {
    let reason = format!("{WAITING_MAX} calls are waiting for their results.");
    let details =
        core::ErrorDetails::local(reason, "Nothing was sent for this call. Wait for some of them first.");
    core::TillgateError::RateLimited { details }.into()
}

/// Called on the JavaScript thread after a ring.
unsafe extern "C" fn rung(
    env: sys::napi_env,
    _function: sys::napi_value,
    _context: *mut c_void,
    _data: *mut c_void,
) {
    // The environment is null when it is going away.
    if env.is_null() {
        return;
    }
    let Ok(js) = (unsafe { Js::of(env) }) else { return };
    let _ = guarded(|| {
        let bell = js.bell()?;
        let ready = std::mem::take(&mut bell.rope.lock().unwrap_or_else(PoisonError::into_inner).ready);
        for place in ready {
            js.scoped(|js| {
                js.go_on(place);
                Ok(())
            })?;
        }
        Ok(())
    });
}

/// Called when the environment goes away: from here on nobody rings.
unsafe extern "C" fn cut(bell: *mut c_void) {
    let bell = unsafe { Arc::<Bell>::from_raw(bell.cast_const().cast()) };
    bell.rope.lock().unwrap_or_else(PoisonError::into_inner).function = None;
}
