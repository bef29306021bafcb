import { html, useEffect, useRef, useState } from '../../lib.js'
import { clock, day } from '../../format.js'
import { picturesOf } from '../../filekinds.js'
import { useScope } from '../context.js'
import { Dialog } from '../dialog.js'
import { FileAction } from '../file-link.js'
import { IconButton } from '../icon-button.js'
import { Icon } from '../icons.js'
import { Stage } from './stage.js'

/** @typedef {import('../../protocol.js').FileRef} FileRef */

/**
 * A picture as large as the window allows, and from it the way to all others of the room.
 * @param {{file: FileRef, onClose: () => void}} props
 */
export function Lightbox({ file: first, onClose }) {
  const { client, ui } = useScope()
  const [file, setFile] = useState(first)
  const [looking, setLooking] = useState(false)
  const stage = useRef(/** @type {import('./stage.js').StageControl|null} */ (null))
  const known = useRef(false)
  const room = ui.room.value ?? ''
  const log = client.store.log(room).value
  const all = picturesOf(log?.items.values() ?? [])
  const at = all.findIndex((one) => one.file.file === file.file)
  const now = all[at]
  if (now) known.current = true
  const deleted = known.current && !now
  const before = at > 0 || Boolean(log && at === 0 && !log.atStart)
  const after = at >= 0 && (at < all.length - 1 || Boolean(log && !log.atEnd))

  useEffect(() => { ui.spoken.value = `${file.alt || file.name}${now ? `, from ${client.store.user(now.by).name}` : ''}` }, [file.file])

  /** To the one before (-1) or after (+1); what is not loaded yet is asked for. @param {-1|1} step */
  async function go(step) {
    if (looking || at < 0) return
    const next = all[at + step]
    if (next) return setFile(next.file)
    setLooking(true)
    const found = await ui.attempt(search(step))
    setLooking(false)
    if (found) setFile(found)
    else if (found === null) ui.say(step < 0 ? 'This is the first picture of the room.' : 'This is the latest picture of the room.')
  }

  /** @param {-1|1} step @returns {Promise<FileRef|null>} */
  async function search(step) {
    for (;;) {
      const log = client.store.log(room).peek()
      const all = picturesOf(log?.items.values() ?? [])
      const next = all[all.findIndex((one) => one.file.file === file.file) + step]
      if (next) return next.file
      if (!log || (step < 0 ? log.atStart : log.atEnd)) return null
      const edge = step < 0 ? log.from : log.to
      await (step < 0 ? client.actions.loadOlder(room) : client.actions.loadNewer(room))
      const moved = client.store.log(room).peek()
      if ((step < 0 ? moved?.from : moved?.to) === edge) return null
    }
  }

  /** @param {KeyboardEvent} event */
  function key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const view = stage.current
    /** @type {Record<string, () => unknown>} */
    const keys = {
      ArrowLeft: () => (event.shiftKey ? view?.pan(80, 0) : go(-1)), ArrowRight: () => (event.shiftKey ? view?.pan(-80, 0) : go(1)),
      ArrowUp: () => view?.pan(0, 80), ArrowDown: () => view?.pan(0, -80),
      '+': () => view?.zoom(1.5), '=': () => view?.zoom(1.5), '-': () => view?.zoom(1 / 1.5), 0: () => view?.zoom(0),
    }
    if (!Object.hasOwn(keys, event.key)) return
    event.preventDefault()
    event.stopPropagation()
    keys[event.key]()
  }

  const tools = html`
    <${IconButton} icon="minus" label="Smaller" keys="−" class="zoom" onClick=${() => stage.current?.zoom(1 / 1.5)} />
    <${IconButton} icon="plus" label="Larger" keys="+" class="zoom" onClick=${() => stage.current?.zoom(1.5)} />
    <${FileAction} file=${file} act="open" label="Open original"><${Icon} name="original" /><//>
    <${FileAction} file=${file} act="download" label="Download"><${Icon} name="download" /><//>`
  return html`<${Dialog} title=${file.name} class="lightbox" tools=${tools} onKeyDown=${key} onClose=${onClose}>
    <${Stage} key=${file.file} file=${file} deleted=${deleted} control=${stage} onSwipe=${go} />
    <p class="caption" aria-busy=${looking}>${file.alt && html`<bdi class="alt">${file.alt}</bdi>`}
      ${now && html`<span class="faint"><bdi>${client.store.user(now.by).name}</bdi>, ${day(now.at)} ${clock(now.at)}</span>`}</p>
    ${before && html`<${IconButton} icon="back" label="Picture before" keys="←" class="turn before" onClick=${() => go(-1)} />`}
    ${after && html`<${IconButton} icon="next" label="Picture after" keys="→" class="turn after" onClick=${() => go(1)} />`}
  <//>`
}
