// Takes CY.SEND's callbacks in an Express application, beside the program that sells.
//
//     export TILLGATE_JOURNAL=journal CYSEND_URL=https://… CYSEND_USER=till CALLBACK_PATH=/callbacks/7f3a… PORT=3000
//     node callbacks_express.mjs
//
// Orders name the address of this application as their `callbackUrl`. Callbacks carry voucher codes: put a server that speaks TLS
// before it, choose a path that nobody guesses (`newCallbackPath()` makes one), and log no bodies.
import { createServer } from 'node:http'

import express from 'express'

import { openTill } from './second_door.mjs'

// sample: express
const till = await openTill()
const app = express()

// The bytes as they came, whatever they call themselves: an `express.json()` that comes before this would parse them, and the till
// would refuse what it made of them. A gateway's callbacks are far smaller than a MiB.
app.post(process.env.CALLBACK_PATH, express.raw({ type: () => true, limit: '1mb' }), (request, response, next) => {
  // 200 once it is written down. If it cannot be (an error becomes 500), the gateway sends it again. An async function here would do
  // from Express 5 on; Express 4 hears of no rejection, and Node ends the process for it.
  till.handleCallback({ body: request.body }).then((answer) => response.sendStatus(answer.httpStatus), next)
})

const server = createServer({ requestTimeout: 3_000, connectionsCheckingInterval: 500 }, app)
// sample ends

server.listen(Number(process.env.PORT), '127.0.0.1', () => console.log(`listening on ${server.address().port}`))
process.once('SIGTERM', () => {
  server.close(() => till.close())
})
