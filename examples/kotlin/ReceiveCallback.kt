// Sells one top-up of 10 CHF, and receives the gateway's callback about it by the till itself.
//
//     ReceiveCallbackKt [URL [USER [PASSWORD [JOURNAL [PUBLIC_URL [CERTIFICATE KEY]]]]]]
//
// Without arguments it sells at the sandbox: `cargo run -p tillgate-sandbox -- --port 8765`.

import io.tillgate.*
import java.io.File
import java.math.BigDecimal

fun main(arguments: Array<String>) {
    end { sellAndHear(Told(arguments)) }
}

private suspend fun sellAndHear(told: Told): Boolean = openTill(told).useSuspending { till ->
    // sample: receive
    // The account is attached before. The receiver goes on until it or the till is closed.
    val receiver = till.receiveCallbacks(configOf(pathOf(told.journal), told.more))
    val id = newId()
    save("${told.journal}.sale", id)
    till.buy(topUp(id, receiver.callbackUrl()))
    // Nothing that a callback says is believed: it only makes the till ask the gateway sooner. So there is nothing to do here but
    // to wait, as without callbacks; or to read events.
    val order = till.wait(id, 120_000u)
    // sample ends
    println(inWords(order))
    val status = receiver.status()
    println("Taken: ${status.handled} callbacks of ${status.connections} requests.")
    receiver.shutDown()
    order.state == OrderState.SUCCEEDED
}

private fun configOf(path: Secret, public: List<String>): CallbackReceiverConfig = when (public.size) {
    // For this machine's sandbox alone.
    0 -> CallbackReceiverConfig(address = "127.0.0.1:0", path = path)
    1 -> behindAProxy(path, public[0])
    else -> withTls(path, public[0], public[1], public[2])
}

private fun withTls(path: Secret, publicUrl: String, certificateFile: String, keyFile: String) = CallbackReceiverConfig(
    address = "0.0.0.0:8443",
    path = path,
    publicUrl = publicUrl, // such as https://till.example:8443
    tlsCertificatePem = File(certificateFile).readText(),
    tlsKeyPem = Secret(File(keyFile).readText()),
)

private fun behindAProxy(path: Secret, publicUrl: String) = CallbackReceiverConfig(
    address = "127.0.0.1:8081",
    path = path,
    publicUrl = publicUrl, // such as https://shop.example/cysend
)

/**
 * The path that nobody guesses: it keeps strangers out, since callbacks are not signed. The same at each start, so that orders of
 * an earlier one are heard of too.
 */
private fun pathOf(journal: String): Secret {
    load("$journal.path")?.let { return Secret(it) }
    val path = newCallbackPath()
    save("$journal.path", path.reveal())
    return path
}

private fun topUp(id: String, callbackUrl: String): NewOrder {
    // For the sandbox: who knows the address can send callbacks, so a real till tells it to the gateway alone.
    println("callbacks at $callbackUrl")
    return NewOrder(
        id = id,
        product = "1111", // the catalogue's number of this face value
        amount = Money(BigDecimal(10), "CHF"),
        scenario = CysendOrderScenario.SimulateSuccess.wire, // Live costs money; there is no default
        beneficiary = listOf(BeneficiaryField("mobile", "+41791234567")),
        callbackUrl = callbackUrl,
    )
}
