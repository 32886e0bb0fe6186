// What the tests share: a gateway of their own, and a till that sells through it.
import { spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

import { CysendClient, Secret, Till, newId, newJournalKey } from 'tillgate'

const SANDBOX =
  process.env.TILLGATE_SANDBOX ?? fileURLToPath(new URL('../../../target/debug/tillgate-sandbox', import.meta.url))

/** It can pay for all that tests buy. */
const ACCOUNT = 'till:secret:1000000.00:CHF'

/** The first line that a program writes. */
async function firstLine(stream) {
  for await (const line of createInterface({ input: stream })) return line
  throw new Error('it ended without a word')
}

/** A gateway that runs until `close`; it settles orders at once unless told otherwise. */
export async function startGateway(...options) {
  const words = options.length === 0 ? ['--immediately-final'] : options
  const child = spawn(SANDBOX, [...words, '--catalogue-products', '0', '--account', ACCOUNT, '--until-stdin-closes'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const url = (await firstLine(child.stdout)).replace('listening on ', '').trim()
  const control = async (what, body) => {
    const answer = await fetch(new URL(`/_sandbox/${what}`, url), {
      method: body === undefined ? 'GET' : 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
    return answer.json()
  }
  const close = () => new Promise((resolve) => child.once('exit', resolve).stdin.end())
  return { url, control, close }
}

/** A folder that is removed when the test ends. */
export function place(test) {
  const folder = mkdtempSync(join(tmpdir(), 'tillgate-node-'))
  test.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

export const client = (gateway) =>
  new CysendClient({ credentials: { user: 'till', password: 'secret' }, baseUrl: gateway.url })

/** A till that is closed when the test ends. */
export async function openTill(test, gateway, more = {}) {
  const till = await Till.open({
    journalPath: join(place(test), 'journal'),
    create: true,
    key: { id: 'first', key: newJournalKey() },
    installationId: 'test',
    ...more,
  })
  test.after(() => till.close())
  if (gateway) await till.attachCysend({ client: client(gateway) })
  return till
}

/** A voucher of 25 euros. */
export const newOrder = (more = {}) => ({
  id: newId(),
  product: '3333',
  amount: { amount: '25', currency: 'EUR' },
  scenario: 'live',
  ...more,
})

export { Secret }
