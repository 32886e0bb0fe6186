package io.tillgate

import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows

class SecrecyTest {
    @Test fun `a secret prints as stars`() {
        val secret = Secret("canary")
        assertEquals("***", secret.toString())
        assertEquals("canary", secret.reveal())
        assertEquals("CysendCredentials(user=till, password=***, token=null)", "${CysendCredentials("till", secret)}")
        assertEquals("JournalKey(id=a, key=***)", "${JournalKey("a", secret)}")
        secret.close()
        secret.close()
        assertEquals("***", secret.toString())
        assertThrows<TillgateException.Closed> { secret.reveal() }
    }

    @Test fun `records print no more of an address than may be seen`() {
        val printed = listOf(
            "${CysendConfig(CysendCredentials(), baseUrl = "https://till:canary@shop.example/openapi")}",
            "${ProxyConfig("http://user:canary@proxy.example:3128")}",
            "${CallbackReceiverConfig(publicUrl = "https://till:canary@shop.example/")}",
            "${voucher("a1").copy(callbackUrl = "https://shop.example/canary?canary")}",
            "${NotificationParameter("url", "https://shop.example/canary")}",
            "${CallbackRequest("canary".toByteArray())}",
            "${CysendBalance(java.math.BigDecimal.ONE, "CHF", mapOf("news" to "canary"))}",
        )
        printed.forEach { assertFalse("canary" in it, it) }
        assertTrue("https://***@shop.example/openapi" in printed[0], printed[0])
        assertTrue("callbackUrl=https://shop.example/***" in printed[3], printed[3])
        assertTrue("value=https://shop.example/***" in printed[4], printed[4])
        assertTrue("body=<6 bytes>" in printed[5], printed[5])
        assertTrue("extra=[news]" in printed[6], printed[6])
        assertEquals("NotificationParameter(name=mail, value=till@shop.example)", "${NotificationParameter("mail", "till@shop.example")}")
    }

    @Test fun `a voucher is in no order, event or error that is printed`() = runBlocking {
        Gateway.settling().use { gateway ->
            gateway.till().useSuspending { till ->
                val order = till.buy(voucher())
                val voucher = till.reveal(order.id)
                val secrets = listOfNotNull(voucher.code, voucher.serial, voucher.pinCode).map { it.reveal() }
                assertTrue(secrets.size > 1)
                val printed = "$order $voucher ${till.history(order.id)} ${till.events().next(0u)} ${till.status()}"
                secrets.forEach { assertFalse(it in printed, printed) }
            }
        }
    }
}
