// What the examples share: the shop's own part. How it opens its till, where it saves ids, and what it says at the counter. A
// real till has a key store and a database where this has files.
import { open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'

import { CysendClient, Secret, Till, TillgateError, newJournalKey } from 'tillgate'

/** Nothing but a conflict mark, or a person's decision, follows. */
export const SETTLED = ['succeeded', 'failed', 'cancelled', 'expired', 'reversed', 'needs_review']

/** URL, user, password and journal; by default the sandbox's. What follows them is the example's own. */
export function words() {
  // A real till takes the password from its key store: others on this machine can see a command line.
  const defaults = ['http://127.0.0.1:8765/openapi/prod/v5.2.3', 'till', 'secret', 'journal']
  const given = process.argv.slice(2)
  return [...given, ...defaults.slice(given.length)]
}

// sample: open
export async function openTill(url, user, password, journal) {
  const client = new CysendClient({ credentials: { user, password }, baseUrl: url })
  const till = await Till.open({
    journalPath: journal,
    // Makes the journal of a new till. A till that has sold before leaves it out: then a journal that is
    // gone is an error, and not a till that has forgotten its orders.
    create: true,
    key: await keyOf(journal),
  })
  await till.attachCysend({ client })
  return till
}
// sample ends

/**
 * The key that encrypts vouchers, and the name under which the journal knows it. They lie beside the journal for the sake of the
 * examples alone: a real till keeps the key where passwords are kept, and a copy elsewhere.
 */
async function keyOf(journal) {
  let saved = await load(`${journal}.key`)
  if (saved === null) {
    saved = `first ${newJournalKey().reveal()}`
    await save(`${journal}.key`, saved)
  }
  const [id, key] = saved.split(' ')
  return { id, key: new Secret(key) }
}

/** Writes a file whole or not at all, and onto the disk. */
export async function save(path, text) {
  const file = await open(`${path}.new`, 'w')
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(`${path}.new`, path)
  // The new name is on the disk once the folder is.
  const folder = await open(dirname(path), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** What was saved, or null if nothing was. One that cannot be read is an error, not a missing one. */
export async function load(path) {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error.code === 'ENOENT') return null
    throw error
  }
}

/** What to say at the counter. */
export function inWords(order) {
  switch (order.state) {
    case 'succeeded':
      return `Done: ${order.amount.amount} ${order.amount.currency} of ${order.product}.`
    case 'failed':
    case 'cancelled':
    case 'expired': {
      const why = order.responseText ?? order.failure ?? order.state
      return `Not done (${why}). Give the money back, or sell again: a new sale has a new id.`
    }
    case 'reversed':
      return 'Done and undone again. Give the money back.'
    case 'needs_review':
      return (
        `A person must look at order ${order.id} (${order.review}): ask the gateway, then call resolve. ` +
        'Do not sell it again.'
      )
    default:
      return (
        `Not certain yet (${order.state}). Do not sell again and do not give the money back: ` +
        'wait, it is being looked up.'
      )
  }
}

/** Runs an example, with its till closed at the end; the process ends with 0 when it went well. */
export async function withTill(example) {
  const [url, user, password, journal, ...own] = words()
  await run(async () => {
    const till = await openTill(url, user, password, journal)
    try {
      return await example(till, journal, ...own)
    } finally {
      // Waits for what is on its way; what is still open is looked up when the till is opened again.
      await till.close()
    }
  })
}

/** Runs an example; the process ends with 0 when it went well. */
export async function run(example) {
  try {
    process.exitCode = (await example()) ? 0 : 1
  } catch (error) {
    if (!(error instanceof TillgateError)) throw error
    // The text says what happened to the money and what to do now.
    console.error(error.message)
    process.exitCode = 1
  }
}
