// Keeps the store true to the server: takes frames in, watches rooms, mends holes, fetches who and what is missing.

import { effect } from './lib.js'
import { RequestError } from './connection.js'
import { putPending, dropPending, trimLog } from './log.js'
import { expireTyping, firstUnread, mergePage, present, unwatched, watched, withLog, withRooms, withUsers } from './state.js'
import { roomOf } from './protocol.js'

/** @import { Api } from './api.js' */
/** @import { Connection } from './connection.js' */
/** @import { Outbox } from './outbox.js' */
/** @import { Store } from './store.js' */
/** @import { Cursor, Item } from './protocol.js' */

export const PAGE = 50
const PULL = 200
const WATCHED = 20
/** How many events a room that nobody looks at may gather before its old ones go. */
const GATHERED = 1200
/** A pong may tell of an event that is still on its way; only what stays missing is pulled. */
const GRACE = 1500
/** The server writes read positions once a second. */
const READ_SETTLES = 3000

export class Sync {
  #store
  #connection
  #api
  #outbox
  /** @type {string[]} watched rooms, the latest opened last */
  #recent = []
  /** @type {Set<string>} rooms on the screen */
  #shown = new Set()
  /** @type {Map<string, Promise<any>>} */
  #running = new Map()
  /** @type {Map<string, ReturnType<typeof setTimeout>>} */
  #timers = new Map()
  /** @type {Set<string>} watched rooms of which it is not known who is here */
  #absent = new Set()
  /** @type {Map<string, number>} */
  #starts = new Map()
  /** @type {Map<string, {seq: number, until: number}>} */
  #readHere = new Map()
  /** @type {(() => void)[]} */
  #ends = []

  /** @param {{store: Store, connection: Connection, api: Api, outbox: Outbox}} parts */
  constructor({ store, connection, api, outbox }) {
    this.#store = store
    this.#connection = connection
    this.#api = api
    this.#outbox = outbox
  }

  start() {
    this.#hear('state', (link) => {
      if (link.state !== 'open') this.#outbox.offline()
    })
    this.#hear('frame', (frame) => this.take(frame))
    this.#hear('welcome', (frame) => this.#welcomed(frame))
    this.#ends.push(effect(() => this.#wantUsers(this.#store.wanted.value)))
    this.#ends.push(effect(() => {
      if (this.#store.typing.value.size) this.#later('typing', 1000, () => this.#expire())
    }))
  }

  stop() {
    for (const end of this.#ends) end()
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#ends = []
    this.#timers.clear()
    this.#recent = []
    this.#shown.clear()
    this.#absent.clear()
  }

  /** @param {string} name @param {(detail: any) => void} fn */
  #hear(name, fn) {
    const listener = (/** @type {any} */ e) => fn(e.detail)
    this.#connection.addEventListener(name, listener)
    this.#ends.push(() => this.#connection.removeEventListener(name, listener))
  }

  /** @param {any} frame */
  take(frame) {
    if (frame.type === 'signal' && frame.kind === 'read' && this.#older(frame)) return
    this.#store.dispatch(frame)
    if (frame.type === 'event') this.#seen([frame])
    if (frame.type === 'events') this.#seen(frame.list)
    if (frame.type === 'synced') this.#synced(frame.room)
    if (frame.type === 'reset') this.#replaying(frame.room)
    if (frame.type === 'welcome') return
    if (frame.type === 'event' || frame.type === 'events') this.#trim(frame.room)
    if (frame.room) this.#heal(frame.room)
    else if (frame.type === 'pong') this.#healAll()
  }

  /** One that is looked at is trimmed by its view, which knows where the reader is. @param {string} room */
  #trim(room) {
    const log = this.#store.state.logs.get(room)
    if (log && log.items.size > GATHERED && !this.#shown.has(room)) this.#store.update((s) => withLog(s, room, (l) => trimLog(l)))
  }

  /** @param {string} room */
  #synced(room) {
    this.#forget(`replay:${room}`)
    if (this.#shown.has(room)) this.#askWhoIsHere(room)
  }

  /** @param {string} room */
  #askWhoIsHere(room) {
    const log = this.#store.state.logs.get(room)
    if (!this.#absent.delete(room) || !log) return
    // A cursor in `hello` brings no list of who is here; watching again from the same place does.
    const take = (/** @type {any} */ ok) => this.#store.update((s) => present(s, room, ok))
    const { seq, id } = log.cursor
    this.#connection.request('watch', { room, after: seq, ...(id && { id }) }, { take }).catch(() => {})
  }

  /** This page has read up to there: the server's word on an earlier position, still on its way, is no news. @param {string} room @param {number} seq */
  readHere(room, seq) {
    this.#readHere.set(room, { seq, until: Date.now() + READ_SETTLES })
  }

  /** @param {{room: string, seq: number}} signal */
  #older(signal) {
    const own = this.#readHere.get(signal.room)
    return !!own && own.seq > signal.seq && own.until > Date.now()
  }

  /** @param {Item[]} items */
  #seen(items) {
    const me = this.#store.state.me?.user
    for (const { by, key } of items) if (key && by === me) this.#outbox.seen(key)
  }

  /** Where to go on, for `hello`. @returns {Cursor[]} */
  cursors() {
    return [...this.#store.state.logs.values()].filter((l) => l.cursor.id).map((l) => [l.room, l.cursor.seq, l.cursor.id])
  }

  /** @param {any} welcome */
  #welcomed(welcome) {
    for (const log of this.#store.state.logs.values()) {
      this.#replaying(log.room)
      // Of a room in which nothing was seen yet no id can be compared: it begins anew.
      if (!log.cursor.id) this.#rewatch(log.room, log.gen + 1)
      else this.#absent.add(log.room)
    }
    if (welcome.rooms?.length >= 200) this.#moreRooms(welcome.rooms.at(-1).room)
    this.#outbox.flush({ fresh: true })
  }

  /** @param {string} room @param {number} gen */
  #rewatch(room, gen) {
    const take = (/** @type {any} */ ok) => this.#store.update((s) => watched(s, room, ok, { pending: this.#outbox.of(room), gen }))
    this.#connection.request('watch', { room }, { take }).catch(() => {})
  }

  /** @param {string|undefined} after */
  async #moreRooms(after) {
    while (after) {
      const page = await this.#api.rooms({ after, limit: 200 }).catch(() => ({ list: [], next: undefined }))
      this.#store.update((s) => withRooms(s, page.list.map(roomOf)))
      after = page.next
    }
  }

  /** Until `synced` (or a while without it) what is missing is being sent anyway. @param {string} room */
  #replaying(room) {
    this.#forget(`replay:${room}`)
    this.#later(`replay:${room}`, 20_000, () => this.#heal(room))
  }

  #healAll() {
    for (const room of this.#store.state.logs.keys()) this.#heal(room)
  }

  /** Asks for whatever a room's log lacks. @param {string} room */
  #heal(room) {
    const log = this.#store.state.logs.get(room)
    if (!log || !this.#connection.open) return
    if (!log.ready && !this.#timers.has(`replay:${room}`)) this.firstPage(room).catch(() => {})
    if (log.stale.size) this.once(`stale:${room}`, () => this.#refresh(room)).catch(() => {})
    if (!log.behind || this.#timers.has(`replay:${room}`)) return
    if (log.held.length) this.once(`pull:${room}`, () => this.#pullMissing(room)).catch(() => {})
    else if (!this.#timers.has(`behind:${room}`)) {
      this.#later(`behind:${room}`, GRACE, () => {
        if (this.#store.state.logs.get(room)?.behind) this.once(`pull:${room}`, () => this.#pullMissing(room)).catch(() => {})
      })
    }
  }

  /** @param {string} room */
  async #pullMissing(room) {
    for (let log = this.#store.state.logs.get(room); log?.behind; log = this.#store.state.logs.get(room)) {
      const { seq } = log.cursor
      await this.pull(room, { after: seq, limit: PULL }, 'extend')
      if (this.#store.state.logs.get(room)?.cursor.seq === seq) return
    }
  }

  /** @param {string} room */
  async #refresh(room) {
    for (let log = this.#store.state.logs.get(room); log?.stale.size; log = this.#store.state.logs.get(room)) {
      const seqs = [...log.stale].sort((a, b) => a - b)
      const near = seqs.filter((s) => s - seqs[0] < PAGE)
      await this.pull(room, { after: seqs[0] - 1, limit: near[near.length - 1] - seqs[0] + 1 }, 'none')
      // What the server did not send cannot be refreshed; asking again would not end.
      this.#store.update((s) => withLog(s, room, (l) => ({ ...l, stale: new Set([...l.stale].filter((x) => x !== seqs[0])) })))
    }
  }

  /**
   * Pulls a page and merges it, unless the log was reset in between.
   * @param {string} room
   * @param {{after?: number, before?: number, limit?: number}} range
   * @param {'replace'|'extend'|'older'|'none'} window
   */
  async pull(room, range, window) {
    const gen = this.#store.state.logs.get(room)?.gen
    const take = (/** @type {any} */ page) => {
      if (this.#store.state.logs.get(room)?.gen !== gen) return
      this.#store.update((s) => mergePage(s, room, page, window))
      this.#seen(page.list)
    }
    const page = await this.ask('pull', { room, ...range }, take)
    this.#heal(room)
    return page
  }

  /**
   * A request that may be sent again: it waits for a connection, and outlives the loss of one. A mutation carries
   * its key, so that again means the same.
   * @param {string} type
   * @param {object} fields
   * @param {(frame: any) => void} [take]
   * @param {number} [patience] how long to wait for a connection
   */
  async ask(type, fields, take, patience) {
    for (let tries = 1; ; tries++) {
      await this.opened(patience)
      try {
        return await this.#connection.request(type, fields, { take })
      } catch (e) {
        if (/** @type {any} */ (e).definite !== false || tries === 5) throw e
      }
    }
  }

  /** @param {string} room @returns {Promise<void>} */
  firstPage(room) {
    return this.once(`first:${room}`, async () => {
      const known = this.#store.state.rooms.get(room)
      const log = this.#store.state.logs.get(room)
      if (!log) return
      const head = log.cursor.seq
      const unread = known?.unread && known.read < head - PAGE / 2 ? known.read : undefined
      const middle = this.#starts.get(room) ?? unread
      this.#starts.delete(room)
      const range = middle === undefined ? { before: head + 1, limit: PAGE } : { after: Math.max(0, middle - PAGE / 2), limit: PAGE }
      await this.pull(room, range, 'replace')
      this.markNew(room)
    })
  }

  /** Puts the "New" line. @param {string} room */
  markNew(room) {
    this.#store.update((s) => withLog(s, room, (l) => ({ ...l, newFrom: firstUnread(s, room) })))
  }

  /** @param {string} room @param {number} [at] where the reader wants to begin */
  async watch(room, at) {
    if (at !== undefined) this.#starts.set(room, at)
    this.#shown.add(room)
    this.#recent = [...this.#recent.filter((r) => r !== room), room]
    if (this.#store.state.logs.has(room)) {
      if (!this.#timers.has(`replay:${room}`)) this.#askWhoIsHere(room)
      return
    }
    await this.once(`watch:${room}`, async () => {
      const take = (/** @type {any} */ ok) => {
        this.#replaying(room)
        this.#absent.delete(room)
        this.#store.update((s) => watched(s, room, ok, { pending: this.#outbox.of(room) }))
      }
      await this.ask('watch', { room }, take)
    })
    this.#letGo()
  }

  /** @param {string} room */
  unshow(room) {
    this.#shown.delete(room)
  }

  #letGo() {
    while (this.#recent.length > WATCHED) {
      const room = this.#recent.find((r) => !this.#shown.has(r))
      if (!room) return
      this.#recent = this.#recent.filter((r) => r !== room)
      this.#store.update((s) => unwatched(s, room))
      this.#connection.request('unwatch', { room }).catch(() => {})
    }
  }

  /** Resolves when there is a connection. @param {number} [patience] */
  opened(patience) {
    if (this.#connection.open) return Promise.resolve()
    return new Promise((/** @type {(v?: any) => void} */ resolve, reject) => {
      const done = () => {
        clearTimeout(timer)
        this.#connection.removeEventListener('welcome', done)
        resolve()
      }
      const timer = patience ? setTimeout(() => {
        this.#connection.removeEventListener('welcome', done)
        reject(new RequestError({ code: 'offline', message: 'There is no connection to the server.' }))
      }, patience) : undefined
      this.#connection.addEventListener('welcome', done)
    })
  }

  /** One at a time of a name; who asks meanwhile gets the same answer. @template T @param {string} name @param {() => Promise<T>} work @returns {Promise<T>} */
  once(name, work) {
    const running = this.#running.get(name)
    if (running) return running
    const started = work().finally(() => this.#running.delete(name))
    this.#running.set(name, started)
    return started
  }

  /** @param {Set<string>} wanted */
  #wantUsers(wanted) {
    if (wanted.size) this.#later('users', 30, () => this.#fetchUsers())
  }

  async #fetchUsers() {
    const ids = [...this.#store.state.wanted].slice(0, 200)
    if (!ids.length) return
    try {
      const { list } = await this.#api.users({ ids })
      const found = new Set(list.map((u) => u.user))
      const rest = ids.filter((id) => !found.has(id)).map(stranger)
      this.#store.update((s) => withUsers(s, [...list, ...rest]))
    } catch {
      this.#later('users', 5000, () => this.#fetchUsers())
    }
  }

  #expire() {
    this.#store.update((s) => expireTyping(s, Date.now()))
    if (this.#store.state.typing.size) this.#later('typing', 1000, () => this.#expire())
  }

  /** What an entry of the outbox looks like in its room. @param {import('./outbox.js').Entry} entry */
  showPending(entry) {
    this.#store.update((s) => withLog(s, entry.room, (log) => putPending(log, entry)))
  }

  /** @param {import('./outbox.js').Entry} entry */
  hidePending(entry) {
    this.#store.update((s) => withLog(s, entry.room, (log) => dropPending(log, entry.key)))
  }

  /** @param {string} name @param {number} wait @param {() => void} fn */
  #later(name, wait, fn) {
    if (this.#timers.has(name)) return
    this.#timers.set(name, setTimeout(() => {
      this.#timers.delete(name)
      fn()
    }, wait))
  }

  /** @param {string} name */
  #forget(name) {
    clearTimeout(this.#timers.get(name))
    this.#timers.delete(name)
  }
}

/** Somebody whom the directory does not list. @param {string} user @returns {import('./protocol.js').User} */
function stranger(user) {
  return { user, handle: '', name: user === 'lab' ? 'Lab guest' : 'Someone who left', color: 'gray', role: 'guest' }
}
