// Questions that views ask of a log and of people. Pure.

/** @import { Item, Room, User } from './protocol.js' */
/** @import { Log } from './log.js' */
/** @import { Typing } from './state.js' */

/** @param {Log|null} log @param {number} seq @returns {Item|undefined} */
export function item(log, seq) {
  return log?.items.get(seq)
}

/** The replies of a thread, without its root. @param {Log|null} log @param {number} root @returns {Item[]} */
export function threadItems(log, root) {
  const rows = log?.threads.get(root)?.rows ?? []
  return rows.flatMap((seq) => log?.items.get(seq) ?? [])
}

/** What can be answered or changed: in a room, or in one thread with its root. @param {Log|null} log @param {number} [thread] */
function messages(log, thread) {
  const rows = thread ? [item(log, thread), ...threadItems(log, thread)] : log?.rows ?? []
  return rows.filter((row) => row !== undefined && row.kind === 'message' && !row.body.deleted)
}

/** @param {Log|null} log @param {number} [thread] @returns {Item|undefined} */
export function newestMessage(log, thread) {
  return messages(log, thread).at(-1)
}

/** @param {Log|null} log @param {User|null} me @param {number} [thread] @returns {Item|undefined} */
export function lastOwnMessage(log, me, thread) {
  return messages(log, thread).findLast((row) => row?.by === me?.user)
}

/** The pinned ones among those loaded. @param {Log|null} log @returns {Item[]} */
export function pinnedItems(log) {
  return [...(log?.items.values() ?? [])].filter((i) => i.kind === 'message' && i.body.pinned).sort((a, b) => a.seq - b.seq)
}

/** @param {Map<string, Typing[]>} typing @param {string} room @param {number} [thread] @returns {string[]} users */
export function typingIn(typing, room, thread) {
  return (typing.get(room) ?? []).filter((t) => (t.thread ?? 0) === (thread ?? 0)).map((t) => t.user)
}

/** @param {User|null} me */
export function isAdmin(me) {
  return me?.role === 'owner' || me?.role === 'admin'
}

/** Rename, archive, remove people. @param {User|null} me @param {Room|undefined} room */
export function canManage(me, room) {
  return !!room && room.kind !== 'direct' && (isAdmin(me) || room.role === 'admin')
}

/** @param {User|null} me @param {Item} message */
export function canEdit(me, message) {
  return message.kind === 'message' && !message.body.deleted && message.by === me?.user
}

/** @param {User|null} me @param {Room|undefined} room @param {Item} message */
export function canDelete(me, room, message) {
  const keeper = isAdmin(me) || room?.role === 'admin'
  return message.kind === 'message' && !message.body.deleted && (message.by === me?.user || keeper)
}
