import { html, useLayoutEffect, useRef } from '../lib.js'
import { useScope } from './context.js'
import { giverBack, useFocusKept } from './focus.js'
import { IconButton } from './icon-button.js'

const GAP_PX = 8

/** One calm line about what did not work; it goes by itself. */
export function Toast() {
  const { ui } = useScope()
  const status = useRef(/** @type {HTMLElement|null} */ (null))
  const box = useRef(/** @type {HTMLElement|null} */ (null))
  const giveBack = useRef(giverBack(null))
  const words = ui.toast.value
  useFocusKept(status, () => giveBack.current())
  useLayoutEffect(() => box.current ? keepAbove(box.current) : undefined, [words, ui.room.value, ui.pane.value, ui.column.value])
  const enter = (/** @type {FocusEvent} */ event) => { giveBack.current = giverBack(/** @type {Element|null} */ (event.relatedTarget)) }
  return html`<div role="status" ref=${status}>${words && html`<div class="toast" ref=${box}><span class="grow">${words}</span>
    <${IconButton} icon="close" label="Close" onFocus=${enter} onClick=${() => { ui.toast.value = null }} /></div>`}</div>`
}

/** Keeps it above all that is written into, however high that grows. @param {HTMLElement} toast */
function keepAbove(toast) {
  const composers = [...document.querySelectorAll('.composer')]
  const watch = new ResizeObserver(place)
  function place() {
    const tops = composers.map((one) => one.getBoundingClientRect()).filter((one) => one.height > 0).map((one) => one.top)
    toast.style.bottom = tops.length ? `${innerHeight - Math.min(...tops) + GAP_PX}px` : ''
  }
  place()
  for (const one of composers) watch.observe(one)
  return () => watch.disconnect()
}
