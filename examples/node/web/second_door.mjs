// What the samples beside it share.
import { CysendClient, Till } from 'tillgate'

// sample: second-door
/**
 * A second door to the journal of the program that sells: it reads, and writes down that a callback came. Any number of processes
 * may have one. They ask the gateway nothing, so they have neither its password nor the journal's key: within two seconds the
 * program that sells takes the hint up and asks.
 */
export async function openTill() {
  const till = await Till.open({ journalPath: process.env.TILLGATE_JOURNAL, readOnly: true })
  // Whose orders these are: the same address and user as there.
  const credentials = { user: process.env.CYSEND_USER, password: 'unused' }
  await till.attachCysend({ client: new CysendClient({ credentials, baseUrl: process.env.CYSEND_URL }) })
  return till
}
// sample ends
