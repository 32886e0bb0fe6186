// A voucher is sold once, and everything that a seller sees of it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { Decimal } from 'decimal.js'
import {
  CysendClient,
  InvalidArgumentError,
  OrderConflictError,
  Secret,
  Till,
  TillgateError,
  UnauthorizedError,
  UnknownOrderError,
} from 'tillgate'

import { client, newOrder, openTill, startGateway } from './shop.mjs'

let gateway
before(async () => {
  gateway = await startGateway()
})
after(() => gateway.close())

test('a voucher is sold once', async (t) => {
  const till = await openTill(t, gateway)
  const wanted = newOrder()
  const twice = await Promise.all([till.buy(wanted), till.buy(wanted)])
  assert.deepEqual(twice.map((order) => order.id), [wanted.id, wanted.id])
  const order = await till.order(wanted.id)
  assert.equal(order.state, 'succeeded')
  assert.equal(order.attempts.length, 1)
  assert.ok(order.createdAt instanceof Date && Math.abs(order.createdAt - Date.now()) < 3_600_000)
  const voucher = await till.reveal(wanted.id)
  assert.ok(voucher.code instanceof Secret && voucher.code.reveal().length > 3)
  assert.ok(!JSON.stringify(order).includes(voucher.code.reveal()))
  assert.throws(() => JSON.stringify(voucher), /not written as JSON/)
})

test('what may be left out may be null or undefined', async (t) => {
  const till = await openTill(t, gateway, { policy: null, epochMirrorPath: undefined, oldKeys: null })
  const order = await till.buy(newOrder({ paymentCode: null, callbackUrl: null, account: undefined, beneficiary: null }))
  assert.equal(order.state, 'succeeded')
  assert.equal(order.conflict, null)
  assert.equal((await till.list({ text: null, limit: null })).orders.length, 1)
})

test('money is a text, and a decimal library goes there and back', async (t) => {
  const till = await openTill(t, gateway)
  const price = new Decimal('12.5').times(2)
  const order = await till.buy(newOrder({ amount: { amount: price.toFixed(), currency: 'EUR' } }))
  assert.ok(new Decimal(order.amount.amount).equals(price))
  for (const amount of [25, 25.0, 25n, new Number(25), new Decimal(25), NaN, '25,0', '2.5e1', null]) {
    const refused = newOrder({ amount: { amount, currency: 'EUR' } })
    const promise = till.buy(refused)
    await assert.rejects(promise, (error) => {
      assert.ok(error instanceof InvalidArgumentError, String(error))
      assert.equal(error.field, 'order.amount.amount')
      return true
    })
    await assert.rejects(till.order(refused.id), UnknownOrderError)
  }
})

test('an error has its class and what happened to the money', async (t) => {
  const till = await openTill(t, gateway)
  const wanted = newOrder()
  await till.buy(wanted)
  await assert.rejects(till.buy({ ...wanted, product: '3334' }), (error) => {
    assert.ok(error instanceof OrderConflictError && error instanceof TillgateError && error instanceof Error)
    assert.deepEqual([error.code, error.outcome, error.orderId], ['order_conflict', 'local', wanted.id])
    assert.match(error.stack, /sale\.test\.mjs/)
    const written = JSON.parse(JSON.stringify(error))
    assert.deepEqual([written.code, written.number, written.orderId], ['order_conflict', 15, wanted.id])
    return true
  })
  const stranger = new CysendClient({ credentials: { user: 'till', password: 'wrong' }, baseUrl: gateway.url })
  await assert.rejects(stranger.balance(), (error) => {
    assert.ok(error instanceof UnauthorizedError)
    assert.deepEqual([error.code, error.outcome, error.httpStatus], ['unauthorized', 'refused', 401])
    assert.equal(typeof error.gatewayCode, 'string')
    return true
  })
})

test('a wrong argument rejects and never throws', async (t) => {
  const till = await openTill(t, gateway)
  for (const call of [
    () => till.buy(),
    () => till.buy('x'),
    () => till.buy({ ...newOrder(), produkt: '1' }),
    () => till.wait(5, 1),
    () => till.wait('x', -1),
    () => till.wait('x', 1.5),
    () => till.wait('x', 1, { signal: 'stop' }),
    () => till.wait('x', 1, { sinal: null }),
    () => till.order(null),
    () => till.list({ limit: '5' }),
    () => till.buy({ ...newOrder(), notes: new Map([['till', '7']]) }),
    () => till.list({ states: ['nonsense'] }),
    () => till.archive(1700000000000),
    () => till.attachCysend({ client: {} }),
    () => till.handleCallback({ body: 'text' }),
    () => Till.open({ journalPath: 'x', creat: true }),
  ]) {
    const promise = call()
    assert.ok(promise instanceof Promise, String(call))
    await assert.rejects(promise, InvalidArgumentError, String(call))
  }
  // Where it is wrong is said in the words of this language, and in whole sentences.
  await assert.rejects(till.buy({ ...newOrder(), callbackUrl: 'x'.repeat(5_000) }), (error) => {
    assert.equal(error.field, 'order.callbackUrl')
    assert.match(error.message, /^invalid_argument: order\.callbackUrl: .+[^.]\. Nothing was sent/)
    return true
  })
})

test('events come until they are acknowledged, and end with the till', async (t) => {
  const till = await openTill(t, gateway)
  const order = await till.buy(newOrder())
  const events = till.events()
  let heard = 0
  for await (const event of events) {
    assert.equal(event.order.id, order.id)
    assert.ok(event.at instanceof Date)
    await events.acknowledge(event.id)
    heard += 1
    if ((await till.status()).unacknowledgedEvents === 0) break
  }
  assert.ok(heard > 0)
  const rest = (async () => {
    const late = []
    for await (const event of events) late.push(event)
    return late
  })()
  await till.close()
  assert.deepEqual(await rest, [])
})

test('pages follow each other', async (t) => {
  const till = await openTill(t, gateway)
  const ids = (await till.buyBatch(Array.from({ length: 5 }, () => newOrder()))).map((order) => order.id)
  const listed = []
  for await (const order of till.listAll({ limit: 2 })) listed.push(order.id)
  for (const nothing of [undefined, null, {}]) assert.equal((await till.list(nothing)).orders.length, listed.length)
  for await (const order of till.listAll()) assert.ok(listed.includes(order.id))
  assert.deepEqual(listed.sort(), ids.sort())
  assert.equal((await till.list({ limit: 2 })).orders.length, 2)
})

test('an instant goes there and back with all its digits', async (t) => {
  const till = await openTill(t, gateway)
  const order = await till.buy(newOrder())
  const from = { createdFrom: order.createdAt }
  assert.equal((await till.list(from)).orders.length, 1)
  const before = { createdBefore: order.createdAt }
  assert.equal((await till.list(before)).orders.length, 0)
})

test('a till and a client are disposed of', async (t) => {
  const till = await openTill(t, gateway)
  await till[Symbol.asyncDispose]()
  await assert.rejects(till.buy(newOrder()), { code: 'closed', number: 2, outcome: 'local' })
  const one = client(gateway)
  await one.ping()
  await one[Symbol.asyncDispose]()
  await assert.rejects(one.ping(), { code: 'closed' })
})

test('a client sells without a till, and unknown texts of the gateway are kept', async () => {
  const one = client(gateway)
  assert.equal(typeof (await one.balance()).balance, 'string')
  const countries = await one.getCountries({})
  assert.ok(countries.length > 0 && countries.every((country) => country.countryIsoAlpha2.length === 2))
})
