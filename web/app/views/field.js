import { html, useId, useState } from '../lib.js'

/**
 * One labelled input with its hint and its error.
 * @param {{label: string, value: string, onValue: (value: string) => void, wrong?: string, hint?: string} & Record<string, any>} props
 */
export function Field({ label, value, onValue, wrong, hint, type = 'text', children, ...rest }) {
  const id = useId()
  return html`<div class="field">
    <label for=${id}>${label}</label>
    <input id=${id} class="input" type=${type} value=${value} aria-invalid=${wrong ? 'true' : undefined}
      aria-describedby=${wrong || hint ? `${id}-more` : undefined}
      onInput=${(/** @type {any} */ event) => onValue(event.currentTarget.value)} ...${rest} />
    ${children}
    ${wrong ? html`<span class="wrong" id=${`${id}-more`} role="alert">${wrong}</span>`
      : hint && html`<span class="hint" id=${`${id}-more`}>${hint}</span>`}
  </div>`
}

/** A password with a button that shows it. @param {any} props */
export function PasswordField({ label = 'Password', value, onValue, wrong, hint, ...rest }) {
  const id = useId()
  const [shown, show] = useState(false)
  return html`<div class="field">
    <label for=${id}>${label}</label>
    <div class="password">
      <input id=${id} class="input" type=${shown ? 'text' : 'password'} value=${value} aria-invalid=${wrong ? 'true' : undefined}
        aria-describedby=${wrong || hint ? `${id}-more` : undefined} autocapitalize="none" spellcheck=${false}
        onInput=${(/** @type {any} */ event) => onValue(event.currentTarget.value)} ...${rest} />
      <button type="button" class="link-button" aria-pressed=${shown} onClick=${() => show(!shown)}>${shown ? 'Hide' : 'Show'}</button>
    </div>
    ${wrong ? html`<span class="wrong" id=${`${id}-more`} role="alert">${wrong}</span>`
      : hint && html`<span class="hint" id=${`${id}-more`}>${hint}</span>`}
  </div>`
}
