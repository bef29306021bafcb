import { html, useState } from '../../lib.js'
import { useScope } from '../context.js'
import { Dialog } from '../dialog.js'
import { wordsOf } from '../ui.js'

const SET = ['👍', '👎', '❤️', '😂', '🎉', '🙏', '👀', '✅', '😮', '😢', '🔥', '💯', '🤔', '👏', '🚀', '☕']

/**
 * A small set, and a field for any other.
 * @param {{room: string, item: import('../../protocol.js').Item, onClose: () => void}} props
 */
export function ReactDialog({ room, item, onClose }) {
  const { client } = useScope()
  const [other, setOther] = useState('')
  const [wrong, setWrong] = useState('')
  const me = client.store.me.value?.user ?? ''

  /** @param {string} emoji */
  async function react(emoji) {
    const now = client.store.log(room).peek()?.items.get(item.seq) ?? item
    const mine = now.body.reactions?.some((/** @type {[string, string[]]} */ [one, users]) => one === emoji && users.includes(me))
    try {
      await client.actions.react(room, item, emoji, !mine)
      onClose()
    } catch (error) {
      setWrong(wordsOf(error))
    }
  }

  /** @param {Event} event */
  function submit(event) {
    event.preventDefault()
    if (other.trim()) void react(other.trim())
  }

  /** @param {any} event */
  function typed(event) {
    setWrong('')
    setOther(event.currentTarget.value)
  }

  return html`<${Dialog} title="React" class="narrow" onClose=${onClose}>
    <div class="emoji-set">${SET.map((emoji, i) => html`
      <button type="button" key=${emoji} aria-label=${emoji} autofocus=${i === 0} onClick=${() => react(emoji)}>${emoji}</button>`)}</div>
    <form class="give" onSubmit=${submit}>
      <input class="input" aria-label="Any other emoji" placeholder="Any other emoji" autocomplete="off" value=${other} onInput=${typed} />
      <button type="submit" class="button" disabled=${!other.trim()}>React</button></form>
    ${wrong && html`<p class="wrong" role="alert">${wrong}</p>`}
  <//>`
}
