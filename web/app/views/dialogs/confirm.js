import { html, useState } from '../../lib.js'
import { Dialog } from '../dialog.js'
import { wordsOf } from '../ui.js'

/**
 * Asks before what cannot be taken back.
 * @param {{title: string, words: string, button: string, danger?: boolean, quote?: string, run: () => Promise<unknown>, onClose: () => void}} props
 */
export function Confirm({ title, words, button, danger, quote, run, onClose }) {
  const [busy, setBusy] = useState(false)
  const [wrong, setWrong] = useState('')

  async function go() {
    setBusy(true)
    try {
      await run()
      onClose()
    } catch (error) {
      setWrong(wordsOf(error))
      setBusy(false)
    }
  }

  return html`<${Dialog} title=${title} onClose=${onClose}>
    ${quote && html`<blockquote class="quote"><span class="two-lines"><bdi>${quote}</bdi></span></blockquote>`}
    <p>${words}</p>
    ${wrong && html`<p class="wrong" role="alert">${wrong}</p>`}
    <div class="buttons">
      <button type="button" class="button" onClick=${onClose}>Cancel</button>
      <button type="button" class=${`button primary ${danger ? 'danger' : ''}`} disabled=${busy} autofocus onClick=${go}>${button}</button>
    </div>
  <//>`
}
