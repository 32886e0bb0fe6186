// What is secret is seen nowhere, however it is printed.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { format, inspect } from 'node:util'

import { CysendClient, Secret, newJournalKey } from 'tillgate'

import { newOrder, openTill, startGateway } from './shop.mjs'

const CANARY = 'swordfish-7f3a9c'

let gateway
before(async () => {
  gateway = await startGateway()
})
after(() => gateway.close())

/** All that a program may print of it. */
const printed = (it) =>
  [inspect(it, { depth: null, showHidden: true }), format('%o %O %s', it, it, it), String(it), it?.stack ?? ''].join('\n')

test('a secret prints as stars, and what holds it too', () => {
  const secret = new Secret(CANARY)
  const client = new CysendClient({ credentials: { user: 'till', password: secret }, baseUrl: gateway.url })
  for (const it of [secret, { secret }, [secret], new Error('x', { cause: secret }), client, newJournalKey()]) {
    assert.ok(!printed(it).includes(CANARY), printed(it))
  }
  assert.equal(`${secret}`, '***')
  assert.throws(() => JSON.stringify([secret]), /not written as JSON/)
  assert.equal(JSON.stringify(client), '{}')
  assert.equal(secret.reveal(), CANARY)
})

test('an error holds no password, and an order no code', async (t) => {
  const client = new CysendClient({ credentials: { user: 'till', password: CANARY }, baseUrl: gateway.url })
  await assert.rejects(client.balance(), (error) => {
    assert.ok(!(printed(error) + JSON.stringify(error)).includes(CANARY))
    return true
  })
  const till = await openTill(t, gateway)
  const order = await till.buy(newOrder())
  const { code, pinCode, serial } = await till.reveal(order.id)
  const all = printed(await till.order(order.id)) + printed(await till.history(order.id)) + printed(await till.events().next(0))
  for (const secret of [code, pinCode, serial]) assert.ok(secret === null || !all.includes(secret.reveal()))
})
