import { html } from '../lib.js'
import { plainText } from '../markdown.js'
import { colorClass } from './colors.js'
import { useScope } from './context.js'

/** What a message answers: its author and two lines; a click goes there. @param {{room: string, seq: number}} props */
export function Quote({ room, seq }) {
  const { client, ui } = useScope()
  const item = client.store.log(room).value?.items.get(seq)
  const go = () => ui.open(room, { at: seq })
  if (!item) return html`<button type="button" class="quote" onClick=${go}><span class="two-lines">An earlier message</span></button>`
  const author = client.store.user(item.by)
  return html`<button type="button" class=${`quote ${colorClass(author.color)}`} onClick=${go}>
    <b><bdi>${author.name}</bdi></b><span class="two-lines"><bdi>${quoteWords(item)}</bdi></span>
  </button>`
}

/** A message in one line. @param {import('../protocol.js').Item} item */
export function quoteWords({ body }) {
  if (body.deleted) return 'This message was deleted.'
  const files = (body.files ?? []).map((/** @type {any} */ file) => file.name).join(', ')
  return plainText(body.text ?? '') || files
}
