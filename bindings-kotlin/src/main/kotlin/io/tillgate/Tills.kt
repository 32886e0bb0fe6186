package io.tillgate

import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.withContext

/** How long one call waits for an event. */
private const val EVENT_WAIT_MS: ULong = 60_000u

/**
 * The events as a flow, until the till is closed; collecting waits for the next one without end.
 *
 * Each event comes until it is acknowledged ([EventStream.acknowledge]): collecting acknowledges nothing, and an event that was
 * not acknowledged comes again after the policy's `redeliverAfterMs`, in this process or in the next. Until then it holds back
 * later events of its own order only. So write down what an event says before you acknowledge it, and cope with one that comes twice.
 *
 * A collector that is cancelled in the moment in which an event comes may leave it given out to nobody; it comes again like any other.
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
 * handling throws is not acknowledged, and the error ends the handling. One that is being handled while the till is closed cannot
 * be acknowledged any more, and comes again after the next open.
 */
public suspend fun Till.handleEvents(handle: suspend (Event) -> Unit) {
    events().use { events ->
        events.asFlow().collect { event ->
            handle(event)
            try {
                events.acknowledge(event.id)
            } catch (_: TillgateException.Closed) {
                // There is no next one: the flow ends.
            }
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
 * for that too. The `use` of Kotlin does the same and blocks its thread while the till closes. An error of the block is told, and one
 * of shutting down as suppressed by it.
 */
public suspend fun <T> Till.useSuspending(block: suspend (Till) -> T): T {
    var failure: Throwable? = null
    try {
        return block(this)
    } catch (error: Throwable) {
        failure = error
        throw error
    } finally {
        try {
            withContext(NonCancellable) { shutDown() }
        } catch (_: TillgateException.Closed) {
            // By the block.
        } catch (error: TillgateException) {
            if (failure == null) throw error
            failure.addSuppressed(error)
        } finally {
            destroy()
        }
    }
}
