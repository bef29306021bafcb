// Which part of the loaded rows stands in the page: at most MAX, moved by STEP. Pure.

/** @typedef {import('../protocol.js').Item} Item */
/** @typedef {{first: number, last: number}} Win the seqs on show; last = Infinity follows the live end */
/** @typedef {{start: number, end: number}} Slice */

export const MAX = 300
export const STEP = 60

/** @type {Win} */
export const TAIL = { first: Infinity, last: Infinity }

/** Index of the first row with seq ≥ `seq`. @param {Item[]} rows @param {number} seq */
export function indexAt(rows, seq) {
  let low = 0
  let high = rows.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (rows[middle].seq < seq) low = middle + 1
    else high = middle
  }
  return low
}

/** @param {Item[]} rows @param {Win} win @returns {Slice} */
export function sliceOf(rows, win) {
  const end = win.last === Infinity ? rows.length : indexAt(rows, win.last + 1)
  const start = Math.min(indexAt(rows, win.first), Math.max(0, end - STEP))
  if (end === 0) return { start: 0, end: Math.min(rows.length, MAX) }
  return { start: Math.max(start, end - MAX), end }
}

/** @param {Item[]} rows @param {number} seq @param {boolean} atEnd @returns {Win} */
export function around(rows, seq, atEnd) {
  const at = indexAt(rows, seq)
  const start = Math.max(0, at - STEP)
  const end = Math.min(rows.length, at + 2 * STEP)
  return { first: rows[start]?.seq ?? 0, last: end === rows.length && atEnd ? Infinity : rows[end - 1]?.seq ?? Infinity }
}

/** One step towards the past. @param {Item[]} rows @param {Win} win @returns {Win} */
export function up(rows, win) {
  const { start, end } = sliceOf(rows, win)
  const first = Math.max(0, start - STEP)
  return { first: rows[first].seq, last: end - first > MAX ? rows[first + MAX - 1].seq : win.last }
}

/** One step towards the present. @param {Item[]} rows @param {Win} win @param {boolean} atEnd @returns {Win} */
export function down(rows, win, atEnd) {
  const { start, end } = sliceOf(rows, win)
  const last = Math.min(rows.length, end + STEP)
  return {
    first: rows[Math.max(start, last - MAX)].seq,
    last: last === rows.length && atEnd ? Infinity : rows[last - 1].seq,
  }
}

/**
 * A reader who looks at older rows while new ones arrive: the surplus is cut below, out of sight.
 * @param {Item[]} rows
 * @param {Win} win
 * @returns {Win}
 */
export function cutBelow(rows, win) {
  const start = indexAt(rows, win.first)
  return rows.length - start > MAX ? { first: win.first, last: rows[start + MAX - 1].seq } : win
}
