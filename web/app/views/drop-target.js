import { html, useEffect, useState } from '../lib.js'
import { draftKey } from '../drafts.js'
import { roomTitle } from '../format.js'
import { useScope } from './context.js'
import { Icon } from './icons.js'
import { addFiles } from './upload-rows.js'

/**
 * Files dragged anywhere over the window: the whole page says where they would go.
 * @param {{room: import('../protocol.js').Room|null}} props
 */
export function DropTarget({ room }) {
  const { client, ui } = useScope()
  const [over, setOver] = useState(false)
  const open = room && !room.archived ? room : null

  useEffect(() => {
    let depth = 0
    const hasFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes('Files') ?? false
    const enter = (/** @type {DragEvent} */ event) => { if (hasFiles(event)) { depth++; setOver(true) } }
    const leave = (/** @type {DragEvent} */ event) => { if (hasFiles(event) && --depth <= 0) { depth = 0; setOver(false) } }
    const hover = (/** @type {DragEvent} */ event) => { if (hasFiles(event)) event.preventDefault() }
    const drop = (/** @type {DragEvent} */ event) => {
      if (!hasFiles(event)) return
      event.preventDefault()
      depth = 0
      setOver(false)
      if (!open) return
      const pane = ui.pane.value
      const inPane = pane?.kind === 'thread' && event.target instanceof Element && event.target.closest('.pane')
      const scope = draftKey(open.room, inPane ? pane.root : undefined)
      void addFiles(client, ui, scope, event.dataTransfer?.files ?? [])
      ui.focusComposer(scope)
    }
    const all = /** @type {const} */ ([['dragenter', enter], ['dragleave', leave], ['dragover', hover], ['drop', drop]])
    for (const [name, run] of all) document.addEventListener(name, run)
    return () => { for (const [name, run] of all) document.removeEventListener(name, run) }
  }, [open?.room])

  if (!over) return null
  return html`<div class="drop-target"><div><${Icon} name="attach" />
    <p>${open ? html`Drop to attach in <bdi>${roomTitle(open, client.store)}</bdi>` : 'Nothing can be attached here'}</p></div></div>`
}
