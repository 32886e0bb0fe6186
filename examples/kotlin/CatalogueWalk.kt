// Walks through the catalogue, from a country to what an order would be, and buys nothing.
//
//     CatalogueWalkKt [URL [USER [PASSWORD [JOURNAL [COUNTRY [PRODUCT]]]]]]
//
// Without arguments it asks the sandbox: `cargo run -p tillgate-sandbox -- --port 8765`. It needs no journal.

import io.tillgate.*

/** What a customer would type into the form. */
private val TYPED = mapOf("mobile" to "+41791234567", "account" to "12345678")
private val DELIVERED = setOf(CysendProductType.Instant, CysendProductType.PrepaidCode)

fun main(arguments: Array<String>) {
    end { walk(Told(arguments)) }
}

private suspend fun walk(told: Told): Boolean {
    val country = told.more.getOrElse(0) { "CH" }
    val credentials = CysendCredentials(user = told.user, password = Secret(told.password))
    return CysendClient(CysendConfig(credentials, baseUrl = told.url)).use { client ->
        client.getCountries(CysendCountryFilter()).forEach { println("${it.countryIsoAlpha2} ${it.countryName}") }

        // Not with the filter `mobile`: each call with it is billed.
        val products = client.getProducts(CysendProductFilter(countryIso2 = country))
        for (product in products) {
            val note = if (product.maintenance == true) "under maintenance" else product.productType.wire
            println("  ${product.productId} ${product.productName}: $note")
        }
        val chosen = choose(products, told.more.getOrNull(1)?.toLong())
        if (chosen == null) println("Nothing to choose in $country.")
        chosen != null && quote(client, chosen, fillIn(chosen))
    }
}

/** The product with this number, or else the one with the longest form. */
private fun choose(products: List<CysendProduct>, id: Long?): CysendProduct? = products
    .filter { it.maintenance != true && it.productType in DELIVERED && (id == null || it.productId == id) }
    .maxByOrNull { it.beneficiaryInformation.size }

/** Shows the form of a product, and fills it in as a customer would. */
private fun fillIn(product: CysendProduct): List<BeneficiaryField> {
    println("\n${product.productName} asks for:")
    return product.beneficiaryInformation.mapNotNull { field ->
        println("  ${field.name}${if (field.required) "" else " (if you like)"}: ${field.description}")
        val elements = if (field.fieldType == CysendFieldType.Select) field.elements else listOf()
        elements.forEach { println("    ${it.value}: ${it.description}") }
        // `field.pattern` is advice for a form and no more: published patterns partly match nothing.
        val value = elements.firstOrNull()?.value ?: TYPED[field.name]
        value?.let { BeneficiaryField(field.name, it) }
    }
}

/** Asks what each face value costs, and says what the order for the first would be. */
private suspend fun quote(client: CysendClient, product: CysendProduct, beneficiary: List<BeneficiaryField>): Boolean {
    val told = beneficiary.map { CysendBeneficiary(it.name, it.value) }
    val faceValues = client.getFaceValues(CysendFaceValueFilter(productId = product.productId))
    // Of a range the customer chooses any step; this one takes the smallest.
    val offers = faceValues.fixed.map { CysendCostRequest(it.faceValueId, it.faceValue, it.faceValueCurrency, told) } +
        faceValues.range.map { CysendCostRequest(it.faceValueId, it.faceValueFrom, it.faceValueCurrency, told) }
    val first = offers.firstOrNull()
    if (first == null) {
        println("${product.productName} has no face value now.")
        return false
    }
    // Right at this moment. What the account is debited in the end stands in the order: `Order.cost`.
    for (cost in client.getProductCost(offers)) {
        println("  ${cost.faceValue} ${cost.faceValueCurrency} costs ${cost.cost} ${cost.currency}")
    }

    val bounds = faceValues.range.find { it.faceValueId == first.faceValueId }
    val order = NewOrder(
        id = newId(), // to be saved before `buy`
        product = first.faceValueId.toString(), // of today's catalogue: the number changes when the value does
        amount = Money(first.faceValue, first.faceValueCurrency),
        scenario = CysendOrderScenario.SimulateSuccess.wire,
        beneficiary = beneficiary,
        // Checked before anything is sent.
        amountRange = bounds?.let { AmountRange(it.faceValueFrom, it.faceValueTo, it.faceValueStep) },
    )
    println("\nThe order would be: ${order.amount.amount} ${order.amount.currency} of ${order.product} (${order.scenario}) for")
    order.beneficiary.forEach { println("  ${it.name} ${it.value}") }
    return true
}
