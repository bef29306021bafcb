// What the client knows: one immutable State, and pure functions that make the next one.

import { newLog, hearHead, resetLog, takeEvent, takePage } from './log.js'
import { DEFAULT_LIMITS, roomOf } from './protocol.js'

export { canDelete, canEdit, canManage, isAdmin, item, lastOwnMessage, newestMessage, pinnedItems, threadItems, typingIn } from './logviews.js'

/** @import { Item, Limits, Room, User } from './protocol.js' */
/** @import { Log } from './log.js' */
/** @typedef {{user: string, thread?: number, until: number}} Typing */
/**
 * @typedef {object} State
 * @property {User|null} me
 * @property {string} epoch
 * @property {Limits} limits
 * @property {Map<string, Room>} rooms
 * @property {Map<string, User>} users
 * @property {Map<string, 'active'|'away'>} presence
 * @property {Map<string, Typing[]>} typing by room
 * @property {Map<string, Log>} logs rooms that are watched
 * @property {Set<string>} wanted users that are named and not known
 */

/** @returns {State} */
export function emptyState() {
  return {
    me: null, epoch: '', limits: DEFAULT_LIMITS, rooms: new Map(), users: new Map(),
    presence: new Map(), typing: new Map(), logs: new Map(), wanted: new Set(),
  }
}

/**
 * The state after a frame of the server. Unknown frames change nothing.
 * @param {State} state
 * @param {any} frame
 * @param {number} now milliseconds
 * @returns {State}
 */
export function apply(state, frame, now) {
  const take = Object.hasOwn(FRAMES, frame.type) ? FRAMES[frame.type] : null
  return take ? take(state, frame, now) : state
}

/** @typedef {(state: State, frame: any, now: number) => State} Take */
/** @type {Record<string, Take>} */
export const FRAMES = {
  welcome: takeWelcome,
  event: takeLive,
  events: takeReplay,
  synced: (state, f) => withLog(state, f.room, (log) => hearHead(log, f.head)),
  reset: takeReset,
  room: (state, f) => withRooms(state, [roomOf(f)]),
  gone: (state, f) => withoutRoom(state, f.room),
  heads: takeHeads,
  signal: (state, f, now) => (Object.hasOwn(SIGNALS, f.kind) ? SIGNALS[f.kind](state, f, now) : state),
  pong: (state, f) => (f.heads ?? []).reduce((/** @type {State} */ s, /** @type {[string, number]} */ [room, head]) => withLog(s, room, (log) => hearHead(log, head)), state),
}

/** @type {Record<string, Take>} */
export const SIGNALS = {
  typing: takeTyping,
  presence: takePresence,
  read: (state, f) => withRoom(state, f.room, (r) => ({ ...r, read: f.seq, unread: f.unread ?? 0, mentions: f.mentions ?? 0 })),
  user: (state, f) => withUsers(state, [f.user]),
}

/** Kinds of events that change something here; others only move the cursor. */
export const EVENT_KINDS = new Set(['message', 'edit', 'delete', 'react', 'pin', 'member', 'room'])

/** @type {Take} */
function takeWelcome(state, frame) {
  let next = {
    ...state, me: frame.user, epoch: frame.epoch, limits: { ...DEFAULT_LIMITS, ...frame.limits },
    typing: new Map(), presence: new Map(),
  }
  next = withUsers(next, [frame.user])
  if (!frame.rooms) return next
  // With 200 rooms there may be more, which are asked for apart: what is known of them stays.
  if (frame.rooms.length < 200) {
    const named = new Set(frame.rooms.map((/** @type {{room: string}} */ r) => r.room))
    next.logs = filterMap(next.logs, (id) => named.has(id))
    next.rooms = filterMap(next.rooms, (id) => named.has(id))
  }
  return withRooms(next, frame.rooms.map(roomOf))
}

/** @type {Take} */
function takeLive(state, frame) {
  const { type, room, ...item } = frame
  const log = state.logs.get(room)
  if (!log) return state
  const next = withLog(state, room, (l) => takeEvent(l, item, state.me?.user ?? ''))
  return progress(next, log, [item])
}

/** @type {Take} */
function takeReplay(state, frame) {
  return mergePage(state, frame.room, frame, 'extend')
}

/**
 * Takes a page into a room's log.
 * @param {State} state
 * @param {string} room
 * @param {any} page
 * @param {'replace'|'extend'|'older'|'none'} window
 */
export function mergePage(state, room, page, window) {
  const log = state.logs.get(room)
  if (!log) return state
  // A replay continues the log; it must not become the range of a room whose first page is still to come.
  const how = window === 'extend' && !log.ready ? 'none' : window
  const next = withLog(state, room, (l) => takePage(l, page, state.me?.user ?? '', how))
  return progress(next, log, page.list)
}

/**
 * What the events that a log has just passed mean outside of it: counts, names, people, typing.
 * @param {State} state
 * @param {Log} before
 * @param {Item[]} fresh
 */
function progress(state, before, fresh) {
  const log = state.logs.get(before.room)
  if (!log) return state
  let next = state
  for (let seq = before.cursor.seq + 1; seq <= log.cursor.seq; seq++) {
    const item = log.items.get(seq)
    if (item) next = outside(next, before.room, item)
  }
  return wantUsers(next, fresh.flatMap(usersIn))
}

/** @param {State} state @param {string} room @param {Item} item @returns {State} */
function outside(state, room, item) {
  let next = withRoom(state, room, (r) => counted(r, item, state.me?.user ?? ''))
  if (item.kind === 'member' && item.body.user) next = withUsers(next, [item.body.user])
  if (item.kind === 'message') next = stopTyping(next, room, item.by)
  return next
}

/** @param {Room} room @param {Item} item @param {string} me @returns {Room} */
function counted(room, item, me) {
  if (item.seq <= room.head) return room
  const next = { ...room, head: item.seq }
  if (item.kind === 'message') return countMessage(next, item, me)
  if (item.kind === 'room') return { ...next, ...pick(item.body, ['name', 'topic', 'kind', 'archived']) }
  if (item.kind === 'member' && item.body.change !== 'role') {
    next.members = Math.max(0, (room.members ?? 0) + (item.body.change === 'joined' ? 1 : -1))
  }
  return next
}

/** @param {Room} room @param {Item} item @param {string} me @returns {Room} */
function countMessage(room, item, me) {
  const body = item.body
  if (item.by === me) return { ...room, read: Math.max(room.read, item.seq), unread: 0, mentions: 0 }
  if (item.seq <= room.read || body.deleted) return room
  const names = body.mentions ?? []
  const mentioned = (room.kind === 'direct' && !body.thread) || names.includes(me) || names.includes('all') || names.includes('here')
  return { ...room, unread: room.unread + (body.thread ? 0 : 1), mentions: room.mentions + (mentioned ? 1 : 0) }
}

/**
 * My read position, before the server has said what it makes of the counts.
 * @param {State} state
 * @param {string} room
 * @param {number} seq
 * @returns {State}
 */
export function readUpTo(state, room, seq) {
  const log = state.logs.get(room)
  return withRoom(state, room, (r) => {
    const next = { ...r, read: seq }
    if (seq >= r.head) return { ...next, unread: 0, mentions: 0 }
    if (!log?.atEnd || log.from > seq + 1) return next
    const me = state.me?.user ?? ''
    const after = log.rows.filter((row) => row.seq > seq && row.kind === 'message' && row.by !== me)
    return after.reduce((sum, row) => countMessage(sum, row, me), { ...next, unread: 0, mentions: 0 })
  })
}

/** The first unread message of the timeline; none when what is loaded cannot tell. @param {State} state @param {string} room @returns {Item|undefined} */
export function firstUnreadRow(state, room) {
  const known = state.rooms.get(room)
  const log = state.logs.get(room)
  if (!known?.unread || !log || (log.from > known.read + 1 && !log.atStart)) return undefined
  return log.rows.find((r) => r.seq > known.read && r.kind === 'message' && r.by !== state.me?.user)
}

/** Where the "New" line stands. @param {State} state @param {string} room @returns {number|null} */
export function firstUnread(state, room) {
  const known = state.rooms.get(room)
  if (!known?.unread) return null
  return firstUnreadRow(state, room)?.seq ?? known.read + 1
}

/** @type {Take} */
function takeReset(state, frame) {
  if (frame.why === 'access') return withoutRoom(state, frame.room)
  const next = withLog(state, frame.room, (log) => resetLog(log, frame))
  return withRoom(next, frame.room, (r) => ({ ...r, head: frame.head, read: Math.min(r.read, frame.head) }))
}

/** @type {Take} */
function takeHeads(state, frame) {
  let next = state
  for (const [room, head, unread, mentions] of frame.list) {
    next = withRoom(next, room, (r) => ({ ...r, head, unread: unread ?? 0, mentions: mentions ?? 0 }))
  }
  return next
}

/** @type {Take} */
function takeTyping(state, frame, now) {
  if (frame.by === state.me?.user) return state
  const others = (state.typing.get(frame.room) ?? []).filter((t) => t.user !== frame.by)
  const one = { user: frame.by, thread: frame.thread, until: now + (frame.ttl_ms ?? 5000) }
  const typing = new Map(state.typing).set(frame.room, [...others, one])
  return wantUsers({ ...state, typing }, [frame.by])
}

/** @param {State} state @param {string} room @param {string} user @returns {State} */
function stopTyping(state, room, user) {
  const list = state.typing.get(room)
  if (!list?.some((t) => t.user === user)) return state
  return { ...state, typing: new Map(state.typing).set(room, list.filter((t) => t.user !== user)) }
}

/** Forgets who has stopped typing. @param {State} state @param {number} now @returns {State} */
export function expireTyping(state, now) {
  if (![...state.typing.values()].some((list) => list.some((t) => t.until <= now))) return state
  const typing = new Map()
  for (const [room, list] of state.typing) {
    const left = list.filter((t) => t.until > now)
    if (left.length) typing.set(room, left)
  }
  return { ...state, typing }
}

/** @type {Take} */
function takePresence(state, frame) {
  const presence = new Map(state.presence)
  for (const id of frame.on ?? []) presence.set(id, 'active')
  for (const id of frame.away ?? []) presence.set(id, 'away')
  for (const id of frame.off ?? []) presence.delete(id)
  return withRoom({ ...state, presence }, frame.room, (r) => ({ ...r, online: frame.count ?? 0 }))
}

/** A room is watched from now on; `ok` is the answer. @param {State} state @param {string} room @param {any} ok @param {{newFrom?: number|null, pending?: any[], gen?: number}} [more] @returns {State} */
export function watched(state, room, ok, more = {}) {
  const known = state.rooms.get(room)
  const log = newLog(room, { seq: ok.head ?? 0, floor: known?.floor, ...more })
  const next = present({ ...state, logs: new Map(state.logs).set(room, log) }, room, ok)
  return withRoom(next, room, (r) => ({ ...r, watched: true }))
}

/** Who of a room is here; of others it tells nothing. @param {State} state @param {string} room @param {{online?: string[], online_count?: number}} ok @returns {State} */
export function present(state, room, ok) {
  const presence = new Map(state.presence)
  for (const id of ok.online ?? []) if (!presence.has(id)) presence.set(id, 'active')
  return withRoom({ ...state, presence }, room, (r) => ({ ...r, online: ok.online_count ?? 0 }))
}

/** @param {State} state @param {string} room @returns {State} */
export function unwatched(state, room) {
  const next = { ...state, logs: filterMap(state.logs, (id) => id !== room) }
  return withRoom(next, room, ({ watched: _, online: __, ...r }) => r)
}

/** @param {State} state @param {string} room @param {(log: Log) => Log} fn @returns {State} */
export function withLog(state, room, fn) {
  const log = state.logs.get(room)
  if (!log) return state
  const next = fn(log)
  return next === log ? state : { ...state, logs: new Map(state.logs).set(room, next) }
}

/** @param {State} state @param {string} room @param {(room: Room) => Room} fn @returns {State} */
export function withRoom(state, room, fn) {
  const known = state.rooms.get(room)
  if (!known) return state
  const next = fn(known)
  return next === known ? state : { ...state, rooms: new Map(state.rooms).set(room, next) }
}

/** @param {State} state @param {Room[]} list @returns {State} */
export function withRooms(state, list) {
  const rooms = new Map(state.rooms)
  for (const r of list) {
    const old = rooms.get(r.room)
    rooms.set(r.room, { ...r, ...(state.logs.has(r.room) && { watched: true, online: old?.online }) })
  }
  return wantUsers({ ...state, rooms }, list.flatMap((r) => r.with ?? []))
}

/** @param {State} state @param {string} room @returns {State} */
export function withoutRoom(state, room) {
  return {
    ...state,
    rooms: filterMap(state.rooms, (id) => id !== room),
    logs: filterMap(state.logs, (id) => id !== room),
    typing: filterMap(state.typing, (id) => id !== room),
  }
}

/** @param {State} state @param {User[]} list @returns {State} */
export function withUsers(state, list) {
  const users = new Map(state.users)
  const wanted = new Set(state.wanted)
  for (const u of list) {
    users.set(u.user, u)
    wanted.delete(u.user)
  }
  const me = state.me && (users.get(state.me.user) ?? state.me)
  return { ...state, users, wanted, me }
}

/** @param {State} state @param {string[]} ids @returns {State} */
export function wantUsers(state, ids) {
  const missing = ids.filter((id) => !state.users.has(id) && !state.wanted.has(id))
  return missing.length ? { ...state, wanted: new Set([...state.wanted, ...missing]) } : state
}

/** Everyone an event names. @param {Item} item @returns {string[]} */
function usersIn({ by, body }) {
  const named = (body?.mentions ?? []).filter((/** @type {string} */ m) => m !== 'all' && m !== 'here')
  const reacted = (body?.reactions ?? []).flatMap((/** @type {[string, string[]]} */ r) => r[1])
  return [by, ...named, ...reacted, ...(body?.replies?.by ?? [])]
}

/** @template K, V @param {Map<K, V>} map @param {(key: K) => boolean} stays @returns {Map<K, V>} */
function filterMap(map, stays) {
  return new Map([...map].filter(([key]) => stays(key)))
}

/** @param {any} from @param {string[]} names */
function pick(from, names) {
  return Object.fromEntries(names.filter((n) => from[n] !== undefined).map((n) => [n, from[n]]))
}
