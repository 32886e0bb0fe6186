// Makes the calls of a plan (see conformance/README.md), and prints what came of each as a line of JSON.
//
// Nothing here is about any operation: types.mjs, which is generated, tells what is made of what.
import { createInterface } from 'node:readline'

import * as tillgate from '../../../bindings-node/js/generated/index.mjs'
import { calls, facts, records } from './generated/types.mjs'

const { ExactDate, Secret, TillgateError } = tillgate

/** `look_up_first_ms` as `lookUpFirstMs`. */
const camel = (name) => name.replace(/_([a-z0-9])/g, (_, letter) => letter.toUpperCase())

/** Microseconds since 1970 as a date, and back. */
const instant = (text) => {
  const [milliseconds, rest] = [BigInt(text) / 1000n, BigInt(text) % 1000n]
  return rest === 0n ? new Date(Number(milliseconds)) : new ExactDate(Number(milliseconds), Number(rest) * 1000)
}
const microseconds = (date) => date.getTime() * 1000 + (date.nanoseconds ?? 0) / 1000

/** How a text becomes a value of a type. */
const HEAR = {
  bool: (text) => text === 'true',
  integer: Number,
  text: (text) => text,
  bytes: (text) => Buffer.from(text, 'hex'),
  decimal: (text) => text,
  instant,
  secret: (text) => new Secret(text),
}

/** How a value of a type is told, where that is not as it is. */
const TELL = {
  bytes: (bytes) => bytes.toString('hex'),
  instant: microseconds,
  secret: (secret) => secret.reveal(),
  map: (map) => map,
}

/** What was given for a call: texts by their places. */
class Given {
  #texts = new Map()

  add(line) {
    const cut = line.indexOf('=')
    const text = line.slice(cut + 1).replace(/\\(.)/g, (_, letter) => ({ n: '\n', r: '\r' })[letter] ?? letter)
    this.#texts.set(line.slice(0, cut), text)
  }

  /** The arguments of a call; what was not given is left out. */
  arguments(parameters) {
    return parameters.map(([name, type]) => (this.#texts.has(name) ? this.#hear(name, type) : undefined))
  }

  #hear(at, type) {
    const text = this.#texts.get(at)
    if (type.endsWith('[]')) {
      return Array.from({ length: Number(text) }, (_, number) => this.#hear(`${at}.${number}`, type.slice(0, -2)))
    }
    if (type === 'map') {
      const pair = (number) => ['key', 'value'].map((half) => this.#texts.get(`${at}.${number}.${half}`))
      return Object.fromEntries(Array.from({ length: Number(text) }, (_, number) => pair(number)))
    }
    if (type in HEAR) return HEAR[type](text)
    const fields = Object.entries(records[type]).filter(([name]) => this.#texts.has(`${at}.${name}`))
    return Object.fromEntries(fields.map(([name, inner]) => [camel(name), this.#hear(`${at}.${name}`, inner)]))
  }
}

/** A value as JSON, under the names that all languages share. */
function tell(value, type) {
  if (value === undefined || value === null || type === null) return null
  if (type.endsWith('[]')) return value.map((item) => tell(item, type.slice(0, -2)))
  if (type in TELL) return TELL[type](value)
  if (!(type in records)) return value
  return Object.fromEntries(Object.entries(records[type]).map(([name, inner]) => [name, tell(value[camel(name)], inner)]))
}

const clients = new Map()

/** What is called, on what: nothing if it is not there. */
function find([verb, name, second, third]) {
  const of = { make: second, derive: clients.get(second)?.constructor.name, call: clients.get(name)?.constructor.name }[verb]
  const method = { make: third, derive: third, call: second }[verb]
  const [parameters, returns] = calls[of]?.[method] ?? []
  const target = { make: tillgate[of], derive: clients.get(second), call: clients.get(name) }[verb]
  if (parameters === undefined) return undefined
  if (verb === 'make' && method === 'new') return { parameters, returns, run: (values) => new target(...values) }
  if (typeof target[camel(method)] !== 'function') return undefined
  return { parameters, returns, run: (values) => target[camel(method)](...values) }
}

async function step(head, given) {
  const words = head.split(' ')
  const found = find(words)
  if (found === undefined) return { missing: true }
  try {
    const returned = await found.run(given.arguments(found.parameters))
    if (words[0] === 'call') return { returned: tell(returned, found.returns) }
    clients.set(words[1], returned)
    return { returned: null }
  } catch (error) {
    if (!(error instanceof TillgateError)) throw error
    return { returned: null, error: { code: error.code, ...tell(error, facts) } }
  }
}

let [head, given] = [undefined, new Given()]
for await (const line of createInterface({ input: process.stdin })) {
  if (head === undefined) {
    head = line
  } else if (line !== 'end') {
    given.add(line)
  } else {
    process.stdout.write(`${JSON.stringify(await step(head, given))}\n`)
    ;[head, given] = [undefined, new Given()]
  }
}
