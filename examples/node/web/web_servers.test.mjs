// Each sample takes real requests, from the sandbox and from strangers, in a process of its own.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'

import { CysendClient, Till, newId, newJournalKey } from 'tillgate'

const HERE = fileURLToPath(new URL('.', import.meta.url))
const SANDBOX = process.env.TILLGATE_SANDBOX ?? join(HERE, '../../../target/debug/tillgate-sandbox')
const CALLBACK_PATH = '/callbacks/7f3a9c'
// Only a callback can make the till ask within a test.
const NEVER_MS = 3_600_000
// Far longer than anything here takes.
const PATIENCE_MS = 60_000
/**
 * Each sample; what it answers to another method at the right path, and to a huge body that never ends: Express waits for its end
 * before it says 413, and throws away what comes.
 */
const SERVERS = {
  http: { otherMethod: 405, hugeBody: 413 },
  express: { otherMethod: 404, hugeBody: 408 },
  fastify: { otherMethod: 404, hugeBody: 413 },
}

let place, sandbox, url, till
before(async () => {
  place = mkdtempSync(join(tmpdir(), 'tillgate-web-'))
  const options = ['--speed', '100', '--catalogue-products', '0', '--until-stdin-closes']
  sandbox = spawn(SANDBOX, options, { stdio: ['pipe', 'pipe', 'inherit'] })
  url = (await firstLine(sandbox)).replace('listening on ', '')
  // The program that sells.
  till = await Till.open({
    journalPath: join(place, 'journal'),
    create: true,
    key: { id: 'first', key: newJournalKey() },
    policy: { lookUpFirstMs: NEVER_MS, lookUpAcceptedMaxMs: NEVER_MS },
  })
  const client = new CysendClient({ credentials: { user: 'till', password: 'secret' }, baseUrl: url })
  await till.attachCysend({ client })
})
after(async () => {
  await till.close()
  sandbox.stdin.end()
  await once(sandbox, 'exit')
  rmSync(place, { recursive: true })
})

async function firstLine(child) {
  for await (const line of createInterface({ input: child.stdout })) return line.trim()
  throw new Error('it ended without a word')
}

async function control(what, body) {
  const answer = await fetch(new URL(`/_sandbox/${what}`, url), {
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  })
  return answer.json()
}

/** Posts a callback that the gateway would not send; what was answered. */
async function forge(callbackUrl, kind, particulars) {
  const record = await control('callbacks', { url: callbackUrl, kind, ...particulars })
  assert.equal(record.error ?? null, null)
  return record.status
}

/** How often somebody asked what became of an order. */
async function lookUps() {
  const requests = await control('requests')
  return requests.filter((request) => request.operation === 'getOrder').length
}

const buy = (callbackUrl) =>
  till.buy({
    id: newId(),
    product: '1111',
    amount: { amount: '10', currency: 'CHF' },
    scenario: 'simulate-success',
    beneficiary: [{ name: 'mobile', value: '+41791234567' }],
    callbackUrl,
  })

const post = async (where, body, contentType = 'application/json', method = 'POST') =>
  (await fetch(where, { method, body, headers: { 'Content-Type': contentType } })).status

/** What is answered to a request whose body never comes to its end. */
async function begin(where, length, body) {
  const { hostname, port, pathname, host } = new URL(where)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  socket.write(`POST ${pathname} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${length}\r\n\r\n`)
  socket.write(body)
  const [answer] = await once(socket, 'data')
  socket.destroy()
  return String(answer).split('\r\n')[0]
}

for (const [name, { otherMethod, hugeBody }] of Object.entries(SERVERS)) {
  describe(name, () => {
    let server, callbackUrl
    before(async () => {
      const env = {
        ...process.env,
        TILLGATE_JOURNAL: join(place, 'journal'),
        CYSEND_URL: url,
        CYSEND_USER: 'till',
        CALLBACK_PATH,
        PORT: '0',
      }
      server = spawn(process.execPath, [join(HERE, `callbacks_${name}.mjs`)], { env, stdio: ['ignore', 'pipe', 'ignore'] })
      const port = (await firstLine(server)).replace('listening on ', '')
      callbackUrl = `http://127.0.0.1:${port}${CALLBACK_PATH}`
    })
    after(async () => {
      server.kill('SIGTERM')
      assert.deepEqual(await once(server, 'exit'), [0, null])
    })

    test('a genuine callback settles its order', async () => {
      const order = await buy(callbackUrl)
      assert.equal(order.state, 'accepted')
      // Nothing else makes the till ask within the hour.
      assert.equal((await till.wait(order.id, PATIENCE_MS)).state, 'succeeded')
      // The process that serves asked the gateway nothing, so a password that is none was never shown.
      assert.ok((await control('requests')).every((request) => request.status !== 401))
    })

    test('what strangers send moves nothing', async () => {
      // The gateway takes it, and calls nobody.
      await control('faults', [{ operation: 'createOrder', kind: 'outcome', status: 'accepted' }])
      const order = await buy(callbackUrl)
      const asked = await lookUps()
      assert.equal(await forge(callbackUrl, 'status', { user_uid: order.id, status: 'success' }), 200)
      // The till asks, as it does after any callback, and the gateway says what is.
      for (let i = 0; i < PATIENCE_MS / 100 && (await lookUps()) === asked; i++) await till.wait(order.id, 100)
      assert.ok((await lookUps()) > asked)
      await control('idle')
      assert.equal((await till.lookUp(order.id)).state, 'accepted')

      assert.equal(await forge(callbackUrl, 'unknown_ids', { user_uid: 'nobody' }), 200)
      assert.equal(await forge(callbackUrl, 'not_json'), 400)
      assert.equal(await forge(callbackUrl, 'huge', { bytes: 2 << 20 }), 413)
      // Strange bytes reach the till as they are, and it refuses them: no framework stumbles over them before.
      assert.equal(await post(callbackUrl, new Uint8Array([0xff, 0xfe, 0, 0x5b])), 400)
      assert.equal(await post(callbackUrl, new Uint8Array(0)), 400)
      assert.equal(await post(callbackUrl.replace('7f3a9c', 'guessed'), '[]'), 404)
      assert.equal(await post(callbackUrl, '[]', 'application/json', 'PUT'), otherMethod)
      assert.equal((await till.order(order.id)).state, 'accepted')
    })

    for (const type of ['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain']) {
      test(`the body is handed over although it calls itself ${type}`, async () => {
        await control('faults', [{ operation: 'createOrder', kind: 'drop_callbacks' }])
        const order = await buy(callbackUrl)
        const body = JSON.stringify(await control(`ledger?user_uid=${order.id}`))
        assert.equal(await post(callbackUrl, body, type), 200)
        assert.equal((await till.wait(order.id, PATIENCE_MS)).state, 'succeeded')
      })
    }

    test('a huge body is not read to its end, and who is slow is not waited for', async () => {
      assert.match(await begin(callbackUrl, 1 << 30, ''), new RegExp(`^HTTP/1.1 ${hugeBody} `))
      assert.match(await begin(callbackUrl, 9, '['), /^HTTP\/1\.1 408 /)
    })
  })
}
