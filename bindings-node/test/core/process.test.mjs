// Threads, event loops, and the ends of processes.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Worker } from 'node:worker_threads'

import { newOrder, openTill, place, startGateway } from './shop.mjs'

const PACKAGE = createRequire(import.meta.url).resolve('tillgate')
const WORKERS = 100
const AT_ONCE = 1000
const TICK_MS = 5

let gateway
before(async () => {
  gateway = await startGateway()
})
after(() => gateway.close())

/** A program with the package, a journal and the gateway at hand. */
function start(t, source) {
  const head = `
    const { CysendClient, Till, newId, newJournalKey } = require(${JSON.stringify(PACKAGE)})
    const [journalPath, baseUrl] = process.argv.slice(1)
    const client = new CysendClient({ credentials: { user: 'till', password: 'secret' }, baseUrl })
    const open = async () => {
      const till = await Till.open({ journalPath, create: true, installationId: 'test', key: { id: 'k', key: newJournalKey() } })
      await till.attachCysend({ client })
      return till
    }
    const order = () => ({ id: newId(), product: '3333', amount: { amount: '25', currency: 'EUR' }, scenario: 'live' })
  `
  const words = ['-e', `${head};(async () => {${source}})()`, join(place(t), 'journal'), gateway.url]
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = (async () => {
    let [out, err] = ['', '']
    child.stdout.on('data', (data) => (out += data))
    child.stderr.on('data', (data) => (err += data))
    const [code, signal] = await once(child, 'close')
    return { code, signal, out, err }
  })()
  return { child, ended }
}

test('a process ends by itself after close, although it listened', async (t) => {
  const { ended } = start(t, `
    const till = await open()
    const heard = (async () => { for await (const event of till.events()) await till.events().acknowledge(event.id).catch(() => {}) })()
    const bought = await till.buy(order())
    await till.close()
    await heard
    console.log(bought.state)`)
  assert.deepEqual(await ended, { code: 0, signal: null, out: 'succeeded\n', err: '' })
})

test('a till that nobody closed does not hold up the end', async (t) => {
  const { ended } = start(t, `
    const till = await open()
    await till.receiveCallbacks({})
    console.log(await till.events().next(0))`)
  assert.deepEqual(await ended, { code: 0, signal: null, out: 'null\n', err: '' })
})

test('a wait that is aborted does not hold up the end', async (t) => {
  const { ended } = start(t, `
    const till = await open()
    const stop = new AbortController()
    const wait = till.events().next(86400000, { signal: stop.signal })
    stop.abort()
    await wait.catch((error) => console.log(error.name))`)
  assert.deepEqual(await ended, { code: 0, signal: null, out: 'AbortError\n', err: '' })
})

test('process.exit in the middle of calls ends it', async (t) => {
  const { ended } = start(t, `
    const till = await open()
    for (let i = 0; i < 100; i++) { void till.buy(order()); void till.events().next(86400000) }
    process.exit(7)`)
  assert.deepEqual(await ended, { code: 7, signal: null, out: '', err: '' })
})

test('Ctrl-C ends a process that waits, and a handler of its own is heard', async (t) => {
  const plain = start(t, `const till = await open(); console.log('waits'); await till.events().next(86400000)`)
  await once(plain.child.stdout, 'data')
  plain.child.kill('SIGINT')
  assert.equal((await plain.ended).signal, 'SIGINT')
  const handled = start(t, `
    const till = await open()
    process.once('SIGINT', async () => { await till.close(); console.log('closed') })
    console.log('waits')
    for await (const event of till.events()) console.log(event)`)
  await once(handled.child.stdout, 'data')
  handled.child.kill('SIGINT')
  assert.deepEqual(await handled.ended, { code: 0, signal: null, out: 'waits\nclosed\n', err: '' })
})

test('a thousand orders at once leave the event loop free', async (t) => {
  const till = await openTill(t, gateway)
  let [ticks, worst, last] = [0, 0, performance.now()]
  const timer = setInterval(() => {
    const now = performance.now()
    worst = Math.max(worst, now - last - TICK_MS)
    last = now
    ticks += 1
  }, TICK_MS)
  const bought = await Promise.all(Array.from({ length: AT_ONCE }, () => till.buy(newOrder())))
  clearInterval(timer)
  assert.ok(bought.every((order) => order.state === 'succeeded' && order.attempts.length === 1))
  assert.equal(new Set(bought.map((order) => order.id)).size, AT_ONCE)
  assert.ok(ticks > 0, 'the timer never fired')
  t.diagnostic(`${ticks} ticks of ${TICK_MS} ms; the worst was ${worst.toFixed(1)} ms late`)
})

test('a hundred worker threads come and go, each with a client of its own', async () => {
  const source = `
    const { CysendClient } = require(${JSON.stringify(PACKAGE)})
    const { parentPort, workerData } = require('node:worker_threads')
    const client = new CysendClient({ credentials: { user: 'till', password: 'secret' }, baseUrl: workerData })
    client.ping().then(() => parentPort.postMessage('pong'))`
  const one = async () => {
    const worker = new Worker(source, { eval: true, workerData: gateway.url })
    const [[said], [code]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')])
    assert.deepEqual([said, code], ['pong', 0])
  }
  for (let round = 0; round < WORKERS / 10; round++) await Promise.all(Array.from({ length: 10 }, one))
})

test('threads alone load it, are ended in the middle of their calls, and the process lives on', async (t) => {
  const { ended } = start(t, `
    const { Worker } = require('node:worker_threads')
    const source = \`
      const { CysendClient } = require(${JSON.stringify(PACKAGE)})
      const { parentPort, workerData } = require('node:worker_threads')
      const client = new CysendClient({ credentials: { user: 'till', password: 'secret' }, baseUrl: workerData })
      for (let i = 0; i < 50; i++) void client.getCountries({})
      client.ping().then(() => parentPort.postMessage('pong'))\`
    for (let i = 0; i < 10; i++) {
      const worker = new Worker(source, { eval: true, workerData: baseUrl })
      await new Promise((resolve) => worker.once('message', resolve))
      await worker.terminate()
    }
    console.log('lives')`)
  assert.deepEqual(await ended, { code: 0, signal: null, out: 'lives\n', err: '' })
})
