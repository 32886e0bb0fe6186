// Sells one top-up, as a program in strict TypeScript does. URL USER PASSWORD JOURNAL.
import { CysendClient, Till, TillgateError, newId, newJournalKey } from 'tillgate'
import type { NewOrder, OrderState } from 'tillgate'

const topUp = (id: string): NewOrder => ({
  id,
  product: '1111',
  amount: { amount: '10', currency: 'CHF' },
  scenario: 'simulate-success',
  beneficiary: [{ name: 'mobile', value: '+41791234567' }],
})

async function sell(baseUrl: string, user: string, password: string, journalPath: string): Promise<OrderState> {
  await using till = await Till.open({ journalPath, create: true, key: { id: 'first', key: newJournalKey() } })
  await till.attachCysend({ client: new CysendClient({ credentials: { user, password }, baseUrl }) })
  const id = newId()
  await till.buy(topUp(id))
  return (await till.wait(id, 120_000, { signal: AbortSignal.timeout(120_000) })).state
}

const [baseUrl = '', user = '', password = '', journalPath = ''] = process.argv.slice(2)
try {
  process.exitCode = (await sell(baseUrl, user, password, journalPath)) === 'succeeded' ? 0 : 1
} catch (error) {
  console.error(error instanceof TillgateError ? error.advice : error)
  process.exitCode = 1
}
