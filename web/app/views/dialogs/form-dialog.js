import { html, useState } from '../../lib.js'
import { Dialog } from '../dialog.js'
import { wordsOf } from '../ui.js'

/**
 * A dialog with fields and one button. `submit` rejects with an error that may name a field; resolving closes.
 * @param {{title: string, button: string, ready?: boolean, fields: (wrong: (name: string) => string|undefined) => any, submit: () => Promise<unknown>, onClose: () => void}} props
 */
export function FormDialog({ title, button, ready = true, fields, submit, onClose }) {
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState(/** @type {any} */ (null))
  const names = new Set()
  const wrong = (/** @type {string} */ name) => {
    names.add(name)
    return error?.field === name ? wordsOf(error) : undefined
  }

  /** @param {Event} event */
  async function send(event) {
    event.preventDefault()
    if (busy || !ready) return
    setBusy(true)
    setError(null)
    try {
      await submit()
      onClose()
    } catch (failure) {
      setError(failure)
      setBusy(false)
    }
  }

  const body = fields(wrong)
  return html`<${Dialog} title=${title} onClose=${onClose}>
    <form class="fields" onSubmit=${send} noValidate>
      ${body}
      ${error && !names.has(error.field) && html`<p class="wrong" role="alert">${wordsOf(error)}</p>`}
      <div class="buttons">
        <button type="button" class="button" onClick=${onClose}>Cancel</button>
        <button type="submit" class="button primary" disabled=${busy || !ready}>${button}</button>
      </div>
    </form>
  <//>`
}
