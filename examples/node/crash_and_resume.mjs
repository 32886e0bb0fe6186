// Sells one top-up of 10 CHF, whatever happens to this program on the way.
//
//     node crash_and_resume.mjs [URL [USER [PASSWORD [JOURNAL]]]]
//
// Kill it at any moment and run it again: it goes on with the sale that it finds, and never buys a second time. Without arguments
// it sells at the sandbox: `cargo run -p tillgate-sandbox -- --port 8765`.
import { newId } from 'tillgate'

import { SETTLED, inWords, load, save, withTill } from './shop.mjs'

// Twenty minutes in all.
const WAITS_MAX = 120
const WAIT_MS = 10_000

/**
 * The id of the sale that was begun, or of a new one. The file stays until the customer has the goods or the money; then it makes
 * room for the next sale.
 */
async function idOfSale(path) {
  const saved = await load(path)
  if (saved !== null) {
    console.log(`going on with ${saved}`)
    return saved
  }
  // Saved before anything is bought. A new id for an old sale would buy a second time.
  const id = newId()
  await save(path, id)
  console.log(`a new sale, ${id}`)
  return id
}

const topUp = (id) => ({
  id,
  product: '1111', // the catalogue's number of this face value
  amount: { amount: '10', currency: 'CHF' },
  scenario: 'simulate-success', // 'live' costs money; there is no default
  beneficiary: [{ name: 'mobile', value: '+41791234567' }],
})

await withTill(async (till, journal) => {
  // The same id with the same request: an order that was placed before comes back as it is, and is not sent again.
  let order = await till.buy(topUp(await idOfSale(`${journal}.unfinished`)))
  // If the program died at a bad moment and the gateway never got the order, it takes a quarter of an hour of asking until that
  // is certain. So wait for longer than that, and tell the people at the counter.
  for (let waits = 0; waits < WAITS_MAX; waits++) {
    console.log(`${order.id} is ${order.state}`)
    if (SETTLED.includes(order.state)) break
    order = await till.wait(order.id, WAIT_MS)
  }
  console.log(inWords(order))
  return order.state === 'succeeded'
})
