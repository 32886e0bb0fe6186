/**
 * Makes the calls of a plan (see conformance/README.md), and prints what came of each as a line of JSON. Which calls and records there
 * are is generated, in the folder `generated`.
 */
package caller

import io.tillgate.TillgateException
import io.tillgate.blocking
import java.time.Instant
import java.time.temporal.ChronoUnit
import kotlin.system.exitProcess

/** There is no such method. */
internal object Missing

/** The plan cannot be read. */
internal class NotAPlan(why: String) : Exception(why)

/** What was given for a call: texts by their places. */
internal class Given {
    private val texts = mutableMapOf<String, String>()

    fun add(line: String) {
        val (place, text) = line.split("=", limit = 2)
        texts[place] = Regex("""\\(.)""").replace(text) { found ->
            when (val letter = found.groupValues[1]) {
                "n" -> "\n"
                "r" -> "\r"
                else -> letter
            }
        }
    }

    fun has(place: String): Boolean = place in texts

    fun text(place: String): String = texts[place] ?: throw NotAPlan("nothing was given at $place")

    fun <T> ifThere(place: String, hear: (String) -> T): T? = if (has(place)) hear(place) else null

    fun <T> list(place: String, hear: (String) -> T): List<T> = List(text(place).toInt()) { hear(place(place, "$it")) }

    fun map(place: String): Map<String, String> =
        list(place) { text(place(it, "key")) to text(place(it, "value")) }.toMap()
}

internal fun place(at: String, name: String): String = if (at.isEmpty()) name else "$at.$name"

internal fun bytes(text: String): ByteArray = text.chunked(2).map { it.toInt(16).toByte() }.toByteArray()

internal fun hexadecimal(bytes: ByteArray): String = bytes.joinToString("") { "%02x".format(it) }

internal fun instant(text: String): Instant = Instant.EPOCH.plus(text.toLong(), ChronoUnit.MICROS)

internal fun microseconds(instant: Instant): Long = ChronoUnit.MICROS.between(Instant.EPOCH, instant)

/** A value as JSON. */
private fun json(value: Any?): String = when (value) {
    is String -> quoted(value)
    is Map<*, *> -> value.entries.joinToString(",", "{", "}") { "${quoted(it.key as String)}:${json(it.value)}" }
    is List<*> -> value.joinToString(",", "[", "]") { json(it) }
    Unit -> "null"
    else -> value.toString()
}

private fun quoted(text: String): String = text.asSequence().joinToString("", "\"", "\"") { letter ->
    when {
        letter == '"' || letter == '\\' -> "\\$letter"
        letter < ' ' -> "\\u%04x".format(letter.code)
        else -> letter.toString()
    }
}

/** One call, and what came of it. */
private suspend fun step(clients: MutableMap<String, Any>, head: String, given: Given): Map<String, Any?> {
    val words = head.split(" ")
    fun client(name: String): Any = clients[name] ?: throw NotAPlan("there is no client $name")
    val returned = try {
        when (words[0]) {
            "make" -> make("${words[2]} ${words[3]}", given) ?: Missing
            "derive" -> derive(client(words[2]), words[3], given) ?: Missing
            "call" -> call(client(words[1]), words[2], given)
            else -> throw NotAPlan("not a call: $head")
        }
    } catch (error: TillgateException) {
        return mapOf("returned" to null, "error" to mapOf("code" to error.code) + tell(error.details))
    }
    if (returned == Missing) return mapOf("missing" to true)
    if (words[0] == "call") return mapOf("returned" to returned)
    clients[words[1]] = checkNotNull(returned)
    return mapOf("returned" to null)
}

fun main() {
    val clients = mutableMapOf<String, Any>()
    val lines = System.`in`.bufferedReader().lineSequence().iterator()
    // JSON is UTF-8, whatever the machine's own is.
    val out = java.io.PrintStream(java.io.FileOutputStream(java.io.FileDescriptor.out), true, "UTF-8")
    try {
        while (lines.hasNext()) {
            val head = lines.next()
            val given = Given()
            while (true) {
                if (!lines.hasNext()) throw NotAPlan("it ends within a call")
                val line = lines.next()
                if (line == "end") break
                given.add(line)
            }
            out.println(json(blocking { step(clients, head, given) }))
        }
    } catch (error: NotAPlan) {
        System.err.println("the plan cannot be read: ${error.message}")
        exitProcess(2)
    }
    exitProcess(0)
}
