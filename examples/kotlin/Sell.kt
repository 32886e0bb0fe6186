// Sells one top-up of 10 CHF, and says what became of it.
//
//     SellKt [URL [USER [PASSWORD [JOURNAL]]]]
//
// Without arguments it sells at the sandbox: `cargo run -p tillgate-sandbox -- --port 8765`.

import io.tillgate.*
import java.math.BigDecimal

fun main(arguments: Array<String>) {
    end { sell(Told(arguments)) }
}

// Shutting down waits for what is on its way; what is still open is looked up when the till is opened again.
private suspend fun sell(told: Told): Boolean = openTill(told).useSuspending { till ->
    // sample: sell
    val id = newId()
    // Saved before anything is bought. If the machine dies from here on, the id tells what became of it.
    save("${told.journal}.sale", id)

    till.buy(
        NewOrder(
            id = id,
            product = "1111", // the catalogue's number of the face value
            amount = Money(BigDecimal(10), "CHF"),
            scenario = CysendOrderScenario.SimulateSuccess.wire, // Live costs money; no default
            beneficiary = listOf(BeneficiaryField("mobile", "+41791234567")),
        ),
    )
    // Most orders are only accepted at first. This waits for their end, two minutes at most.
    val order = till.wait(id, 120_000u)
    println(inWords(order))
    // sample ends
    order.state == OrderState.SUCCEEDED
}
