import { html, useRef } from '../lib.js'
import { useScope } from './context.js'
import { giverBack, useFocusKept } from './focus.js'
import { IconButton } from './icon-button.js'

/** One calm line about what did not work; it goes by itself. */
export function Toast() {
  const { ui } = useScope()
  const box = useRef(/** @type {HTMLElement|null} */ (null))
  const giveBack = useRef(giverBack(null))
  const words = ui.toast.value
  useFocusKept(box, () => giveBack.current())
  const enter = (/** @type {FocusEvent} */ event) => { giveBack.current = giverBack(/** @type {Element|null} */ (event.relatedTarget)) }
  return html`<div role="status" ref=${box}>${words && html`<div class="toast"><span class="grow">${words}</span>
    <${IconButton} icon="close" label="Close" onFocus=${enter} onClick=${() => { ui.toast.value = null }} /></div>`}</div>`
}
