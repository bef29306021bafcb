import { html } from '../lib.js'
import { roomTitle } from '../format.js'
import { useScope } from './context.js'
import { InviteLink } from './invite-link.js'

/**
 * What stands above the first message of a room; in an empty one, also what can be done here.
 * @param {{room: import('../protocol.js').Room, empty: boolean}} props
 */
export function Beginning({ room, empty }) {
  const { client } = useScope()
  const role = client.store.me.value?.role
  const title = roomTitle(room, client.store)
  if (room.kind === 'direct') {
    return html`<div class="beginning"><h2><bdi>${title}</bdi></h2><p>Only the people in this conversation can read it.</p></div>`
  }
  return html`<div class="beginning">
    <h2><bdi>${title}</bdi></h2>
    <p>${room.kind === 'private' ? 'This private room begins here: only its people know of it.' : 'This channel begins here: everyone in this place can read it and join.'}</p>
    ${empty && !room.archived && (room.kind === 'private' ? html`<${EmptyPrivate} room=${room} />` : html`<${EmptyChannel} invites=${role === 'owner' || role === 'admin'} />`)}
  </div>`
}

/** @param {{invites: boolean}} props */
function EmptyChannel({ invites }) {
  if (!invites) return html`<p>Write the first message below.</p>`
  return html`<p>Write the first message below, and give this link to others.</p><${InviteLink} />`
}

/** @param {{room: import('../protocol.js').Room}} props */
function EmptyPrivate({ room }) {
  const { ui } = useScope()
  const add = () => { ui.dialog.value = { name: 'pickPeople', props: { purpose: 'add', room } } }
  return html`<p>Write the first message below, and add those who should read it.</p>
    <div class="give"><button type="button" class="button" onClick=${add}>Add people</button></div>`
}
