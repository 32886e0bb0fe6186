/**
 * Kotlin's sides of the benches, on the native library as it is shipped.
 *
 *     SideKt call COUNT                 so many calls of each kind
 *     SideKt records URL PLACE COUNT    ten records through a call, so many times, one after the other
 *
 * Each line of standard input asks for a round; the answer is a line of JSON.
 */
package bench

import io.tillgate.*
import java.io.File
import java.math.BigDecimal

private const val RECORDS = 10

fun main(told: Array<String>) = when {
    told.size == 2 && told[0] == "call" -> call(told[1].toInt())
    told.size == 4 && told[0] == "records" -> records(told[1], told[2], told[3].toInt())
    else -> error("see the head of Side.kt")
}

private fun serve(round: () -> String) {
    println("ready")
    while (readlnOrNull() != null) println(round())
}

private fun told(nanoseconds: Long, count: Int, samples: Map<String, List<Long>>): String {
    val lists = samples.map { (name, times) -> "[\"$name\",$times]" }
    return "{\"nanoseconds\":$nanoseconds,\"count\":$count,\"samples\":$lists}"
}

private inline fun timed(call: () -> Unit): Long {
    val begun = System.nanoTime()
    call()
    return System.nanoTime() - begun
}

private fun call(count: Int) {
    val secret = Secret("x")
    serve {
        val samples = mapOf(
            "version" to listOf(timed { repeat(count) { version() } }),
            "reveal" to listOf(timed { repeat(count) { secret.reveal() } }),
        )
        told(samples.values.sumOf { it.single() }, count, samples)
    }
}

private fun records(url: String, place: String, count: Int) = blocking {
    File(place).mkdirs()
    val config = TillConfig("$place/journal", create = true, key = JournalKey("bench", newJournalKey()))
    Till.open(config).useSuspending { till ->
        val credentials = CysendCredentials("till", Secret("secret"))
        till.attachCysend(CysendAccount(CysendClient(CysendConfig(credentials, baseUrl = url))))
        repeat(RECORDS) {
            val scenario = CysendOrderScenario.SimulateSuccess.wire
            val mobile = listOf(BeneficiaryField("mobile", "+41791234567"))
            till.buy(NewOrder(newId(), "1111", Money(BigDecimal(10), "CHF"), scenario, beneficiary = mobile))
        }
        println("ready")
        while (readlnOrNull() != null) {
            val samples = mapOf("records" to mutableListOf<Long>(), "one" to mutableListOf())
            val begun = System.nanoTime()
            repeat(count) {
                for ((name, limit) in listOf("records" to RECORDS, "one" to 1)) {
                    val times = samples.getValue(name)
                    times += timed { check(till.list(OrderFilter(limit = limit.toUInt())).orders.size == limit) }
                }
            }
            println(told(System.nanoTime() - begun, count, samples))
        }
    }
}
