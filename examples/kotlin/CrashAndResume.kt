// Sells one top-up of 10 CHF, whatever happens to this program on the way.
//
//     CrashAndResumeKt [URL [USER [PASSWORD [JOURNAL]]]]
//
// Kill it at any moment and run it again: it goes on with the sale that it finds, and never buys a second time. Without arguments
// it sells at the sandbox: `cargo run -p tillgate-sandbox -- --port 8765`.

import io.tillgate.*
import java.math.BigDecimal

/** Twenty minutes in all. */
private const val WAITS_MAX = 120
private const val WAIT_MS: ULong = 10_000u

fun main(arguments: Array<String>) {
    end { sellOrGoOn(Told(arguments)) }
}

private suspend fun sellOrGoOn(told: Told): Boolean = openTill(told).useSuspending { till ->
    // sample: resume
    // The same id with the same request: an order that was placed before comes back as it is, and is not sent again.
    var order = till.buy(topUp(idOfSale("${told.journal}.unfinished")))
    // If the program died at a bad moment and the gateway never got the order, it takes a quarter of an hour of asking until that
    // is certain. So wait for longer than that, and tell the people at the counter.
    for (wait in 1..WAITS_MAX) {
        println("${order.id} is ${order.state.wire}")
        if (order.state in SETTLED) break
        order = till.wait(order.id, WAIT_MS)
    }
    // sample ends
    println(inWords(order))
    order.state == OrderState.SUCCEEDED
}

/**
 * The id of the sale that was begun, or of a new one. The file stays until the customer has the goods or the money; then it makes
 * room for the next sale.
 */
private fun idOfSale(path: String): String {
    val saved = load(path)
    if (saved != null) {
        println("going on with $saved")
        return saved
    }
    // Saved before anything is bought. A new id for an old sale would buy a second time.
    val new = newId()
    save(path, new)
    println("a new sale, $new")
    return new
}

private fun topUp(id: String) = NewOrder(
    id = id,
    product = "1111", // the catalogue's number of this face value
    amount = Money(BigDecimal(10), "CHF"),
    scenario = CysendOrderScenario.SimulateSuccess.wire, // Live costs money; there is no default
    beneficiary = listOf(BeneficiaryField("mobile", "+41791234567")),
)
