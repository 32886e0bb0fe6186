// Node's sides of the benches, on the addon as it is shipped.
//
//     side.mjs PACKAGE call COUNT                 so many calls of each kind
//     side.mjs PACKAGE records URL PLACE COUNT    ten records through a call, so many times, one after the other
//     side.mjs PACKAGE loop URL PLACE COUNT       so many orders at once, beside a timer of 5 ms: how late it was at worst
//
// Each line of standard input asks for a round; the answer is a line of JSON.
import { mkdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

const TICK_MS = 5
const RECORDS = 10

const [place, what, ...told] = process.argv.slice(2)
const { CysendClient, Secret, Till, newId, newJournalKey, version } = await import(
  pathToFileURL(`${place}/js/generated/index.mjs`)
)

async function serve(round) {
  console.log('ready')
  for await (const _ of createInterface({ input: process.stdin })) console.log(JSON.stringify(await round()))
}

const now = () => Number(process.hrtime.bigint())

/** How long so many calls take. */
function timed(count, call) {
  const begun = now()
  for (let at = 0; at < count; at++) call()
  return now() - begun
}

async function call(count) {
  const secret = new Secret('x')
  const nothing = () => {}
  await serve(() => {
    const samples = [
      ['version', [timed(count, version)]],
      ['reveal', [timed(count, () => secret.reveal())]],
      ['nothing', [timed(count, nothing)]],
    ]
    return { nanoseconds: samples.reduce((sum, [, [time]]) => sum + time, 0), count, samples }
  })
}

async function withTill(url, folder, work) {
  mkdirSync(folder, { recursive: true })
  const client = new CysendClient({ credentials: { user: 'till', password: 'secret' }, baseUrl: url })
  const till = await Till.open({ journalPath: `${folder}/journal`, create: true, key: { id: 'bench', key: newJournalKey() } })
  await till.attachCysend({ client })
  await work(till)
  await till.close()
}

const newOrder = () => ({
  id: newId(),
  product: '1111',
  amount: { amount: '10', currency: 'CHF' },
  scenario: 'simulate-success',
  beneficiary: [{ name: 'mobile', value: '+41791234567' }],
})

const records = (url, folder, count) =>
  withTill(url, folder, async (till) => {
    await Promise.all(Array.from({ length: RECORDS }, () => till.buy(newOrder())))
    await serve(async () => {
      const samples = { records: [], one: [] }
      const begun = now()
      for (let at = 0; at < count; at++) {
        for (const [name, limit] of [['records', RECORDS], ['one', 1]]) {
          const asked = now()
          const page = await till.list({ limit })
          samples[name].push(now() - asked)
          if (page.orders.length !== limit) throw new Error(`${page.orders.length} orders`)
        }
      }
      return { nanoseconds: now() - begun, count, samples: Object.entries(samples) }
    })
  })

const loop = (url, folder, count) =>
  withTill(url, folder, (till) =>
    serve(async () => {
      const begun = now()
      let [ticks, worst, last] = [0, 0, begun]
      const timer = setInterval(() => {
        const at = now()
        worst = Math.max(worst, at - last - TICK_MS * 1e6)
        last = at
        ticks += 1
      }, TICK_MS)
      const bought = await Promise.all(Array.from({ length: count }, () => till.buy(newOrder())))
      clearInterval(timer)
      if (bought.some((order) => order.state !== 'succeeded')) throw new Error('an order was not sold')
      const figures = [['ticks', ticks], ['worst delay, ns', Math.round(worst)]]
      return { nanoseconds: now() - begun, count, figures }
    }),
  )

switch (what) {
  case 'call':
    await call(Number(told[0]))
    break
  case 'records':
    await records(told[0], told[1], Number(told[2]))
    break
  case 'loop':
    await loop(told[0], told[1], Number(told[2]))
    break
  default:
    throw new Error('see the head of side.mjs')
}
