// What TypeScript must accept, and what it must refuse. Compiled, never run.
import { Decimal } from 'decimal.js'
import {
  CallbackReceiver,
  CysendClient,
  EventStream,
  ExactDate,
  InvalidArgumentError,
  JournalLockedError,
  Secret,
  Till,
  TillgateError,
  newId,
  newJournalKey,
} from 'tillgate'
import type { BeneficiaryField, CallbackAnswer, CysendOrderScenario, Money, NewOrder, Order, OrderFilter, OrderState, Outcome } from 'tillgate'

const client: CysendClient = new CysendClient({
  credentials: { user: 'till', password: new Secret('secret') },
  baseUrl: null,
  transport: undefined,
})
const price: Money = { amount: new Decimal('12.50').toFixed(), currency: 'CHF' }
const scenario: CysendOrderScenario = 'something that no version knows'
const wanted: NewOrder = { id: newId(), product: '1111', amount: price, scenario, beneficiary: null, callbackUrl: undefined }

export async function sell(signal: AbortSignal): Promise<string> {
  await using till = await Till.open({ journalPath: 'journal', create: true, key: { id: 'k', key: newJournalKey() } })
  await till.attachCysend({ client })
  const order: Order = await till.buy(wanted)
  const state: OrderState = (await till.wait(order.id, 120_000, { signal })).state
  const events: EventStream = till.events()
  for await (const event of events) await events.acknowledge(event.id)
  for await (const event of events.iterate({ signal })) event.at.getTime()
  const filter: OrderFilter = { states: ['accepted', 'unknown'], createdFrom: new ExactDate(0, 1), limit: null }
  for await (const each of till.listAll(filter)) each.amount.amount.padStart(10)
  const beneficiary: readonly BeneficiaryField[] = wanted.beneficiary ?? []
  await till.buyBatch([{ ...wanted, beneficiary }] as const)
  await till.list()
  const receiver: CallbackReceiver = await till.receiveCallbacks()
  await till.handleCallback({ body: new ArrayBuffer(2) })
  const answer: CallbackAnswer = await till.handleCallback({ body: Buffer.from('[]') })
  const code: Secret | null = (await till.reveal(order.id)).code
  const cost: Money | null = order.cost
  const at: Date = order.createdAt
  try {
    await client.balance()
  } catch (error) {
    if (error instanceof InvalidArgumentError) {
      const kind: 'invalid_argument' = error.code
      return kind
    }
    if (error instanceof JournalLockedError) return error.advice
    if (error instanceof TillgateError) {
      const outcome: Outcome = error.outcome
      return [outcome, error.gatewayCode ?? '', error.orderId ?? ''].join()
    }
  }
  return [state, receiver.callbackUrl(), answer.httpStatus, code?.reveal(), cost?.currency, at].join()
}

export async function refused(till: Till, order: Order): Promise<void> {
  // @ts-expect-error a number is not exact
  await till.buy({ ...wanted, amount: { amount: 12.5, currency: 'CHF' } })
  // @ts-expect-error there is no default scenario
  await till.buy({ id: newId(), product: '1111', amount: price })
  // @ts-expect-error a misspelt field
  await till.buy({ ...wanted, produkt: '1111' })
  // @ts-expect-error what is sent takes no signal
  await till.buy(wanted, { signal: new AbortController().signal })
  // @ts-expect-error a parsed body is not the bytes as they came
  await till.handleCallback({ body: {} })
  // @ts-expect-error not a state
  await till.list({ states: ['done'] })
  // @ts-expect-error it may be absent
  const cost: Money = order.cost
  // @ts-expect-error a till is opened, not made
  new Till()
  void cost
}
