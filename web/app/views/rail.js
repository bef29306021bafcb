import { html } from '../lib.js'
import { useScope } from './context.js'
import { IconButton } from './icon-button.js'
import { MeButton } from './me-button.js'
import { placeOf } from './menu.js'
import { RailRow } from './rail-row.js'

/** @typedef {import('../protocol.js').Room} Room */

/** Grey bars for rooms that are not known yet. */
const WIDTHS = [60, 45, 70, 52]

/** The list of my rooms: those with something new first, then rooms, then direct conversations. */
export function Rail() {
  const { client, ui } = useScope()
  const rooms = client.store.sorted.value
  const waiting = rooms.length === 0 && client.store.link.value.state !== 'open'
  const { unread, plain, direct } = sections(rooms, ui.room.value)
  const guest = client.store.me.value?.role === 'guest'

  /** @param {Event} event */
  function addRoom(event) {
    ui.menu.value = {
      label: 'Rooms', at: placeOf(event), items: [
        { label: 'Create a room', icon: 'plus', run: () => { ui.dialog.value = { name: 'createRoom' } } },
        { label: 'Browse channels', icon: 'search', run: () => { ui.dialog.value = { name: 'browse' } } },
      ],
    }
  }

  const startDirect = () => { ui.dialog.value = { name: 'pickPeople', props: { purpose: 'direct' } } }

  return html`<nav class="rail" aria-label="Rooms">
    <header><h1 class="grow ellipsis">${placeName(client)}</h1><${MeButton} /></header>
    <div class="rail-list">
      ${unread.length > 0 && html`<${Section} title="Unread" rooms=${unread} />`}
      <${Section} title="Rooms" rooms=${plain} waiting=${waiting}>
        ${!guest && html`<${IconButton} icon="plus" label="Create or join a room" aria-haspopup="menu" onClick=${addRoom} />`}
      <//>
      <${Section} title="Direct" rooms=${direct}>
        ${!guest && html`<${IconButton} icon="plus" label="Start a direct conversation" onClick=${startDirect} />`}
      <//>
      <${Archived} />
    </div>
  </nav>`
}

/** Archived rooms, out of the way until asked for. */
function Archived() {
  const { client } = useScope()
  const rooms = [...client.store.rooms.value.values()].filter((room) => room.archived)
  if (rooms.length === 0) return null
  return html`<details><summary>Archived, ${rooms.length}</summary>
    <ul>${rooms.map((room) => html`<li key=${room.room}><${RailRow} room=${room} /></li>`)}</ul></details>`
}

/** @param {{title: string, rooms: Room[], waiting?: boolean, children?: any}} props */
function Section({ title, rooms, waiting, children }) {
  return html`<section aria-label=${title}>
    <div class="section-head"><h2>${title}</h2>${children}</div>
    ${waiting && WIDTHS.map((width) => html`<span class="bars" key=${width} style=${{ width: `${width}%` }}></span>`)}
    <ul>${rooms.map((room) => html`<li key=${room.room}><${RailRow} room=${room} /></li>`)}</ul>
  </section>`
}

/**
 * The open room keeps its place: reading it must not move it from under the hand.
 * @param {Room[]} rooms
 * @param {string|null} open
 */
function sections(rooms, open) {
  const isUnread = (/** @type {Room} */ room) => room.unread > 0 && room.room !== open
  return {
    unread: rooms.filter(isUnread),
    plain: rooms.filter((room) => !isUnread(room) && room.kind !== 'direct'),
    direct: rooms.filter((room) => !isUnread(room) && room.kind === 'direct'),
  }
}

/** @param {import('./context.js').Client} client */
function placeName(client) {
  if (!client.server) return 'MiniChat'
  return new URL(client.server, location.href).host
}
