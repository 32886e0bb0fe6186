package io.tillgate

import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance
import org.junit.jupiter.api.assertThrows

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FailureTest {
    private val gateway = Gateway.settling()

    @AfterAll fun end() = gateway.close()

    @Test fun `an error tells its facts by fields`() {
        gateway.client(password = "wrong-password").use { client ->
            val error = assertThrows<TillgateException.Unauthorized> { blocking { client.balance() } }
            assertEquals("unauthorized", error.code)
            assertEquals(Outcome.REFUSED, error.outcome)
            assertEquals(401u.toUShort(), error.httpStatus)
            assertEquals(error.details.gatewayCode, error.gatewayCode)
            assertTrue(error.gatewayCode!!.isNotEmpty())
            assertTrue(error.requestId!!.isNotEmpty())
            assertTrue(error.message.startsWith("unauthorized: "), error.message)
            assertTrue(error.message.contains("(HTTP 401) [${error.gatewayCode}]"), error.message)
            assertTrue(error.message.endsWith(error.advice), error.message)
            assertFalse("wrong-password" in error.stackTraceToString() + error.details)
        }
    }

    @Test fun `a refusal names the order and the gateway's own words`() = runBlocking {
        gateway.till().useSuspending { till ->
            val unknown = assertThrows<TillgateException.UnknownOrder> { blocking { till.order("nobody") } }
            assertEquals("nobody", unknown.orderId)
            assertEquals(Outcome.LOCAL, unknown.outcome)
            assertTrue("(order nobody)" in unknown.message, unknown.message)
            val wrong = assertThrows<TillgateException.InvalidArgument> {
                blocking { till.buy(voucher().copy(id = "with blank")) }
            }
            assertEquals("order.id", wrong.field)
        }
    }

    @Test fun `errors are sealed, so that the compiler sees what is not handled`() {
        val closed: TillgateException = wasClosed(this)
        val advice = when (closed) {
            is TillgateException.Closed -> "open again"
            is TillgateException.Internal -> "report it"
            else -> "other"
        }
        assertEquals("open again", advice)
    }

    @Test fun `a panic is the one error type`() {
        val error = panicked("on purpose")
        assertEquals("internal", error.code)
        assertEquals("The work broke off: on purpose.", error.reason)
        assertEquals(Outcome.LOCAL, error.outcome)
        assertThrows<TillgateException> { throw error }
    }

    @Test fun `a locked journal is told at once`() = runBlocking {
        val config = newTill()
        gateway.till(config).useSuspending {
            val error = assertThrows<TillgateException.JournalLocked> { blocking { Till.open(config) } }
            assertEquals("journal_locked", error.code)
            assertEquals(19, error.number)
        }
        // Free again, once it was shut down.
        Till.open(config).close()
    }
}
