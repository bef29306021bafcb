import { html } from '../lib.js'
import { draftKey } from '../drafts.js'
import { roomTitle } from '../format.js'
import { useScope } from './context.js'
import { Face } from './face.js'
import { Icon } from './icons.js'
import { linkTo } from './route.js'

/** @param {{room: import('../protocol.js').Room}} props */
export function RailRow({ room }) {
  const { client, ui } = useScope()
  const open = ui.room.value === room.room
  const unread = room.unread > 0
  const count = room.kind === 'direct' ? room.unread : room.mentions
  const draft = !open && client.drafts.keys.value.has(draftKey(room.room))

  /** @param {MouseEvent} event */
  function go(event) {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return
    event.preventDefault()
    ui.open(room.room)
    ui.focusComposer()
  }

  return html`<a class=${`rail-row ${unread ? 'unread' : ''}`} href=${linkTo(room.room)} aria-current=${open ? 'page' : undefined} onClick=${go}>
    <${SignOf} room=${room} />
    <span class="grow ellipsis"><bdi>${roomTitle(room, client.store)}</bdi></span>
    ${draft && html`<span class="draft" title="Draft"><${Icon} name="edit" /><span class="said">, draft</span></span>`}
    ${unread && !count && html`<span class="said">, unread</span>`}
    ${count > 0 && html`<span class="badge">${count > 99 ? '99+' : count}<span class="said"> ${countWord(room, count)}</span></span>`}
  </a>`
}

/** @param {import('../protocol.js').Room} room @param {number} count */
function countWord(room, count) {
  if (room.kind === 'direct') return 'unread'
  return count === 1 ? 'mention' : 'mentions'
}

/**
 * What stands before a room's name: # for a channel, a lock for a private room, a face for a conversation.
 * @param {{room: import('../protocol.js').Room}} props
 */
export function SignOf({ room }) {
  const { client } = useScope()
  if (room.kind === 'direct') {
    const others = room.with ?? []
    if (others.length === 1) return html`<span class="sign-of"><${Face} user=${client.store.user(others[0])} size=${20} presence /></span>`
    return html`<span class="sign-of"><${Icon} name="people" /></span>`
  }
  return html`<span class="sign-of"><${Icon} name=${room.kind === 'private' ? 'lock' : 'hash'} /></span>`
}
