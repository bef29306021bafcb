import { html, useState } from '../../lib.js'
import { useScope } from '../context.js'
import { PasswordField } from '../field.js'
import { FormDialog } from './form-dialog.js'

/** @param {{onClose: () => void}} props */
export function Password({ onClose }) {
  const { client, ui } = useScope()
  const [old, setOld] = useState('')
  const [fresh, setFresh] = useState('')

  async function submit() {
    await client.api.password(old, fresh)
    ui.say('Your password is changed.')
  }

  return html`<${FormDialog} title="Password" button="Change" ready=${old !== '' && fresh !== ''} submit=${submit} onClose=${onClose}
    fields=${(/** @type {(name: string) => string|undefined} */ wrong) => html`
      <${PasswordField} label="Present password" name="old" autocomplete="current-password" autofocus value=${old} onValue=${setOld} wrong=${wrong('old')} />
      <${PasswordField} label="New password" name="new" autocomplete="new-password" value=${fresh} onValue=${setFresh} wrong=${wrong('new')} />`} />`
}
