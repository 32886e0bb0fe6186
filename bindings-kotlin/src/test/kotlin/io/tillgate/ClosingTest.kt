package io.tillgate

import java.io.File
import java.util.concurrent.TimeUnit
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class ClosingTest {
    @Test fun `closing twice does nothing and a call afterwards is told so`() = runBlocking {
        val config = newTill()
        val till = Till.open(config)
        till.shutDown()
        till.shutDown()
        till.close()
        till.close()
        val closed = assertThrows(TillgateException.Closed::class.java) { blocking { till.status() } }
        assertEquals("closed" to Outcome.LOCAL, closed.code to closed.outcome)
        // The journal was let go of.
        Till.open(config).use { assertEquals(0uL, it.status().openOrders) }
        Till.open(config).use { assertEquals(0uL, it.status().openOrders) }
    }

    @Test fun `what was closed is refused where it is passed on`() = runBlocking {
        val password = Secret("canary")
        val credentials = CysendCredentials("till", password)
        val client = CysendClient(CysendConfig(credentials, baseUrl = "http://127.0.0.1:1/"))
        val account = CysendAccount(client)
        password.close()
        client.close()
        assertThrows(TillgateException.Closed::class.java) { CysendClient(CysendConfig(credentials)) }
        Till.open(newTill()).use { till ->
            assertThrows(TillgateException.Closed::class.java) { blocking { till.attachCysend(account) } }
            assertEquals(0uL, till.status().openOrders)
        }
    }

    @Test fun `an error of the block is told although the till was closed in it`() = runBlocking {
        val till = Till.open(newTill())
        val told = assertThrows(IllegalStateException::class.java) {
            blocking {
                till.useSuspending {
                    it.close()
                    error("the printer is on fire")
                }
            }
        }
        assertEquals("the printer is on fire", told.message)
    }

    @Test fun `a process ends by itself, whether its till was closed or not`() {
        for (how in listOf("closed", "open")) {
            val folder = newTill().journalPath
            val java = ProcessHandle.current().info().command().orElse("java")
            val process = ProcessBuilder(
                java, "-cp", System.getProperty("java.class.path"),
                "-Djna.library.path=${System.getProperty("jna.library.path")}", "io.tillgate.EndingKt", how, folder,
            ).redirectErrorStream(true).redirectOutput(File("$folder.log")).start()
            val ended = process.waitFor(120, TimeUnit.SECONDS)
            if (!ended) process.destroyForcibly()
            val said = File("$folder.log").readText()
            assertTrue(ended, said)
            assertEquals(0, process.exitValue(), said)
            assertEquals("0 open orders\n", said)
        }
    }
}
