import { html, useEffect, useRef, useState } from '../lib.js'
import { wordsOf } from './ui.js'

/**
 * The frame of every form before the rooms: title, fields, one button. `submit` rejects with an error that may name a field.
 * @param {{title: string, lead?: any, button: string, fields: (wrong: (name: string) => string|undefined) => any, submit: () => Promise<unknown>, foot?: any}} props
 */
export function SignForm({ title, lead, button, fields, submit, foot }) {
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState(/** @type {any} */ (null))
  const form = useRef(/** @type {HTMLFormElement|null} */ (null))
  // The autofocus attribute works once a page; a form may come back.
  useEffect(() => { if (!matchMedia('(pointer: coarse)').matches) form.current?.querySelector('input')?.focus() }, [])

  /** @param {SubmitEvent} event */
  async function send(event) {
    event.preventDefault()
    if (busy) return
    setBusy(true)
    setError(null)
    try {
      await submit()
    } catch (failure) {
      setError(failure)
      setBusy(false)
      setTimeout(() => focusWrong(form.current, /** @type {any} */ (failure)), 0)
    }
  }

  const wrong = (/** @type {string} */ name) => (error?.field === name ? wordsOf(error) : undefined)
  return html`<main class="sign">
    <form ref=${form} onSubmit=${send} noValidate aria-busy=${busy}>
      <header>
        <img class="mark" src="icons/icon.svg" alt="" width="32" height="32" />
        <h1>${title}</h1>
        ${lead && html`<p>${lead}</p>`}
      </header>
      ${fields(wrong)}
      ${error && !error.field && html`<p class="failed" role="alert">${wordsOf(error)}</p>`}
      <button class="button primary" type="submit" disabled=${busy}>${busy ? 'One moment' : button}</button>
      ${foot && html`<footer>${foot}</footer>`}
    </form>
  </main>`
}

/** Where the mistake is likely: the field that the server named; of handle and password the password. @param {HTMLFormElement|null} form @param {{code?: string}} failure */
function focusWrong(form, { code }) {
  const likely = code === 'unauthenticated' ? '[name="password"]' : 'input'
  const field = form?.querySelector('[aria-invalid="true"]') ?? form?.querySelector(likely)
  if (!(field instanceof HTMLInputElement)) return
  field.focus()
  field.select()
}
