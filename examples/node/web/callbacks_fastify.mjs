// Takes CY.SEND's callbacks in a Fastify application, beside the program that sells.
//
//     export TILLGATE_JOURNAL=journal CYSEND_URL=https://… CYSEND_USER=till CALLBACK_PATH=/callbacks/7f3a… PORT=3000
//     node callbacks_fastify.mjs
//
// Orders name the address of this application as their `callbackUrl`. Callbacks carry voucher codes: put a server that speaks TLS
// before it, choose a path that nobody guesses (`newCallbackPath()` makes one), and log no bodies.
import Fastify from 'fastify'

import { openTill } from './second_door.mjs'

// sample: fastify
const till = await openTill()
const app = Fastify({
  // A gateway's callbacks are far smaller, and come at once.
  bodyLimit: 1 << 20,
  requestTimeout: 3_000,
  http: { headersTimeout: 3_000, connectionsCheckingInterval: 500 },
})

// In a plugin of its own, so that the other routes keep their parsers.
app.register(async (callbacks) => {
  // The bytes as they came, whatever they call themselves: what parses them before the till does may change or lose them.
  callbacks.removeAllContentTypeParsers()
  callbacks.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))

  callbacks.post(process.env.CALLBACK_PATH, async (request, reply) => {
    const answer = await till.handleCallback({ body: request.body ?? Buffer.alloc(0) })
    // 200 once it is written down. If it cannot be (an error becomes 500), the gateway sends it again.
    return reply.code(answer.httpStatus).send()
  })
})
// sample ends

await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' })
console.log(`listening on ${app.server.address().port}`)
process.once('SIGTERM', async () => {
  await app.close()
  await till.close()
})
