import { html, useLayoutEffect, useState } from '../lib.js'
import { useScope } from './context.js'
import { Timeline } from './timeline.js'
import { wordsOf } from './ui.js'

/**
 * The timeline of a room from when it comes on show until it is left. It is drawn once there is loaded what the reader
 * begins with: drawn earlier, it would stand elsewhere, and count as seen what is there.
 * @param {{room: import('../protocol.js').Room, onScrolled: (scrolled: boolean) => void}} props
 */
export function OpenTimeline({ room, onScrolled }) {
  const { client, ui } = useScope()
  const [opened, setOpened] = useState(false)
  const [failed, setFailed] = useState('')
  const log = client.store.log(room.room).value

  function open() {
    setFailed('')
    const at = ui.target.peek()
    client.actions.openRoom(room.room, at ? { at } : {}).catch((error) => setFailed(wordsOf(error))).finally(() => setOpened(true))
  }

  function leave() {
    client.actions.closeRoom(room.room)
    if (ui.keptUnread.peek() === room.room) ui.keptUnread.value = null
  }

  // Before the first painting: a room that is loaded then shows nothing else before it.
  useLayoutEffect(() => {
    open()
    return leave
  }, [])

  if (failed && !log?.ready) return html`<div class="blank grow" role="alert"><p>${failed}</p><button class="button" onClick=${open}>Try again</button></div>`
  return html`<${Timeline} room=${room} log=${opened ? log : null} onScrolled=${onScrolled} />`
}
