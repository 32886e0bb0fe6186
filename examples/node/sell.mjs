// Sells one top-up of 10 CHF, and says what became of it.
//
//     node sell.mjs [URL [USER [PASSWORD [JOURNAL]]]]
//
// Without arguments it sells at the sandbox: `cargo run -p tillgate-sandbox -- --port 8765`.
import { newId } from 'tillgate'

import { inWords, save, withTill } from './shop.mjs'

await withTill(async (till, journal) => {
  // sample: sell
  const id = newId()
  // Saved before anything is bought. If the machine dies from here on, the id tells what became of it.
  await save(`${journal}.sale`, id)

  await till.buy({
    id,
    product: '1111', // the catalogue's number of the face value
    amount: { amount: '10', currency: 'CHF' }, // exact, so a text
    scenario: 'simulate-success', // 'live' costs money; there is no default
    beneficiary: [{ name: 'mobile', value: '+41791234567' }],
  })
  // Most orders are only accepted at first. This waits for their end, two minutes at most.
  const order = await till.wait(id, 120_000)
  console.log(inWords(order))
  // sample ends
  return order.state === 'succeeded'
})
