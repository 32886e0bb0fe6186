/** Carries out a plan of orders (see conformance/README.md): `runner.RunnerKt PLAN`. */
package runner

import io.tillgate.*
import java.io.File
import java.math.BigDecimal
import kotlin.system.exitProcess

/** How often `settle` asks, and how long it waits in between, before it gives up. */
private const val ROUNDS_MAX = 200
private const val ROUND_MS: ULong = 240_000u

/** How long `enqueue` waits before it looks again whether the order was sent. */
private const val SENDING_POLL_MS: ULong = 20u

private val SETTLED = setOf(
    OrderState.SUCCEEDED,
    OrderState.FAILED,
    OrderState.CANCELLED,
    OrderState.EXPIRED,
    OrderState.REVERSED,
    OrderState.NEEDS_REVIEW,
)

/** The plan cannot be read. */
private class NotAPlan(why: String) : Exception(why)

/** An order has no end after all those look-ups. */
private class NotSettled(why: String) : Exception(why)

/** What a plan says before its first step. */
private class Settings {
    private var journal = ""
    private var mirror: String? = null
    private var key: JournalKey? = null
    private var account = listOf("", "", "")
    private var policy = OrderPolicy()

    /** Whether the line was a setting. */
    fun take(line: String, words: List<String>): Boolean {
        when (words[0]) {
            "journal" -> journal = line.removePrefix("journal ")
            "mirror" -> mirror = line.removePrefix("mirror ")
            "key" -> key = JournalKey(words[1], Secret(words[2]))
            "gateway" -> account = words.drop(1)
            "policy" -> policy = withFigure(words[1], words[2])
            else -> return false
        }
        return true
    }

    private fun withFigure(name: String, figure: String): OrderPolicy = when (name) {
        "submit_within_ms" -> policy.copy(submitWithinMs = figure.toULong())
        "look_up_first_ms" -> policy.copy(lookUpFirstMs = figure.toULong())
        "look_up_unknown_max_ms" -> policy.copy(lookUpUnknownMaxMs = figure.toULong())
        "look_up_accepted_max_ms" -> policy.copy(lookUpAcceptedMaxMs = figure.toULong())
        "overdue_after_ms" -> policy.copy(overdueAfterMs = figure.toULong())
        "absence_running_ms" -> policy.copy(absenceRunningMs = figure.toULong())
        "batch_size_on_wire" -> policy.copy(batchSizeOnWire = figure.toUInt())
        else -> throw NotAPlan("no figure of the policy is called $name")
    }

    suspend fun open(): Till {
        val (url, user, password) = account
        val client = CysendClient(CysendConfig(CysendCredentials(user, Secret(password)), baseUrl = url))
        val config = TillConfig(
            journalPath = journal,
            create = true,
            key = key,
            epochMirrorPath = mirror,
            policy = policy,
        )
        return Till.open(config).also { it.attachCysend(CysendAccount(client)) }
    }
}

/** Does one step, and says how it ended. */
private suspend fun step(till: Till, words: List<String>): String = when (words[0]) {
    "buy" -> state(till.buy(newOrder(words[1], words)))
    "batch" -> till.buyBatch(words[1].split(",").map { newOrder(it, words) }).joinToString(",") { state(it) }
    "enqueue" -> state(enqueue(till, newOrder(words[1], words)))
    "look_up" -> state(till.lookUp(words[1]))
    "wait" -> state(till.wait(words[1], words[2].toULong()))
    "settle" -> state(settle(till, words[1]))
    "reveal" -> "revealed".also { till.reveal(words[1]).destroy() }
    "cancel" -> state(till.cancel(words[1]))
    "events" -> events(till).toString()
    "close" -> "ok".also { till.shutDown() }
    else -> throw NotAPlan("not a step: ${words[0]}")
}

private fun newOrder(id: String, words: List<String>): NewOrder {
    val (product, amount, currency, scenario, mobile) = words.drop(2)
    return NewOrder(
        id = id,
        product = product,
        amount = Money(BigDecimal(amount), currency),
        scenario = scenario,
        beneficiary = if (mobile == "-") listOf() else listOf(BeneficiaryField("mobile", mobile)),
    )
}

/** Until it was sent in the background, and its outcome written down. */
private suspend fun enqueue(till: Till, new: NewOrder): Order {
    var order = till.enqueue(new)
    while (order.state == OrderState.PENDING || order.state == OrderState.SENDING) {
        order = till.wait(order.id, SENDING_POLL_MS)
    }
    return order
}

private suspend fun settle(till: Till, id: String): Order {
    var order = till.order(id)
    repeat(ROUNDS_MAX) {
        if (order.state in SETTLED) return order
        try {
            order = till.lookUp(id)
        } catch (_: TillgateException) {
            // Nothing certain was learnt this time.
        }
        if (order.state !in SETTLED) order = till.wait(id, ROUND_MS)
    }
    throw NotSettled("$id is still ${order.state.wire} after $ROUNDS_MAX look-ups")
}

private suspend fun events(till: Till): Int {
    val stream = till.events()
    var count = 0
    while (true) {
        val event = stream.next(0u) ?: return count
        stream.acknowledge(event.id)
        count += 1
    }
}

private fun state(order: Order): String = listOfNotNull(order.state.wire, order.failure?.wire).joinToString(" ")

private fun told(error: TillgateException): String {
    System.err.println(error.message)
    return "error ${error.code} ${error.outcome.wire}"
}

private suspend fun carryOut(plan: List<String>): Int {
    val settings = Settings()
    var opened: Till? = null
    for (line in plan) {
        val words = line.split(" ")
        if (settings.take(line, words)) continue
        val till = opened ?: try {
            settings.open().also { println("open ok") }
        } catch (error: TillgateException) {
            println("open ${told(error)}")
            return 1
        }
        opened = till
        val begins = words.take(2).joinToString(" ")
        try {
            println("$begins ${step(till, words)}")
        } catch (error: TillgateException) {
            println("$begins ${told(error)}")
            if (words[0] == "settle") return 1
        } catch (error: NotSettled) {
            System.err.println(error.message)
            return 1
        }
    }
    return 0
}

fun main(arguments: Array<String>) {
    val code = try {
        val plan = File(arguments.getOrNull(0) ?: throw NotAPlan("no file was named")).readLines()
        blocking { carryOut(plan) }
    } catch (error: Exception) {
        if (error is TillgateException) throw error
        System.err.println("not a plan: $error")
        2
    }
    exitProcess(code)
}
