// Dates, sizes and names as people read them.

/** @import { Item, Room, User } from './protocol.js' */

const MINUTE = 60_000
const GROUP = 5 * MINUTE
const formats = new Map()

/** Making an Intl format costs more than using it. @param {Intl.DateTimeFormatOptions} options @returns {Intl.DateTimeFormat} */
function format(options) {
  const name = JSON.stringify(options)
  if (!formats.has(name)) formats.set(name, new Intl.DateTimeFormat(undefined, options))
  return formats.get(name)
}

/** 14:05 @param {number} ms */
export function clock(ms) {
  return format({ hour: '2-digit', minute: '2-digit' }).format(ms)
}

/** The whole date, for a title. @param {number} ms */
export function full(ms) {
  return format({ dateStyle: 'full', timeStyle: 'medium' }).format(ms)
}

/** The same for two times of one local day. @param {number} ms */
export function dayKey(ms) {
  const d = new Date(ms)
  return `${d.getFullYear()}-${d.getMonth() + 1}-${d.getDate()}`
}

/** @param {number} ms @param {number} [now] */
export function day(ms, now = Date.now()) {
  if (dayKey(ms) === dayKey(now)) return 'Today'
  const before = new Date(now)
  before.setDate(before.getDate() - 1)
  if (dayKey(ms) === dayKey(before.getTime())) return 'Yesterday'
  const year = new Date(ms).getFullYear() === new Date(now).getFullYear() ? undefined : 'numeric'
  return format({ weekday: 'long', day: 'numeric', month: 'long', year }).format(ms)
}

/** @param {number} ms @param {number} [now] */
export function ago(ms, now = Date.now()) {
  const minutes = Math.floor((now - ms) / MINUTE)
  if (minutes < 1) return 'just now'
  if (minutes < 60) return `${minutes} min ago`
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ago`
  return format({ day: 'numeric', month: 'short' }).format(ms)
}

/** @param {number} n */
export function bytes(n) {
  const units = ['B', 'KB', 'MB', 'GB', 'TB']
  let at = 0
  while (n >= 1024 && at < units.length - 1) {
    n /= 1024
    at++
  }
  return `${at && n < 10 && n % 1 ? n.toFixed(1).replace(".0", "") : Math.round(n)} ${units[at]}`
}

/** @param {number} n bytes a second */
export function speed(n) {
  return `${bytes(n)}/s`
}

/** As much of a text as fits into that many bytes of UTF-8, whole letters only. @param {string} text @param {number} most */
export function cutBytes(text, most) {
  if (text.length * 3 <= most) return text
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(most))
  return text.slice(0, read)
}

/** @param {string} name */
export function initials(name) {
  const words = name.trim().split(/\s+/)
  const first = (/** @type {string} */ w) => [...w][0] ?? ''
  return (first(words[0] ?? '') + (words.length > 1 ? first(/** @type {string} */ (words.at(-1))) : '')).toUpperCase()
}

/** Ana, Ben and 2 others @param {string[]} list @param {number} [most] */
export function names(list, most = 3) {
  if (list.length <= 1) return list[0] ?? ''
  if (list.length <= most) return `${list.slice(0, -1).join(', ')} and ${list.at(-1)}`
  const rest = list.length - most + 1
  return `${list.slice(0, most - 1).join(', ')} and ${rest} others`
}

/** What a room is called: a direct conversation by the others in it. @param {Room} room @param {{user: (id: string) => User}} store */
export function roomTitle(room, store) {
  if (room.name) return room.name
  return names((room.with ?? []).map((id) => store.user(id).name), 4) || 'Only you'
}

const encoder = new TextEncoder()

/** Limits count bytes. @param {string} text */
export function utf8Length(text) {
  return encoder.encode(text).length
}

/** Whether b stands below a without repeating the name. @param {Item|undefined} a @param {Item} b */
export function sameGroup(a, b) {
  return !!a && a.kind === 'message' && b.kind === 'message' && a.by === b.by
    && !a.body.deleted && !b.body.deleted && !b.body.reply_to && !b.body.thread
    && b.at - a.at < GROUP && dayKey(a.at) === dayKey(b.at)
}
