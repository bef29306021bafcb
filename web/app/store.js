// The state as signals: views read them, only this file writes them.

import { batch, computed, signal } from './lib.js'
import { apply, emptyState } from './state.js'

/** @import { Room, User } from './protocol.js' */
/** @import { Log } from './log.js' */
/** @import { State } from './state.js' */
/** @import { LinkState } from './connection.js' */
/**
 * @template T
 * @typedef {import('@preact/signals').Signal<T>} Signal
 */
/**
 * @template T
 * @typedef {import('@preact/signals').ReadonlySignal<T>} ReadonlySignal
 */

export class Store {
  /** @type {Signal<User|null>} */
  me
  /** @type {Signal<LinkState>} */
  link = signal({ state: 'idle', since: 0 })
  sorted = computed(() => sortRooms([...this.rooms.value.values()].filter((r) => !r.archived), (id) => this.user(id).name))
  totals = computed(() => countRooms([...this.rooms.value.values()]))
  /** Why rooms went, as the server said. @type {Map<string, string>} */
  gone = new Map()
  #state = emptyState()
  /** @type {Map<string, Signal<Log|null>>} */
  #logs = new Map()
  #now

  /** @param {() => number} [now] */
  constructor(now = Date.now) {
    const s = this.#state
    this.#now = now
    this.me = signal(s.me)
    this.rooms = signal(s.rooms)
    this.users = signal(s.users)
    this.presence = signal(s.presence)
    this.typing = signal(s.typing)
    this.limits = signal(s.limits)
    this.wanted = signal(s.wanted)
  }

  /** @returns {State} */
  get state() {
    return this.#state
  }

  /** Takes a frame of the server. @param {any} frame */
  dispatch(frame) {
    if (frame.type === 'gone') this.gone.set(frame.room, frame.why)
    this.update((state) => apply(state, frame, this.#now()))
  }

  /** @param {(state: State) => State} change */
  update(change) {
    const before = this.#state
    const after = change(before)
    if (after === before) return
    this.#state = after
    batch(() => {
      this.me.value = after.me
      this.rooms.value = after.rooms
      this.users.value = after.users
      this.presence.value = after.presence
      this.typing.value = after.typing
      this.limits.value = after.limits
      this.wanted.value = after.wanted
      for (const [room, log] of this.#logs) log.value = after.logs.get(room) ?? null
    })
  }

  /** The log of an opened room; null before. @param {string} room @returns {ReadonlySignal<Log|null>} */
  log(room) {
    let found = this.#logs.get(room)
    if (!found) {
      found = signal(this.#state.logs.get(room) ?? null)
      this.#logs.set(room, found)
    }
    return found
  }

  /** A person, or a stand-in until the directory has answered. @param {string} id @returns {User} */
  user(id) {
    return this.users.value.get(id) ?? { user: id, handle: '', name: '…', color: 'gray', role: 'member' }
  }

  /** Forgets everything, at sign-out. */
  clear() {
    this.gone.clear()
    this.update(() => emptyState())
  }
}

/** @param {Room[]} rooms @param {(user: string) => string} nameOf */
function sortRooms(rooms, nameOf) {
  const title = (/** @type {Room} */ r) => r.name || (r.with ?? []).map(nameOf).join(', ')
  const direct = (/** @type {Room} */ r) => (r.kind === 'direct' ? 1 : 0)
  return rooms.sort((a, b) => direct(a) - direct(b) || title(a).localeCompare(title(b)) || (a.room < b.room ? -1 : 1))
}

/** @param {Room[]} rooms */
function countRooms(rooms) {
  const open = rooms.filter((r) => !r.archived)
  return { unread: open.filter((r) => r.unread > 0).length, mentions: open.reduce((sum, r) => sum + r.mentions, 0) }
}
