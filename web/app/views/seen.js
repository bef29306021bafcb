import { useCallback, useEffect, useRef } from '../lib.js'
import { useScope } from './context.js'

const SEEN_MS = 1000

/**
 * Marks read what was on the screen for a second, in a window that is looked at. Call the result after each scroll and each drawing.
 * @param {string} room
 * @param {number} read what was read when the room was opened
 * @param {import('./scroll-hold.js').Hold} hold
 * @param {() => {end: number|null}} bounds end: the seq of the live end when it is on show
 */
export function useSeen(room, read, hold, bounds) {
  const { client, ui } = useScope()
  const timer = useRef(0)
  const done = useRef(read)

  const look = useCallback(() => {
    if (timer.current || !isLookedAt() || ui.keptUnread.peek() === room) return
    const seen = lastSeen(hold.box, bounds().end)
    if (seen <= done.current) return
    timer.current = window.setTimeout(() => {
      timer.current = 0
      if (!isLookedAt() || ui.keptUnread.peek() === room) return
      const still = Math.min(seen, lastSeen(hold.box, bounds().end))
      if (still > done.current) {
        done.current = still
        client.actions.read(room, still)
      }
      look()
    }, SEEN_MS)
  }, [room])

  useEffect(() => {
    document.addEventListener('visibilitychange', look)
    window.addEventListener('focus', look)
    return () => {
      clearTimeout(timer.current)
      timer.current = 0
      document.removeEventListener('visibilitychange', look)
      window.removeEventListener('focus', look)
    }
  }, [room])
  return look
}

function isLookedAt() {
  return document.visibilityState === 'visible' && document.hasFocus()
}

/**
 * The seq of the last row that is wholly on the screen or above it.
 * @param {HTMLElement|null} box
 * @param {number|null} end
 */
function lastSeen(box, end) {
  if (!box || box.offsetParent === null) return 0
  const edge = box.getBoundingClientRect().bottom + 1
  const rows = /** @type {NodeListOf<HTMLElement>} */ (box.querySelectorAll('[data-seq]'))
  for (let i = rows.length - 1; i >= 0; i--) {
    const rect = rows[i].getBoundingClientRect()
    // A row taller than the window counts once its head is well inside.
    if (rect.bottom <= edge || (rect.height > box.clientHeight && rect.top < edge - box.clientHeight / 2)) {
      return i === rows.length - 1 && end !== null ? end : Number(rows[i].dataset.seq)
    }
  }
  return 0
}
