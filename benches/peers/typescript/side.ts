// The client that openapi-generator makes for TypeScript (typescript-fetch).
//
//     node side.js catalogue FILE      a catalogue into records, and the sum of its costs (floats)
//     node side.js orders URL COUNT    so many orders a round, 64 at once
//
// Each line of standard input asks for a round; the answer is a line of JSON.

import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

import { Configuration, StoreApi } from './client/index.js'
import { CatalogueFromJSON } from './client/models/Catalogue.js'
import type { OrderRequest } from './client/models/OrderRequest.js'

const AT_ONCE = 64

async function serve(round: () => Promise<object>): Promise<void> {
  console.log('ready')
  for await (const _ of createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(await round()))
  }
}

async function catalogue(file: string): Promise<void> {
  const text = readFileSync(file, 'utf8')
  await serve(async () => {
    const begun = process.hrtime.bigint()
    const values = CatalogueFromJSON(JSON.parse(text)).faceValues
    let sum = 0
    for (const one of values.fixed) sum += one.cost
    for (const one of values.range) sum += one.minimumCost + one.maximumCost
    const took = process.hrtime.bigint() - begun
    return { nanoseconds: Number(took), count: values.fixed.length + values.range.length, sum: String(sum) }
  })
}

async function orders(url: string, count: number): Promise<void> {
  const api = new StoreApi(new Configuration({ basePath: url, username: 'till', password: 'secret' }))
  const begin = `t${Date.now().toString(16)}p${process.pid.toString(16)}`
  let next = 0
  await serve(async () => {
    const begun = process.hrtime.bigint()
    const lanes = Array.from({ length: AT_ONCE }, async (_, lane) => {
      for (let number = lane; number < count; number += AT_ONCE) {
        const userUid = `${begin}n${next + number}`
        const request: OrderRequest = {
          userUid,
          faceValueId: 1111,
          faceValue: 10,
          faceValueCurrency: 'CHF',
          scenario: 'simulate-success',
          beneficiaryInformation: [{ name: 'mobile', value: '+41791234567' }],
        }
        const placed = await api.createOrder({ orderRequest: [request] })
        if (placed.length !== 1 || placed[0]?.userUid !== userUid) throw new Error(`${userUid} came back as something else`)
      }
    })
    await Promise.all(lanes)
    const took = process.hrtime.bigint() - begun
    next += count
    return { nanoseconds: Number(took), count }
  })
}

const [what, where, count] = process.argv.slice(2)
if (what === 'catalogue' && where !== undefined) await catalogue(where)
else if (what === 'orders' && where !== undefined && count !== undefined) await orders(where, Number(count))
else throw new Error('see the head of side.ts')
