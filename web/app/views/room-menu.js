import { roomTitle } from '../format.js'
import { canManage } from '../state.js'

/**
 * What I may do with a room.
 * @param {import('./context.js').Client} client @param {import('./context.js').UI} ui @param {import('../protocol.js').Room} room
 * @returns {import('./ui.js').MenuItem[]}
 */
export function roomMenu(client, ui, room) {
  const me = client.store.me.value
  const manage = Boolean(me && room.kind !== 'direct' && canManage(me, room))
  const open = (/** @type {string} */ name, /** @type {any} */ props) => () => { ui.dialog.value = { name, props } }
  /** @type {(import('./ui.js').MenuItem|false)[]} */
  const items = [
    { label: 'People', icon: 'people', run: () => ui.openPane({ kind: 'people' }) },
    { label: 'Pinned messages', icon: 'pin', run: () => ui.openPane({ kind: 'pinned' }) },
    room.kind !== 'direct' && me?.role !== 'guest' && !room.archived
      && { label: 'Add people', icon: 'invite', run: open('pickPeople', { purpose: 'add', room }) },
    manage && !room.archived && { label: 'Name and topic', icon: 'edit', rule: true, run: open('editRoom', { room }) },
    manage && { label: room.archived ? 'Take out of the archive' : 'Archive', icon: 'archive', rule: room.archived, run: () => archive(client, ui, room) },
    room.kind !== 'direct' && { label: 'Leave', icon: 'leave', danger: true, rule: true, run: () => leave(client, ui, room) },
  ]
  return /** @type {import('./ui.js').MenuItem[]} */ (items.filter(Boolean))
}

/**
 * @param {import('./context.js').Client} client
 * @param {import('./context.js').UI} ui
 * @param {import('../protocol.js').Room} room
 */
function archive(client, ui, room) {
  if (room.archived) return void ui.attempt(client.actions.updateRoom(room.room, { archived: false }))
  ui.dialog.value = {
    name: 'confirm', props: {
      title: `Archive ${roomTitle(room, client.store)}`,
      words: 'Everything stays readable, and nobody can write here until it is taken out of the archive.',
      button: 'Archive',
      run: () => client.actions.updateRoom(room.room, { archived: true }),
    },
  }
}

/**
 * @param {import('./context.js').Client} client
 * @param {import('./context.js').UI} ui
 * @param {import('../protocol.js').Room} room
 */
function leave(client, ui, room) {
  const words = room.kind === 'private'
    ? 'Only somebody who is in it can let you in again.'
    : 'You can join it again at any time.'
  ui.dialog.value = {
    name: 'confirm', props: {
      title: `Leave ${roomTitle(room, client.store)}`, words, button: 'Leave', danger: true,
      run: () => client.actions.leaveRoom(room.room),
    },
  }
}
