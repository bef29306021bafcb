import { html } from '../lib.js'
import { ago } from '../format.js'
import { useScope } from './context.js'
import { Face } from './face.js'

/**
 * Under the root of a thread: who answered, how often, when last.
 * @param {{item: import('../protocol.js').Item, hidden?: boolean}} props
 */
export function ThreadLink({ item, hidden }) {
  const { client, ui } = useScope()
  const replies = item.body.replies
  if (!replies?.count || hidden) return null
  return html`<div><button type="button" class="thread-link" onClick=${() => ui.openPane({ kind: 'thread', root: item.seq })}>
    <span class="faces">${replies.by.slice(0, 5).map((/** @type {string} */ id) => html`<${Face} key=${id} user=${client.store.user(id)} size=${20} />`)}</span>
    <span>${replies.count === 1 ? '1 reply' : `${replies.count} replies`}</span>
    <span class="faint">${ago(replies.last_at)}</span>
  </button></div>`
}
