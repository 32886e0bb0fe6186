// Walks through the catalogue, from a country to what an order would be, and buys nothing.
//
//     node catalogue_walk.mjs [URL [USER [PASSWORD [JOURNAL [COUNTRY [PRODUCT]]]]]]
//
// Without arguments it asks the sandbox: `cargo run -p tillgate-sandbox -- --port 8765`. It needs no journal.
import { CysendClient, newId } from 'tillgate'

import { run, words } from './shop.mjs'

// What a customer would type into the form.
const TYPED = { mobile: '+41791234567', account: '12345678' }
const DELIVERED = ['instant', 'prepaid_code']

/** The product with this number, or else the one with the longest form. */
function choose(products, productId) {
  const sold = products.filter((product) => !product.maintenance && DELIVERED.includes(product.productType))
  const wanted = productId === undefined ? sold : sold.filter((product) => product.productId === Number(productId))
  const longest = (a, b) => b.beneficiaryInformation.length - a.beneficiaryInformation.length
  return [...wanted].sort(longest)[0]
}

/** Shows the form of a product, and fills it in as a customer would. */
function fillIn(product) {
  console.log(`\n${product.productName} asks for:`)
  const filled = []
  for (const field of product.beneficiaryInformation) {
    console.log(`  ${field.name}${field.required ? '' : ' (if you like)'}: ${field.description}`)
    let value
    if (field.fieldType === 'select' && field.elements?.length > 0) {
      for (const element of field.elements) console.log(`    ${element.value}: ${element.description}`)
      value = field.elements[0].value
    } else {
      // `field.pattern` is advice for a form and no more: published patterns partly match nothing.
      value = TYPED[field.name]
    }
    if (value) filled.push({ name: field.name, value })
  }
  return filled
}

/** Asks what each face value costs, and says what the order for the first would be. */
async function quote(client, product, beneficiary) {
  const faceValues = await client.getFaceValues({ productId: product.productId })
  const offer = (faceValueId, faceValue, faceValueCurrency) => ({
    faceValueId,
    faceValue,
    faceValueCurrency,
    beneficiaryInformation: beneficiary,
  })
  const offers = [
    ...faceValues.fixed.map((fixed) => offer(fixed.faceValueId, fixed.faceValue, fixed.faceValueCurrency)),
    // Of a range the customer chooses any step; this one takes the smallest.
    ...faceValues.range.map((range) => offer(range.faceValueId, range.faceValueFrom, range.faceValueCurrency)),
  ]
  if (offers.length === 0) {
    console.log(`${product.productName} has no face value now.`)
    return false
  }
  // Right at this moment. What the account is debited in the end stands in the order: `order.cost`.
  for (const cost of await client.getProductCost(offers)) {
    console.log(`  ${cost.faceValue} ${cost.faceValueCurrency} costs ${cost.cost} ${cost.currency}`)
  }

  const [first] = offers
  const range = faceValues.range.find((one) => one.faceValueId === first.faceValueId)
  const order = {
    id: newId(), // to be saved before `buy`
    product: String(first.faceValueId), // of today's catalogue: the number changes when the value does
    amount: { amount: first.faceValue, currency: first.faceValueCurrency },
    scenario: 'simulate-success',
    beneficiary,
    // Checked before anything is sent.
    amountRange: range && { minimum: range.faceValueFrom, maximum: range.faceValueTo, step: range.faceValueStep },
  }
  const { amount, currency } = order.amount
  console.log(`\nThe order would be: ${amount} ${currency} of ${order.product} (${order.scenario}) for`)
  for (const field of order.beneficiary) console.log(`  ${field.name} ${field.value}`)
  return true
}

await run(async () => {
  const [url, user, password, , countryIso2 = 'CH', productId] = words()
  const client = new CysendClient({ credentials: { user, password }, baseUrl: url })
  for (const country of await client.getCountries({})) {
    console.log(`${country.countryIsoAlpha2} ${country.countryName}`)
  }

  // Not with the filter `mobile`: each call with it is billed.
  const products = await client.getProducts({ countryIso2 })
  for (const product of products) {
    const note = product.maintenance ? 'under maintenance' : product.productType
    console.log(`  ${product.productId} ${product.productName}: ${note}`)
  }
  const chosen = choose(products, productId)
  if (chosen === undefined) {
    console.log(`Nothing to choose in ${countryIso2}.`)
    return false
  }
  return quote(client, chosen, fillIn(chosen))
})
