// Messages that the server has not acknowledged. Kept on the device, sent in order, one at a time for each room,
// always under the same key: the server takes a key once, so sending twice is harmless and losing is not possible.

import { computed, signal } from './lib.js'
import { randomKey } from './keys.js'
import { memoryShelf } from './storage.js'

/** @import { FileRef, Post } from './protocol.js' */
/** @import { Pending } from './log.js' */
/** @import { Shelf } from './storage.js' */
/** @typedef {Pending & {order: number}} Entry */
/** @typedef {{text: string, files?: FileRef[], reply_to?: number, thread?: number, in_room?: boolean, key?: string}} Draft */
/**
 * @typedef {object} OutboxOptions
 * @property {(post: Post) => Promise<{seq: number, id: string, at: number}>} send rejects with `definite` and `retry_ms`
 * @property {() => boolean} open is there a connection
 * @property {(entry: Entry) => void} [onChange]
 * @property {(entry: Entry, ok: {seq: number, id: string, at: number}) => void} [onAck]
 * @property {(entry: Entry) => void} [onDrop]
 * @property {any} [locks] navigator.locks, where there is one
 * @property {number} [lateAfter]
 */

/** Refusals that time mends: the same key is sent again. */
const PASSING = new Set(['rate_limited', 'storage_full', 'store_unavailable', 'files_unavailable', 'timeout', 'closed', 'offline'])
const RETRY_LEAST = 500

export class Outbox {
  /** @type {import('@preact/signals').Signal<Entry[]>} */
  entries = signal([])
  durable = signal(true)
  waiting = computed(() => this.entries.value.filter((e) => e.state !== 'refused').length)
  /** @type {Shelf<Entry>} */
  #shelf = memoryShelf()
  #options
  #order = 0
  /** @type {Set<string>} rooms with a post on the wire, or waiting to try again */
  #busy = new Set()
  /** @type {Map<string, ReturnType<typeof setTimeout>>} */
  #retries = new Map()
  #stopped = false
  /** What will show a clock. @type {Map<string, ReturnType<typeof setTimeout>>} */
  #clocks = new Map()

  /** @param {OutboxOptions} options */
  constructor(options) {
    this.#options = options
  }

  /** Keeps the messages of one account there, and takes what an earlier page left. @param {Shelf<Entry>} shelf */
  async load(shelf) {
    this.#shelf = shelf
    this.#stopped = false
    this.durable.value = shelf.durable
    const kept = await this.#shelf.all()
    const known = new Set(this.entries.value.map((e) => e.key))
    const fresh = kept.filter((e) => !known.has(e.key)).map((e) => ({ ...e, state: e.state === 'refused' ? e.state : /** @type {const} */ ('waiting') }))
    this.entries.value = [...fresh, ...this.entries.value]
    this.#order = Math.max(this.#order, ...kept.map((e) => e.order))
    for (const e of fresh) {
      this.#options.onChange?.(e)
      this.#clock(e.key)
    }
    this.flush()
  }

  /** @param {string} room @param {Draft} draft @returns {string} the key */
  post(room, { text, files = [], reply_to, thread, in_room, key = randomKey() }) {
    if (this.get(key)) return key
    /** @type {Entry} */
    const entry = {
      key, room, text, files, reply_to, thread, in_room,
      created_at: Date.now(), state: this.#options.open() ? 'sending' : 'late', order: this.#next(),
    }
    this.entries.value = [...this.entries.value, entry]
    this.#options.onChange?.(entry)
    this.#clock(key)
    // On the device first: what was typed survives whatever the sending does to the page.
    this.#save(entry).then(() => this.flush())
    return key
  }

  #next() {
    // Time as the base keeps the order between tabs that share the store.
    this.#order = Math.max(this.#order + 1, Date.now() * 1000)
    return this.#order
  }

  /** @param {string} key */
  retry(key) {
    const entry = this.get(key)
    if (entry?.state !== 'refused') return
    this.#change(key, { state: 'waiting', error: undefined })
    this.#save(/** @type {Entry} */ (this.get(key)))
    this.#clock(key)
    this.flush()
  }

  /** Gives a message up; not one that may already be on its way. @param {string} key */
  discard(key) {
    const entry = this.get(key)
    if (!entry || entry.state === 'sending' || this.#onWire.has(key)) return false
    this.#drop(entry)
    return true
  }

  /** The log shows this message: whatever became of the answer, it has arrived. @param {string} key */
  seen(key) {
    const entry = this.get(key)
    if (entry) this.#drop(entry)
  }

  /** @param {string} key */
  get(key) {
    return this.entries.value.find((e) => e.key === key)
  }

  /** @param {string} room @returns {Pending[]} */
  of(room) {
    return this.entries.value.filter((e) => e.room === room)
  }

  /** Sends what can be sent. A new connection does not sit out the waits of the last one. @param {{fresh?: boolean}} [connection] */
  flush({ fresh = false } = {}) {
    if (this.#stopped || !this.#options.open()) return
    for (const room of new Set(this.entries.value.map((e) => e.room))) {
      if (this.#busy.has(room) || (this.#retries.has(room) && !fresh)) continue
      clearTimeout(this.#retries.get(room))
      this.#retries.delete(room)
      this.#sendRoom(room)
    }
  }

  /** There is no connection: what waits shows a clock. */
  offline() {
    for (const e of this.entries.value) if (e.state === 'sending' || e.state === 'waiting') this.#change(e.key, { state: 'late' })
  }

  /** Gives up everything, also what other tabs of the account have left on the device. */
  clear() {
    for (const e of this.entries.value) this.#options.onDrop?.(e)
    this.#unclockAll()
    this.entries.value = []
    this.#shelf.clear().catch(() => {})
  }

  /** Sends no more, and forgets; what is on the device stays there. */
  stop() {
    this.#stopped = true
    for (const timer of this.#retries.values()) clearTimeout(timer)
    this.#retries.clear()
    this.#unclockAll()
    this.#shelf = memoryShelf()
    this.entries.value = []
  }

  /** @type {Set<string>} */
  #onWire = new Set()

  /** One tab at a time sends for a room where the browser has locks; else the server sorts doubles out by key. @param {string} room */
  async #sendRoom(room) {
    this.#busy.add(room)
    try {
      const { locks } = this.#options
      if (locks) await locks.request(`minichat-outbox:${room}`, () => this.#drain(room))
      else await this.#drain(room)
    } finally {
      this.#busy.delete(room)
    }
    // A post that came while the last answer was being read.
    if (!this.#retries.has(room) && this.#head(room)) this.flush()
  }

  /** @param {string} room */
  #head(room) {
    return this.entries.value.find((e) => e.room === room && e.state !== 'refused')
  }

  /** @param {string} room */
  async #drain(room) {
    for (let entry = this.#head(room); entry && this.#options.open() && !this.#stopped; entry = this.#head(room)) {
      const wait = await this.#sendOne(entry)
      if (wait === null) continue
      this.#retries.set(room, setTimeout(() => {
        this.#retries.delete(room)
        this.flush()
      }, wait))
      return
    }
  }

  /** @param {Entry} entry @returns {Promise<number|null>} how long to wait before the same again */
  async #sendOne(entry) {
    this.#change(entry.key, { state: 'sending' })
    this.#onWire.add(entry.key)
    if (!this.#clocks.has(entry.key)) this.#clock(entry.key)
    try {
      const ok = await this.#options.send(wireOf(entry))
      this.#options.onAck?.(entry, ok)
      this.#drop(entry, true)
      return null
    } catch (e) {
      return this.#failed(entry, /** @type {any} */ (e))
    } finally {
      this.#onWire.delete(entry.key)
    }
  }

  /** @param {Entry} entry @param {{code?: string, message: string, field?: string, definite?: boolean, retry_ms?: number}} error */
  #failed(entry, error) {
    this.#unclock(entry.key)
    if (error.definite === false || PASSING.has(error.code ?? '') || error.retry_ms) {
      this.#change(entry.key, { state: 'late' })
      return Math.max(RETRY_LEAST, error.retry_ms ?? 2000)
    }
    this.#change(entry.key, { state: 'refused', error: { code: error.code ?? 'internal', message: error.message, ...(error.field && { field: error.field }) } })
    const refused = this.get(entry.key)
    if (refused) this.#save(refused)
    return null
  }

  /** Without an answer for a while a message shows a clock, also one that others of its room hold up. @param {string} key */
  #clock(key) {
    this.#unclock(key)
    this.#clocks.set(key, setTimeout(() => {
      this.#clocks.delete(key)
      const state = this.get(key)?.state
      if (state === 'sending' || state === 'waiting') this.#change(key, { state: 'late' })
    }, this.#options.lateAfter ?? 10_000))
  }

  /** @param {string} key */
  #unclock(key) {
    clearTimeout(this.#clocks.get(key))
    this.#clocks.delete(key)
  }

  /** @param {string} key @param {Partial<Entry>} change */
  #change(key, change) {
    const entry = this.get(key)
    if (!entry) return
    const next = { ...entry, ...change }
    this.entries.value = this.entries.value.map((e) => (e === entry ? next : e))
    this.#options.onChange?.(next)
  }

  #unclockAll() {
    for (const timer of this.#clocks.values()) clearTimeout(timer)
    this.#clocks.clear()
  }

  /** @param {Entry} entry @param {boolean} [acked] */
  #drop(entry, acked = false) {
    this.#unclock(entry.key)
    this.entries.value = this.entries.value.filter((e) => e.key !== entry.key)
    this.#shelf.remove(entry.key).catch(() => this.#lost())
    if (!acked) this.#options.onDrop?.(entry)
  }

  /** @param {Entry} entry */
  async #save(entry) {
    try {
      await this.#shelf.put(entry)
      // It may have been acknowledged while it was being written.
      if (!this.get(entry.key)) await this.#shelf.remove(entry.key)
    } catch {
      this.#lost()
    }
  }

  /** The device keeps nothing any more: the page says so, and goes on in memory. */
  #lost() {
    this.durable.value = false
  }
}

/** @param {Entry} entry @returns {Post} */
export function wireOf({ room, key, text, files, reply_to, thread, in_room }) {
  /** @type {Post} */
  const post = { room, key, text }
  if (files.length) post.files = files.map((f) => f.file)
  if (files.some((f) => f.alt)) post.alts = files.map((f) => f.alt ?? '')
  if (thread) post.thread = thread
  if (in_room) post.in_room = true
  if (reply_to) post.reply_to = reply_to
  return post
}
