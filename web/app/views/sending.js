import { html } from '../lib.js'
import { useScope } from './context.js'
import { Icon } from './icons.js'

/**
 * What stands under a message of mine that is not in the room yet.
 * @param {{pending: import('../log.js').Pending}} props
 */
export function Sending({ pending }) {
  const { client } = useScope()
  const { key, state, error } = pending
  if (state === 'late') {
    return html`<div class="waiting"><${Icon} name="clock" /><span>Waiting to be sent</span></div>`
  }
  if (state !== 'refused') return null
  return html`<div class="unsent" role="alert">
    <span>Could not send. ${error?.message ?? ''}</span>
    <button type="button" class="link-button" onClick=${() => client.actions.retry(key)}>Retry</button>
    <button type="button" class="link-button danger" onClick=${() => client.actions.discard(key)}>Delete</button>
  </div>`
}
