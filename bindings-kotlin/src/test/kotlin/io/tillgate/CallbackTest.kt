package io.tillgate

import java.net.ConnectException
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse.BodyHandlers
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance
import org.junit.jupiter.api.assertThrows

/** Callbacks are received by the till's own web server, or handed over; they move nothing. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CallbackTest {
    private val gateway = Gateway.settling()

    @AfterAll fun end() = gateway.close()

    private fun status(url: String, body: ByteArray): Int {
        val request = HttpRequest.newBuilder(URI(url)).version(HttpClient.Version.HTTP_1_1)
        val post = request.POST(HttpRequest.BodyPublishers.ofByteArray(body)).build()
        return HttpClient.newHttpClient().send(post, BodyHandlers.discarding()).statusCode()
    }

    @Test fun `a callback is received and what is none is refused`() = runBlocking {
        gateway.till().useSuspending { till ->
            val path = newCallbackPath()
            val receiver = till.receiveCallbacks(CallbackReceiverConfig(path = path))
            val url = receiver.callbackUrl()
            assertTrue(url.endsWith(path.reveal()))
            val order = till.buy(voucher())
            val forged = cysendTestCallback(order, CysendOrderStatus.Failed)
            assertEquals(200, status(url, forged.body))
            assertEquals(404, status(url + "x", forged.body))
            assertEquals(400, status(url, "<html>".toByteArray()))
            assertEquals(OrderState.SUCCEEDED, till.order(order.id).state)
            val counts = receiver.status()
            assertEquals(listOf<ULong>(1u, 1u, 1u, 1u), counts.run { listOf(handled, knownOrders, wrongPath, notReadable) })
            receiver.shutDown()
            assertTrue(receiver.status().closed)
            assertThrows<ConnectException> { status(url, forged.body) }
            receiver.close()
            receiver.close()
        }
    }

    @Test fun `a callback that is handed over is a hint`() = runBlocking {
        gateway.till().useSuspending { till ->
            val order = till.buy(voucher())
            val forged = cysendTestCallback(order, CysendOrderStatus.Failed)
            val answer = till.handleCallback(forged)
            assertEquals(200u.toUShort(), answer.httpStatus)
            assertEquals(1u, answer.knownOrders)
            assertEquals(OrderState.SUCCEEDED, till.order(order.id).state)
            assertFalse(order.id in forged.toString(), "a body is not printed")
        }
    }
}
