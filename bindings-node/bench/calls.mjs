// What calls cost, as information: one line per case, the best of several rounds. It calls the made-up core, which has a trivial call
// and records that need no gateway; bindings-node/README.md says how to run it.
import { Probe } from 'tillgate'

const probe = new Probe({ name: 'bench' })
const ROUNDS = 15

const report = (name, best, count, unit, per) => console.log(`${name.padEnd(44)} ${((best / count) * per).toFixed(2)} ${unit}`)

function now(name, count, run) {
  let best = Infinity
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.hrtime.bigint()
    for (let i = 0; i < count; i++) run(i)
    best = Math.min(best, Number(process.hrtime.bigint() - start))
  }
  report(name, best, count, 'ns', 1)
}

async function later(name, count, run) {
  let best = Infinity
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.hrtime.bigint()
    for (let i = 0; i < count; i++) await run(i)
    best = Math.min(best, Number(process.hrtime.bigint() - start))
  }
  report(name, best, count, 'µs', 1e-3)
}

const inners = Array.from({ length: 10 }, (_, count) => ({ label: `number ${count}`, count }))
const everything = {
  yes: true, small: 1, port: 2, count: 3, large: 4, offset: 5, id: 6, text: 'a text', body: Buffer.from([1, 2, 3]),
  amount: '10.50', at: new Date(0), money: { amount: '0.10', currency: 'CHF' }, strictness: 'usual', progress: 'done',
  payment: { type: 'cash' }, pin: '1234', texts: ['one', 'two'], numbers: [1, 2], amounts: ['1', '2.00'],
  instants: [new Date(0)], inners: inners.slice(0, 2), strictnesses: ['lax'], progresses: ['WAITING'],
  payments: [{ type: 'wallet', number: '8' }], extra: { key: 'value' },
}

now('trivial call: add(1, 2)', 200_000, (i) => probe.add(i, 2))
now('a short text there and back', 200_000, () => probe.echoText('a short text'))
now('a record of 46 fields there and back, at once', 2_000, () => probe.echoNow(everything))
await later('nothing, through a promise', 5_000, () => probe.nothing())
await later('ten records out, through a promise', 5_000, () => probe.ten())
await later('ten records there and back, by a promise', 5_000, () => probe.echoList(inners))
await later('ten of 46 fields there and back, by promises', 200, () => Promise.all(inners.map(() => probe.echo(everything))))
