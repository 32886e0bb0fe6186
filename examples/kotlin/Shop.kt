// What the examples share: the shop's own part. How it opens its till, where it saves ids, and what it says at the counter. A real
// till has a key store and a database where this has files.

import io.tillgate.*
import java.io.File
import java.nio.channels.FileChannel
import java.nio.file.Files
import java.nio.file.StandardCopyOption
import java.nio.file.StandardOpenOption
import kotlin.system.exitProcess

/** Nothing but a conflict mark, or a person's decision, follows. */
val SETTLED = setOf(
    OrderState.SUCCEEDED,
    OrderState.FAILED,
    OrderState.CANCELLED,
    OrderState.EXPIRED,
    OrderState.REVERSED,
    OrderState.NEEDS_REVIEW,
)

/** URL, user, password and journal; by default the sandbox's. What follows them is the example's own. */
class Told(given: Array<String>) {
    // A real till takes the password from its key store: others on this machine can see a command line.
    private val defaults = listOf("http://127.0.0.1:8765/openapi/prod/v5.2.3", "till", "secret", "journal")
    private val all = given.toList() + defaults.drop(given.size)
    val url = all[0]
    val user = all[1]
    val password = all[2]
    val journal = all[3]
    val more = all.drop(4)
}

/** Runs an example to its end, which is 0 when it says `true`. */
fun end(example: suspend () -> Boolean): Nothing {
    val went = try {
        blocking(example)
    } catch (error: TillgateException) {
        // The text says what happened to the money and what to do now.
        System.err.println(error.message)
        false
    }
    exitProcess(if (went) 0 else 1)
}

// sample: open
suspend fun openTill(told: Told): Till {
    val config = TillConfig(
        journalPath = told.journal,
        // Makes the journal of a new till. A till that has sold before leaves it out: then a journal that is gone is an error, and
        // not a till that has forgotten its orders.
        create = true,
        key = keyOf(told.journal),
    )
    val credentials = CysendCredentials(user = told.user, password = Secret(told.password))
    val client = CysendClient(CysendConfig(credentials, baseUrl = told.url))
    return Till.open(config).also { it.attachCysend(CysendAccount(client)) }
}
// sample ends

/**
 * The key that encrypts vouchers, and the name under which the journal knows it. They lie beside the journal for the sake of the
 * examples alone: a real till keeps the key where passwords are kept, and a copy elsewhere.
 */
fun keyOf(journal: String): JournalKey {
    val saved = load("$journal.key") ?: "first ${newJournalKey().reveal()}".also { save("$journal.key", it) }
    val (name, key) = saved.trim().split(" ")
    return JournalKey(name, Secret(key))
}

/** Writes a file whole or not at all, and onto the disk. */
fun save(path: String, text: String) {
    val file = File(path).absoluteFile.toPath()
    val new = file.resolveSibling("${file.fileName}.new")
    val write = arrayOf(StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)
    FileChannel.open(new, *write).use { channel ->
        val bytes = java.nio.ByteBuffer.wrap(text.toByteArray())
        while (bytes.hasRemaining()) channel.write(bytes)
        channel.force(true)
    }
    Files.move(new, file, StandardCopyOption.ATOMIC_MOVE)
    // The new name is on the disk once the folder is.
    FileChannel.open(file.parent, StandardOpenOption.READ).use { it.force(true) }
}

/** What was saved, or nothing if nothing was. One that cannot be read is an error, not a missing one. */
fun load(path: String): String? = try {
    Files.readString(File(path).toPath())
} catch (_: java.nio.file.NoSuchFileException) {
    null
}

/** What to say at the counter. */
fun inWords(order: Order): String = when (order.state) {
    OrderState.SUCCEEDED -> "Done: ${order.amount.amount} ${order.amount.currency} of ${order.product}."
    OrderState.FAILED, OrderState.CANCELLED, OrderState.EXPIRED -> {
        val why = order.responseText ?: order.failure?.wire ?: order.state.wire
        "Not done ($why). Give the money back, or sell again: a new sale has a new id."
    }
    OrderState.REVERSED -> "Done and undone again. Give the money back."
    OrderState.NEEDS_REVIEW ->
        "A person must look at order ${order.id} (${order.review?.wire}): ask the gateway, then call resolve. Do not sell it again."
    OrderState.PENDING, OrderState.SENDING, OrderState.UNKNOWN, OrderState.ACCEPTED ->
        "Not certain yet (${order.state.wire}). Do not sell again and do not give the money back: wait, it is being looked up."
}
