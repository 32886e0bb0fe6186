// Carries out a plan of orders (see conformance/README.md): `node runner.mjs PLAN`.
import { readFile } from 'node:fs/promises'

import { CysendClient, Secret, Till, TillgateError } from '../../../bindings-node/js/generated/index.mjs'

// How often `settle` asks, and how long it waits in between, before it gives up.
const ROUNDS_MAX = 200
const ROUND_MS = 240_000
// How long `enqueue` waits before it looks again whether the order was sent.
const SENDING_POLL_MS = 20
const SETTLED = ['succeeded', 'failed', 'cancelled', 'expired', 'reversed', 'needs_review']

/** The plan cannot be read. */
class NotAPlanError extends Error {}
/** An order has no end after all those look-ups. */
class NotSettledError extends Error {}

const say = (...words) => process.stdout.write(`${words.join(' ')}\n`)

/** `look_up_first_ms` as `lookUpFirstMs`. */
const camel = (name) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase())

/** Takes a line that is a setting; false for a step. */
function take(settings, line, [name, ...words]) {
  const rest = line.slice(name.length + 1)
  if (name === 'journal') settings.journalPath = rest
  else if (name === 'mirror') settings.epochMirrorPath = rest
  else if (name === 'key') settings.key = { id: words[0], key: new Secret(words[1]) }
  else if (name === 'gateway') settings.account = words
  else if (name === 'policy') settings.policy[camel(words[0])] = Number(words[1])
  else return false
  return true
}

async function open({ account: [baseUrl, user, password], ...config }) {
  const client = new CysendClient({ credentials: { user, password }, baseUrl })
  const till = await Till.open({ ...config, create: true })
  await till.attachCysend({ client })
  return till
}

const newOrder = (id, [product, amount, currency, scenario, mobile]) => ({
  id,
  product,
  amount: { amount, currency },
  scenario,
  beneficiary: mobile === '-' ? [] : [{ name: 'mobile', value: mobile }],
})

/** Until it was sent in the background, and its outcome written down. */
async function enqueue(till, wanted) {
  let order = await till.enqueue(wanted)
  while (order.state === 'pending' || order.state === 'sending') order = await till.wait(order.id, SENDING_POLL_MS)
  return order
}

async function settle(till, id) {
  let order = await till.order(id)
  for (let round = 0; round < ROUNDS_MAX; round++) {
    if (SETTLED.includes(order.state)) return order
    try {
      order = await till.lookUp(id)
    } catch (error) {
      // Nothing certain was learnt this time.
      if (!(error instanceof TillgateError)) throw error
    }
    if (!SETTLED.includes(order.state)) order = await till.wait(id, ROUND_MS)
  }
  throw new NotSettledError(`${id} is still ${order.state} after ${ROUNDS_MAX} look-ups`)
}

async function events(till) {
  const stream = till.events()
  let count = 0
  for (let event = await stream.next(0); event !== null; event = await stream.next(0)) {
    await stream.acknowledge(event.id)
    count += 1
  }
  return count
}

const state = (order) => (order.failure === null ? order.state : `${order.state} ${order.failure}`)

const STEPS = {
  buy: async (till, id, ...words) => state(await till.buy(newOrder(id, words))),
  batch: async (till, ids, ...words) => {
    const orders = await till.buyBatch(ids.split(',').map((id) => newOrder(id, words)))
    return orders.map(state).join(',')
  },
  enqueue: async (till, id, ...words) => state(await enqueue(till, newOrder(id, words))),
  look_up: async (till, id) => state(await till.lookUp(id)),
  wait: async (till, id, ms) => state(await till.wait(id, Number(ms))),
  settle: async (till, id) => state(await settle(till, id)),
  reveal: async (till, id) => {
    await till.reveal(id)
    return 'revealed'
  },
  cancel: async (till, id) => state(await till.cancel(id)),
  events,
  close: async (till) => {
    await till.close()
    return 'ok'
  },
}

/** What is printed of an error; anything but ours is a defect. */
function told(error) {
  if (!(error instanceof TillgateError)) throw error
  console.error(String(error))
  return `error ${error.code} ${error.outcome}`
}

async function carryOut(plan) {
  const settings = { account: ['', '', ''], policy: {} }
  let till
  for (const line of plan.split('\n').filter((text) => text !== '')) {
    const words = line.split(' ')
    if (take(settings, line, words)) continue
    const [name, ...rest] = words
    if (!Object.hasOwn(STEPS, name)) throw new NotAPlanError(`not a step: ${name}`)
    if (till === undefined) {
      try {
        till = await open(settings)
      } catch (error) {
        say('open', told(error))
        return 1
      }
      say('open ok')
    }
    let [done, failed] = ['', false]
    try {
      done = await STEPS[name](till, ...rest)
    } catch (error) {
      if (error instanceof NotSettledError) {
        console.error(error.message)
        return 1
      }
      done = told(error)
      failed = name === 'settle'
    }
    say(...words.slice(0, 2), done)
    if (failed) return 1
  }
  return 0
}

/** The plan named on the command line. */
async function planned() {
  try {
    return await readFile(process.argv[2] ?? '', 'utf8')
  } catch (error) {
    throw new NotAPlanError(error.message)
  }
}

try {
  process.exitCode = await carryOut(await planned())
} catch (error) {
  if (!(error instanceof NotAPlanError)) throw error
  console.error(`not a plan: ${error.message}`)
  process.exitCode = 2
}
