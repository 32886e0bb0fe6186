// Very many calls through the library as a program in Node has it: see conformance/README.md. It takes `node --expose-gc`.
import { setTimeout as sleep } from 'node:timers/promises'

import {
  CysendClient, InvalidArgumentError, Secret, UnknownOrderError, cysendResponseAdvice, newId,
} from '../../bindings-node/js/generated/index.mjs'
import { openTill, run, words } from '../../examples/node/shop.mjs'

/** Ten turns of five calls, and two that wait. */
const CALLS_IN_TEN_TURNS = 52
/** The event loop has its turn, in which what a call left for later is done. */
const AT_ONCE = 20

const nowhere = { credentials: { user: 'till', password: 'secret' }, baseUrl: 'nowhere' }

/** An object, a text out of it, a text, a record, an error with all its facts. */
function turn(id) {
  if (new Secret('secret').reveal() !== 'secret') throw new Error('another secret')
  if (newId() === id) throw new Error('the same id')
  if (cysendResponseAdvice('00') === null) throw new Error('no advice')
  try {
    new CysendClient(nowhere)
  } catch (error) {
    if (error instanceof InvalidArgumentError) return
    throw error
  }
  throw new Error('that is no address')
}

/** What has to be waited for: a record, and an error. */
async function waiting(till, id) {
  const [order, unknown] = await Promise.all([till.order(id), till.order('nobody').catch((error) => error)])
  if (order.id !== id || !(unknown instanceof UnknownOrderError)) throw new Error('another order')
}

async function tenTurns(till, id) {
  for (let turns = 0; turns < 10; turns++) turn(id)
  await waiting(till, id)
}

/** What this process has in memory now. */
async function residentKib() {
  for (let time = 0; time < 3; time++) {
    await sleep(0)
    globalThis.gc()
  }
  return Math.round(process.memoryUsage().rss / 1024)
}

await run(async () => {
  const [url, user, password, journal, ...rounds] = words()
  const till = await openTill(url, user, password, journal)
  const { id } = await till.buy({
    id: newId(),
    product: '1111',
    amount: { amount: '10', currency: 'CHF' },
    scenario: 'simulate-success',
    beneficiary: [{ name: 'mobile', value: '+41791234567' }],
  })
  for (const calls of rounds) {
    for (let left = Math.floor(Number(calls) / CALLS_IN_TEN_TURNS); left > 0; left -= AT_ONCE) {
      await Promise.all(Array.from({ length: Math.min(left, AT_ONCE) }, () => tenTurns(till, id)))
    }
    console.log(await residentKib())
  }
  await till.close()
  return true
})
