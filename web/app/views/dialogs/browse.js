import { html, useState } from '../../lib.js'
import { useScope } from '../context.js'
import { Dialog } from '../dialog.js'
import { Field } from '../field.js'
import { GreyRows } from '../grey-rows.js'
import { Icon } from '../icons.js'
import { useList } from './use-list.js'

/** Channels that I may join. @param {{onClose: () => void}} props */
export function Browse({ onClose }) {
  const { client, ui } = useScope()
  const { list, failed, reload } = useList(() => client.actions.joinable())
  const [wanted, setWanted] = useState('')
  const found = (list ?? []).filter((room) => room.name.toLowerCase().includes(wanted.trim().toLowerCase()))

  /** @param {import('../../protocol.js').Room} room */
  async function join(room) {
    const joined = await ui.attempt(client.actions.joinRoom(room.room))
    if (!joined) return
    onClose()
    ui.open(joined.room)
  }

  return html`<${Dialog} title="Browse channels" onClose=${onClose}>
    ${(list?.length ?? 0) > 8 && html`<${Field} label="Find" value=${wanted} onValue=${setWanted} autofocus />`}
    ${(failed || !list) && html`<${GreyRows} count=${3} failed=${failed} onRetry=${reload} />`}
    ${list?.length === 0 && html`<p>There is no channel here that you are not in.</p>
      <div class="buttons"><button type="button" class="button primary" onClick=${() => { ui.dialog.value = { name: 'createRoom' } }}>Create a room</button></div>`}
    ${list && list.length > 0 && found.length === 0 && html`<p>No channel has that in its name.</p>`}
    <div class="rows">${found.map((room) => html`<div class="line-row" key=${room.room}>
      <${Icon} name="hash" />
      <div class="grow"><div class="ellipsis"><bdi>${room.name}</bdi></div>
        <div class="secondary ellipsis">${people(room)}${room.topic ? html`. <bdi>${room.topic}</bdi>` : ''}</div></div>
      <button type="button" class="button" onClick=${() => join(room)}>Join</button></div>`)}</div>
  <//>`
}

/** @param {import('../../protocol.js').Room} room */
function people(room) {
  return room.members === 1 ? '1 person' : `${room.members ?? 0} people`
}
