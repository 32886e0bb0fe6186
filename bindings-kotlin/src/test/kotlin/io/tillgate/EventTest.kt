package io.tillgate

import java.util.concurrent.CopyOnWriteArrayList
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.yield
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance
import org.junit.jupiter.api.assertThrows

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EventTest {
    private val gateway = Gateway.settling()

    @AfterAll fun end() = gateway.close()

    @Test fun `an event comes again until it is acknowledged`() = runBlocking {
        // Given again at once, or the test would have to wait.
        gateway.till(newTill(OrderPolicy(redeliverAfterMs = 1u))).useSuspending { till ->
            val order = till.buy(voucher())
            till.events().use { events ->
                val again = events.asFlow().take(3).toList()
                assertEquals(1, again.map { it.id }.toSet().size)
                assertEquals(order.id, again[0].order.id)
                val left = till.status().unacknowledgedEvents
                events.acknowledge(again[0].id)
                assertEquals(left - 1u, till.status().unacknowledgedEvents)
            }
        }
    }

    @Test fun `an event that nobody acknowledged comes again in the next process`() = runBlocking {
        val config = newTill()
        val first = gateway.till(config).useSuspending { till ->
            till.buy(voucher())
            till.events().use { it.asFlow().first() }
        }
        gateway.till(config).useSuspending { till ->
            assertEquals(first.id, till.events().use { it.asFlow().first() }.id)
        }
    }

    @Test fun `events are handled until the till is closed`() = runBlocking {
        val till = gateway.till()
        val handled = CopyOnWriteArrayList<Event>()
        val handling = async(Dispatchers.Default) { till.handleEvents { handled.add(it) } }
        val ids = List(3) { till.buy(voucher()).id }
        while (till.status().unacknowledgedEvents > 0u) yield()
        till.shutDown()
        handling.await()
        assertEquals(ids.toSet(), handled.map { it.order.id }.toSet())
        assertEquals(handled.size, handled.map { it.id }.toSet().size)
        till.close()
    }

    @Test fun `handling ends with the till although an event is being handled`() = runBlocking {
        val config = newTill()
        val till = gateway.till(config)
        val order = till.buy(voucher())
        till.handleEvents { till.shutDown() }
        till.close()
        // It was not acknowledged.
        gateway.till(config).useSuspending { again ->
            assertEquals(order.id, again.events().use { it.asFlow().first() }.order.id)
        }
    }

    @Test fun `an event whose handling fails is not acknowledged`() = runBlocking {
        gateway.till().useSuspending { till ->
            till.buy(voucher())
            val left = till.status().unacknowledgedEvents
            assertTrue(left > 0u)
            assertThrows<IllegalStateException> { blocking { till.handleEvents { error("the disk is full") } } }
            assertEquals(left, till.status().unacknowledgedEvents)
        }
    }
}
