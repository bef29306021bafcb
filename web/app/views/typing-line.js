import { html } from '../lib.js'
import { typingIn } from '../state.js'
import { useScope } from './context.js'

/** Who is typing. The line is always there, so that nothing moves. @param {{room: string, thread?: number}} props */
export function TypingLine({ room, thread }) {
  const { client } = useScope()
  const names = typingIn(client.store.typing.value, room, thread).map((user) => client.store.user(user).name)
  return html`<div class="typing ellipsis">${words(names)}</div>`
}

/** @param {string[]} names */
function words(names) {
  if (names.length === 0) return ''
  if (names.length === 1) return `${names[0]} is typing`
  if (names.length === 2) return `${names[0]} and ${names[1]} are typing`
  return 'Several people are typing'
}
