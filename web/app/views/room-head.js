import { html } from '../lib.js'
import { roomTitle } from '../format.js'
import { useScope } from './context.js'
import { Icon } from './icons.js'
import { IconButton } from './icon-button.js'
import { placeOf } from './menu.js'
import { roomMenu } from './room-menu.js'
import { SignOf } from './rail-row.js'

/**
 * Name, topic, people, and the way into the side pane.
 * @param {{room: import('../protocol.js').Room, scrolled: boolean}} props
 */
export function RoomHead({ room, scrolled }) {
  const { client, ui } = useScope()
  const pane = ui.pane.value
  const toggle = (/** @type {'people'|'pinned'} */ kind) => (pane?.kind === kind ? ui.closePane() : ui.openPane({ kind }))
  const count = room.members ?? (room.with?.length ?? 0) + 1

  /** @param {Event} event */
  function menu(event) {
    ui.menu.value = { label: 'This room', at: placeOf(event), items: roomMenu(client, ui, room) }
  }

  return html`<header class=${`room-head ${scrolled ? 'scrolled' : ''}`}>
    <${IconButton} icon="back" label="Back to the rooms" class="back" onClick=${ui.back} />
    <${SignOf} room=${room} />
    <h1 class="ellipsis" title=${roomTitle(room, client.store)}><bdi>${roomTitle(room, client.store)}</bdi></h1>
    <span class="topic ellipsis" title=${room.topic}>${room.archived ? 'Archived. ' : ''}<bdi>${room.topic}</bdi></span>
    <button type="button" class="icon-button count" aria-pressed=${pane?.kind === 'people'} onClick=${() => toggle('people')}
      aria-label=${`${count} ${count === 1 ? 'person' : 'people'}`} title="People">
      <${Icon} name="people" /><span aria-hidden="true">${count}</span>
    </button>
    <${IconButton} icon="pin" class="pins" label="Pinned messages" aria-pressed=${pane?.kind === 'pinned'} onClick=${() => toggle('pinned')} />
    <${IconButton} icon="more" label="Room menu" aria-haspopup="menu" onClick=${menu} />
  </header>`
}
