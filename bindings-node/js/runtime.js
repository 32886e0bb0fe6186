// What the generated files stand on: the addon, the shapes of objects, the errors of calls, and waits that can be ended.
'use strict'

const { inspect } = require('node:util')
const native = require('./load.js')

/** How long a stream is asked at a time. */
const PATIENCE_MS = 60_000

/** Known to this package alone: with it, the constructor of a class takes a handle. */
const adopted = Symbol('adopted')

/** The handle, if the constructor was called to adopt one. */
const handleOf = (parameters) => (parameters[0] === adopted ? parameters[1] : undefined)

/** The names of `using` and `await using`; older versions of Node know them by what compilers write. */
const dispose = {
  now: Symbol.dispose ?? Symbol.for('Symbol.dispose'),
  later: Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose'),
}

/** The class of all errors of this library, once it is bound. */
let OwnError

/**
 * An error of a call that has ended. It was made when nothing of the caller stood on the stack any more; here, after the
 * wait, the engine knows who was waiting. What others threw stays as it is.
 */
function traced(error) {
  if (error instanceof OwnError) Error.captureStackTrace(error, traced)
  return error
}

/** The signal among the options of a wait. */
function signalOf(options) {
  if (options === undefined || options === null) return undefined
  if (typeof options !== 'object') native.refuse('options', 'expected an object such as { signal }')
  for (const name in options) {
    if (name !== 'signal') native.refuse('options', `there is no option ${JSON.stringify(name)}; known is signal`)
  }
  const { signal } = options
  if (signal === undefined || signal === null) return undefined
  if (!(signal instanceof AbortSignal)) native.refuse('options.signal', 'expected an AbortSignal')
  return signal
}

/** Who is to be told by a signal, all by one listener: Node takes many on one signal for a leak. */
const told = new WeakMap()

/** Calls back when the signal is aborted, until what this returns is called. */
function onAbort(signal, callback) {
  let all = told.get(signal)
  if (all === undefined) {
    const callbacks = new Set()
    all = { callbacks, tell: () => [...callbacks].forEach((each) => each()) }
    told.set(signal, all)
    signal.addEventListener('abort', all.tell, { once: true })
  }
  const { callbacks, tell } = all
  callbacks.add(callback)
  return () => {
    callbacks.delete(callback)
    if (callbacks.size > 0 || told.get(signal) !== all) return
    told.delete(signal)
    signal.removeEventListener('abort', tell)
  }
}

/** Waits for a call, unless a signal ends the wait before. What the call began goes on. */
async function abortable(options, call) {
  const signal = signalOf(options)
  if (signal === undefined) return call()
  signal.throwIfAborted()
  const answered = call()
  const ticket = native.ticket()
  let leave
  const aborted = new Promise((_, reject) => {
    leave = onAbort(signal, () => {
      reject(signal.reason)
      native.abandon(ticket)
    })
  })
  try {
    return await Promise.race([aborted, answered])
  } finally {
    leave()
  }
}

/**
 * What a stream gives, one after the other, until it is closed. Who stops going over it meanwhile (`return`, which a stream that is
 * cancelled calls) ends the wait too: a generator alone would hear of that with the next item, however late.
 */
function eachUntilClosed(stream, options) {
  const stop = new AbortController()
  const items = each(stream, options, stop)
  const end = items.return
  const value = (result) => {
    stop.abort()
    return end.call(items, result)
  }
  return Object.defineProperty(items, 'return', { value, configurable: true, writable: true })
}

async function* each(stream, options, stop) {
  const signal = signalOf(options)
  signal?.throwIfAborted()
  const leave = signal === undefined ? () => {} : onAbort(signal, () => stop.abort(signal.reason))
  try {
    for (;;) {
      let item
      try {
        item = await stream.next(PATIENCE_MS, { signal: stop.signal })
      } catch (error) {
        if (signal?.aborted) throw error
        if (stop.signal.aborted || (error instanceof OwnError && error.code === 'closed')) return
        throw error
      }
      if (item !== null) yield item
    }
  } finally {
    leave()
  }
}

const isObject = (it) => typeof it === 'object' && it !== null && !Array.isArray(it)

const kindOf = (it) => (it === undefined ? 'missing' : it === null ? 'null' : Array.isArray(it) ? 'an array' : typeof it)

/** What is wrong with an object that should have these fields and no others: a misspelt field is not passed over. */
function wrong(it, known) {
  for (const name in it) {
    if (!known.has(name)) return `there is no field ${JSON.stringify(name)}; known are ${[...known].join(', ')}`
  }
  return undefined
}

/** The shape of a record: how it is made of values, and how values are taken out of it. */
function record(take, names, values) {
  const known = new Set(names)
  const open = (it) => {
    if (!isObject(it)) return `expected an object, found ${kindOf(it)}`
    return wrong(it, known) ?? values(it)
  }
  return [maker(take), open]
}

/** The shape of an enumeration whose variants have fields. */
function variants(take, all) {
  const kinds = new Map()
  for (const [type, [names, values]] of Object.entries(all)) kinds.set(type, { known: new Set(['type', ...names]), values })
  const open = (it) => {
    if (!isObject(it)) return `expected an object with a type, found ${kindOf(it)}`
    const kind = kinds.get(it.type)
    if (kind === undefined) return `the type is not one of ${[...kinds.keys()].join(', ')}`
    return wrong(it, kind.known) ?? kind.values(it)
  }
  return [maker(take), open]
}

/**
 * What the addon gives at a time: all values of an object and of what is in it, so that one call makes them all. Takers take
 * them one after the other.
 */
let given
let place

/** A value that stands for itself, or null. */
const next = () => given[place++]

/** The function that the addon calls with the values of what this takes. */
const maker =
  (take) =>
  (...values) => {
    given = values
    place = 0
    const made = take()
    given = undefined
    return made
  }

/** What may be null, and does not tell so by its first value. */
const option = (take) => (next() === null ? null : take())

/** A list: its length and its elements, or the list itself, or null. */
function list(take) {
  const length = next()
  if (typeof length !== 'number') return length
  const items = []
  for (let index = 0; index < length; index++) items.push(take())
  return items
}

/** A map: how many, and each key with its text, or the map itself, or null. */
function map() {
  const size = next()
  if (typeof size !== 'number') return size
  const entries = {}
  for (let index = 0; index < size; index++) {
    const key = next()
    // Assigned, it would not become a property.
    if (key === '__proto__') Object.defineProperty(entries, key, { value: next(), configurable: true, enumerable: true, writable: true })
    else entries[key] = next()
  }
  return entries
}

/** A point in time: milliseconds, and the nanoseconds below them; or null. */
function instant() {
  const milliseconds = next()
  if (milliseconds === null) return null
  const nanoseconds = next()
  return nanoseconds === 0 ? new Date(milliseconds) : new ExactDate(milliseconds, nanoseconds)
}

/** An object of this class, or null. */
function object(Class) {
  const handle = next()
  return handle === null ? null : new Class(adopted, handle)
}

/** One of the variants: its place, and its fields; or null. */
function variant(takers) {
  const at = next()
  return at === null ? null : takers[at]()
}

/** A date that knows digits below the millisecond. They are gone once the date is set to another time. */
class ExactDate extends Date {
  #milliseconds
  #nanoseconds

  constructor(milliseconds, nanoseconds) {
    super(milliseconds)
    this.#milliseconds = milliseconds
    this.#nanoseconds = nanoseconds
  }

  get nanoseconds() {
    return this.getTime() === this.#milliseconds ? this.#nanoseconds : 0
  }

  get exact() {
    const digits = String(this.nanoseconds).padStart(6, '0')
    return this.toISOString().replace('Z', `${digits}Z`)
  }
}

/** A secret shows itself nowhere but in `reveal`. */
function secretFace(Secret) {
  const hidden = (name, value) => Object.defineProperty(Secret.prototype, name, { value, configurable: true })
  hidden('toString', () => '***')
  hidden(inspect.custom, () => '***')
  hidden('toJSON', () => {
    throw new TypeError('a secret is not written as JSON')
  })
}

/** `orders[0].face_value` as `orders[0].faceValue`; what stands in quotes is the caller's own. */
const jsPath = (path) =>
  path.replace(/"(?:[^"\\]|\\.)*"|_([a-z0-9])/g, (whole, letter) => (letter === undefined ? whole : letter.toUpperCase()))

function bind(fingerprint, shapes, makeError, ErrorClass) {
  OwnError = ErrorClass
  const failed = (code, text, details) => {
    if (details.field) {
      const path = jsPath(details.field)
      text = text.replace(details.field, () => path)
      details.field = path
    }
    return makeError(code, text, details)
  }
  native.bind(fingerprint, shapes, failed, maker(instant))
}

module.exports = {
  ExactDate, abortable, bind, dispose, eachUntilClosed, handleOf, instant, list, maker, map, native, next, object, option, record,
  secretFace, traced, variant, variants,
}
