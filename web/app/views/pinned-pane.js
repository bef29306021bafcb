import { html } from '../lib.js'
import { pinnedItems } from '../state.js'
import { useScope } from './context.js'
import { Message } from './message.js'
import { Pane } from './pane.js'

/** @param {{room: import('../protocol.js').Room}} props */
export function PinnedPane({ room }) {
  const { client, ui } = useScope()
  const log = client.store.log(room.room).value
  const items = log ? pinnedItems(log) : []
  return html`<${Pane} title="Pinned messages"><div class="scroll">
    ${items.length === 0 && html`<p class="nothing">Nothing is pinned here. Pin a message from its menu to find it again.</p>`}
    ${items.map((item) => html`<div key=${item.id}><${Message} item=${item} first room=${room.room} inThread />
      <div class="pin-foot"><button type="button" class="link-button" onClick=${() => ui.open(room.room, { at: item.seq })}>Go to the message</button></div></div>`)}
  </div><//>`
}
