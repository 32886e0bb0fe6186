package io.tillgate

import kotlinx.coroutines.runBlocking

/**
 * Calls suspend functions from a thread that may block, and returns what they return: `val order = blocking { till.buy(new) }`.
 *
 * An interrupt of the thread ends the wait (`InterruptedException`) and never what was begun, as with every coroutine that is
 * cancelled. Not for threads that draw, and not for coroutines: they call the suspend functions themselves.
 */
public fun <T> blocking(call: suspend () -> T): T = runBlocking { call() }

/** What `close` does where closing takes time. */
internal fun closeBlocking(closed: Disposable, wasClosed: Boolean, shutDown: suspend () -> Unit) {
    if (wasClosed) return
    try {
        runBlocking { shutDown() }
    } catch (_: TillgateException.Closed) {
        // By somebody else, at the same time.
    } finally {
        closed.destroy()
    }
}
