import { html, useEffect, useLayoutEffect, useRef, useState } from '../lib.js'
import { roomTitle, utf8Length } from '../format.js'
import { lastOwnMessage, newestMessage } from '../state.js'
import { runCommand } from '../commands.js'
import { Complete, useComplete } from './complete.js'
import { composerKey } from './composer-keys.js'
import { useScope } from './context.js'
import { fit, keepFit } from './fit.js'
import { isTouch, useFocusKept } from './focus.js'
import { IconButton } from './icon-button.js'
import { ReplyRow } from './reply-row.js'
import { UploadRows, addFiles } from './upload-rows.js'
import { wordsOf } from './ui.js'

const COUNTER_FROM = 0.9

/**
 * Where messages are written. `scope` is the draft's key: of the room, or of one thread.
 * @param {{room: import('../protocol.js').Room, scope: string, thread?: number}} props
 */
export function Composer({ room, scope, thread }) {
  const { client, ui } = useScope()
  const box = useRef(/** @type {HTMLTextAreaElement|null} */ (null))
  const above = useRef(/** @type {HTMLElement|null} */ (null))
  const picker = useRef(/** @type {HTMLInputElement|null} */ (null))
  const [text, setText] = useState(() => client.drafts.get(scope))
  const uploads = client.uploads.list.value.filter((upload) => upload.scope === scope)
  const busy = client.uploads.busy(scope)
  const waits = client.afterUploads.of(scope)
  const returned = client.drafts.returned.value
  const ready = uploads.some((upload) => upload.state === 'done')
  const limit = client.store.limits.value.text_bytes ?? 0
  const length = text.length * 3 > limit * COUNTER_FROM ? utf8Length(text) : 0
  const tooLong = limit > 0 && length > limit
  const sendable = !waits && (text.trim() !== '' || ready || busy) && !tooLong
  const list = useComplete({ room, box, text, change })
  const title = roomTitle(room, client.store)

  useFocusKept(above, () => {
    const place = isTouch() ? above.current?.parentElement?.querySelector('.attach') : box.current
    if (place instanceof HTMLElement) place.focus({ preventScroll: true })
  })
  useLayoutEffect(() => fit(box.current), [text])
  useEffect(() => keepFit(box.current), [room.archived])
  useEffect(() => () => { client.drafts.flush() }, [])
  useEffect(() => { if (!waits) setText(client.drafts.get(scope)) }, [waits, returned])

  /** @param {string} value */
  function change(value) {
    client.afterUploads.takeBack(scope) // half a change must not go by itself
    setText(value)
    client.drafts.set(scope, value)
    if (value.trim() === '') client.actions.stopTyping(room.room)
    else client.actions.typing(room.room, thread)
  }

  function send() {
    if (!sendable) return
    if (client.uploads.busy(scope)) return client.afterUploads.wait(scope, { room: room.room, ...draft(), answered: ui.replyTo.value.get(scope) }) // as it is now, not as it was drawn
    const asked = uploads.length === 0 ? runCommand({ client, room: room.room, thread }, text) : null
    if (asked?.handled) return follow(asked.done)
    const files = client.uploads.take(scope)
    if (text.trim() === '' && files.length === 0) return
    client.actions.post(room.room, { ...draft(), text: asked?.text ?? text, ...(files.length ? { files } : {}) })
    clear()
  }

  function draft() {
    const answered = ui.replyTo.value.get(scope)
    return { text, ...(answered ? { reply_to: answered.seq } : {}), ...(thread ? { thread } : {}) }
  }

  function clear() {
    change('')
    client.drafts.flush()
    if (ui.replyTo.value.has(scope)) ui.reply(scope, null)
  }

  /** The text was a command. @param {Promise<import('../commands.js').Outcome>} done */
  function follow(done) {
    const before = text
    clear()
    done.then((answer) => {
      if (answer?.say) ui.say(answer.say)
      if (answer?.open) ui.open(answer.open)
      if (answer?.invite) ui.dialog.value = { name: 'invites', props: { made: answer.invite } }
    }, (/** @type {unknown} */ error) => {
      ui.say(wordsOf(error))
      if (box.current && box.current.value === '') change(before)
    })
  }

  function editLast() {
    const log = client.store.log(room.room).value
    const item = lastOwnMessage(log, client.store.me.value, thread)
    if (item) ui.edit(room.room, item.seq, thread)
    return Boolean(item)
  }

  function replyToNewest() {
    const item = newestMessage(client.store.log(room.room).value, thread)
    if (item) ui.reply(scope, item)
  }

  /** @param {FileList|File[]} files */
  function attach(files) {
    void addFiles(client, ui, scope, files)
  }

  /** The same file can be chosen again. @param {any} event */
  function picked(event) {
    attach(event.currentTarget.files)
    event.currentTarget.value = ''
  }

  function left() {
    list.close()
    client.actions.stopTyping(room.room)
  }

  /** @param {ClipboardEvent} event */
  function paste(event) {
    const files = [...(event.clipboardData?.files ?? [])]
    if (files.length === 0) return
    event.preventDefault()
    attach(files)
  }

  if (room.archived) return html`<div class="composer"><p class="cannot">This room is archived. It can be read and not written to.</p></div>`
  const enterSends = client.settings.enterSends.value
  const key = (/** @type {KeyboardEvent} */ event) => composerKey(event, { list, enterSends, send, editLast, replyToNewest, change })
  const name = thread ? 'Reply in this thread' : `Message ${title}`
  const submit = (/** @type {Event} */ event) => { event.preventDefault(); send(); ui.focusComposer(scope) }
  return html`<form class="composer" data-scope=${scope} onSubmit=${submit}>
    <${Complete} list=${list} />
    <div class="above" ref=${above}>
      <${ReplyRow} scope=${scope} />
      <${UploadRows} uploads=${uploads} />
      ${waits && html`<div class="row" role="status"><span class="grow">Sends when the files are up</span>
        <button type="button" class="link-button" onClick=${() => client.afterUploads.takeBack(scope)}>Take back</button></div>`}
    </div>
    <div class="box">
      <${IconButton} icon="attach" class="attach" label="Attach files" onClick=${() => picker.current?.click()} />
      <input type="file" multiple hidden ref=${picker} aria-label="Files to attach" onChange=${picked} />
      <textarea ref=${box} rows="1" dir="auto" value=${text} aria-label=${name} placeholder=${thread ? 'Reply' : name}
        aria-controls=${list.open ? list.id : undefined} aria-activedescendant=${list.active} aria-autocomplete="list"
        aria-invalid=${tooLong || undefined} enterkeyhint=${isTouch() ? 'enter' : 'send'}
        onInput=${(/** @type {any} */ event) => { change(event.currentTarget.value); list.look() }}
        onKeyDown=${key} onKeyUp=${list.look} onClick=${list.look} onBlur=${left} onPaste=${paste}></textarea>
      <${IconButton} icon="send" type="submit" class=${sendable ? 'ready' : ''} label="Send" disabled=${!sendable} />
    </div>
    ${length > 0 && limit > 0 && length > limit * COUNTER_FROM && html`<div class=${tooLong ? 'too-long' : 'too-long near'} role="status">
      ${tooLong ? `${length - limit} bytes too long. Shorten it, or send it as a file.` : `${limit - length} bytes left`}</div>`}
  </form>`
}
