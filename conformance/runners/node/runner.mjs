// Makes the calls that standard input asks for, and prints what came of each as a line of JSON: see conformance/README.md.
//
// Nothing here is about any operation: types.mjs, which is generated, tells what is made of what.
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import * as tillgate from '../../../bindings-node/js/generated/index.mjs'
import { calls, facts, records } from './generated/types.mjs'

const { ExactDate, Secret, TillgateError } = tillgate

/** `look_up_first_ms` as `lookUpFirstMs`, and back. */
const camel = (name) => name.replace(/_([a-z0-9])/g, (_, letter) => letter.toUpperCase())
const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** Microseconds since 1970 as a date, and back. */
const instant = (text) => {
  const milliseconds = Math.floor(Number(text) / 1000)
  const rest = Number(text) - milliseconds * 1000
  return rest === 0 ? new Date(milliseconds) : new ExactDate(milliseconds, rest * 1000)
}
const microseconds = (date) => date.getTime() * 1000 + Math.floor((date.nanoseconds ?? 0) / 1000)

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
}

/** Objects that were made, by their names. */
const objects = new Map()

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
    if (type in calls) return objects.get(text)
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

/** What an error tells; anything but ours is a defect. */
function told(error) {
  if (!(error instanceof TillgateError)) throw error
  const { field, ...others } = tell(error, facts)
  // A path of core's names, as everywhere; what stands in quotes is the caller's own.
  const path = field?.replace(/"(?:[^"\\]|\\.)*"|[^"]+/g, (part) => (part.startsWith('"') ? part : snake(part))) ?? null
  return { code: error.code, number: error.number, field: path, ...others }
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc')

/** Lets go of an object. It ends when it is collected, which is not waited for but brought about. */
async function letGo(name) {
  objects.delete(name)
  await setImmediate()
  collect()
  await setImmediate()
}

/** What is called, with what, and what it returns: nothing if it is not there. */
function find([verb, ...words]) {
  const name = camel(words.at(-1))
  // A class by its own name, an object by the name under which it is kept.
  const of = verb === 'make' ? words[1] : words.at(-2)
  const target = { make: tillgate[of], '-': tillgate }[verb === 'make' ? verb : of] ?? objects.get(of)
  const cls = verb === 'make' || of === '-' ? of : target?.constructor.name
  const [parameters, returns] = calls[cls]?.[words.at(-1)] ?? []
  if (parameters === undefined) return undefined
  if (verb === 'make' && name === 'new') return { parameters, returns, run: (values) => new target(...values) }
  if (typeof target[name] !== 'function') return undefined
  return { parameters, returns, run: (values) => target[name](...values) }
}

async function step(head, given) {
  const words = head.split(' ')
  if (words[0] === 'drop') return letGo(words[1]).then(() => ({ returned: null }))
  const found = find(words)
  if (found === undefined) return { missing: true }
  try {
    const returned = await found.run(given.arguments(found.parameters))
    if (words[0] === 'call') return { returned: tell(returned, found.returns) }
    objects.set(words[1], returned)
    return { returned: null }
  } catch (error) {
    return { returned: null, error: told(error) }
  }
}

/** Lines end with a line feed and with nothing else that may stand in a text. */
async function* lines() {
  let rest = ''
  for await (const text of process.stdin.setEncoding('utf8')) {
    const all = (rest + text).split('\n')
    rest = all.pop()
    yield* all
  }
}

let [head, given] = [undefined, new Given()]
for await (const line of lines()) {
  if (head === undefined) {
    head = line
  } else if (line !== 'end') {
    given.add(line)
  } else {
    process.stdout.write(`${JSON.stringify(await step(head, given))}\n`)
    ;[head, given] = [undefined, new Given()]
  }
}
