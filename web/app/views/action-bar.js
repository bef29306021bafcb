import { html } from '../lib.js'
import { useScope } from './context.js'
import { IconButton } from './icon-button.js'
import { placeOf } from './menu.js'
import { actionsOf } from './message-actions.js'

/**
 * Floats at the right of the message under the pointer or in focus. Tab stops at "More", where all of it stands.
 * @param {{item: import('../protocol.js').Item, room: string, inThread?: boolean, onHold: (held: boolean) => void}} props
 */
export function ActionBar({ item, room, inThread, onHold }) {
  const { client, ui } = useScope()
  const place = client.store.rooms.value.get(room)
  if (!place) return null
  const all = actionsOf({ client, ui, room: place, inThread }, item).filter((action) => !inThread || action.name !== 'thread')

  /** @param {Event} event */
  function menu(event) {
    onHold(true)
    ui.menu.value = { label: 'Message', at: placeOf(event), items: all, closed: () => onHold(false) }
  }

  return html`<div class="actions" role="toolbar" aria-label="Message actions">
    ${all.filter((action) => action.bar).map((action) => html`<${IconButton} key=${action.name} icon=${action.icon} label=${action.label}
      keys=${action.keys?.split(' ')[0]} tabindex="-1" onClick=${action.run} />`)}
    <${IconButton} icon="more" label="More" aria-haspopup="menu" onClick=${menu} />
  </div>`
}
