import { html, useEffect, useState } from '../lib.js'
import { draftKey } from '../drafts.js'
import { useScope } from './context.js'
import { Composer } from './composer.js'
import { OfflineBar } from './offline-bar.js'
import { RoomHead } from './room-head.js'
import { Timeline } from './timeline.js'
import { TypingLine } from './typing-line.js'
import { wordsOf } from './ui.js'

/**
 * One open room. Its key is the room, so that nothing of the last one stays.
 * @param {{room: import('../protocol.js').Room}} props
 */
export function Room({ room }) {
  const { client, ui } = useScope()
  const [scrolled, setScrolled] = useState(false)
  const [failed, setFailed] = useState('')
  const log = client.store.log(room.room).value

  function load() {
    setFailed('')
    const at = ui.target.peek()
    Promise.resolve(client.actions.openRoom(room.room, at ? { at } : {})).catch((error) => setFailed(wordsOf(error)))
  }
  useEffect(() => {
    load()
    ui.focusComposer()
    return () => client.actions.closeRoom(room.room)
  }, [room.room])

  return html`<main class="room">
    <${RoomHead} room=${room} scrolled=${scrolled} />
    <${OfflineBar} />
    ${failed && !log?.ready
      ? html`<div class="blank grow" role="alert"><p>${failed}</p><button class="button" onClick=${load}>Try again</button></div>`
      : html`<${Timeline} room=${room} log=${log} onScrolled=${setScrolled} />`}
    <${TypingLine} room=${room.room} />
    <${Composer} room=${room} scope=${draftKey(room.room)} />
  </main>`
}
