import { html, memo } from '../lib.js'
import { clock, full } from '../format.js'
import { useScope } from './context.js'

/** A line for what happened to the room or its people. @param {{item: import('../protocol.js').Item}} props */
function Line({ item }) {
  const { client } = useScope()
  const words = item.kind === 'member' ? memberWords(item, client) : roomWords(item, client)
  return html`<div class="system" data-row=${item.seq} data-seq=${item.seq}>
    <span>${words}</span><time class="faint" title=${full(item.at)}>${clock(item.at)}</time>
  </div>`
}
export const SystemLine = memo(Line)

/** @param {import('../protocol.js').Item} item @param {import('./context.js').Client} client */
function memberWords({ by, body }, client) {
  const name = html`<bdi>${body.user.name}</bdi>`
  const who = html`<bdi>${client.store.user(by).name}</bdi>`
  if (body.change === 'joined') return by === body.user.user ? html`${name} joined` : html`${who} added ${name}`
  if (body.change === 'left') return html`${name} left`
  if (body.change === 'removed') return html`${who} removed ${name}`
  return body.role === 'admin' ? html`${name} now looks after this room` : html`${name} no longer looks after this room`
}

/** @param {import('../protocol.js').Item} item @param {import('./context.js').Client} client */
function roomWords({ by, body }, client) {
  const who = html`<bdi>${client.store.user(by).name}</bdi>`
  if (body.archived === true) return html`${who} archived this room`
  if (body.archived === false) return html`${who} took this room out of the archive`
  if (body.kind !== undefined) return html`${who} made this room`
  if (body.name !== undefined) return html`${who} named this room <bdi>${body.name}</bdi>`
  if (body.topic !== undefined) return body.topic ? html`${who} changed the topic: <bdi>${body.topic}</bdi>` : html`${who} removed the topic`
  return html`${who} changed this room`
}
