import { html } from '../lib.js'
import { draftKey } from '../drafts.js'
import { item } from '../state.js'
import { useScope } from './context.js'
import { Icon } from './icons.js'

/** @typedef {import('../log.js').Pending} Pending */

/**
 * What stands under a message of mine that is not in the room yet.
 * @param {{pending: Pending}} props
 */
export function Sending({ pending }) {
  const { client, ui } = useScope()
  const { key, room, state, error } = pending
  if (state === 'late') {
    return html`<div class="waiting"><${Icon} name="clock" /><span>Waiting to be sent</span></div>`
  }
  if (state !== 'refused') return null
  const fileGone = error?.field === 'files' && error.code === 'not_found'
  const open = !client.store.rooms.value.get(room)?.archived

  /** Back to the composer, with what it answers. */
  function edit() {
    client.unsend(key)
    const answered = pending.reply_to && item(client.store.log(room).value, pending.reply_to)
    if (answered) ui.reply(draftKey(room, pending.thread), answered)
    else ui.focusComposer(draftKey(room, pending.thread))
  }

  return html`<div class="unsent" role="alert">
    <span>Could not send. ${fileGone ? 'A file of it is not on the server any more: edit the message and choose that file again.' : error?.message ?? ''}</span>
    ${!fileGone && html`<button type="button" class="link-button" onClick=${() => client.actions.retry(key)}>Retry</button>`}
    ${open && html`<button type="button" class="link-button" onClick=${edit}>Edit</button>`}
    <button type="button" class="link-button danger" onClick=${() => client.actions.discard(key)}>Delete</button>
  </div>`
}
