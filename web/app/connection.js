// The socket: hello, requests and their answers, heartbeat, coming back. Knows nothing of rooms but their cursors.

import { closeReason } from './closecodes.js'

export { CLOSE_CODES, closeWords } from './closecodes.js'

/** @import { Cursor, ServerFrame, WelcomeFrame } from './protocol.js' */
/**
 * @typedef {object} LinkState
 * @property {'idle'|'connecting'|'open'|'waiting'|'ended'} state
 * @property {number} since when it left `open`, or when it became so
 * @property {number} [retryAt]
 * @property {number} [code]
 * @property {string} [words]
 */
/**
 * @typedef {object} ConnectionOptions
 * @property {string} url ws: or wss:
 * @property {() => {token?: string, device?: string, epoch?: string, cursors?: Cursor[]}} hello asked for at each try
 * @property {typeof WebSocket} [WebSocket]
 * @property {EventTarget} [page] where `online`, `offline` and `visibilitychange` are heard
 * @property {() => number} [random]
 * @property {Partial<typeof TIMES>} [times]
 */

const TIMES = { answer: 10_000, welcome: 15_000, pong: 10_000, backoff: 500, backoffMax: 30_000 }
/** Below `unanswered_requests`, so that the server never has to refuse one. */
const IN_FLIGHT = 48

/** A request that failed: by the server's word (`definite`), or because nobody knows. */
export class RequestError extends Error {
  /** @param {{code: string, message: string, field?: string, retry_ms?: number, definite?: boolean}} frame */
  constructor({ code, message, field, retry_ms, definite = true }) {
    super(message)
    this.name = 'RequestError'
    this.code = code
    this.field = field
    this.retry_ms = retry_ms
    this.definite = definite
  }
}

/** @typedef {{frame: any, resolve: (frame: any) => void, reject: (e: Error) => void, take?: (frame: any) => void, timeout: number, timer?: ReturnType<typeof setTimeout>}} Waiting */

/** Events: `state` (detail LinkState), `welcome`, `frame`, `late` (no answer in time: detail the request). */
export class Connection extends EventTarget {
  /** @type {LinkState} */
  link = { state: 'idle', since: Date.now() }
  /** @type {WebSocket|null} */
  #socket = null
  /** @type {Map<number, Waiting>} */
  #asked = new Map()
  /** @type {Waiting[]} */
  #queue = []
  #n = 0
  #tries = 0
  #heartbeat = 25_000
  /** @type {{code: number, retry_ms?: number}|null} */
  #bye = null
  /** @type {number|undefined} */
  #flood
  #welcomed = false
  /** @type {Record<string, ReturnType<typeof setTimeout>|undefined>} */
  #timers = {}
  #options
  #times

  /** @param {ConnectionOptions} options */
  constructor(options) {
    super()
    this.#options = options
    this.#times = { ...TIMES, ...options.times }
  }

  start() {
    if (this.link.state !== 'idle' && this.link.state !== 'ended') return
    this.#listen(true)
    this.#tries = 0
    this.#open()
  }

  /** Closes and stays closed. */
  stop() {
    this.#listen(false)
    this.#drop(1000)
    this.#enter({ state: 'idle' })
  }

  /** Does not wait for the end of the backoff. */
  retryNow() {
    if (this.link.state === 'waiting') this.#open()
  }

  get open() {
    return this.link.state === 'open'
  }

  /**
   * Sends a request; resolves with the answering frame (`ok`, `events`, `pong`). `take` gets it before any later
   * frame is read, which a promise cannot promise.
   * @param {string} type
   * @param {object} [fields]
   * @param {{timeout?: number, take?: (frame: any) => void}} [options]
   * @returns {Promise<any>}
   */
  request(type, fields = {}, { timeout = this.#times.answer, take } = {}) {
    if (!this.open) return Promise.reject(unknownOutcome('offline', 'There is no connection to the server.'))
    return new Promise((resolve, reject) => {
      this.#ask({ frame: { type, n: ++this.#n, ...fields }, resolve, reject, take, timeout })
    })
  }

  /** Sends what has no answer. @param {string} type @param {object} fields */
  tell(type, fields) {
    if (this.open) this.#socket?.send(JSON.stringify({ type, n: ++this.#n, ...fields }))
  }

  /** @param {Waiting} waiting */
  #ask(waiting) {
    if (this.#asked.size >= IN_FLIGHT) {
      this.#queue.push(waiting)
      return
    }
    const { n } = waiting.frame
    this.#asked.set(n, waiting)
    waiting.timer = setTimeout(() => this.#late(n), waiting.timeout)
    this.#socket?.send(JSON.stringify(waiting.frame))
  }

  /** @param {number} n */
  #late(n) {
    const waiting = this.#settled(n)
    if (!waiting) return
    this.dispatchEvent(new CustomEvent('late', { detail: waiting.frame }))
    waiting.reject(unknownOutcome('timeout', 'The server did not answer in time.'))
  }

  /** @param {number} n */
  #settled(n) {
    const waiting = this.#asked.get(n)
    if (!waiting) return null
    clearTimeout(waiting.timer)
    this.#asked.delete(n)
    const next = this.#queue.shift()
    if (next) this.#ask(next)
    return waiting
  }

  /** @param {any} frame */
  #answered(frame) {
    const waiting = this.#settled(frame.n)
    waiting?.take?.(frame)
    waiting?.resolve(frame)
  }

  #open() {
    this.#clear()
    this.#bye = null
    this.#flood = undefined
    this.#welcomed = false
    this.#enter({ state: 'connecting' })
    const Socket = this.#options.WebSocket ?? WebSocket
    const socket = new Socket(this.#options.url, 'minichat.v1')
    this.#socket = socket
    const mine = (/** @type {(e: any) => void} */ fn) => (/** @type {any} */ e) => this.#socket === socket && fn(e)
    socket.addEventListener('open', mine(() => this.#hello()))
    socket.addEventListener('message', mine((e) => this.#receive(e.data)))
    socket.addEventListener('close', mine((e) => this.#closed(e.code)))
    // A close follows every error, and says as much as a page may know.
    socket.addEventListener('error', () => {})
    this.#timers.welcome = setTimeout(() => this.#zombie(), this.#times.welcome)
  }

  #hello() {
    const hello = { type: 'hello', n: ++this.#n, ...this.#options.hello() }
    this.#socket?.send(JSON.stringify(hello))
  }

  /** @param {unknown} data */
  #receive(data) {
    let frame
    try {
      frame = JSON.parse(String(data))
    } catch {
      return
    }
    if (typeof frame !== 'object' || frame === null) return
    const take = Object.hasOwn(Connection.#own, frame.type) ? Connection.#own[frame.type] : null
    if (take) take(this, frame)
    else if (frame.n !== undefined && this.#asked.has(frame.n)) this.#answered(frame)
    else this.#emit(frame)
  }

  /** Frames that are the connection's own business. @type {Record<string, (c: Connection, frame: any) => void>} */
  static #own = {
    welcome: (c, frame) => c.#welcome(frame),
    ok: (c, frame) => c.#answered(frame),
    error: (c, frame) => c.#refused(frame),
    pong: (c, frame) => c.#pong(frame),
    bye: (c, frame) => {
      c.#bye = frame
    },
  }

  /** @param {WelcomeFrame} frame */
  #welcome(frame) {
    clearTimeout(this.#timers.welcome)
    this.#welcomed = true
    this.#tries = 0
    this.#heartbeat = frame.heartbeat_ms || this.#heartbeat
    this.#enter({ state: 'open' })
    this.#emit(/** @type {any} */ (frame))
    this.dispatchEvent(new CustomEvent('welcome', { detail: frame }))
    this.#beat()
  }

  /** @param {any} frame */
  #refused(frame) {
    // A flood's wait comes as an error before the close.
    if (frame.n === undefined) this.#flood = frame.retry_ms
    const waiting = this.#settled(frame.n)
    if (waiting) waiting.reject(new RequestError(frame))
    else if (!this.#welcomed && (frame.code === 'unauthenticated' || frame.code === 'invalid_or_expired')) this.#closed(4002)
  }

  #beat() {
    // Jitter, so that a thousand pages that came back together do not ping together.
    const wait = this.#heartbeat * (0.8 + 0.2 * this.#random())
    clearTimeout(this.#timers.beat)
    this.#timers.beat = setTimeout(() => this.#ping(), wait)
  }

  /** @param {any} frame */
  #pong(frame) {
    clearTimeout(this.#timers.pong)
    this.#emit(frame)
    if (this.#asked.has(frame.n)) this.#answered(frame)
    else this.#beat()
  }

  /** The socket says open and nothing comes: a browser would notice after minutes. */
  #zombie() {
    this.#closed(1006)
  }

  /** @param {number} code */
  #closed(code) {
    const bye = this.#bye
    this.#drop(code === 1006 ? 4000 : 1000)
    const { retry, words } = closeReason(bye ? bye.code : code)
    if (!retry) {
      this.#listen(false)
      this.#enter({ state: 'ended', code, words })
      return
    }
    const wait = bye ? this.#byeWait(bye) : (this.#flood ?? this.#backoff())
    this.#enter({ state: 'waiting', code, words, retryAt: Date.now() + wait })
    this.#timers.retry = setTimeout(() => this.#open(), wait)
  }

  /** The server names the wait; a little jitter keeps its return calm. @param {{retry_ms?: number}} bye */
  #byeWait(bye) {
    return (bye.retry_ms ?? 0) + this.#random() * Math.min(1000, this.#times.backoff)
  }

  /** Full jitter: anything from the least wait up to a limit that doubles. */
  #backoff() {
    const { backoff, backoffMax } = this.#times
    const limit = Math.min(backoffMax, backoff * 2 ** ++this.#tries)
    return backoff + this.#random() * (limit - backoff)
  }

  #random() {
    return (this.#options.random ?? Math.random)()
  }

  /** Lets go of the socket and of everybody who waits for an answer. @param {number} code */
  #drop(code) {
    this.#clear()
    const socket = this.#socket
    this.#socket = null
    if (socket && socket.readyState < 2) socket.close(code)
    const waiting = [...this.#asked.values(), ...this.#queue]
    this.#asked.clear()
    this.#queue = []
    for (const { timer, reject } of waiting) {
      clearTimeout(timer)
      reject(unknownOutcome('closed', 'The connection was lost before the answer.'))
    }
  }

  #clear() {
    for (const timer of Object.values(this.#timers)) clearTimeout(timer)
    this.#timers = {}
  }

  /** @param {ServerFrame} frame */
  #emit(frame) {
    this.dispatchEvent(new CustomEvent('frame', { detail: frame }))
  }

  /** @param {Omit<LinkState, 'since'>} link */
  #enter(link) {
    const down = (/** @type {string} */ s) => s === 'waiting' || s === 'connecting'
    const since = down(link.state) && down(this.link.state) ? this.link.since : Date.now()
    this.link = { ...link, since }
    this.dispatchEvent(new CustomEvent('state', { detail: this.link }))
  }

  /** @param {boolean} on */
  #listen(on) {
    const page = this.#options.page
    const call = on ? 'addEventListener' : 'removeEventListener'
    page?.[call]('online', this.#wake)
    page?.[call]('offline', this.#cutOff)
    page?.[call]('visibilitychange', this.#wake)
  }

  #wake = () => {
    if (/** @type {any} */ (globalThis).document?.hidden) return
    if (this.link.state === 'waiting' && !this.#bye) this.retryNow()
    // A tab that slept may hold a dead socket: ask now instead of at the next beat.
    else if (this.open) this.#ping()
  }

  /** The browser knows before the socket does, whose line may hang for long. */
  #cutOff = () => {
    if (this.#socket) this.#zombie()
  }

  #ping() {
    clearTimeout(this.#timers.beat)
    clearTimeout(this.#timers.pong)
    this.tell('ping', {})
    this.#timers.pong = setTimeout(() => this.#zombie(), this.#times.pong)
  }
}

/** @param {string} code @param {string} message */
function unknownOutcome(code, message) {
  return new RequestError({ code, message, definite: false })
}

/** The socket's address. @param {string} server '' = where the page is @param {{protocol: string, host: string}} location */
export function socketUrl(server, location) {
  const base = new URL(server || `${location.protocol}//${location.host}`)
  base.protocol = base.protocol === 'https:' ? 'wss:' : 'ws:'
  return new URL('/api/v1/socket', base).href
}
