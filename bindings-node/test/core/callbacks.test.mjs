// Callbacks are received, by the till's own web server or by hand; they move nothing.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { cysendTestCallback, InvalidArgumentError, newCallbackPath } from 'tillgate'

import { newOrder, openTill, startGateway } from './shop.mjs'

let gateway
before(async () => {
  gateway = await startGateway()
})
after(() => gateway.close())

test('the raw bytes are taken, and parsed ones are refused with advice', async (t) => {
  const till = await openTill(t, gateway)
  const order = await till.buy(newOrder())
  const { body } = cysendTestCallback(order, 'failed')
  assert.ok(Buffer.isBuffer(body))
  assert.equal((await till.handleCallback({ body })).httpStatus, 200)
  const bytes = new Uint8Array(body)
  // The second is what `await request.arrayBuffer()` gives.
  for (const same of [bytes, bytes.buffer]) assert.equal((await till.handleCallback({ body: same })).knownOrders, 1)
  assert.equal((await till.handleCallback({ body: new ArrayBuffer(0) })).httpStatus, 400)
  for (const wrong of [JSON.parse(body.toString()), body.toString(), {}, new Float64Array(2), null]) {
    await assert.rejects(till.handleCallback({ body: wrong }), (error) => {
      assert.ok(error instanceof InvalidArgumentError)
      assert.equal(error.field, 'request.body')
      assert.match(error.message, /the bytes as they came, a Buffer.*parsed.*express\.raw/)
      return true
    })
  }
  assert.equal((await till.order(order.id)).state, 'succeeded')
})

test('the receiver takes callbacks, and refuses what is none', async (t) => {
  const till = await openTill(t, gateway)
  const path = newCallbackPath()
  const receiver = await till.receiveCallbacks({ path })
  const url = receiver.callbackUrl()
  assert.ok(url.endsWith(path.reveal()))
  const order = await till.buy(newOrder())
  const { body } = cysendTestCallback(order, 'failed')
  const status = async (where, options) => (await fetch(where, { method: 'POST', body, ...options })).status
  assert.equal(await status(url), 200)
  assert.equal(await status(`${url}x`), 404)
  assert.equal(await status(url, { method: 'PUT' }), 405)
  assert.equal(await status(url, { body: '<html>' }), 400)
  const counts = await receiver.status()
  assert.deepEqual([counts.handled, counts.wrongPath, counts.wrongMethod, counts.notReadable], [1, 1, 1, 1])
  await receiver.close()
  assert.ok((await receiver.status()).closed)
  await assert.rejects(status(url))
})
