// Very many calls through the library as a program in Kotlin has it: see conformance/README.md.

import io.tillgate.*
import java.io.File
import java.math.BigDecimal

/** Ten turns of five calls, and two that wait. */
private const val CALLS_IN_TEN_TURNS = 52

fun main(arguments: Array<String>) {
    end { calls(Told(arguments)) }
}

private suspend fun calls(told: Told): Boolean = openTill(told).useSuspending { till ->
    val topUp = NewOrder(
        id = newId(),
        product = "1111",
        amount = Money(BigDecimal(10), "CHF"),
        scenario = CysendOrderScenario.SimulateSuccess.wire,
        beneficiary = listOf(BeneficiaryField("mobile", "+41791234567")),
    )
    till.buy(topUp)
    val nowhere = CysendConfig(CysendCredentials("till", Secret("secret")), baseUrl = "nowhere")
    for (calls in told.more) {
        repeat(calls.toInt() / CALLS_IN_TEN_TURNS) {
            repeat(10) { turn(topUp.id, nowhere) }
            waiting(till, topUp.id)
        }
        println(residentKib())
    }
    true
}

/** An object, a text out of it, a text, a record, an error with all its facts. */
private fun turn(id: String, nowhere: CysendConfig) {
    check(Secret("secret").use { it.reveal() } == "secret")
    check(newId() != id)
    check(cysendResponseAdvice("00") != null)
    try {
        CysendClient(nowhere)
        error("that is no address")
    } catch (_: TillgateException.InvalidArgument) {
        // As it should be.
    }
}

/** What has to be waited for: a record, and an error. */
private suspend fun waiting(till: Till, id: String) {
    check(till.order(id).id == id)
    try {
        till.order("nobody")
        error("there is no such order")
    } catch (_: TillgateException.UnknownOrder) {
        // As it should be.
    }
}

/** What this process has in memory now. */
private fun residentKib(): Long {
    repeat(3) { System.gc() }
    val line = File("/proc/self/status").readLines().first { it.startsWith("VmRSS:") }
    return line.filter(Char::isDigit).toLong()
}
