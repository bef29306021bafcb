import { html, useEffect, useLayoutEffect, useRef, useState } from '../lib.js'
import { draftKey } from '../drafts.js'
import { sameGroup } from '../format.js'
import { item as itemAt, threadItems } from '../state.js'
import { Composer } from './composer.js'
import { useScope } from './context.js'
import { focusColumn } from './focus.js'
import { GreyRows } from './grey-rows.js'
import { Message } from './message.js'
import { Pane } from './pane.js'
import { itemOf } from './rows.js'
import { TypingLine } from './typing-line.js'
import { wordsOf } from './ui.js'

/** One thread: its root, the answers, a composer. @param {{room: import('../protocol.js').Room, pane: import('./ui.js').Pane & {kind: 'thread'}}} props */
export function ThreadPane({ room, pane }) {
  const { root } = pane
  const { client, ui } = useScope()
  const [failed, setFailed] = useState('')
  const box = useRef(/** @type {HTMLElement|null} */ (null))
  const log = client.store.log(room.room).value
  const me = client.store.me.value?.user ?? ''
  const first = log ? itemAt(log, root) : undefined
  const thread = log?.threads.get(root)
  const pending = (log?.pending ?? []).filter((p) => p.thread === root)
  const rows = [...(log ? threadItems(log, root) : []).map((item) => ({ item, pending: undefined })), ...pending.map((p) => ({ item: itemOf(p, me), pending: p }))]
  const edit = ui.editing.value.get(room.room)
  const editing = edit?.thread === root ? edit.seq : 0

  function load() {
    setFailed('')
    Promise.resolve(client.actions.openThread(room.room, root)).catch((error) => setFailed(wordsOf(error)))
  }
  useEffect(load, [room.room, root])
  // At once: the keys that follow the press are meant for it.
  useLayoutEffect(() => {
    const column = /** @type {HTMLElement} */ (box.current?.closest('.pane'))
    if (!column.contains(document.activeElement)) focusColumn(column)
  }, [pane])
  useLayoutEffect(() => { if (box.current) box.current.scrollTop = box.current.scrollHeight }, [rows.length])

  return html`<${Pane} title="Thread">
    <div class="scroll" ref=${box} tabindex="0" role="log" aria-label="Thread">
      ${first && html`<${Message} item=${first} first room=${room.room} inThread editing=${editing === first.seq} />`}
      ${failed && html`<${GreyRows} count=${0} failed=${failed} onRetry=${load} />`}
      ${!thread?.complete && rows.length === 0 && !failed && html`<${GreyRows} count=${3} />`}
      ${first && rows.length > 0 && html`<div class="day thread-line"><span>${rows.length === 1 ? '1 reply' : `${rows.length} replies`}</span></div>`}
      ${thread?.complete && rows.length === 0 && html`<p class="nothing">No replies yet. What you write below stays beside the room.</p>`}
      ${rows.map(({ item, pending }, i) => html`<${Message} key=${item.by === me && item.key ? item.key : item.id} item=${item} pending=${pending} room=${room.room} inThread
        first=${i === 0 || !sameGroup(rows[i - 1].item, item)} editing=${item.seq > 0 && editing === item.seq} />`)}
    </div>
    <${TypingLine} room=${room.room} thread=${root} />
    <${Composer} room=${room} scope=${draftKey(room.room, root)} thread=${root} />
  <//>`
}
