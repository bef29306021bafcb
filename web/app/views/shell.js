import { html, useEffect, useRef } from '../lib.js'
import { useScope } from './context.js'
import { DialogHost } from './dialogs.js'
import { DropTarget } from './drop-target.js'
import { GreyRows } from './grey-rows.js'
import { useKeys } from './keys.js'
import { MenuHost } from './menu.js'
import { PaneHost } from './pane.js'
import { sayMissing } from './missing-room.js'
import { Rail } from './rail.js'
import { Room } from './room.js'
import { Toast } from './toast.js'
import { useIdle } from './idle.js'
import { useTitle } from './title.js'

/** The rooms at the left, the open room, and what stands beside it. */
export function Shell() {
  const { client, ui } = useScope()
  const id = ui.room.value
  const room = id ? client.store.rooms.value.get(id) : undefined
  const rooms = client.store.sorted.value
  /** What was on show last. */
  const last = useRef(/** @type {import('../protocol.js').Room|null} */ (null))
  if (room) last.current = room
  const pane = room ? ui.pane.value : null

  useEffect(() => {
    if (room || client.store.link.value.state !== 'open') return
    if (id) void sayMissing({ client, ui }, id, ui.target.peek(), last.current)
    // A link that leads nowhere leaves the reader where he was.
    if (rooms[0]) enterFirst(ui, rooms, last.current?.room)
    else ui.room.value = null
  }, [room, rooms, client.store.link.value.state])
  useKeys()
  useTitle()
  useIdle()

  return html`<div class=${`shell ${pane ? 'with-pane' : ''}`} data-at=${ui.column.value}>
    <${Rail} />
    ${room ? html`<${Room} key=${room.room} room=${room} />` : html`<${NoRoom} />`}
    ${pane && room && html`<${PaneHost} pane=${pane} room=${room} />`}
    <${DropTarget} room=${room ?? null} />
    <${MenuHost} />
    <${DialogHost} />
    <${Toast} />
    <div class="said" role="status" aria-live="polite">${ui.spoken.value}</div>
  </div>`
}

/** @param {import('./context.js').UI} ui @param {import('../protocol.js').Room[]} rooms @param {string} [before] */
function enterFirst(ui, rooms, before) {
  const column = ui.column.value
  const first = rooms.find(({ room }) => room === before) ?? rooms.find((room) => room.unread > 0 && room.kind !== 'direct') ?? rooms[0]
  ui.open(first.room, { replace: true })
  // A narrow window keeps the list in view until a room is chosen.
  ui.column.value = column
  history.replaceState({ column }, '')
}

function NoRoom() {
  const { client, ui } = useScope()
  const link = client.store.link.value
  if (link.state !== 'open') {
    return html`<main class="room" aria-label="Room">
      <div class="room-head"></div>
      ${link.words && html`<p class="offline-bar" role="status">${link.words}${link.state === 'ended' ? '' : ' Trying again.'}</p>`}
      <div class="timeline-box"><div class="timeline"><${GreyRows} count=${6} /></div></div>
      ${link.state !== 'ended' && html`<p class="said" role="status">Connecting</p>`}
    </main>`
  }
  return html`<main class="room"><div class="blank grow">
    <p>You are in no room yet.</p>
    <button class="button primary" onClick=${() => { ui.dialog.value = { name: 'browse' } }}>Browse channels</button>
  </div></main>`
}
