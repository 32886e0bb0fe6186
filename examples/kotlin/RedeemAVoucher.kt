// Sells a voucher and prints its code, once, whatever happens to this program on the way.
//
//     RedeemAVoucherKt [URL [USER [PASSWORD [JOURNAL]]]]
//
// Kill it at any moment and run it again: it never buys a second voucher, and a second slip says that it is one. Without arguments it
// sells at the sandbox: `cargo run -p tillgate-sandbox -- --port 8765`.

import io.tillgate.*
import java.math.BigDecimal

fun main(arguments: Array<String>) {
    end { sellAVoucher(Told(arguments)) }
}

private suspend fun sellAVoucher(told: Told): Boolean = openTill(told).useSuspending { till ->
    val id = load("${told.journal}.voucher") ?: newId().also { save("${told.journal}.voucher", it) }
    // Bought once, however often this runs with the saved id.
    till.buy(voucherOf25Euros(id))
    val order = till.wait(id, 120_000u)
    println(inWords(order))
    when {
        order.state != OrderState.SUCCEEDED -> false
        !order.hasVoucher -> {
            println("The gateway delivered no code. Keep the customer's receipt and ask the gateway.")
            false
        }
        else -> {
            handOut(till, id, "${told.journal}.slip")
            true
        }
    }
}

/** Prints the code; `slip` is the file that remembers how far that has come. */
private suspend fun handOut(till: Till, id: String, slip: String) {
    val done = load(slip)
    if (done == "printed") {
        println("The slip was printed. If it is lost, a manager decides: whoever has the code has the money.")
        return
    }
    val voucher = reveal(till, id)
    // Nobody can print and write that down in one step. So what is begun is written down before: after a crash between the two,
    // the slip may already be in somebody's hand.
    save(slip, "printing")
    if (done == "printing") {
        println("COPY. The printing was cut short: look for the first slip, and hand out one of the two.")
    }
    for ((name, secret) in listOf("Code" to voucher.code, "PIN" to voucher.pinCode, "Serial" to voucher.serial)) {
        if (secret != null) println("${name.padEnd(8)}${secret.reveal()}")
    }
    if (voucher.code == null) voucher.pdfLink?.let { println("Voucher ${it.reveal()}") }
    save(slip, "printed")
}

// No order, event or log holds the code. Asking for it is written into the order's history, and may be repeated: it is the same code
// each time, and not another voucher.
private suspend fun reveal(till: Till, id: String): Voucher = try {
    till.reveal(id)
} catch (_: TillgateException.WrongKey) {
    // The key that encrypted it is lost. The gateway tells the code again, and today's key encrypts it.
    till.refetchCode(id)
    till.reveal(id)
}

private fun voucherOf25Euros(id: String) = NewOrder(
    id = id,
    product = "3333", // the catalogue's number of this face value
    amount = Money(BigDecimal(25), "EUR"),
    scenario = CysendOrderScenario.SimulateSuccess.wire, // Live costs money; there is no default
)
