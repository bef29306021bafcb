import { html, useState } from '../lib.js'
import { useScope } from './context.js'
import { Field, PasswordField } from './field.js'
import { SignForm } from './sign-form.js'

const WORDS = {
  setup: { title: 'Set up MiniChat', lead: 'You become the owner of this place. Others come in by the invite links that you give them.', button: 'Start' },
  join: { title: 'Join', lead: 'You were invited to chat here. Choose how people will know you.', button: 'Join' },
}

/**
 * First run and invite: both make an account out of a token.
 * @param {{link: {kind: 'setup'|'join', token: string}, onDone: () => void}} props
 */
export function Arrive({ link, onDone }) {
  const { client } = useScope()
  const [name, setName] = useState('')
  const [handle, setHandle] = useState('')
  const [touched, setTouched] = useState(false)
  const [password, setPassword] = useState('')
  const words = WORDS[link.kind]

  async function submit() {
    const person = { token: link.token, handle: handle.trim().replace(/^@/, ''), name: name.trim(), password }
    await client[link.kind](person)
    onDone()
  }

  /** @param {string} value */
  function changeName(value) {
    setName(value)
    if (!touched) setHandle(handleFrom(value))
  }

  return html`<${SignForm} ...${words} submit=${submit}
    foot=${html`<button type="button" class="link-button" onClick=${onDone}>I have an account: sign in</button>`}
    fields=${(/** @type {(name: string) => string|undefined} */ wrong) => html`
      ${wrong('token') && html`<p class="failed" role="alert">${wrong('token')}</p>`}
      <${Field} label="Name" name="name" autocomplete="name" required value=${name} onValue=${changeName} wrong=${wrong('name')} hint="What people see beside your messages." />
      <${Field} label="Handle" name="username" autocomplete="username" autocapitalize="none" spellcheck=${false} required
        value=${handle} onValue=${(/** @type {string} */ value) => { setTouched(true); setHandle(value.toLowerCase()) }}
        wrong=${wrong('handle')} hint="Small letters and digits. You sign in with it, and @handle calls you." />
      <${PasswordField} name="password" autocomplete="new-password" required value=${password} onValue=${setPassword} wrong=${wrong('password')} />`}
  />`
}

/** A first guess: the first word of the name, in the letters that a handle may have. @param {string} name */
function handleFrom(name) {
  const word = name.trim().split(/\s+/)[0] ?? ''
  return word.normalize('NFKD').toLowerCase().replace(/[^a-z0-9._-]/g, '').replace(/^[._-]+/, '').slice(0, 32)
}
