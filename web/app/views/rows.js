// What the timeline draws, made from the rows of a log: days, groups, the "New" line.
import { dayKey, sameGroup } from '../format.js'

/** @typedef {import('../protocol.js').Item} Item */
/** @typedef {import('../log.js').Pending} Pending */
/** @typedef {{type: 'message', key: string, item: Item, first: boolean, pending?: Pending}} MessageEntry */
/** @typedef {MessageEntry | {type: 'system', key: string, item: Item} | {type: 'new', key: string}} Entry */
/** @typedef {{day: string, at: number, entries: Entry[]}} Section */

/**
 * @param {Item[]} rows the room's rows
 * @param {{start: number, end: number}} slice the part on show
 * @param {Pending[]} pending drawn at the end
 * @param {{newFrom: number|null, me: string, plain?: boolean}} options plain: messages only
 * @returns {Section[]}
 */
export function toSections(rows, { start, end }, pending, { newFrom, me, plain = false }) {
  /** @type {Section[]} */
  const sections = []
  let before = rows[start - 1]
  let lineDrawn = newFrom === null || (before !== undefined && before.seq >= newFrom)
  const add = (/** @type {Item} */ item, /** @type {Pending|undefined} */ waiting) => {
    const section = sectionFor(sections, item)
    const line = !lineDrawn && !waiting && item.seq >= /** @type {number} */ (newFrom)
    if (line) section.entries.push({ type: 'new', key: 'new' })
    lineDrawn ||= line
    section.entries.push(entryOf(item, line ? undefined : before, me, waiting))
    before = item
  }
  for (let i = start; i < end; i++) {
    if (plain ? rows[i].kind === 'message' : !isMakersJoin(rows[i], rows[i - 1])) add(rows[i], undefined)
  }
  for (const waiting of pending) add(itemOf(waiting, me), waiting)
  return sections
}

/** Who makes a room is in it: that needs no line of its own. @param {Item} item @param {Item|undefined} before */
function isMakersJoin(item, before) {
  return item.kind === 'member' && item.body.change === 'joined' && item.body.user?.user === item.by
    && before?.kind === 'room' && before.by === item.by && before.body.kind !== undefined
}

/** @param {Section[]} sections @param {Item} item */
function sectionFor(sections, item) {
  const day = dayKey(item.at)
  const last = sections.at(-1)
  if (last && last.day === day) return last
  const next = { day, at: item.at, entries: [] }
  sections.push(next)
  return next
}

/**
 * @param {Item} item
 * @param {Item|undefined} before
 * @param {string} me
 * @param {Pending|undefined} pending
 * @returns {Entry}
 */
function entryOf(item, before, me, pending) {
  // My own message keeps its element from the moment it is typed: the key of the post outlives the pending state.
  const key = item.by === me && item.key ? item.key : item.id
  if (item.kind !== 'message') return { type: 'system', key, item }
  return { type: 'message', key, item, first: !before || !sameGroup(before, item), pending }
}

/**
 * A message on its way, in the form of one that arrived.
 * @param {Pending} pending
 * @param {string} me
 * @returns {Item}
 */
export function itemOf(pending, me) {
  const { key, text, files, reply_to, thread, created_at } = pending
  return { seq: 0, id: key, key, kind: 'message', by: me, at: created_at, body: { text, files, reply_to, thread, rev: 1 } }
}
