package io.tillgate

import java.io.File
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** Calls leave nothing behind. `-Dtillgate.calls=1000000` makes a million of them. */
class MemoryTest {
    private val calls = System.getProperty("tillgate.calls", "20000").toInt()

    private fun residentKib(): Long {
        repeat(3) { System.gc() }
        val line = File("/proc/self/status").readLines().first { it.startsWith("VmRSS:") }
        return line.filter(Char::isDigit).toLong()
    }

    @Test fun `memory is flat over many calls`() = runBlocking {
        Gateway.settling().use { gateway ->
            gateway.till().useSuspending { till ->
                val ids = List(10) { till.buy(voucher()).id }
                val round: suspend (Int) -> Unit = { number ->
                    // A secret there and back, ten records, an error with all its facts, a flow's call.
                    Secret("secret number $number").use { it.reveal() }
                    when (number % 4) {
                        0 -> check(till.list(OrderFilter(limit = 10u)).orders.size == ids.size)
                        1 -> check(runCatching { till.order("nobody") }.exceptionOrNull() is TillgateException.UnknownOrder)
                        else -> newId()
                    }
                }
                // All that is allocated once is allocated in the first half.
                repeat(calls / 2) { round(it) }
                val before = residentKib()
                repeat(calls / 2) { round(it) }
                val grown = residentKib() - before
                println("memory after ${calls / 2} calls: $before KiB; ${calls / 2} later: $grown KiB more")
                assertTrue(grown < LIMIT_KIB, "$grown KiB more after ${calls / 2} calls")
            }
        }
    }

    private companion object {
        /** What the JVM's own bookkeeping may still take; a leak of 100 bytes per call is more from 170,000 calls on. */
        const val LIMIT_KIB = 16_384
    }
}
