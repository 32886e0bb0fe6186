/**
 * Makes the calls that standard input asks for, and prints what came of each as a line of JSON: see conformance/README.md. Which calls
 * and records there are is generated, in the folder `generated`.
 */
package runner

import io.tillgate.Disposable
import io.tillgate.TillgateException
import io.tillgate.blocking
import io.tillgate.local
import java.io.FileDescriptor
import java.io.FileOutputStream
import java.io.PrintStream
import java.time.Instant
import java.time.temporal.ChronoUnit
import kotlin.system.exitProcess

/** There is no such class, method or function. */
internal object Missing

/** What was asked for cannot be read. */
internal class Unreadable(why: String) : Exception(why)

/** What was given for one call: texts by their places. And the objects that were made. */
internal class Given(private val objects: Map<String, Any>) {
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

    /** What the text says, in the words of its type. What that cannot hold, the library is never asked to take. */
    fun <T> value(place: String, hear: (String) -> T): T {
        val text = texts[place] ?: throw wrong(place)
        return try {
            hear(text)
        } catch (_: IllegalArgumentException) {
            throw wrong(place)
        } catch (_: NoSuchElementException) {
            throw wrong(place)
        }
    }

    fun kept(place: String): Any = value(place) { objects.getValue(it) }

    fun <T> ifThere(place: String, hear: (String) -> T): T? = if (has(place)) hear(place) else null

    fun <T> list(place: String, hear: (String) -> T): List<T> =
        List(value(place) { it.toInt() }) { hear(place(place, "$it")) }

    fun map(place: String): Map<String, String> =
        list(place) { pair -> value(place(pair, "key")) { it } to value(place(pair, "value")) { it } }.toMap()

    private fun wrong(place: String) = TillgateException.InvalidArgument(
        local(
            reason = "\"${texts[place] ?: "nothing"}\" is no value of its type",
            advice = "Nothing was sent and nothing was bought. Correct the argument and call again.",
            field = place,
        ),
    )
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
private suspend fun step(objects: MutableMap<String, Any>, head: String, given: Given): Map<String, Any?> {
    val words = head.split(" ")
    fun kept(name: String): Any = objects[name] ?: throw Unreadable("nothing is kept as $name")
    val returned = try {
        when (words[0]) {
            "make" -> make("${words[2]} ${words[3]}", given)
            "derive" -> call(kept(words[2]), words[3], given)
            "call" -> if (words[1] == "-") call(words[2], given) else call(kept(words[1]), words[2], given)
            "drop" -> letGo(kept(words[1])).also { objects.remove(words[1]) }
            else -> throw Unreadable("not a call: $head")
        }
    } catch (error: TillgateException) {
        val facts = mapOf("code" to error.code, "number" to error.number) + tell(error.details)
        return mapOf("returned" to null, "error" to facts)
    }
    if (returned == Missing) return mapOf("missing" to true)
    if (words[0] != "make" && words[0] != "derive") return mapOf("returned" to returned)
    objects.put(words[1], checkNotNull(returned))?.let(::letGo)
    return mapOf("returned" to null)
}

/** The native object is let go of, and not shut down: that is a call of its own. */
private fun letGo(kept: Any) = (kept as Disposable).destroy()

fun main() {
    val objects = mutableMapOf<String, Any>()
    val lines = System.`in`.bufferedReader().lineSequence().iterator()
    // JSON is UTF-8, whatever the machine's own is.
    val out = PrintStream(FileOutputStream(FileDescriptor.out), true, "UTF-8")
    try {
        while (lines.hasNext()) {
            val head = lines.next()
            val given = Given(objects)
            while (true) {
                if (!lines.hasNext()) throw Unreadable("it ends within a call")
                val line = lines.next()
                if (line == "end") break
                given.add(line)
            }
            out.println(json(blocking { step(objects, head, given) }))
        }
    } catch (error: Unreadable) {
        System.err.println("this cannot be read: ${error.message}")
        exitProcess(2)
    }
    objects.values.forEach(::letGo)
    exitProcess(0)
}
