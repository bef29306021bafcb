import { draftKey } from '../drafts.js'
import { canDelete, canEdit } from '../state.js'
import { copyText } from './copy.js'
import { fullLink } from './route.js'

/** @typedef {import('../protocol.js').Item} Item */
/** @typedef {{client: import('./context.js').Client, ui: import('./context.js').UI, room: import('../protocol.js').Room, inThread?: boolean}} At */
/** @typedef {{name: string, label: string, icon: import('./icons.js').IconName, keys?: string, danger?: boolean, bar?: boolean, rule?: boolean, run: () => void}} Action */

/**
 * What can be done with a message, in the one order in which bar, menu and keys have it.
 * @param {At} at @param {Item} item
 * @returns {Action[]}
 */
export function actionsOf(at, item) {
  const { client, ui, room } = at
  const me = client.store.me.value
  if (!me || item.body.deleted || item.seq === 0) return []
  const { actions } = client
  const open = !room.archived
  const text = item.body.text ?? ''
  /** @type {(Action|false)[]} */
  const all = [
    open && { name: 'react', label: 'React', icon: 'smile', keys: '+ :', bar: true, run: () => { ui.dialog.value = { name: 'react', props: { room: room.room, item } } } },
    open && { name: 'reply', label: 'Reply', icon: 'reply', keys: 'R', bar: true, run: () => reply(ui, room, item) },
    !item.body.thread && { name: 'thread', label: 'Thread', icon: 'thread', keys: 'T', bar: true, run: () => ui.openPane({ kind: 'thread', root: item.seq }) },
    open && canEdit(me, item) && { name: 'edit', label: 'Edit', icon: 'edit', keys: 'E', bar: true, run: () => edit(at, item) },
    open && { name: 'pin', label: item.body.pinned ? 'Unpin' : 'Pin', icon: 'pin', keys: 'P', run: () => void ui.attempt(actions.pin(room.room, item, !item.body.pinned)) },
    text !== '' && { name: 'text', label: 'Copy text', icon: 'copy', run: () => void copy(ui, text, 'Text copied') },
    { name: 'link', label: 'Copy link', icon: 'link', run: () => void copy(ui, fullLink(room.room, item.seq), 'Link copied') },
    !item.body.thread && { name: 'unread', label: 'Mark unread from here', icon: 'unread', keys: 'U', run: () => void markUnread(at, item) },
    open && canDelete(me, room, item) && { name: 'delete', label: 'Delete', icon: 'trash', keys: 'Del', danger: true, rule: true, run: () => confirmDelete(at, item) },
  ]
  return /** @type {Action[]} */ (all.filter(Boolean))
}

/** @param {import('./context.js').UI} ui @param {import('../protocol.js').Room} room @param {Item} item */
function reply(ui, room, item) {
  ui.reply(draftKey(room.room, openThread(ui, item)), item)
}

/** A message can stand in the room and in its thread: the box stands where it was asked for. @param {At} at @param {Item} item */
function edit({ ui, room, inThread }, item) {
  const alone = openThread(ui, item)
  const pane = ui.pane.peek()
  ui.edit(room.room, item.seq, alone ?? (inThread && pane?.kind === 'thread' ? pane.root : undefined))
}

/** The thread that an answer stands in alone; it opens if it was not. @param {import('./context.js').UI} ui @param {Item} item */
function openThread(ui, item) {
  const root = item.body.in_room ? undefined : item.body.thread
  const pane = ui.pane.peek()
  if (root && !(pane?.kind === 'thread' && pane.root === root)) ui.openPane({ kind: 'thread', root })
  return root
}

/** @param {import('./context.js').UI} ui @param {string} text @param {string} words */
async function copy(ui, text, words) {
  ui.say(await copyText(text) ? words : 'Could not copy. Select the text and copy it by hand.')
}

/** @param {At} at @param {Item} item */
async function markUnread({ client, ui, room }, item) {
  // At once: what is on the screen must not be read meanwhile.
  ui.keptUnread.value = room.room
  const done = await ui.attempt(client.actions.markUnread(room.room, item.seq).then(() => true))
  if (!done && ui.keptUnread.peek() === room.room) ui.keptUnread.value = null
}

/** @param {At} at @param {Item} item */
export function confirmDelete({ client, ui, room }, item) {
  ui.dialog.value = {
    name: 'confirm', props: {
      title: 'Delete this message', words: 'It disappears for everyone, with its files.', button: 'Delete', danger: true,
      quote: item.body.text, run: () => client.actions.remove(room.room, item),
    },
  }
}
