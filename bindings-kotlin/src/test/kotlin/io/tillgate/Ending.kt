package io.tillgate

/** Opens a till and comes to its end. */
fun main(arguments: Array<String>) {
    val (how, path) = arguments
    val till = blocking { Till.open(TillConfig(path, create = true, key = JournalKey("a", newJournalKey()))) }
    println("${blocking { till.status() }.openOrders} open orders")
    if (how == "closed") till.close()
}
