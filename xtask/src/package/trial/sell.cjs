// Sells one top-up, as a program in CommonJS does. URL USER PASSWORD JOURNAL.
'use strict'

const { CysendClient, Till, newId, newJournalKey } = require('tillgate')

async function main([baseUrl, user, password, journalPath]) {
  const till = await Till.open({ journalPath, create: true, key: { id: 'first', key: newJournalKey() } })
  try {
    await till.attachCysend({ client: new CysendClient({ credentials: { user, password }, baseUrl }) })
    const id = newId()
    await till.buy({
      id,
      product: '1111',
      amount: { amount: '10', currency: 'CHF' },
      scenario: 'simulate-success',
      beneficiary: [{ name: 'mobile', value: '+41791234567' }],
    })
    const { state } = await till.wait(id, 120_000)
    console.log(state)
    process.exitCode = state === 'succeeded' ? 0 : 1
  } finally {
    await till.close()
  }
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error)
  process.exitCode = 1
})
