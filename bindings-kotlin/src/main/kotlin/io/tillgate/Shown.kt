package io.tillgate

// What of a record is printed. Addresses hold secrets where nobody expects them.

/** Without a user and password in it. They do not belong there and are refused; until then they are printed nowhere. */
internal fun shownAddress(text: String?): String? {
    if (text == null) return null
    val scheme = text.indexOf("://")
    val begin = if (scheme < 0) 0 else scheme + 3
    val at = text.lastIndexOf('@')
    return if (at < begin) text else text.substring(0, begin) + "***" + text.substring(at)
}

/** The scheme and the host: whoever knows the path of a callback can forge one. */
internal fun shownOrigin(text: String?): String? {
    val shown = shownAddress(text) ?: return null
    val scheme = shown.indexOf("://")
    if (scheme < 0) return "***"
    val end = shown.indexOfAny(charArrayOf('/', '?', '#'), scheme + 3)
    return if (end < 0) shown else shown.substring(0, end) + "/***"
}

/** Of a web address the origin, anything else as it is. */
internal fun shownDestination(text: String?): String? =
    if (text != null && "://" in text) shownOrigin(text) else text

/** How much it is: a callback's body may hold vouchers. */
internal fun shownSize(bytes: ByteArray?): String? = bytes?.let { "<${it.size} bytes>" }
