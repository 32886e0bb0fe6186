/**
 * What a call costs. Each figure comes from virtual machines of its own, the best of several rounds in each of them; run it with a
 * library that was built for release:
 *
 *     java -Djna.library.path=target/release -cp … bench.CallsKt target/debug/tillgate-sandbox
 */
package bench

import io.tillgate.*
import java.io.File
import java.math.BigDecimal
import java.nio.file.Files

private const val FORKS = 3
private const val ROUNDS = 8

/** A call that does next to nothing, one that carries ten records out, and the same one after the other in a coroutine. */
private val CASES = mapOf<String, suspend (Till) -> Unit>(
    "trivial" to { version() },
    "secret there and back" to { Secret("text").use { it.reveal() } },
    "ten records" to { till -> check(till.list(OrderFilter(limit = 10u)).orders.size == 10) },
    "one record" to { till -> check(till.list(OrderFilter(limit = 1u)).orders.size == 1) },
)

fun main(arguments: Array<String>) {
    if (arguments.size == 3) return measure(arguments[0], arguments[1], arguments[2])
    val sandbox = arguments.getOrElse(0) { "target/debug/tillgate-sandbox" }
    for (case in CASES.keys) {
        val figures = List(FORKS) { fork(case, sandbox) }
        println("${case.padEnd(24)} ${figures.joinToString(" ns  ")} ns")
    }
}

/** One case in a virtual machine of its own, at a gateway of its own. */
private fun fork(case: String, sandbox: String): String {
    val gateway = ProcessBuilder(sandbox, "--immediately-final", "--until-stdin-closes").start()
    val url = gateway.inputReader().readLine().removePrefix("listening on ")
    val child = ProcessBuilder(
        ProcessHandle.current().info().command().orElse("java"),
        "-Djna.library.path=${System.getProperty("jna.library.path")}",
        "-cp", System.getProperty("java.class.path"), "bench.CallsKt", case, url, "figure",
    ).redirectError(ProcessBuilder.Redirect.INHERIT).start()
    val figure = child.inputReader().readText().trim()
    check(child.waitFor() == 0) { "it ended with ${child.exitValue()}" }
    gateway.outputStream.close()
    return figure
}

private fun measure(case: String, url: String, @Suppress("UNUSED_PARAMETER") mark: String): Unit = blocking {
    val folder: File = Files.createTempDirectory("tillgate-bench").toFile()
    val config = TillConfig("$folder/journal", create = true, key = JournalKey("bench", newJournalKey()))
    Till.open(config).useSuspending { till ->
        val credentials = CysendCredentials("till", Secret("secret"))
        till.attachCysend(CysendAccount(CysendClient(CysendConfig(credentials, baseUrl = url))))
        repeat(10) { till.buy(NewOrder(newId(), "3333", Money(BigDecimal(25), "EUR"), scenario = "live")) }
        val call = CASES.getValue(case)
        val best = (1..ROUNDS).minOf { round(till, call) }
        println(best)
    }
    check(folder.deleteRecursively())
}

/** Nanoseconds per call, over so many calls that a round takes a while. */
private suspend fun round(till: Till, call: suspend (Till) -> Unit): Long {
    val limit = System.nanoTime() + 500_000_000
    val begun = System.nanoTime()
    var calls = 0L
    while (System.nanoTime() < limit) {
        repeat(50) { call(till) }
        calls += 50
    }
    return (System.nanoTime() - begun) / calls
}
