// A signal ends a wait, and the wait alone.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { newOrder, openTill, startGateway } from './shop.mjs'

let gateway
before(async () => {
  // Live orders are accepted, and stay so until time is moved.
  gateway = await startGateway('--speed', '0')
})
after(() => gateway.close())

const NEVER_MS = 3_600_000
/** Nothing but us makes the till ask. */
const policy = { lookUpFirstMs: NEVER_MS, lookUpAcceptedMaxMs: NEVER_MS }

test('an aborted wait leaves its order alone', async (t) => {
  const till = await openTill(t, gateway, { policy })
  const order = await till.buy(newOrder())
  assert.equal(order.state, 'accepted')
  const why = new Error('the customer left')
  const stop = new AbortController()
  const warned = []
  const warning = (told) => warned.push(told)
  process.on('warning', warning)
  const waits = Array.from({ length: 100 }, () => till.wait(order.id, NEVER_MS, { signal: stop.signal }))
  stop.abort(why)
  for (const wait of waits) await assert.rejects(wait, (error) => error === why)
  await new Promise(setImmediate)
  process.off('warning', warning)
  assert.deepEqual(warned, [], 'that many on one signal are no leak')
  assert.deepEqual(await till.order(order.id), order)
  // Who has a signal that is never used waits like others.
  const settled = till.wait(order.id, NEVER_MS, { signal: new AbortController().signal })
  await gateway.control('advance', { ms: 60_000 })
  await till.lookUp(order.id)
  assert.equal((await settled).state, 'succeeded')
})

test('an aborted signal begins nothing, and its reason is told', async (t) => {
  const till = await openTill(t, gateway, { policy })
  await assert.rejects(till.wait('x', 1, { signal: AbortSignal.abort() }), { name: 'AbortError' })
  await assert.rejects(till.events().next(1, { signal: AbortSignal.abort(7) }), (reason) => reason === 7)
})

test('a wait for events is ended by a signal, and no event is held back by it', async (t) => {
  const till = await openTill(t, gateway, { policy: { ...policy, redeliverAfterMs: NEVER_MS } })
  const stop = new AbortController()
  const heard = (async () => {
    for await (const event of till.events().iterate({ signal: stop.signal })) assert.fail(`nothing happened yet: ${event}`)
  })()
  setImmediate(() => stop.abort())
  await assert.rejects(heard, { name: 'AbortError' })
  const order = await till.buy(newOrder())
  const events = till.events()
  const states = []
  for (let event = await events.next(NEVER_MS); event !== null; event = await events.next(0)) {
    states.push(event.order.state)
    await events.acknowledge(event.id)
  }
  assert.equal(order.state, 'accepted')
  assert.equal(states.at(-1), 'accepted')
})

test('who stops going over events while it waits ends the wait', async (t) => {
  const till = await openTill(t, gateway, { policy })
  const going = till.events()[Symbol.asyncIterator]()
  const waits = going.next()
  const done = { done: true, value: undefined }
  assert.deepEqual([await going.return(), await waits, await going.next()], [done, done, done])
})

test('buying takes no signal: what is sent is sent', async (t) => {
  const till = await openTill(t, gateway, { policy })
  const wanted = newOrder()
  const order = await till.buy(wanted, { signal: AbortSignal.abort() })
  assert.equal(order.state, 'accepted')
  assert.equal(till.buy.length, 1)
})
