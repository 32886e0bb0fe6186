package io.tillgate

import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.withContext

/** How long one call waits for an event. A flow that is cancelled leaves a wait of at most this long behind. */
private const val EVENT_WAIT_MS: ULong = 60_000u

/**
 * The events as a flow, until the till is closed; collecting waits for the next one without end.
 *
 * Each event comes until it is acknowledged ([EventStream.acknowledge]): collecting acknowledges nothing, and an event that was
 * not acknowledged comes again after the policy's `redeliverAfterMs`, in this process or in the next. Until then it holds back
 * later events of its own order only. So write down what an event says before you acknowledge it, and cope with one that comes twice.
 *
 * A collector that is cancelled while it waits may leave one event given out to nobody; it comes again like any other.
 */
public fun EventStream.asFlow(): Flow<Event> = flow {
    while (true) {
        val event = try {
            next(EVENT_WAIT_MS)
        } catch (_: TillgateException.Closed) {
            return@flow
        }
        if (event != null) emit(event)
    }
}

/**
 * Handles events one after the other until the till is closed, and acknowledges each when `handle` has returned. An event whose
 * handling throws is not acknowledged, and the error ends the handling.
 */
public suspend fun Till.handleEvents(handle: suspend (Event) -> Unit) {
    events().use { events ->
        events.asFlow().collect { event ->
            handle(event)
            events.acknowledge(event.id)
        }
    }
}

/** All orders that the filter lets through, newest first, page by page as they are collected. */
public fun Till.listAll(filter: OrderFilter): Flow<Order> = flow {
    var next: OrderFilter? = filter
    while (next != null) {
        val page = list(next)
        page.orders.forEach { emit(it) }
        next = page.next?.let { filter.copy(after = it) }
    }
}

/**
 * Runs a block with the till and shuts it down in the end, whatever comes of the block; a coroutine that is cancelled meanwhile waits
 * for that too. The `use` of Kotlin does the same and blocks its thread while the till closes.
 */
public suspend fun <T> Till.useSuspending(block: suspend (Till) -> T): T {
    try {
        return block(this)
    } finally {
        withContext(NonCancellable) { shutDown() }
        destroy()
    }
}
