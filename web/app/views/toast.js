import { html, useLayoutEffect, useRef } from '../lib.js'
import { useScope } from './context.js'
import { IconButton } from './icon-button.js'

const GAP_PX = 8

/** One calm line about what did not work; it goes by itself. */
export function Toast() {
  const { ui } = useScope()
  const box = useRef(/** @type {HTMLElement|null} */ (null))
  const words = ui.toast.value
  useLayoutEffect(() => box.current ? keepAbove(box.current) : undefined, [words, ui.room.value, ui.pane.value, ui.column.value])
  return html`<div role="status">${words && html`<div class="toast" ref=${box}><span class="grow">${words}</span>
    <${IconButton} icon="close" label="Close" onClick=${() => { ui.toast.value = null }} /></div>`}</div>`
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
