// Sells a voucher and prints its code, once, whatever happens to this program on the way.
//
//     node redeem_a_voucher.mjs [URL [USER [PASSWORD [JOURNAL]]]]
//
// Kill it at any moment and run it again: it never buys a second voucher, and a second slip says that it is one. Without arguments
// it sells at the sandbox: `cargo run -p tillgate-sandbox -- --port 8765`.
import { WrongKeyError, newId } from 'tillgate'

import { inWords, load, save, withTill } from './shop.mjs'

/** Prints the code; `slip` is the file that remembers how far that has come. */
async function handOut(till, id, slip) {
  const done = await load(slip)
  if (done === 'printed') {
    console.log('The slip was printed. If it is lost, a manager decides: whoever has the code has the money.')
    return
  }
  const voucher = await reveal(till, id)
  // Nobody can print and write that down in one step. So what is begun is written down before: after a crash between the two,
  // the slip may already be in somebody's hand.
  await save(slip, 'printing')
  if (done === 'printing') {
    console.log('COPY. The printing was cut short: look for the first slip, and hand out one of the two.')
  }
  for (const [name, secret] of [
    ['Code', voucher.code],
    ['PIN', voucher.pinCode],
    ['Serial', voucher.serial],
  ]) {
    if (secret !== null) console.log(`${name.padEnd(8)}${secret.reveal()}`)
  }
  if (voucher.code === null && voucher.pdfLink !== null) console.log(`Voucher ${voucher.pdfLink.reveal()}`)
  await save(slip, 'printed')
}

async function reveal(till, id) {
  // No order, event or log holds the code. Asking for it is written into the order's history, and may be repeated: it is the same
  // code each time, and not another voucher.
  try {
    return await till.reveal(id)
  } catch (error) {
    if (!(error instanceof WrongKeyError)) throw error
    // The key that encrypted it is lost. The gateway tells the code again, and today's key encrypts it.
    await till.refetchCode(id)
    return till.reveal(id)
  }
}

const voucherOf25Euros = (id) => ({
  id,
  product: '3333', // the catalogue's number of this face value
  amount: { amount: '25', currency: 'EUR' },
  scenario: 'simulate-success', // 'live' costs money; there is no default
})

await withTill(async (till, journal) => {
  let id = await load(`${journal}.voucher`)
  if (id === null) {
    id = newId()
    await save(`${journal}.voucher`, id)
  }
  // Bought once, however often this runs with the saved id.
  await till.buy(voucherOf25Euros(id))
  const order = await till.wait(id, 120_000)
  console.log(inWords(order))
  if (order.state !== 'succeeded') return false
  if (!order.hasVoucher) {
    console.log("The gateway delivered no code. Keep the customer's receipt and ask the gateway.")
    return false
  }
  await handOut(till, id, `${journal}.slip`)
  return true
})
