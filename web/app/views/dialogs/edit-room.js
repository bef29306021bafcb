import { html, useState } from '../../lib.js'
import { useScope } from '../context.js'
import { Field } from '../field.js'
import { FormDialog } from './form-dialog.js'

/** @param {{room: import('../../protocol.js').Room, onClose: () => void}} props */
export function EditRoom({ room, onClose }) {
  const { client } = useScope()
  const [name, setName] = useState(room.name)
  const [topic, setTopic] = useState(room.topic ?? '')

  function submit() {
    const change = {
      ...(name.trim() !== room.name ? { name: name.trim() } : {}),
      ...(topic.trim() !== (room.topic ?? '') ? { topic: topic.trim() } : {}),
    }
    return Object.keys(change).length ? client.actions.updateRoom(room.room, change) : Promise.resolve()
  }

  return html`<${FormDialog} title="Name and topic" button="Save" ready=${name.trim() !== ''} submit=${submit} onClose=${onClose}
    fields=${(/** @type {(name: string) => string|undefined} */ wrong) => html`
      <${Field} label="Name" value=${name} onValue=${setName} wrong=${wrong('name')} autofocus maxlength="64" autocomplete="off" />
      <${Field} label="Topic" value=${topic} onValue=${setTopic} wrong=${wrong('topic')} maxlength="256" autocomplete="off" />`} />`
}
