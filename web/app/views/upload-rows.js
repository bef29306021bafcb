import { html, useEffect, useState } from '../lib.js'
import { bytes, speed } from '../format.js'
import { useScope } from './context.js'
import { Icon } from './icons.js'
import { IconButton } from './icon-button.js'

/** @typedef {import('../uploads.js').Upload} Upload */

/** Files on their way up, each with its own progress. @param {{uploads: Upload[]}} props */
export function UploadRows({ uploads }) {
  if (uploads.length === 0) return null
  return html`<div class="uploads"><div>${uploads.map((upload) => html`<${UploadRow} key=${upload.id} upload=${upload} />`)}</div></div>`
}

/** @param {{upload: Upload}} props */
function UploadRow({ upload }) {
  const { client } = useScope()
  const picture = usePicture(upload)
  const failed = upload.state === 'failed'
  const retry = (failed && upload.blob) || (upload.state === 'paused' && upload.error)
  const described = upload.width && upload.type.startsWith('image/')
  return html`<div class="row upload">
    ${picture ? html`<img class="thumb" src=${picture} alt="" />` : html`<${Icon} name="file" />`}
    <span class="grow ellipsis" title=${upload.name}><bdi>${upload.name}</bdi></span>
    <span class=${failed ? 'faint wrong' : 'faint'} role=${failed ? 'alert' : undefined}>${words(upload)}</span>
    ${retry && html`<${IconButton} icon="retry" label=${`Retry ${upload.name}`} onClick=${() => client.uploads.retry(upload.id)} />`}
    <${IconButton} icon="close" label=${`${upload.state === 'done' || failed ? 'Remove' : 'Cancel'} ${upload.name}`} onClick=${() => client.uploads.cancel(upload.id)} />
    ${(upload.note || described) && html`<div class="more">
      ${described && html`<${AltField} upload=${upload} />`}
      ${upload.note && html`<span class="faint note" role="status"><${Icon} name=${upload.note === 'kept' ? 'warn' : 'check'} />${NOTES[upload.note]}</span>`}</div>`}
    ${(upload.state === 'sending' || upload.state === 'paused') && html`<progress max=${upload.size || 1} value=${upload.sent} aria-label=${`Upload of ${upload.name}`}></progress>`}
  </div>`
}

/** What became of the details in a photo or a film. @type {Record<import('../pictures.js').PhotoNote, string>} */
const NOTES = {
  location: 'Location removed',
  details: 'Camera details removed',
  kept: 'A location in it would stay',
}

/** What the picture shows, for who does not see it. @param {{upload: Upload}} props */
function AltField({ upload }) {
  const { client } = useScope()
  const set = (/** @type {boolean} */ done) => (/** @type {any} */ event) => client.uploads.setAlt(upload.id, event.currentTarget.value, done)
  return html`<input class="input small alt" value=${upload.alt ?? ''} placeholder="Describe it for who cannot see it" aria-label=${`Description of ${upload.name}`}
    autocomplete="off" onInput=${set(false)} onChange=${set(true)} />`
}

/** @param {Upload} upload */
function words(upload) {
  const percent = upload.size ? Math.floor((upload.sent / upload.size) * 100) : 0
  if (upload.state === 'done') return bytes(upload.size)
  if (upload.state === 'reading') return `${bytes(upload.size)}, reading…`
  if (upload.state === 'queued') return `${bytes(upload.size)}, next`
  if (upload.state === 'paused') return `${percent} % of ${bytes(upload.size)}, paused${upload.error ? `. ${upload.error}` : ''}`
  if (upload.state === 'failed') return upload.error || 'Could not upload'
  return html`${percent} % of ${bytes(upload.size)}${upload.speed ? html`<span class="speed">, ${speed(upload.speed)}</span>` : ''}`
}

/** @param {Upload} upload */
function usePicture(upload) {
  const [url, setUrl] = useState('')
  useEffect(() => {
    // A film is too much for a thumb: its preview is enough.
    if (!upload.blob || !upload.width || !upload.type.startsWith('image/')) return setUrl(upload.preview ?? '')
    const made = URL.createObjectURL(upload.blob)
    setUrl(made)
    return () => URL.revokeObjectURL(made)
  }, [upload.blob, upload.width])
  return url
}

/**
 * Begins to upload files; what is refused is said in words.
 * @param {import('./context.js').Client} client @param {import('./context.js').UI} ui @param {string} scope @param {FileList|File[]} files
 */
export async function addFiles(client, ui, scope, files) {
  const most = client.store.limits.value.files_per_message ?? 0
  const free = most > 0 ? most - client.uploads.of(scope).length : Infinity
  const all = [...files]
  const answer = await ui.attempt(client.uploads.add(scope, all.slice(0, Math.max(0, free))))
  if (all.length > free) ui.say(`A message takes ${most} files. The others were left out.`)
  if (!answer?.refused.length) return
  ui.say(answer.refused.map((one) => one.words).join(' '))
  client.afterUploads.takeBack(scope) // it was to go with all of them
}
