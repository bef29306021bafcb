// Where the focus goes when what had it goes away.
import { useLayoutEffect } from '../lib.js'

/** A finger: focus in a field would raise a keyboard. */
export function isTouch() {
  return matchMedia('(pointer: coarse)').matches
}

/**
 * Puts the focus into the composer of a pane, or of the room if there is none; onto the messages where a keyboard would rise
 * or nothing can be written.
 * @param {Element|null} [pane]
 */
export function focusColumn(pane) {
  for (const column of [pane, document.querySelector('.room')]) {
    const place = column?.isConnected && ((!isTouch() && column.querySelector('.composer textarea')) || column.querySelector('[role="log"]'))
    if (place instanceof HTMLElement) return place.focus({ preventScroll: true })
  }
}

/**
 * A message in focus by a key: it takes letters.
 * @param {HTMLElement} row
 */
export function focusRow(row) {
  row.dataset.keyed = ''
  row.addEventListener('blur', () => { delete row.dataset.keyed }, { once: true })
  row.focus({ preventScroll: true })
}

/**
 * What gives the focus back to an element that has it, or to the composer beside it: for an element that is not there any
 * more, and for a button at a message that was pressed by pointer, where Enter would press it again.
 * @param {Element|null} element
 */
export function giverBack(element) {
  const pane = element?.closest('.pane')
  const keyed = element?.matches('[data-keyed]')
  const pressed = element?.closest('.actions, .reactions') && !element.matches(':focus-visible')
  return () => {
    if (!(element instanceof HTMLElement) || element === document.body || !element.isConnected || pressed) focusColumn(pane)
    else if (keyed) focusRow(element)
    else element.focus({ preventScroll: true })
  }
}

/**
 * When what has the focus in a box is drawn no more, `back` puts it elsewhere.
 * @param {{current: Element|null}} box @param {() => void} back
 */
export function useFocusKept(box, back) {
  const held = box.current?.contains(document.activeElement)
  useLayoutEffect(() => { if (held && document.activeElement === document.body) back() })
}
