import { html, useEffect, useRef, useState } from '../../lib.js'
import { bytes } from '../../format.js'
import { COLORS, colorClass } from '../colors.js'
import { useScope } from '../context.js'
import { Face } from '../face.js'
import { Field } from '../field.js'
import { Icon } from '../icons.js'
import { FormDialog } from './form-dialog.js'

const SCOPE = 'avatar'

/** My name, colour and picture. @param {{onClose: () => void}} props */
export function Profile({ onClose }) {
  const { client, ui } = useScope()
  const me = /** @type {import('../../protocol.js').User} */ (client.store.me.value)
  const [name, setName] = useState(me.name)
  const [color, setColor] = useState(me.color)
  const [avatar, setAvatar] = useState(me.avatar ?? '')
  const picker = useRef(/** @type {HTMLInputElement|null} */ (null))
  const upload = client.uploads.of(SCOPE).at(-1)
  const [usage, setUsage] = useState(/** @type {import('../../uploads.js').Usage|null} */ (null))

  useEffect(() => {
    if (upload?.state !== 'done') return
    const [file] = client.uploads.take(SCOPE)
    if (file) setAvatar(file.file)
  }, [upload?.state])
  useEffect(() => { client.usage().then(setUsage, () => {}) }, [])
  useEffect(() => () => { for (const one of client.uploads.of(SCOPE)) client.uploads.cancel(one.id) }, [])

  /** @param {File[]} files */
  async function choose(files) {
    if (!files[0]?.type.startsWith('image/')) return ui.say('Choose a picture.')
    for (const one of client.uploads.of(SCOPE)) client.uploads.cancel(one.id)
    const answer = await ui.attempt(client.uploads.add(SCOPE, files.slice(0, 1)))
    if (answer?.refused[0]) ui.say(answer.refused[0].words)
  }

  function submit() {
    const change = {
      ...(name.trim() !== me.name ? { name: name.trim() } : {}),
      ...(color !== me.color ? { color } : {}),
      ...(avatar !== (me.avatar ?? '') ? { avatar } : {}),
    }
    return Object.keys(change).length ? client.actions.updateMe(change) : Promise.resolve()
  }

  const seen = { ...me, name: name || me.name, color, avatar: avatar || undefined }
  return html`<${FormDialog} title="Profile" button="Save" ready=${name.trim() !== '' && upload?.state !== 'reading' && upload?.state !== 'sending'} submit=${submit} onClose=${onClose}
    fields=${(/** @type {(name: string) => string|undefined} */ wrong) => html`
      <div class="portrait"><${Face} user=${seen} size=${64} />
        <div class="grow"><div class="buttons-left">
          <button type="button" class="button" onClick=${() => picker.current?.click()}>${avatar ? 'Change picture' : 'Add a picture'}</button>
          ${avatar && html`<button type="button" class="button" onClick=${() => setAvatar('')}>Remove</button>`}</div>
          <span class=${upload?.state === 'failed' ? 'secondary wrong' : 'faint'} role="status">${uploadWords(upload) || wrong('avatar')}</span>
          <input type="file" hidden accept="image/png,image/jpeg,image/webp,image/gif" aria-label="Picture" ref=${picker}
            onChange=${(/** @type {any} */ event) => { void choose([...event.currentTarget.files]); event.currentTarget.value = '' }} /></div></div>
      <${Field} label="Name" value=${name} onValue=${setName} wrong=${wrong('name')} maxlength="64" autocomplete="name" />
      <fieldset class="field"><legend>Colour</legend>
        <div class="palette">${COLORS.map((one) => html`<label key=${one} class=${`swatch ${colorClass(one)}`} title=${one}>
          <input type="radio" name="color" value=${one} aria-label=${one} checked=${color === one} onChange=${() => setColor(one)} />
          ${color === one && html`<${Icon} name="check" />`}</label>`)}</div></fieldset>
      ${usage?.limit && html`<label class="space secondary">Your files take ${bytes(usage.bytes)} of ${bytes(usage.limit)}; ${bytes(usage.left ?? 0)} are left.
        <meter min="0" max=${usage.limit} value=${usage.bytes}></meter></label>`}`} />`
}

/** @param {import('../../uploads.js').Upload|undefined} upload */
function uploadWords(upload) {
  if (!upload) return ''
  if (upload.state === 'failed') return upload.error || 'Could not upload'
  return `${Math.floor((upload.sent / (upload.size || 1)) * 100)} %`
}
