package io.tillgate

import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.yield
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CancellationTest {
    private val gateway = Gateway.settling()

    @AfterAll fun end() = gateway.close()

    @Test fun `cancelling a coroutine while the order is sent leaves it bought once`() = runBlocking {
        gateway.till().useSuspending { till ->
            val new = voucher()
            // The answer begins at once and takes a while, in which the wait for it is cancelled.
            gateway.orderFault("""{"kind": "accept_then_slow", "ms_per_byte": 1, "user_uid": "${new.id}"}""")
            val waiting = async(Dispatchers.Default) { till.buy(new) }
            while (gateway.sold(new.id) == 0) yield()
            waiting.cancelAndJoin()
            assertTrue(waiting.isCancelled)
            assertTrue(runCatching { waiting.await() }.exceptionOrNull() is CancellationException)
            val order = till.wait(new.id, 60_000u)
            assertEquals(OrderState.SUCCEEDED to 1, order.state to order.attempts.size)
            assertEquals(OrderState.SUCCEEDED, till.buy(new).state)
            assertEquals(1, gateway.sold(new.id))
        }
    }

    @Test fun `a wait that is cancelled leaves the order alone`() = runBlocking {
        Gateway("--speed", "0").use { still ->
            still.till().useSuspending { till ->
                val order = till.buy(voucher())
                assertEquals(OrderState.ACCEPTED, order.state)
                val waiting = launch(start = CoroutineStart.UNDISPATCHED) { till.wait(order.id, 600_000u) }
                waiting.cancelAndJoin()
                assertEquals(OrderState.ACCEPTED, till.order(order.id).state)
                assertEquals(1, still.sold(order.id))
            }
        }
    }

    @Test fun `a flow of events that is cancelled holds none back`() = runBlocking {
        // Longer than anybody waits, if it were given out to the one that was cancelled.
        gateway.till(newTill(OrderPolicy(redeliverAfterMs = 3_600_000u))).useSuspending { till ->
            till.events().use { events ->
                repeat(3) {
                    launch(start = CoroutineStart.UNDISPATCHED) { events.asFlow().collect {} }.cancelAndJoin()
                }
                val order = till.buy(voucher())
                assertEquals(order.id, events.next(60_000u)?.order?.id)
            }
        }
    }

    @Test fun `a coroutine that is cancelled still closes its till`() = runBlocking {
        val config = newTill()
        val sold = CompletableDeferred<Unit>()
        val selling = launch(Dispatchers.Default) {
            gateway.till(config).useSuspending { till ->
                till.buy(voucher())
                sold.complete(Unit)
                awaitCancellation()
            }
        }
        sold.await()
        selling.cancelAndJoin()
        Till.open(config).close()
    }
}
