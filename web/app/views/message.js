import { html, memo, useState } from '../lib.js'
import { clock, full } from '../format.js'
import { isEmojiOnly } from '../markdown.js'
import { ActionBar } from './action-bar.js'
import { colorClass } from './colors.js'
import { useScope } from './context.js'
import { EditBox } from './edit-box.js'
import { Face } from './face.js'
import { Files } from './files.js'
import { Icon } from './icons.js'
import { MessageText } from './message-text.js'
import { Quote } from './quote.js'
import { Reactions } from './reactions.js'
import { Sending } from './sending.js'
import { ThreadLink } from './thread-link.js'

/**
 * @typedef {object} MessageProps
 * @property {import('../protocol.js').Item} item
 * @property {boolean} first the first of its group: with face and name
 * @property {string} room
 * @property {import('../log.js').Pending} [pending] mine, not yet in the log
 * @property {boolean} [lit]
 * @property {boolean} [editing]
 * @property {boolean} [arrived] came in while the room was open
 * @property {boolean} [inThread]
 */

/** One message. @param {MessageProps} props */
function MessageRow({ item, first, room, pending, lit, editing, arrived, inThread }) {
  const { client } = useScope()
  const author = client.store.user(item.by) // without a handle as long as he is not known; the time comes with the name, which would move it
  const me = client.store.me.value?.user
  const { body } = item
  const [held, hold] = useState(false)
  const [active, on] = useActive()
  const calls = !pending && !inThread && item.by !== me && me && body.mentions?.some((/** @type {string} */ who) => who === me || who === 'all' || who === 'here')
  const classes = ['message', first && 'first', pending && pending.state !== 'acked' && 'pending', pending?.state === 'refused' && 'refused',
    lit && 'here', held && 'menu-open', calls && 'mentions-me', arrived && 'arrived', colorClass(author.color)]

  return html`<article class=${classes.filter(Boolean).join(' ')} tabindex="-1" data-row=${item.seq || item.key} data-seq=${item.seq || undefined}
    aria-label=${first ? undefined : author.name} ...${on}>
    <div class="left">${first ? html`<${Face} user=${author} />`
      : html`<time class="faint time-in-gutter" title=${full(item.at)}>${shortClock(item.at)}</time>`}</div>
    <div class="body">
      ${first && html`<div class="head"><span class="name ellipsis"><bdi>${author.name}</bdi></span>
        ${author.bot && html`<span class="faint">bot</span>`}
        ${author.handle && html`<time class="faint" title=${full(item.at)}>${clock(item.at)}</time>`}
        ${body.pinned && html`<span class="faint"><${Icon} name="pin" /> pinned</span>`}</div>`}
      ${content()}
    </div>
    ${(active || held) && !pending && !editing && !body.deleted && html`<${ActionBar} item=${item} room=${room} inThread=${inThread} onHold=${hold} />`}
  </article>`

  function content() {
    if (body.deleted) return html`<p class="gone">This message was deleted.</p><${ThreadLink} item=${item} hidden=${inThread} />`
    if (editing) return html`<${EditBox} item=${item} room=${room} />`
    return html`
      ${body.reply_to && html`<${Quote} room=${room} seq=${body.reply_to} />`}
      ${body.thread && !inThread && html`<${FromThread} root=${body.thread} />`}
      ${body.text && html`<${MessageText} text=${body.text} large=${isEmojiOnly(body.text)} editedAt=${body.edited_at} />`}
      ${body.files?.length > 0 && html`<${Files} files=${body.files} />`}
      ${!pending && html`<${Reactions} item=${item} room=${room} />`}
      ${!inThread && html`<${ThreadLink} item=${item} />`}
      ${pending && html`<${Sending} pending=${pending} />`}`
  }
}
export const Message = memo(MessageRow)

/** Whether the pointer is over a message or the focus in it: only then its buttons are in the page. */
function useActive() {
  const [active, set] = useState(false)
  return /** @type {const} */ ([active, {
    onPointerEnter: (/** @type {PointerEvent} */ event) => { if (event.pointerType === 'mouse') set(true) },
    onPointerLeave: (/** @type {PointerEvent} */ event) => {
      const row = /** @type {HTMLElement} */ (event.currentTarget)
      if (event.pointerType === 'mouse' && !row.contains(document.activeElement)) set(false)
    },
    onFocusIn: () => set(true),
    onFocusOut: (/** @type {FocusEvent} */ event) => {
      const row = /** @type {HTMLElement} */ (event.currentTarget)
      if (!row.contains(/** @type {Node|null} */ (event.relatedTarget)) && !row.matches(':hover')) set(false)
    },
  }])
}

/** The gutter is narrow: no AM or PM there. @param {number} at */
function shortClock(at) {
  return clock(at).replace(/\s*[AP]M$/i, '')
}

/** @param {{root: number}} props */
function FromThread({ root }) {
  const { ui } = useScope()
  return html`<button type="button" class="link-button secondary" onClick=${() => ui.openPane({ kind: 'thread', root })}>in a thread</button>`
}
