import { html } from '../lib.js'
import { useScope } from './context.js'
import { IconButton } from './icon-button.js'

/** One calm line about what did not work; it goes by itself. */
export function Toast() {
  const { ui } = useScope()
  const words = ui.toast.value
  return html`<div role="status">${words && html`<div class="toast"><span class="grow">${words}</span>
    <${IconButton} icon="close" label="Close" onClick=${() => { ui.toast.value = null }} /></div>`}</div>`
}
