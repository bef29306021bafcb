import { html, useEffect, useState } from '../lib.js'
import { useScope } from './context.js'

const CALM_MS = 5000

/** One thin bar once the line has been down for five seconds; what ended for good says why at once. */
export function OfflineBar() {
  const { client } = useScope()
  const link = client.store.link.value
  const down = link.state !== 'open'
  const late = useLater(down ? link.since + CALM_MS : 0)
  const waiting = client.outbox.waiting.value
  if (link.state === 'ended') {
    return html`<div class="offline-bar stopped" role="alert"><span class="grow">${link.words ?? 'The connection ended.'}</span>
      <button type="button" class="link-button" onClick=${() => location.reload()}>Reload</button></div>`
  }
  if (!down || !late) return !client.outbox.durable.value && waiting > 0 ? html`<${NotKept} />` : null
  return html`<div class="offline-bar" role="status">
    <span class="grow">${waiting ? `Offline, ${waiting} waiting` : 'Offline'}${client.outbox.durable.value ? '' : '. This browser keeps nothing: leave the page open'}</span>
    <button type="button" class="link-button" onClick=${() => client.connection.retryNow()}>Connect now</button>
  </div>`
}

function NotKept() {
  return html`<div class="offline-bar" role="status">This browser keeps nothing: leave the page open until your messages are sent.</div>`
}

/** True once the clock has passed `at`. @param {number} at */
function useLater(at) {
  const [, tick] = useState(0)
  const wait = at - Date.now()
  useEffect(() => {
    if (!at || wait <= 0) return
    const timer = setTimeout(() => tick((n) => n + 1), wait + 20)
    return () => clearTimeout(timer)
  }, [at])
  return at > 0 && wait <= 0
}
