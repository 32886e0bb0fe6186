// Goes through the journal: what is open, what needs a person, and what a person decided.
//
//     node reconcile_and_review.mjs [URL [USER [PASSWORD [JOURNAL]]]]
//     node reconcile_and_review.mjs URL USER PASSWORD JOURNAL ID succeeded|failed|reversed WHO GROUNDS
//
// The first form asks the gateway about every order that is not settled, and ends with 0 when nobody is needed. The second writes
// a decision down first. One program at a time buys with a journal, or decides: close the till before, or let the program that
// sells do what stands here.
import { TillgateError, TooLateError } from 'tillgate'

import { inWords, withTill } from './shop.mjs'

// Those in review are listed apart: they wait for a person.
const OPEN = ['pending', 'sending', 'unknown', 'accepted']

const shown = (date) => date.toISOString().slice(0, 19).replace('T', ' ')

/** Asks about everything that is not settled; whether nothing is left for a person to do. */
async function reconcile(till) {
  const before = await till.status()
  if (before.quarantine !== null) console.log(`The journal is in quarantine: ${before.quarantine}`)
  for (const account of before.unattachedAccounts) {
    console.log(`There are open orders of ${account}, and nobody attached it.`)
  }

  for await (const order of till.listAll({ states: OPEN })) await show(till, await compared(till, order))
  for (const filter of [
    { states: ['needs_review'] },
    // A final order of which the gateway said something else later.
    { conflictsOnly: true },
  ]) {
    for await (const order of till.listAll(filter)) await show(till, await compared(till, order))
  }

  const status = await till.status()
  console.log(
    `${status.openOrders} open, ${status.inReview} of them in review; ${status.conflicts} in conflict.`,
  )
  return status.inReview === 0 && status.conflicts === 0 && status.quarantine === null
}

/** The order after the gateway was asked about it now. */
async function compared(till, order) {
  try {
    return await till.lookUp(order.id)
  } catch (error) {
    if (!(error instanceof TillgateError)) throw error
    // Nothing certain was learnt, so nothing was changed. An error is no answer.
    console.log(`${order.id} could not be looked up: ${error.message}`)
    return order
  }
}

async function show(till, order) {
  const { amount, currency } = order.amount
  const about = [`${amount} ${currency} of ${order.product}`, `since ${shown(order.createdAt)}`]
  if (order.overdue) about.push('overdue')
  if (order.conflict !== null) about.push(`in conflict: ${order.conflict}`)
  console.log(`\n${order.id}: ${about.join(', ')}\n  ${inWords(order)}`)
  for (const entry of await till.history(order.id)) {
    console.log(`  ${entry.sequence} ${shown(entry.at)} ${entry.what}: ${entry.state}. ${entry.note ?? ''}`)
  }
}

/** Writes a person's decision into the order's history, for good. */
async function resolve(till, id, state, decidedBy, grounds) {
  try {
    await show(till, await till.resolve(id, { state, decidedBy, grounds }))
  } catch (error) {
    if (!(error instanceof TooLateError)) throw error
    // Evidence came first, and settled it: nothing is left to decide.
    console.log(error.message)
  }
}

await withTill(async (till, _journal, ...decision) => {
  if (decision.length > 0) await resolve(till, ...decision)
  return reconcile(till)
})
