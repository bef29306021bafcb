import { html } from '../lib.js'
import { useScope } from './context.js'
import { Face } from './face.js'
import { IconButton } from './icon-button.js'

/** @param {{user: import('../protocol.js').User, onRemove?: () => void}} props */
export function PersonRow({ user, onRemove }) {
  const { client, ui } = useScope()
  const mine = client.store.me.value?.user === user.user
  const more = [`@${user.handle}`, user.bot && 'bot', user.role !== 'member' && user.role].filter(Boolean).join(', ')

  async function talk() {
    const room = await ui.attempt(client.actions.direct([user.user]))
    if (room) ui.open(room.room)
  }

  return html`<div class="person-row">
    <${Face} user=${user} presence />
    <div class="grow"><span class="name ellipsis"><bdi>${user.name}</bdi>${mine ? ' (you)' : ''}</span><span class="faint ellipsis">${more}</span></div>
    ${!mine && client.store.me.value?.role !== 'guest' && html`<${IconButton} icon="thread" label=${`Write to ${user.name}`} onClick=${talk} />`}
    ${onRemove && html`<${IconButton} icon="close" label=${`Remove ${user.name}`} onClick=${onRemove} />`}
  </div>`
}
