import { html, useEffect, useState } from '../lib.js'
import { draftKey } from '../drafts.js'
import { useScope } from './context.js'
import { Composer } from './composer.js'
import { OfflineBar } from './offline-bar.js'
import { OpenTimeline } from './open-timeline.js'
import { RoomHead } from './room-head.js'
import { TypingLine } from './typing-line.js'
import { useColumn } from './use-column.js'

/**
 * One open room. Its key is the room, so that nothing of the last one stays.
 * @param {{room: import('../protocol.js').Room}} props
 */
export function Room({ room }) {
  const { ui } = useScope()
  const [scrolled, setScrolled] = useState(false)
  const onShow = useColumn('room')
  useEffect(() => ui.focusComposer(), [])

  return html`<main class="room">
    <${RoomHead} room=${room} scrolled=${scrolled} />
    <${OfflineBar} />
    ${onShow && html`<${OpenTimeline} room=${room} onScrolled=${setScrolled} />`}
    <${TypingLine} room=${room.room} />
    <${Composer} room=${room} scope=${draftKey(room.room)} />
  </main>`
}
