import { html, useEffect, useRef, useState } from '../lib.js'
import { bytes } from '../format.js'
import { firstLines } from '../filekinds.js'
import { useScope } from './context.js'
import { FileCard } from './file-card.js'
import { useNear } from './near.js'

const FIRST = 4096
const MORE = 64 * 1024
const LINES = 8
const LINE = 20
const PADDING = 16

/** The first lines of a text, asked for when they come into view. They are letters, whatever they say. @param {{file: import('../protocol.js').FileRef}} props */
export function TextLook({ file }) {
  const { client } = useScope()
  const box = useRef(/** @type {HTMLElement|null} */ (null))
  const [most, setMost] = useState(FIRST)
  const [text, setText] = useState(/** @type {string|null} */ (null))
  const [failed, setFailed] = useState(false)
  const seen = useNear(box)
  const [tall, setTall] = useState(false)

  useEffect(() => {
    if (!seen || failed) return
    let stale = false
    client.actions.fileHead(file, most)
      .then((head) => { if (!stale) setText(firstLines(head.bytes, file.type, head.whole)) })
      .catch(() => { if (!stale) setFailed(true) })
    return () => { stale = true }
  }, [seen, most, failed])

  function grow() {
    setTall(!tall)
    setMost(MORE)
  }

  // The room is reserved before the words come; a text of few letters has few lines.
  const rows = Math.min(LINES, Math.ceil(file.size / 10))
  const style = tall ? { height: 'auto' } : { height: `${rows * LINE + PADDING}px` }
  const lines = text?.replace(/\n$/, '').split('\n') ?? []
  const more = lines.length > rows || lines.some((line) => line.length > 80) || file.size > most
  const cut = tall && file.size > most
  return html`<div class="text-look">
    <pre ref=${box} role="group" class=${tall ? 'tall' : ''} style=${style} tabindex=${tall ? 0 : undefined} aria-label=${`The beginning of ${file.name}`}><code>${(tall ? lines : lines.slice(0, rows)).join('\n')}</code></pre>
    ${failed && html`<p class="faint" role="status">Could not load the first lines. <button type="button" class="link-button" onClick=${() => setFailed(false)}>Retry</button></p>`}
    ${(more || rows === LINES) && html`<p class="faint">${more && html`<button type="button" class="link-button" aria-expanded=${tall} onClick=${grow}>${tall ? 'Show less' : 'Show more'}</button>`}
      ${cut && html`<span> The first ${bytes(most)} of ${bytes(file.size)}</span>`}</p>`}
    <${FileCard} file=${file} />
  </div>`
}
