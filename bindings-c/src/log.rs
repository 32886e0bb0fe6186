//! What the library tells of its work, to a function of the host. Without one nothing is formatted and nothing is written.

use std::ffi::{CString, c_char, c_void};
use std::fmt::{Debug, Write};
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use std::sync::{Once, PoisonError, RwLock};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Something failed.
pub const TG_LOG_ERROR: i32 = 1;
/// Something is not as it should be, and work goes on.
pub const TG_LOG_WARNING: i32 = 2;
/// What an operator may want to know.
pub const TG_LOG_INFO: i32 = 3;
/// What somebody who looks for a fault wants to know.
pub const TG_LOG_DEBUG: i32 = 4;
/// Everything.
pub const TG_LOG_TRACE: i32 = 5;

/// Gets one line of the log: the pointer that was given with it, one of the constants `TG_LOG_*`, the part of the library, and the
/// text. Both texts are gone after the call. No secret is ever in them.
pub type tg_log_function = Option<
    unsafe extern "C" fn(user_data: *mut c_void, level: i32, part: *const c_char, text: *const c_char),
>;

/// Lets the library tell of its work; NULL ends it.
///
/// The function is called from any thread, from several at once, for lines up to this level. It must not call this function. When
/// this function returns, the former one is not called any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_log_set(log: tg_log_function, user_data: *mut c_void, level_max: i32) {
    static ONCE: Once = Once::new();
    let mut listener = LISTENER.write().unwrap_or_else(PoisonError::into_inner);
    *listener = log.map(|log| Listener { log, user_data });
    LEVEL_MAX.store(if log.is_some() { level_max } else { 0 }, Ordering::Relaxed);
    drop(listener);
    if log.is_some() {
        // Only here, so that a host that asked for nothing pays nothing.
        ONCE.call_once(|| drop(tracing::subscriber::set_global_default(ToListener)));
    }
}

struct Listener {
    log: unsafe extern "C" fn(*mut c_void, i32, *const c_char, *const c_char),
    user_data: *mut c_void,
}
// SAFETY: the host has promised that its function may be called from any thread with this pointer.
unsafe impl Send for Listener {}
// SAFETY: as above.
unsafe impl Sync for Listener {}

static LISTENER: RwLock<Option<Listener>> = RwLock::new(None);
static LEVEL_MAX: AtomicI32 = AtomicI32::new(0);

/// Passes each event on by itself; spans are known only so that they can be told apart.
struct ToListener;

impl Subscriber for ToListener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        number(*metadata.level()) <= LEVEL_MAX.load(Ordering::Relaxed)
    }

    fn register_callsite(&self, _: &'static Metadata<'static>) -> tracing::subscriber::Interest {
        // The level may change at any time.
        tracing::subscriber::Interest::sometimes()
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Id::from_u64(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        let part = CString::new(event.metadata().target()).unwrap_or_default();
        let text = CString::new(line.0.replace('\0', "\u{fffd}")).unwrap_or_default();
        let level = number(*event.metadata().level());
        if let Some(listener) = &*LISTENER.read().unwrap_or_else(PoisonError::into_inner) {
            // SAFETY: the host's promise; the texts live until after the call.
            unsafe { (listener.log)(listener.user_data, level, part.as_ptr(), text.as_ptr()) }
        }
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

fn number(level: Level) -> i32 {
    match level {
        Level::ERROR => TG_LOG_ERROR,
        Level::WARN => TG_LOG_WARNING,
        Level::INFO => TG_LOG_INFO,
        Level::DEBUG => TG_LOG_DEBUG,
        Level::TRACE => TG_LOG_TRACE,
    }
}

/// The message, then each field as `name=value`.
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let space = if self.0.is_empty() { "" } else { " " };
        let _ = match field.name() {
            "message" => {
                let rest = std::mem::take(&mut self.0);
                let space = if rest.is_empty() { "" } else { " " };
                write!(self.0, "{value:?}{space}{rest}")
            }
            name => write!(self.0, "{space}{name}={value:?}"),
        };
    }
}
