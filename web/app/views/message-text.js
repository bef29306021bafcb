import { html, memo, useMemo } from '../lib.js'
import { full } from '../format.js'
import { parse } from '../markdown.js'
import { colorClass } from './colors.js'
import { useScope } from './context.js'

/** @typedef {ReturnType<typeof parse>[number]} Block */

/**
 * A message's text: Markdown as elements and text nodes, never as HTML.
 * @param {{text: string, large?: boolean, editedAt?: number}} props
 */
function Text({ text, large, editedAt }) {
  const blocks = useMemo(() => parse(text), [text])
  const edited = editedAt ? html` <span class="edited" title=${`Edited ${full(editedAt)}`}>(edited)</span>` : null
  return html`<div class=${`text ${large ? 'large' : ''}`} dir="auto">${blocks.map((block, i) => drawBlock(block, i === blocks.length - 1 ? edited : null))}
    ${edited && blocks.at(-1)?.t !== 'p' && edited}</div>`
}
export const MessageText = memo(Text)

/** @param {any} block @param {any} [tail] what follows the last words */
function drawBlock(block, tail) {
  const draw = BLOCKS[block.t]
  return draw ? draw(block, tail) : null
}

/** @type {Record<string, (block: any, tail?: any) => any>} */
const BLOCKS = {
  p: (block, tail) => html`<p>${drawInlines(block.c)}${tail}</p>`,
  code: (block) => html`<pre tabindex="0"><code>${block.text}</code></pre>`,
  quote: (block) => html`<blockquote>${block.c.map((/** @type {any} */ inner) => drawBlock(inner))}</blockquote>`,
  list: (block) => {
    const items = block.items.map((/** @type {any[]} */ item) => html`<li>${item.map((inner) => drawBlock(inner))}</li>`)
    return block.ordered ? html`<ol start=${block.start}>${items}</ol>` : html`<ul>${items}</ul>`
  },
}

/** @param {any[]} inlines */
function drawInlines(inlines) {
  return inlines.map((inline) => INLINES[inline.t]?.(inline) ?? null)
}

/** @type {Record<string, (inline: any) => any>} */
const INLINES = {
  text: (inline) => inline.text,
  b: (inline) => html`<strong>${drawInlines(inline.c)}</strong>`,
  i: (inline) => html`<em>${drawInlines(inline.c)}</em>`,
  del: (inline) => html`<del>${drawInlines(inline.c)}</del>`,
  code: (inline) => html`<code>${inline.text}</code>`,
  br: () => html`<br />`,
  link: (inline) => html`<a href=${inline.href} target="_blank" rel="noopener noreferrer">${drawInlines(inline.c)}</a>`,
  mention: (inline) => html`<${Mention} handle=${inline.handle} />`,
}

/** A call to somebody who is known shows as such; any other @word stays text. @param {{handle: string}} props */
function Mention({ handle }) {
  const { client } = useScope()
  if (handle === 'all' || handle === 'here') return html`<span class="mention">@${handle}</span>`
  for (const user of client.store.users.value.values()) {
    if (user.handle === handle) return html`<span class=${`mention ${colorClass(user.color)}`} title=${user.name}>@${handle}</span>`
  }
  return `@${handle}`
}
