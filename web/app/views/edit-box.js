import { html, useLayoutEffect, useRef, useState } from '../lib.js'
import { draftKey } from '../drafts.js'
import { enterSubmits } from './composer-keys.js'
import { useScope } from './context.js'
import { fit } from './fit.js'
import { focusColumn } from './focus.js'
import { confirmDelete } from './message-actions.js'
import { wordsOf } from './ui.js'

/**
 * The text of my message, open for change: Enter saves, Esc leaves it, empty asks to delete.
 * @param {{item: import('../protocol.js').Item, room: string}} props
 */
export function EditBox({ item, room }) {
  const { client, ui } = useScope()
  const box = useRef(/** @type {HTMLTextAreaElement|null} */ (null))
  const typed = draftKey(room, item.seq)
  const edit = ui.editing.value.get(room)
  const [text, setText] = useState(() => ui.typed.get(typed) ?? String(item.body.text ?? ''))
  const [wrong, setWrong] = useState('')
  const [busy, setBusy] = useState(false)

  // Its row may leave the page and come back: that takes no focus.
  useLayoutEffect(() => {
    if (!edit?.fresh) return
    edit.fresh = false
    const area = /** @type {HTMLTextAreaElement} */ (box.current)
    area.focus({ preventScroll: true })
    area.setSelectionRange(area.value.length, area.value.length)
    area.closest('.message')?.scrollIntoView({ block: 'nearest' })
  }, [edit])
  useLayoutEffect(() => fit(box.current), [text])

  /** @param {string} value */
  function change(value) {
    setText(value)
    ui.typed.set(typed, value)
  }

  /** Saving takes its time: who has gone elsewhere meanwhile stays there. */
  function leave() {
    const row = box.current?.closest('.message')
    if (row && (row.contains(document.activeElement) || document.activeElement === document.body)) focusColumn(row.closest('.pane'))
    ui.endEdit(room, item.seq)
  }

  async function save() {
    const place = client.store.rooms.value.get(room)
    if (!text.trim() && !item.body.files?.length && place) {
      leave()
      return confirmDelete({ client, ui, room: place }, item)
    }
    if (text === item.body.text) return leave()
    setBusy(true)
    try {
      await client.actions.edit(room, item, text)
      leave()
    } catch (error) {
      setWrong(wordsOf(error))
      setBusy(false)
    }
  }

  /** @param {KeyboardEvent} event */
  function key(event) {
    if (event.isComposing || event.keyCode === 229) return
    event.stopPropagation()
    if (event.key === 'Escape') {
      event.preventDefault()
      leave()
    }
    const area = /** @type {HTMLTextAreaElement} */ (box.current)
    if (event.key === 'Enter' && enterSubmits(event, area, client.settings.enterSends.value)) {
      event.preventDefault()
      if (!busy) void save()
    }
  }

  return html`<div class="editing">
    <textarea ref=${box} class="input" rows="1" dir="auto" aria-label="Edit message" value=${text} onKeyDown=${key}
      onInput=${(/** @type {any} */ event) => change(event.currentTarget.value)}></textarea>
    ${wrong && html`<span class="wrong secondary" role="alert">${wrong}</span>`}
    <div class="buttons">
      <button type="button" class="button primary" disabled=${busy} onClick=${save}>Save</button>
      <button type="button" class="button" onClick=${leave}>Cancel</button>
    </div>
  </div>`
}
