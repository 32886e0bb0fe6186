// Sells one top-up of 10 CHF, and receives the gateway's callback about it by the till itself.
//
//     node receive_callback.mjs [URL [USER [PASSWORD [JOURNAL [PUBLIC_URL [CERTIFICATE KEY]]]]]]
//
// Without arguments it sells at the sandbox: `cargo run -p tillgate-sandbox -- --port 8765`. For node:http, Express and Fastify see
// the folder `web`.
import { readFile } from 'node:fs/promises'

import { Secret, newCallbackPath, newId } from 'tillgate'

import { inWords, load, save, withTill } from './shop.mjs'

function configOf(path, publicUrl, ...files) {
  // For this machine's sandbox alone.
  if (publicUrl === undefined) return { address: '127.0.0.1:0', path }
  return files.length === 0 ? behindAProxy(path, publicUrl) : withTls(path, publicUrl, ...files)
}

async function withTls(path, publicUrl, certificateFile, keyFile) {
  return {
    address: '0.0.0.0:8443',
    path,
    publicUrl, // such as https://till.example:8443
    tlsCertificatePem: await readFile(certificateFile, 'ascii'),
    tlsKeyPem: await readFile(keyFile, 'ascii'),
  }
}

function behindAProxy(path, publicUrl) {
  return {
    address: '127.0.0.1:8081',
    path,
    publicUrl, // such as https://shop.example/cysend
  }
}

/**
 * The path that nobody guesses: it keeps strangers out, since callbacks are not signed. The same at each start, so that orders of an
 * earlier one are heard of too.
 */
async function pathOf(journal) {
  const saved = await load(`${journal}.path`)
  if (saved !== null) return new Secret(saved)
  const path = newCallbackPath()
  await save(`${journal}.path`, path.reveal())
  return path
}

function topUp(id, callbackUrl) {
  // For the sandbox: who knows the address can send callbacks, so a real till tells it to the gateway alone.
  console.log(`callbacks at ${callbackUrl}`)
  return {
    id,
    product: '1111', // the catalogue's number of this face value
    amount: { amount: '10', currency: 'CHF' },
    scenario: 'simulate-success', // 'live' costs money; there is no default
    beneficiary: [{ name: 'mobile', value: '+41791234567' }],
    callbackUrl,
  }
}

await withTill(async (till, journal, ...own) => {
  // The account is attached before. The receiver goes on until it or the till is closed.
  const receiver = await till.receiveCallbacks(await configOf(await pathOf(journal), ...own))
  const id = newId()
  await save(`${journal}.sale`, id)
  await till.buy(topUp(id, receiver.callbackUrl()))
  // Nothing that a callback says is believed: it only makes the till ask the gateway sooner. So there is
  // nothing to do here but to wait, as without callbacks; or to read events.
  const order = await till.wait(id, 120_000)
  console.log(inWords(order))
  const status = await receiver.status()
  console.log(`Taken: ${status.handled} callbacks of ${status.connections} requests.`)
  await receiver.close()
  return order.state === 'succeeded'
})
