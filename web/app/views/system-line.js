import { html, memo } from '../lib.js'
import { clock, full } from '../format.js'
import { useScope } from './context.js'

/** A line for what happened to the room or its people. @param {{item: import('../protocol.js').Item}} props */
function Line({ item }) {
  const { client } = useScope()
  const words = item.kind === 'member' ? memberWords(item, client) : roomWords(item, client)
  return html`<div class="system" data-row=${item.seq} data-seq=${item.seq}>
    <span><bdi>${words}</bdi></span><time class="faint" title=${full(item.at)}>${clock(item.at)}</time>
  </div>`
}
export const SystemLine = memo(Line)

/** @param {import('../protocol.js').Item} item @param {import('./context.js').Client} client */
function memberWords({ by, body }, client) {
  const name = body.user.name
  const who = client.store.user(by).name
  if (body.change === 'joined') return by === body.user.user ? `${name} joined` : `${who} added ${name}`
  if (body.change === 'left') return `${name} left`
  if (body.change === 'removed') return `${who} removed ${name}`
  return body.role === 'admin' ? `${name} now looks after this room` : `${name} no longer looks after this room`
}

/** @param {import('../protocol.js').Item} item @param {import('./context.js').Client} client */
function roomWords({ by, body }, client) {
  const who = client.store.user(by).name
  if (body.archived === true) return `${who} archived this room`
  if (body.archived === false) return `${who} took this room out of the archive`
  if (body.kind !== undefined) return `${who} made this room`
  if (body.name !== undefined) return `${who} named this room ${body.name}`
  if (body.topic !== undefined) return body.topic ? `${who} changed the topic: ${body.topic}` : `${who} removed the topic`
  return `${who} changed this room`
}
