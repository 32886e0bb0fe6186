// What TypeScript must accept, and what it must refuse. Compiled, never run.
import { ExactDate, InvalidArgumentError, Probe, Secret, TillgateError, addNumbers, version } from 'tillgate'
import type { Everything, EverythingInput, Payment, Progress, Strictness } from 'tillgate'

const probe: Probe = new Probe({ name: 'p', password: 'a text or a secret' })
const opened: Promise<Probe> = Probe.open('p')
const secret: Secret = new Secret('x')
const sum: number = addNumbers(1, 2)
const text: string = version()

export async function use(given: EverythingInput): Promise<string> {
  const back: Everything = await probe.echo(given)
  const again: EverythingInput = back
  const nothing: string | null = back.maybeText
  const always: number = back.limit
  const progress: Progress = 'something that no version knows'
  const strictness: Strictness = 'to_the_letter'
  const payment: Payment = back.payment
  switch (payment.type) {
    case 'cash':
      break
    case 'wallet':
      return payment.number
    case 'cards':
      return payment.pin.reveal()
    default: {
      const never: never = payment
      return never
    }
  }
  for await (const item of probe.events()) item.count.toFixed()
  try {
    await probe.fail('x')
  } catch (error) {
    if (error instanceof InvalidArgumentError) {
      const code: 'invalid_argument' = error.code
      return code
    }
    if (error instanceof TillgateError && error.outcome === 'unknown') return error.advice
  }
  const exact: Date = new ExactDate(0, 1)
  return [again, nothing, always, progress, strictness, exact, opened, secret, sum, text].join()
}

export function refused(given: EverythingInput, back: Everything): void {
  // @ts-expect-error a number is not exact
  void probe.echoAmount(10.5)
  // @ts-expect-error not one of the texts
  probe.echoStrictness('strict')
  // @ts-expect-error a misspelt field
  void new Probe({ nam: 'p' })
  // @ts-expect-error on the way in it may be missing
  const limit: number = given.limit
  // @ts-expect-error on the way out it may be null
  const note: string = back.maybeText
  // @ts-expect-error a private constructor
  new (probe.events().constructor as typeof import('tillgate').ProbeStream)()
  void [limit, note]
}
