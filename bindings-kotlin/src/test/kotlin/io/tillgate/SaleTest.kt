package io.tillgate

import java.math.BigDecimal
import java.time.Instant
import java.time.temporal.ChronoUnit
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance
import org.junit.jupiter.api.assertThrows

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SaleTest {
    private val gateway = Gateway.settling()

    @AfterAll fun end() = gateway.close()

    @Test fun `the package is called as uniffi toml says`() {
        assertEquals("io.tillgate", Till::class.java.packageName)
        assertEquals("io.tillgate", TillgateException::class.java.packageName)
        assertTrue(version().matches(Regex("""\d+\.\d+\.\d+""")))
    }

    @Test fun `a voucher is sold once`() = runBlocking {
        gateway.till().useSuspending { till ->
            val new = voucher()
            val order = till.buy(new)
            assertEquals(Triple(new.id, OrderState.SUCCEEDED, 1), Triple(order.id, order.state, order.attempts.size))
            assertEquals(1, till.buy(new).attempts.size)
            val twice = listOf(async { till.buy(new) }, async { till.buy(new) }).awaitAll()
            assertEquals(listOf(1, 1), twice.map { it.attempts.size })
            assertEquals(1, gateway.sold(new.id))
            assertTrue(till.reveal(new.id).code!!.reveal().length > 3)
        }
    }

    @Test fun `a voucher is sold once by threads that block`() {
        blocking { gateway.till() }.use { till ->
            val new = voucher()
            assertEquals(OrderState.SUCCEEDED, blocking { till.buy(new) }.state)
            assertEquals(OrderState.SUCCEEDED, blocking { till.wait(new.id, 1000u) }.state)
            assertEquals(1, gateway.sold(new.id))
        }
    }

    @Test fun `the same id with another request is a conflict`() = runBlocking {
        gateway.till().useSuspending { till ->
            val new = voucher()
            till.buy(new)
            val refused = assertThrows<TillgateException.OrderConflict> {
                runBlocking { till.buy(new.copy(product = "3334")) }
            }
            assertEquals(new.id, refused.orderId)
            assertEquals(1, gateway.sold(new.id))
        }
    }

    @Test fun `decimals keep every digit and their scale`() = runBlocking {
        gateway.till().useSuspending { till ->
            for (text in listOf("12.345", "25", "25.00", "1E+1", "-0.10")) {
                val amount = BigDecimal(text)
                val kept = asKept(till, amount)
                assertEquals(amount.toPlainString(), kept)
            }
            val order = till.buy(voucher().copy(product = "7002", amount = Money(BigDecimal("12.345"), "KWD")))
            assertEquals(BigDecimal("12.345"), order.amount.amount)
            assertEquals(BigDecimal("35.7931"), order.cost?.amount)
        }
    }

    /** The amount as the journal keeps it. */
    private suspend fun asKept(till: Till, amount: BigDecimal): String {
        val id = newId()
        val placed = try {
            till.enqueue(voucher(id).copy(amount = Money(amount, "EUR")))
        } catch (refused: TillgateException.InvalidArgument) {
            // Below zero: told in the words of the amount itself.
            assertEquals("order.amount", refused.field)
            return amount.toPlainString()
        }
        return placed.amount.amount.toString()
    }

    @Test fun `a decimal with more digits than can be kept is a wrong argument`() = runBlocking {
        gateway.till().useSuspending { till ->
            for (text in listOf("1E+30", "0.12345678901234567890123456789", "1E+1000000000", "1E-1000000000")) {
                val refused = assertThrows<TillgateException.InvalidArgument>(text) {
                    runBlocking { till.buy(voucher().copy(amount = Money(BigDecimal(text), "EUR"))) }
                }
                assertEquals(Outcome.LOCAL, refused.outcome)
            }
            assertEquals(listOf<Order>(), till.listAll(OrderFilter()).toList())
        }
    }

    @Test fun `instants keep their microseconds`() = runBlocking {
        gateway.till().useSuspending { till ->
            val before = Instant.now()
            val order = till.buy(voucher())
            val started = order.attempts.single().startedAt
            assertTrue(started >= before.truncatedTo(ChronoUnit.MICROS) && started <= Instant.now(), "$started")
            val moment = Instant.parse("2026-01-02T03:04:05.678901Z")
            val none = till.listAll(OrderFilter(createdBefore = order.createdAt)).toList()
            assertEquals(listOf<Order>(), none)
            val after = till.listAll(OrderFilter(createdFrom = order.createdAt)).toList()
            assertEquals(listOf(order.id), after.map { it.id })
            assertEquals(0uL, till.archive(moment))
            val refused = assertThrows<TillgateException.InvalidArgument> { runBlocking { till.archive(Instant.MAX) } }
            assertNull(refused.field)
        }
    }

    @Test fun `pages follow each other`() = runBlocking {
        gateway.till().useSuspending { till ->
            val ids = List(5) { till.buy(voucher()).id }
            assertEquals(ids.sorted(), till.listAll(OrderFilter(limit = 2u)).toList().map { it.id }.sorted())
            assertEquals(2, till.list(OrderFilter(limit = 2u)).orders.size)
        }
    }

    @Test fun `a client sells without a till`() = runBlocking {
        val client = gateway.client()
        client.ping()
        assertEquals("CHF", client.balance().currency)
        assertTrue(client.getCountries(CysendCountryFilter()).all { it.countryIsoAlpha2.length == 2 })
        client.close()
        client.close()
        val closed = assertThrows<TillgateException.Closed> { runBlocking { client.ping() } }
        assertEquals("closed", closed.code)
    }

    @Test fun `open enumerations keep what they do not know`() {
        assertEquals("simulate-success", CysendOrderScenario.SimulateSuccess.wire)
        assertEquals(CysendOrderStatus.Accepted, CysendOrderStatus.ofWire("accepted"))
        assertEquals(CysendOrderStatus.Other("in_limbo"), CysendOrderStatus.ofWire("in_limbo"))
        assertEquals("in_limbo", CysendOrderStatus.Other("in_limbo").wire)
        assertEquals("needs_review", OrderState.NEEDS_REVIEW.wire)
    }
}
