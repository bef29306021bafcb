import { html, useState } from '../../lib.js'
import { useScope } from '../context.js'
import { Field } from '../field.js'
import { FormDialog } from './form-dialog.js'

/** @param {{onClose: () => void}} props */
export function CreateRoom({ onClose }) {
  const { client, ui } = useScope()
  const [name, setName] = useState('')
  const [topic, setTopic] = useState('')
  const [kind, setKind] = useState(/** @type {'channel'|'private'} */ ('channel'))

  async function submit() {
    const room = await client.actions.createRoom({ name: name.trim(), kind, ...(topic.trim() ? { topic: topic.trim() } : {}) })
    ui.open(room.room)
  }

  const choice = (/** @type {'channel'|'private'} */ value, /** @type {string} */ label, /** @type {string} */ more) => html`<label class="choice">
    <input type="radio" name="kind" value=${value} checked=${kind === value} onChange=${() => setKind(value)} />
    <span><span>${label}</span><br /><span class="secondary">${more}</span></span></label>`

  return html`<${FormDialog} title="Create a room" button="Create" ready=${name.trim() !== ''} submit=${submit} onClose=${onClose}
    fields=${(/** @type {(name: string) => string|undefined} */ wrong) => html`
      <${Field} label="Name" value=${name} onValue=${setName} wrong=${wrong('name')} autofocus maxlength="64" autocomplete="off" />
      <${Field} label="Topic (optional)" value=${topic} onValue=${setTopic} wrong=${wrong('topic')} maxlength="256" autocomplete="off" />
      <fieldset class="choices" aria-label="Kind of room">
        ${choice('channel', 'Channel', 'Everyone in this place can find it, read it and join.')}
        ${choice('private', 'Private room', 'Only those who are added know of it.')}
      </fieldset>`} />`
}
