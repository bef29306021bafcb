import { html, useRef } from '../lib.js'
import { names } from '../format.js'
import { useScope } from './context.js'
import { Icon } from './icons.js'

/**
 * Pills in order of first use; a press adds or takes back mine.
 * @param {{item: import('../protocol.js').Item, room: string}} props
 */
export function Reactions({ item, room }) {
  const { client, ui } = useScope()
  const busy = useRef(new Set())
  const me = client.store.me.value?.user ?? ''
  /** @type {[string, string[]][]} */
  const reactions = item.body.reactions ?? []
  if (reactions.length === 0) return null

  /** A double press must not send two. @param {string} emoji @param {boolean} on */
  async function toggle(emoji, on) {
    if (busy.current.has(emoji)) return
    busy.current.add(emoji)
    await ui.attempt(client.actions.react(room, item, emoji, on))
    busy.current.delete(emoji)
  }

  return html`<div class="reactions">
    ${reactions.map(([emoji, users]) => {
      const mine = users.includes(me)
      const who = names(users.map((id) => (id === me ? 'you' : client.store.user(id).name)))
      return html`<button type="button" key=${emoji} class=${`reaction ${mine ? 'mine' : ''}`} aria-pressed=${mine} title=${who}
        aria-label=${`${emoji} ${users.length}: ${who}`} onClick=${() => toggle(emoji, !mine)}>${emoji}<span>${users.length}</span></button>`
    })}
    <button type="button" class="reaction add" aria-label="Add a reaction" title="Add a reaction"
      onClick=${() => { ui.dialog.value = { name: 'react', props: { room, item } } }}><${Icon} name="smile" /></button>
  </div>`
}
