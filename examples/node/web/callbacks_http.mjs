// Takes CY.SEND's callbacks in a server of node:http, beside the program that sells.
//
//     export TILLGATE_JOURNAL=journal CYSEND_URL=https://… CYSEND_USER=till CALLBACK_PATH=/callbacks/7f3a… PORT=3000
//     node callbacks_http.mjs
//
// Orders name the address of this server as their `callbackUrl`. Callbacks carry voucher codes: put a server that speaks TLS
// before it, choose a path that nobody guesses (`newCallbackPath()` makes one), and log no bodies.
import { createServer } from 'node:http'

import { openTill } from './second_door.mjs'

// sample: http
// A gateway's callbacks are far smaller, and come at once.
const BODY_SIZE_MAX = 1 << 20
const LIMITS = { requestTimeout: 3_000, connectionsCheckingInterval: 500 }

const till = await openTill()

const server = createServer(LIMITS, (request, response) => {
  const answer = (status) => response.writeHead(status, { Connection: 'close' }).end()
  statusFor(request).then(answer, () => response.destroy())
})

async function statusFor(request) {
  if (request.url !== process.env.CALLBACK_PATH) return 404
  if (request.method !== 'POST') return 405
  // The bytes as they came: whatever parses them before the till does may change or lose them.
  const body = await read(request)
  if (body === undefined) return 413
  try {
    // 200 once it is written down.
    return (await till.handleCallback({ body })).httpStatus
  } catch (error) {
    console.error(error.message)
    return 503 // The gateway sends it again.
  }
}

/** The body, or nothing when it is too large. */
async function read(request) {
  const parts = []
  let size = Number(request.headers['content-length'] ?? 0)
  if (size > BODY_SIZE_MAX) return undefined
  size = 0
  for await (const part of request.iterator({ destroyOnReturn: false })) {
    size += part.length
    if (size > BODY_SIZE_MAX) return undefined
    parts.push(part)
  }
  return Buffer.concat(parts)
}
// sample ends

server.listen(Number(process.env.PORT), '127.0.0.1', () => console.log(`listening on ${server.address().port}`))
process.once('SIGTERM', () => {
  server.close(() => till.close())
})
