// Everything that the interface has, there and back through the made-up core's `Probe`.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { Worker } from 'node:worker_threads'

const require = createRequire(import.meta.url)
const tillgate = require('tillgate')

const HERE = fileURLToPath(new URL('.', import.meta.url))
const { ExactDate, InvalidArgumentError, Probe, ProbeStream, Secret, TillgateError } = tillgate

const probe = new Probe({ name: 'a probe' })

/** A value in every field that must be there. */
const required = () => ({
  yes: true,
  small: 255,
  port: 65535,
  count: 4294967295,
  large: Number.MAX_SAFE_INTEGER,
  offset: -2147483648,
  id: -9007199254740991,
  text: 'grüezi €😀\0 and on',
  body: Buffer.from([0, 255, 1]),
  amount: '-10.50',
  at: new Date('2026-11-21T10:00:00.123Z'),
  money: { amount: '0.10', currency: 'CHF' },
  strictness: 'to_the_letter',
  progress: 'in-progress',
  payment: { type: 'cash' },
  pin: new Secret('1234'),
  texts: ['one', '', 'three'],
  numbers: [1, -1, 0],
  amounts: ['1', '2.00'],
  instants: [new Date(0), new Date(-1)],
  inners: [{ label: 'a', count: 1 }, { label: 'b' }],
  strictnesses: ['lax', 'usual'],
  progresses: ['WAITING', 'something new'],
  payments: [
    { type: 'wallet', number: '7', atMost: { amount: '3', currency: 'EUR' } },
    { type: 'wallet', number: '8' },
    { type: 'cards', amounts: ['1.5'], pin: 'a text is made a secret' },
  ],
  extra: { key: 'value', __proto__x: 'y', '': 'empty', ['__proto__']: 'own' },
})

/** What may be left out, as it comes back when it was. */
const leftOut = {
  maybeYes: null,
  maybeCount: null,
  maybeId: null,
  maybeText: null,
  maybeBody: null,
  maybeAmount: null,
  maybeAt: null,
  maybeInner: null,
  maybeStrictness: null,
  maybeProgress: null,
  maybePayment: null,
  maybePin: null,
  maybeTexts: null,
  maybeInners: null,
  maybeExtra: null,
  limit: 50,
  currency: 'CHF',
  careful: true,
  tags: [],
  type: null,
  class: null,
}

const given = {
  maybeYes: false,
  maybeCount: 0,
  maybeId: -5,
  maybeText: '',
  maybeBody: Buffer.alloc(0),
  maybeAmount: '0.00',
  maybeAt: new Date(1),
  maybeInner: { label: 'c', count: 0 },
  maybeStrictness: 'lax',
  maybeProgress: 'done',
  maybePayment: { type: 'cash' },
  maybePin: new Secret(''),
  maybeTexts: [],
  maybeInners: [],
  maybeExtra: {},
  limit: 0,
  currency: '',
  careful: false,
  tags: ['x'],
  type: 'a word that languages keep',
  class: 'another',
}

/** The same, with secrets as what they hide, so that they can be compared. */
const revealed = (value) => {
  if (value instanceof Secret) return { revealed: value.reveal() }
  if (Array.isArray(value)) return value.map(revealed)
  if (typeof value !== 'object' || value === null || value instanceof Date || value instanceof Uint8Array) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, revealed(inner)]))
}

const answered = (value) => {
  const expected = revealed(value)
  expected.inners = [{ label: 'a', count: 1 }, { label: 'b', count: 3 }]
  expected.payments[1].atMost = null
  expected.payments[2].pin = { revealed: 'a text is made a secret' }
  return expected
}

/** An instant with the digits that it has, and no zeros after them. */
const told = (at) => (at.nanoseconds === 0 ? at.toISOString() : at.exact)

test('every type comes back as it went, now and later', async () => {
  const lean = { ...required() }
  const full = { ...required(), ...given }
  for (const echo of [async (value) => probe.echoNow(value), (value) => probe.echo(value)]) {
    assert.deepEqual(revealed(await echo(lean)), answered({ ...lean, ...leftOut }))
    assert.deepEqual(revealed(await echo(full)), answered(full))
    assert.deepEqual(revealed(await echo({ ...full, ...leftOut })), answered({ ...full, ...leftOut }))
  }
})

test('what may be left out may be null or undefined, in variants too', async () => {
  for (const atMost of [null, undefined]) {
    const payment = { type: 'wallet', number: '8', atMost }
    assert.deepEqual((await probe.echo({ ...required(), payment })).payment, { ...payment, atMost: null })
    assert.deepEqual(probe.echoNow({ ...required(), payment }).payment, { ...payment, atMost: null })
  }
})

test('what comes back can be given again', async () => {
  const once = await probe.echo({ ...required(), ...given })
  assert.deepEqual(revealed(await probe.echo(once)), revealed(once))
})

test('lists and maps of every length come back, with others in them and beside them', async () => {
  // Short ones are made with what they are in, longer ones before it.
  for (const length of [0, 1, 16, 17, 1_000]) {
    const each = (make) => Array.from({ length }, (_, index) => make(index))
    const lists = {
      texts: each((index) => `text ${index}`),
      numbers: each((index) => index - 1),
      amounts: each((index) => `${index}.50`),
      instants: each((index) => new ExactDate(index, index % 2 === 0 ? 0 : 7)),
      inners: each((index) => ({ label: `inner ${index}`, count: index })),
      strictnesses: each((index) => (index % 2 === 0 ? 'lax' : 'usual')),
      progresses: each((index) => `progress ${index}`),
      payments: each((index) => ({ type: 'cards', amounts: each((inner) => `${inner}`).slice(0, 20), pin: `${index}` })),
      maybeInners: each((index) => ({ label: '', count: index })),
      maybeTexts: each(String),
      extra: Object.fromEntries([...each((index) => [`key ${index}`, `${index}`]), ['__proto__', 'own']]),
      maybeExtra: Object.fromEntries(each((index) => [`key ${index}`, `${index}`])),
    }
    const back = revealed(await probe.echo({ ...required(), ...given, ...lists }))
    const { instants, payments, ...others } = lists
    for (const [name, expected] of Object.entries(others)) assert.deepEqual(back[name], expected, `${name}, ${length}`)
    assert.deepEqual(back.payments, payments.map((payment) => ({ ...payment, pin: { revealed: payment.pin } })))
    assert.deepEqual(back.instants.map((at) => at.exact ?? at.toISOString()), instants.map(told))
    assert.ok(back.instants.every((at, index) => at instanceof ExactDate === (index % 2 === 1)))
    assert.equal(back.type, given.type, 'what follows them is in its place')
  }
})

test('a long text, half a character and an ASCII text are told apart', () => {
  for (const text of ['', 'x'.repeat(122), 'ä'.repeat(61), 'x'.repeat(127), '😀'.repeat(500), '\uFFFD']) {
    assert.equal(probe.echoText(text), text)
  }
  assert.throws(() => probe.echoText('half \uD83D'), { code: 'invalid_argument', field: 'text' })
})

test('an instant keeps all its digits, and those of another time are not kept', () => {
  const exact = new ExactDate(-1, 999999)
  const back = probe.echoTime(exact)
  assert.ok(back instanceof ExactDate && back instanceof Date)
  assert.equal(back.getTime(), -1)
  assert.equal(back.nanoseconds, 999999)
  assert.equal(back.exact, '1969-12-31T23:59:59.999999999Z')
  back.setTime(5)
  assert.equal(probe.echoTime(back).getTime(), 5)
  assert.ok(!(probe.echoTime(back) instanceof ExactDate))
  assert.throws(() => probe.echoTime(new Date('nonsense')), InvalidArgumentError)
  assert.throws(() => probe.echoTime(1700000000000), InvalidArgumentError)
})

test('numbers that are not exact are refused, and the place is named', async () => {
  await assert.rejects(probe.echoAmount(10.5), (error) => {
    assert.ok(error instanceof InvalidArgumentError && error instanceof TillgateError && error instanceof Error)
    assert.equal(error.code, 'invalid_argument')
    assert.equal(error.field, 'amount')
    assert.equal(error.outcome, 'local')
    assert.match(error.message, /string, such as "10\.50"/)
    return true
  })
  for (const wrong of ['1e5', '1_000', ' 1', '+1', '.5', '1.', 'NaN', '', '0x10', '٣', '9'.repeat(40), `0.${'1'.repeat(30)}`]) {
    await assert.rejects(probe.echoAmount(wrong), InvalidArgumentError, wrong)
  }
  assert.equal(await probe.echoAmount('79228162514264337593543950335'), '79228162514264337593543950335')
  assert.equal(await probe.echoAmount('1.10'), '1.10')
})

test('an integer that does not fit is refused', async () => {
  for (const wrong of [-1, 1.5, NaN, Infinity, 2 ** 32, '7', true]) {
    assert.throws(() => probe.echoMaybeCount(wrong), { field: 'count' }, String(wrong))
  }
  assert.equal(probe.echoMaybeCount(7n), 7)
  assert.equal(probe.add(2 ** 53 - 1, 1), 9007199254740992n)
  assert.throws(() => probe.add(2 ** 53, 1), /bigint/)
  assert.equal(probe.add(-(2n ** 63n), 0), -(2n ** 63n))
  assert.throws(() => probe.add(2n ** 63n, 0), InvalidArgumentError)
})

test('a wrong argument is rejected and not thrown, with the path to it', async () => {
  const wrong = [
    [{ ...required(), inners: [{ label: 'a' }, { label: 5 }] }, 'value.inners[1].label'],
    [{ ...required(), payments: [{ type: 'cards', amounts: ['1', 2], pin: 'x' }] }, 'value.payments[0].amounts[1]'],
    [{ ...required(), payment: { type: 'cheque' } }, 'value.payment'],
    [{ ...required(), strictness: 'strict' }, 'value.strictness'],
    [{ ...required(), maybeAmount: 1 }, 'value.maybeAmount'],
    [{ ...required(), extra: { key: 1 } }, 'value.extra["key"]'],
    [{ ...required(), body: 'text' }, 'value.body'],
    [{ ...required(), texts: 'text' }, 'value.texts'],
    [{ ...required(), texts: new Array(4294967295) }, 'value.texts[0]'],
    [{ ...required(), pin: new Date() }, 'value.pin'],
    [{ ...required(), pin: probe }, 'value.pin'],
    [{ ...required(), maybe_amount: '1' }, 'value'],
    [{ ...required(), at: undefined }, 'value.at'],
    [[], 'value'],
    [null, 'value'],
    [undefined, 'value'],
  ]
  for (const [value, field] of wrong) {
    const promise = probe.echo(value)
    assert.ok(promise instanceof Promise)
    await assert.rejects(promise, (error) => {
      assert.ok(error instanceof InvalidArgumentError, String(error))
      assert.equal(error.field, field, error.message)
      return true
    })
  }
})

test('what a getter of the caller throws arrives as it is', async () => {
  const own = new Error('my own')
  const value = { ...required(), get yes() { throw own } }
  await assert.rejects(probe.echo(value), (error) => error === own)
  assert.throws(() => probe.echoNow(value), (error) => error === own)
  assert.equal(probe.echoText('and on'), 'and on')
})

test('an error has its class, its facts, and the stack of who waited', async () => {
  async function caller() {
    await probe.fail('no')
  }
  await assert.rejects(caller(), (error) => {
    assert.ok(error instanceof tillgate.GatewayRefusedError)
    assert.equal(error.name, 'GatewayRefusedError')
    assert.equal(error.code, 'gateway_refused')
    assert.equal(error.reason, 'no')
    assert.equal(error.outcome, 'refused')
    assert.equal(error.gatewayCode, 'E-77')
    assert.equal(error.httpStatus, 422)
    assert.equal(error.orderId, 'order-1')
    assert.equal(error.requestId, 'request-1')
    assert.match(error.message, /^gateway_refused: no \(HTTP 422\) \[E-77\] \(order order-1\)\. /)
    assert.match(error.stack, /^GatewayRefusedError: gateway_refused: no/)
    assert.match(error.stack, /at async caller/)
    return true
  })
  assert.throws(() => new Probe({ name: '' }), { code: 'invalid_argument', field: 'config.name' })
})

test('a panic is an internal error, and the next call is answered', async () => {
  assert.throws(() => probe.panicNow(), { code: 'internal' })
  await assert.rejects(probe.panicLater(), { code: 'internal' })
  assert.equal(probe.add(1, 2), 3)
})

test('a thousand calls at once are all answered, each with its own', async () => {
  const all = await Promise.all(Array.from({ length: 1000 }, (_, i) => probe.echoList([{ label: `n${i}`, count: i }])))
  all.forEach((list, i) => assert.deepEqual(list, [{ label: `n${i}`, count: i }]))
  const slow = await Promise.all(Array.from({ length: 1000 }, (_, i) => probe.wait(i % 20)))
  slow.forEach((waited, i) => assert.equal(waited, i % 20))
})

test('a stream is gone over by `for await`', async () => {
  const stream = probe.events()
  assert.ok(stream instanceof ProbeStream)
  const counts = []
  for await (const item of stream) counts.push(item.count)
  assert.deepEqual(counts, [0, 1, 2])
  assert.equal(await stream.next(), null)
})

test('objects are made by their classes alone', async () => {
  assert.throws(() => new ProbeStream(), TypeError)
  assert.throws(() => new ProbeStream(Symbol('adopted'), {}), TypeError)
  const opened = await Probe.open('other')
  assert.ok(opened instanceof Probe)
  assert.equal(opened.name(), 'other')
  assert.throws(() => Probe.prototype.name.call({}), TypeError)
  await assert.rejects(Probe.open(), { field: 'name' })
})

test('a secret is seen nowhere but in reveal', () => {
  const withPassword = new Probe({ name: 'p', password: 'swordfish' })
  const secret = withPassword.password()
  assert.ok(secret instanceof Secret)
  assert.equal(secret.reveal(), 'swordfish')
  assert.equal(`${secret} ${inspect({ secret })}`.includes('swordfish'), false)
  assert.throws(() => JSON.stringify({ secret }), /not written as JSON/)
  assert.equal(probe.password(), null)
})

test('a closed probe says so', async () => {
  const closing = new Probe({ name: 'closing' })
  closing.close()
  await assert.rejects(closing.echo(required()), { code: 'closed' })
})

test('CommonJS and ES modules see the same classes', async () => {
  const esm = await import('tillgate')
  assert.equal(esm.Probe, Probe)
  assert.equal(esm.addNumbers(1, 2), 3)
  for (const name of Object.keys(tillgate)) assert.equal(esm[name], tillgate[name], name)
})

test('a worker has its own, and ends in the middle of its calls', async () => {
  const source = `
    const { Probe } = require(${JSON.stringify(require.resolve('tillgate'))})
    const { parentPort } = require('node:worker_threads')
    const probe = new Probe({ name: 'worker' })
    probe.wait(60000)
    probe.ten().then((ten) => { parentPort.postMessage(ten.length); process.exit() })`
  for (let round = 0; round < 5; round++) {
    const worker = new Worker(source, { eval: true })
    const ended = new Promise((resolve) => worker.once('exit', resolve))
    const [length] = await new Promise((resolve) => worker.once('message', (message) => resolve([message])))
    assert.equal(length, 10)
    await ended
  }
})

test('a process lives while it waits, and no longer', () => {
  const run = (source) => execFileSync(process.execPath, ['-e', source], { encoding: 'utf8', cwd: HERE })
  const head = `const { Probe } = require('tillgate'); const probe = new Probe({ name: 'p' });`
  assert.equal(run(`${head} probe.wait(50).then((waited) => console.log(waited))`), '50\n')
  assert.equal(run(`${head} console.log(probe.add(1, 1))`), '2\n')
})

test('files and addon of different versions do not work together', () => {
  const source = `
    const native = require('../../js/load.js')
    try { native.bind('other', [], () => {}, () => {}, () => {}) } catch (error) { console.log(error.message) }`
  const said = execFileSync(process.execPath, ['-e', source], { encoding: 'utf8', cwd: HERE })
  assert.match(said, /^tillgate cannot be used here: .*of different versions \(other and [0-9a-f]{16}\)/)
})
