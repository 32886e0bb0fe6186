//! The runtime itself: made once, remembered with the process that made it.

use crate::error::{ErrorDetails, Result, TillgateError};
use once_cell::sync::OnceCell;
use std::cell::Cell;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::runtime::{Builder, Handle, Runtime};

/// Enough to keep a till's connections going, and no burden on a small machine.
const WORKERS: usize = 2;

struct Home {
    handle: Handle,
    /// Kept so that it can be ended; dropping it at exit would wait for tasks.
    runtime: Mutex<Option<Runtime>>,
}

static HOME: OnceCell<Home> = OnceCell::new();

/// The process that made, or began to make, the runtime; 0 before. Read before `HOME`, because a child forked while
/// the parent was making it would wait in `HOME` for ever.
static MADE_BY: AtomicU32 = AtomicU32::new(0);

thread_local! {
    static WORKER: Cell<bool> = const { Cell::new(false) };
}

/// The runtime's handle.
pub(super) fn handle() -> Result<&'static Handle> {
    refuse_a_forked_child()?;
    HOME.get_or_try_init(make).map(|home| &home.handle)
}

/// The threads of the runtime do not live on in a forked child, so nothing there would ever finish.
pub(super) fn refuse_a_forked_child() -> Result<()> {
    let made_by = MADE_BY.load(Ordering::Acquire);
    if made_by == 0 || made_by == std::process::id() {
        return Ok(());
    }
    Err(TillgateError::Forked {
        details: ErrorDetails::local(
            "This process was forked after the library had started in its parent.",
            "Nothing was sent. Fork first and open the library afterwards, or start a new process (spawn) instead of forking.",
        ),
    })
}

/// Whether this is one of the runtime's own threads.
pub(super) fn this_thread_is_a_worker() -> bool {
    WORKER.get()
}

/// Ends the runtime, if there is one.
pub(super) fn shut_down(patience: Duration) -> Result<()> {
    refuse_a_forked_child()?;
    let runtime = HOME.get().and_then(|home| home.runtime.lock().ok()?.take());
    if let Some(runtime) = runtime {
        runtime.shutdown_timeout(patience);
    }
    Ok(())
}

fn make() -> Result<Home> {
    MADE_BY.store(std::process::id(), Ordering::Release);
    // tokio answers a refused thread with a panic.
    let made = std::panic::catch_unwind(|| {
        Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .thread_name("tillgate")
            .on_thread_start(|| WORKER.set(true))
            .enable_all()
            .build()
    });
    match made {
        Ok(Ok(runtime)) => Ok(Home { handle: runtime.handle().clone(), runtime: Mutex::new(Some(runtime)) }),
        Ok(Err(error)) => Err(not_made(&error.to_string())),
        Err(_) => Err(not_made("the system gave no thread")),
    }
}

fn not_made(why: &str) -> TillgateError {
    TillgateError::Internal {
        details: ErrorDetails::local(
            format!("The library could not start its threads: {why}."),
            "Nothing was sent. Free memory, threads or open files on this machine and call again.",
        ),
    }
}
