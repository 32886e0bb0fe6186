package io.tillgate

/** An error in one line: what went wrong, what happened to the money and what to do now. */
internal fun messageOf(code: String, details: ErrorDetails): String = buildString {
    append(code).append(": ")
    details.field?.let { append(it).append(": ") }
    // Some end their sentence, and what follows belongs to it.
    append(details.reason.removeSuffix("."))
    details.httpStatus?.let { append(" (HTTP ").append(it).append(')') }
    details.gatewayCode?.let { append(" [").append(it).append(']') }
    details.orderId?.let { append(" (order ").append(it).append(')') }
    append(". ").append(details.advice)
}

/** A defect in the native library that was caught at its boundary. */
internal fun panicked(text: String): TillgateException = TillgateException.Internal(
    local(
        reason = "The work broke off: $text.",
        advice = "This is a defect in the library, please report it. Orders are safe in the journal: open it again and ask for " +
            "their state.",
    ),
)

/** A call of an object that was closed. */
internal fun wasClosed(called: Any): TillgateException = TillgateException.Closed(
    local(
        reason = "The ${called.javaClass.simpleName} was closed.",
        advice = "Nothing was sent. Open it again; orders are safe in the journal.",
    ),
)

/** Nothing was sent. */
internal fun local(reason: String, advice: String, field: String? = null) = ErrorDetails(
    reason = reason,
    advice = advice,
    outcome = Outcome.LOCAL,
    field = field,
    gatewayCode = null,
    gatewayText = null,
    gatewayInformation = null,
    gatewayExtra = mapOf(),
    httpStatus = null,
    orderId = null,
    requestId = null,
)
