// Goes through the journal: what is open, what needs a person, and what a person decided.
//
//     ReconcileAndReviewKt [URL [USER [PASSWORD [JOURNAL]]]]
//     ReconcileAndReviewKt URL USER PASSWORD JOURNAL ID succeeded|failed|reversed WHO GROUNDS
//
// The first form asks the gateway about every order that is not settled, and ends with 0 when nobody is needed. The second writes a
// decision down first. One program at a time buys with a journal, or decides: close the till before, or let the program that sells
// do what stands here.

import io.tillgate.*
import kotlinx.coroutines.flow.toList

/** Those in review are listed apart: they wait for a person. */
private val OPEN = listOf(OrderState.PENDING, OrderState.SENDING, OrderState.UNKNOWN, OrderState.ACCEPTED)

fun main(arguments: Array<String>) {
    end { decideAndReconcile(Told(arguments)) }
}

private suspend fun decideAndReconcile(told: Told): Boolean = openTill(told).useSuspending { till ->
    if (told.more.isNotEmpty()) {
        val (id, state, decidedBy, grounds) = told.more
        resolve(till, id, state, decidedBy, grounds)
    }
    reconcile(till)
}

/** Asks about everything that is not settled; whether nothing is left for a person to do. */
private suspend fun reconcile(till: Till): Boolean {
    val before = till.status()
    before.quarantine?.let { println("The journal is in quarantine: $it") }
    before.unattachedAccounts.forEach { println("There are open orders of $it, and nobody attached it.") }

    till.listAll(OrderFilter(states = OPEN)).collect { show(till, compared(till, it)) }
    val inReview = till.listAll(OrderFilter(states = listOf(OrderState.NEEDS_REVIEW))).toList()
    // A final order of which the gateway said something else later.
    val inConflict = till.listAll(OrderFilter(conflictsOnly = true)).toList()
    (inReview + inConflict).forEach { show(till, compared(till, it)) }

    val status = till.status()
    println("${status.openOrders} open, ${status.inReview} of them in review; ${status.conflicts} in conflict.")
    return status.inReview == 0uL && status.conflicts == 0uL && status.quarantine == null
}

/** The order after the gateway was asked about it now. */
private suspend fun compared(till: Till, order: Order): Order = try {
    till.lookUp(order.id)
} catch (error: TillgateException) {
    // Nothing certain was learnt, so nothing was changed. An error is no answer.
    println("${order.id} could not be looked up: ${error.message}")
    order
}

private suspend fun show(till: Till, order: Order) {
    val about = listOfNotNull(
        "${order.amount.amount} ${order.amount.currency} of ${order.product}",
        "since ${order.createdAt}",
        if (order.overdue) "overdue" else null,
        order.conflict?.let { "in conflict: $it" },
    )
    println("\n${order.id}: ${about.joinToString()}\n  ${inWords(order)}")
    for (entry in till.history(order.id)) {
        println("  ${entry.sequence} ${entry.at} ${entry.what}: ${entry.state.wire}. ${entry.note ?: ""}")
    }
}

/** Writes a person's decision into the order's history, for good. */
private suspend fun resolve(till: Till, id: String, state: String, decidedBy: String, grounds: String) {
    val decision = Decision(OrderState.entries.first { it.wire == state }, decidedBy, grounds)
    try {
        show(till, till.resolve(id, decision))
    } catch (error: TillgateException.TooLate) {
        // Evidence came first, and settled it: nothing is left to decide.
        println(error.message)
    }
}
