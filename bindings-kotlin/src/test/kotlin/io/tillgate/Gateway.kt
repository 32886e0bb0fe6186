package io.tillgate

import java.io.File
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse.BodyHandlers
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.TimeUnit

/** A sandbox of its own: a gateway of which one can ask what it really sold. */
class Gateway(vararg options: String) : AutoCloseable {
    private val process: Process
    val url: String
    private val http = HttpClient.newHttpClient()

    init {
        val program = System.getProperty("tillgate.sandbox")
        check(File(program).canExecute()) { "$program is missing: cargo build -p tillgate-sandbox" }
        process = ProcessBuilder(program, "--until-stdin-closes", *options)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start()
        url = process.inputReader().readLine().removePrefix("listening on ")
    }

    /** One that settles orders at once. */
    companion object {
        fun settling(): Gateway = Gateway("--immediately-final")
    }

    fun client(password: String = "secret"): CysendClient =
        CysendClient(CysendConfig(CysendCredentials(user = "till", password = Secret(password)), baseUrl = url))

    /** How often the gateway sold something under this id. */
    fun sold(id: String): Int = Regex("\"user_uid\":").findAll(control("ledger?user_uid=$id")).count()

    fun orderFault(json: String) {
        control("faults", json)
    }

    private fun control(path: String, body: String? = null): String {
        val request = HttpRequest.newBuilder(URI(url).resolve("/_sandbox/$path"))
        if (body != null) {
            request.header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofString(body))
        }
        val answer = http.send(request.build(), BodyHandlers.ofString())
        check(answer.statusCode() < 300) { "the sandbox answers ${answer.statusCode()}: ${answer.body()}" }
        return answer.body()
    }

    override fun close() {
        process.outputStream.close()
        check(process.waitFor(30, TimeUnit.SECONDS)) { "the sandbox does not end" }
    }
}

/** A journal in a new folder. */
fun newTill(policy: OrderPolicy? = null, folder: Path = Files.createTempDirectory("tillgate-test")): TillConfig = TillConfig(
    journalPath = folder.resolve("journal").toString(),
    create = true,
    key = JournalKey("first", newJournalKey()),
    installationId = "test",
    policy = policy,
)

/** A till that sells at this gateway. */
suspend fun Gateway.till(config: TillConfig = newTill()): Till =
    Till.open(config).also { it.attachCysend(CysendAccount(client())) }

/** A voucher of 25 EUR. */
fun voucher(id: String = newId()): NewOrder =
    NewOrder(id, product = "3333", amount = Money(java.math.BigDecimal(25), "EUR"), scenario = "live")
