import { focusRow } from './focus.js'
import { actionsOf } from './message-actions.js'

/**
 * Keys of the timeline: arrows or J and K go from message to message, single letters act on the one in focus.
 * @param {KeyboardEvent} event
 * @param {{client: import('./context.js').Client, ui: import('./context.js').UI, room: import('../protocol.js').Room, log: import('../log.js').Log, latest: () => void}} at
 */
export function timelineKeys(event, at) {
  const target = /** @type {HTMLElement} */ (event.target)
  if (event.ctrlKey || event.metaKey || event.altKey || target.closest('input, textarea, [role="menu"]')) return
  if (event.key === 'End') return at.latest()
  const box = /** @type {HTMLElement} */ (event.currentTarget)
  const row = /** @type {HTMLElement|null} */ (target.closest('.message'))
  if (!row) {
    if (event.key === 'ArrowUp' && target === box) step(event, lastVisible(box))
    return
  }
  // A row that a press of the pointer put in focus does not take letters: they are for the composer.
  if (target !== row || row.dataset.keyed === undefined) return
  const rows = [...box.querySelectorAll('.message')]
  const now = rows.indexOf(row)
  if (event.key === 'ArrowUp' || event.key === 'k') return step(event, rows[now - 1])
  if (event.key === 'ArrowDown' || event.key === 'j') return now === rows.length - 1 ? at.ui.focusComposer() : step(event, rows[now + 1])
  const item = at.log.items.get(Number(row.dataset.seq))
  if (!item) return
  const action = actionsOf(at, item).find((one) => one.keys?.split(' ').includes(keyName(event)))
  if (!action) return
  event.preventDefault()
  action.run()
}

/** @param {KeyboardEvent} event */
function keyName(event) {
  if (event.key === 'Delete') return 'Del'
  return event.key.length === 1 ? event.key.toUpperCase() : event.key
}

/** @param {KeyboardEvent} event @param {Element|undefined} row */
function step(event, row) {
  event.preventDefault()
  if (!(row instanceof HTMLElement)) return
  focusRow(row)
  row.scrollIntoView({ block: 'nearest' })
}

/** @param {HTMLElement} box */
function lastVisible(box) {
  const edge = box.getBoundingClientRect().bottom
  return [...box.querySelectorAll('.message')].filter((row) => row.getBoundingClientRect().top < edge).at(-1)
}
