// One room's log as the client holds it: pure functions, each returns a new Log or the same one.

/** @import { Item, EventsFrame, FileRef } from './protocol.js' */
/**
 * A message of mine that the log does not show yet.
 * @typedef {object} Pending
 * @property {string} key
 * @property {string} room
 * @property {string} text
 * @property {FileRef[]} files
 * @property {number} [reply_to]
 * @property {number} [thread]
 * @property {boolean} [in_room]
 * @property {number} created_at
 * @property {'waiting'|'sending'|'late'|'refused'|'acked'} state
 * @property {{code: string, message: string, field?: string}} [error]
 * @property {number} [seq] once acknowledged
 */
/** @typedef {{rows: number[], complete: boolean}} Thread */
/**
 * @typedef {object} Log
 * @property {string} room
 * @property {boolean} ready the first page is there
 * @property {{seq: number, id: string}} cursor the last event taken in order
 * @property {number} head the highest seq heard of
 * @property {number} floor the first seq that the server still holds
 * @property {number} from the loaded range, dense; from > to: nothing
 * @property {number} to
 * @property {boolean} atStart
 * @property {boolean} atEnd
 * @property {Map<number, Item>} items
 * @property {Item[]} rows what the timeline shows
 * @property {Pending[]} pending
 * @property {Map<number, Thread>} threads
 * @property {{older?: boolean, newer?: boolean}} loading
 * @property {number|null} newFrom
 * @property {Item[]} held live events beyond a hole
 * @property {Item[]} changes recent edits, deletes, reactions, pins: a page may be older than they are
 * @property {number} changesFrom `changes` has every change after this seq, of those that came live
 * @property {Set<number>} stale messages whose present form must be asked for
 * @property {boolean} behind there are events after the cursor to pull
 * @property {number} gen counts resets: an answer asked for before one is not for this log
 */

const CHANGES_KEPT = 500
const TARGETED = new Set(['edit', 'delete', 'react', 'pin'])

/**
 * @param {string} room
 * @param {{seq: number, id?: string, floor?: number, newFrom?: number|null, pending?: Pending[], gen?: number}} at
 * @returns {Log}
 */
export function newLog(room, { seq, id = '', floor = 1, newFrom = null, pending = [], gen = 0 }) {
  return {
    room, ready: false, cursor: { seq, id }, head: seq, floor, from: 1, to: 0, atStart: false, atEnd: false,
    items: new Map(), rows: [], pending, threads: new Map(), loading: {}, newFrom,
    held: [], changes: [], changesFrom: 0, stale: new Set(), behind: false, gen,
  }
}

/** A copy to write into. @param {Log} log @returns {Log} */
function draft(log) {
  return { ...log, items: new Map(log.items), changes: [...log.changes], stale: new Set(log.stale), threads: new Map(log.threads) }
}

/** What follows from the rest. @param {Log} log @returns {Log} */
function settle(log) {
  while (log.ready && log.items.has(log.to + 1)) log.to++
  while (log.ready && log.from > 1 && log.items.has(log.from - 1)) log.from--
  // `watch` tells the head and not its id; the page that brings that event does.
  const last = log.cursor.id ? undefined : log.items.get(log.cursor.seq)
  if (last) log.cursor = { seq: last.seq, id: last.id }
  log.head = Math.max(log.head, log.cursor.seq)
  log.behind = log.held.length > 0 || log.head > log.cursor.seq
  log.atStart = log.ready && log.from <= log.floor
  log.atEnd = log.ready && log.to >= log.cursor.seq
  log.rows = rowsOf(log)
  log.pending = log.pending.filter((p) => !(p.seq && p.seq <= log.cursor.seq))
  return log
}

/** @param {Log} log */
function rowsOf(log) {
  const rows = []
  for (let seq = log.from; seq <= log.to; seq++) {
    const item = log.items.get(seq)
    if (item && isRow(item)) rows.push(item)
  }
  const old = log.rows
  return rows.length === old.length && rows.every((r, i) => r === old[i]) ? old : rows
}

/** @param {Item} item */
export function isRow(item) {
  if (item.kind === 'message') return !item.body.thread || !!item.body.in_room
  return item.kind === 'member' || item.kind === 'room'
}

/**
 * Takes one live event: in order it is applied, before the cursor dropped, beyond a hole held.
 * @param {Log} log
 * @param {Item} event
 * @param {string} me
 * @returns {Log}
 */
export function takeEvent(log, event, me) {
  if (event.seq <= log.cursor.seq || log.held.some((h) => h.seq === event.seq)) return log
  const next = draft(log)
  if (event.seq > log.cursor.seq + 1) {
    next.held = [...log.held, event].sort((a, b) => a.seq - b.seq)
    next.head = Math.max(next.head, event.seq)
    return settle(next)
  }
  advance(next, event, me, true)
  release(next, me)
  return settle(next)
}

/** Applies what was held and is now in order. @param {Log} log @param {string} me */
function release(log, me) {
  const held = log.held.filter((h) => h.seq > log.cursor.seq)
  while (held.length && held[0].seq === log.cursor.seq + 1) {
    advance(log, /** @type {Item} */ (held.shift()), me, true)
  }
  log.held = held
}

/**
 * Moves the cursor over one event. A live change carries its content; one in a page only names its target.
 * @param {Log} log
 * @param {Item} event
 * @param {string} me
 * @param {boolean} live
 */
function advance(log, event, me, live) {
  log.cursor = { seq: event.seq, id: event.id }
  if (live) keep(log, event)
  if (event.kind === 'message') {
    noteReply(log, event)
    if (event.by === me && event.key) log.pending = log.pending.filter((p) => p.key !== event.key)
  } else if (TARGETED.has(event.kind)) {
    remember(log, live ? event : { ...event, body: { target: event.body.target } })
    changeTarget(log, event, live)
  }
}

/** @param {Log} log @param {Item} change */
function remember(log, change) {
  log.changes.push(change)
  if (log.changes.length > CHANGES_KEPT) log.changesFrom = /** @type {Item} */ (log.changes.shift()).seq
}

/** @param {Log} log @param {Item} change @param {boolean} live */
function changeTarget(log, change, live) {
  const target = log.items.get(change.body.target)
  if (!target || target.kind !== 'message' || change.seq <= formOf(target)) return
  if (!live) {
    log.stale.add(target.seq)
    return
  }
  const body = changed(target, change)
  log.items.set(target.seq, { ...target, body })
  if (change.kind === 'delete') forgetReply(log, target, change.seq)
}

/** The seq up to which the held form of a message is true. @param {Item} item */
export function formOf(item) {
  return item.body.upto ?? item.seq
}

/** @param {Item} item @param {Item} change */
function changed(item, change) {
  const make = CHANGES[/** @type {keyof typeof CHANGES} */ (change.kind)]
  return { ...make(item.body, change), upto: change.seq }
}

const CHANGES = {
  /** @param {any} body @param {Item} change */
  edit(body, change) {
    if (body.deleted) return body
    const { text, mentions, rev } = change.body
    return { ...body, text, mentions, rev, edited_at: change.at }
  },
  /** @param {any} body */
  delete(body) {
    const { thread, in_room, reply_to, replies, rev } = body
    return { text: '', thread, in_room, reply_to, replies, rev, deleted: true }
  },
  /** @param {any} body @param {Item} change */
  react(body, change) {
    return { ...body, reactions: reacted(body.reactions ?? [], change) }
  },
  /** @param {any} body @param {Item} change */
  pin(body, change) {
    return { ...body, pinned: change.body.on ? true : undefined }
  },
}

/** @param {[string, string[]][]} reactions @param {Item} change @returns {[string, string[]][]} */
function reacted(reactions, { by, body: { emoji, on } }) {
  const found = reactions.find(([e]) => e === emoji)
  if (!found) return on ? [...reactions, [emoji, [by]]] : reactions
  const others = found[1].filter((u) => u !== by)
  return reactions
    .map((r) => (r === found ? /** @type {[string, string[]]} */ ([emoji, on ? [...others, by] : others]) : r))
    .filter(([, users]) => users.length > 0)
}

/** Stores an event unless a newer form of it is held. @param {Log} log @param {Item} event */
function keep(log, event) {
  const had = log.items.get(event.seq)
  if (had && had.kind === 'message' && formOf(had) > formOf(event)) return
  log.items.set(event.seq, event)
  if (event.kind === 'message') listInThread(log, event)
}

/** @param {Log} log @param {Item} message */
function listInThread(log, message) {
  const thread = log.threads.get(message.body.thread)
  if (!thread || thread.rows.includes(message.seq)) return
  const rows = [...thread.rows, message.seq].sort((a, b) => a - b)
  log.threads.set(message.body.thread, { ...thread, rows })
}

/** @param {Log} log @param {Item} reply */
function noteReply(log, reply) {
  const root = log.items.get(reply.body.thread)
  if (!root || root.kind !== 'message' || reply.body.deleted || reply.seq <= formOf(root)) return
  const old = root.body.replies ?? { count: 0, last_at: 0, by: [] }
  const by = [reply.by, ...old.by.filter((/** @type {string} */ u) => u !== reply.by)].slice(0, 5)
  const replies = { count: old.count + 1, last_at: reply.at, by }
  log.items.set(root.seq, { ...root, body: { ...root.body, replies, upto: reply.seq } })
}

/** A deleted reply may have been the only one of its author: the server knows. @param {Log} log @param {Item} reply @param {number} seq */
function forgetReply(log, reply, seq) {
  const root = log.items.get(reply.body.thread)
  if (root && root.kind === 'message' && formOf(root) < seq) log.stale.add(root.seq)
}

/**
 * Takes a page: a replay, an answer to `pull`, an HTTP list.
 * @param {Log} log
 * @param {Pick<EventsFrame, 'from'|'to'|'head'|'list'>} page
 * @param {string} me
 * @param {'replace'|'extend'|'older'|'none'} window what becomes of the loaded range
 * @returns {Log}
 */
export function takePage(log, page, me, window) {
  const next = draft(log)
  for (const event of page.list) keepFromPage(next, event)
  if (page.from <= log.cursor.seq + 1) {
    for (const event of page.list) if (event.seq === next.cursor.seq + 1) advance(next, event, me, false)
    release(next, me)
  }
  next.head = Math.max(next.head, page.head ?? 0)
  setWindow(next, page, window)
  return settle(next)
}

/** @param {Log} log @param {Item} event */
function keepFromPage(log, event) {
  if (event.kind !== 'message') {
    // The live form says more than the form in a page.
    if (!log.items.has(event.seq)) log.items.set(event.seq, event)
    return
  }
  const had = log.items.get(event.seq)
  if (!had || formOf(had) <= formOf(event)) log.stale.delete(event.seq)
  keep(log, event)
  catchUp(log, event.seq)
}

/** Applies to a message the changes that came after its page was read. @param {Log} log @param {number} seq */
function catchUp(log, seq) {
  for (const change of log.changes) {
    const item = /** @type {Item} */ (log.items.get(seq))
    if (change.body.target !== seq || change.seq <= formOf(item)) continue
    changeTarget(log, change, change.kind === 'delete' || Object.keys(change.body).length > 1)
  }
  const { upto } = /** @type {Item} */ (log.items.get(seq)).body
  if (upto !== undefined && upto < log.changesFrom) log.stale.add(seq)
}

/** @param {Log} log @param {{from: number, to: number, list: Item[]}} page @param {string} window */
function setWindow(log, page, window) {
  if (window === 'none') return
  const empty = page.list.length === 0
  if (window === 'older' && empty) log.floor = Math.max(log.floor, log.from)
  if (window === 'replace' || (!log.ready && window === 'extend')) {
    log.ready = true
    log.from = page.from
    log.to = page.to
    if (empty && log.cursor.seq > 0) log.floor = log.from
  } else if (!empty && page.from <= log.to + 1 && page.to >= log.from - 1) {
    log.from = Math.min(log.from, page.from)
    log.to = Math.max(log.to, page.to)
  }
}

/** A page of one thread, which is not dense. @param {Log} log @param {number} root @param {Item[]} list @param {boolean} complete @returns {Log} */
export function takeThread(log, root, list, complete) {
  const next = draft(log)
  const rows = new Set(next.threads.get(root)?.rows)
  for (const event of list) {
    keepFromPage(next, event)
    if (event.seq !== root) rows.add(event.seq)
  }
  for (const item of next.items.values()) if (item.kind === 'message' && item.body.thread === root) rows.add(item.seq)
  next.threads.set(root, { rows: [...rows].sort((a, b) => a - b), complete })
  return settle(next)
}

/** Keeps about `keepRows` events round a seq. @param {Log} log @param {number} [around] @param {number} [keepRows] @returns {Log} */
export function trimLog(log, around = log.to, keepRows = 600) {
  if (log.items.size <= keepRows) return log
  const next = draft(log)
  next.from = Math.max(log.from, Math.min(around - (keepRows >> 1), log.to - keepRows + 1))
  next.to = Math.min(log.to, next.from + keepRows - 1)
  for (const [seq, item] of log.items) {
    const inThread = log.threads.has(seq) || log.threads.has(item.body?.thread)
    if ((seq < next.from || seq > next.to) && !inThread) next.items.delete(seq)
  }
  return settle(next)
}

/** @param {Log} log @param {number} head @returns {Log} */
export function hearHead(log, head) {
  if (head <= log.head) return log
  return settle({ ...log, head })
}

/** @param {Log} log @param {Pending} pending @returns {Log} */
export function putPending(log, pending) {
  const at = log.pending.findIndex((p) => p.key === pending.key)
  const list = at < 0 ? [...log.pending, pending] : log.pending.with(at, pending)
  return { ...log, pending: list.filter((p) => !(p.seq && p.seq <= log.cursor.seq)) }
}

/** @param {Log} log @param {string} key @returns {Log} */
export function dropPending(log, key) {
  return { ...log, pending: log.pending.filter((p) => p.key !== key) }
}

/** The server has dropped our cursor: begin again, keep what is still to be sent. @param {Log} log @param {{head: number, floor?: number}} reset @returns {Log} */
export function resetLog(log, reset) {
  // What was acknowledged is in the log by now, or went with a history that is no more.
  const pending = log.pending.filter((p) => p.state !== 'acked')
  return newLog(log.room, { seq: reset.head, floor: reset.floor ?? 1, pending, gen: log.gen + 1 })
}
