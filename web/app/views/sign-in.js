import { html, useState } from '../lib.js'
import { useScope } from './context.js'
import { Field, PasswordField } from './field.js'
import { SignForm } from './sign-form.js'

export function SignIn() {
  const { client, ui } = useScope()
  const [handle, setHandle] = useState('')
  const [password, setPassword] = useState('')
  const link = client.store.link.value
  // Why the last session ended, if it did not end by my own hand.
  const ended = link.state === 'ended' && !ui.signingOut.value ? link.words : undefined
  const untold = client.untold.value && 'You are signed out here. The server could not be told yet: the session ends there as soon as the connection is back.'
  return html`<${SignForm} title="Sign in" lead=${untold || ended} button="Sign in"
    submit=${() => client.signIn({ handle: handle.trim().replace(/^@/, '').toLowerCase(), password })}
    foot="No account yet? Ask somebody here for an invite link."
    fields=${(/** @type {(name: string) => string|undefined} */ wrong) => html`
      <${Field} label="Handle" name="username" autocomplete="username" autocapitalize="none" spellcheck=${false} required
        value=${handle} onValue=${setHandle} wrong=${wrong('handle')} />
      <${PasswordField} name="password" autocomplete="current-password" required value=${password} onValue=${setPassword} wrong=${wrong('password')} />`}
  />`
}
