import { html, useState } from '../lib.js'
import { useScope } from './context.js'
import { FileTrouble, useFileUrl } from './file-link.js'

const MOST_WIDE = 360
const MOST_HIGH = 420

/**
 * A picture in a box of its final size, reserved before the first byte; until it is there its preview stands in it, blurred.
 * @param {{file: import('../protocol.js').FileRef}} props
 */
export function Picture({ file }) {
  const { ui } = useScope()
  const { url, trouble, words, onError, onLoad, again } = useFileUrl(file)
  const [loaded, setLoaded] = useState(false)
  const box = boxOf(file.width ?? 1, file.height ?? 1)
  const style = { width: `${box.width}px`, aspectRatio: `${box.width} / ${box.height}` }
  const open = () => { ui.dialog.value = { name: 'lightbox', props: { file } } }
  if (trouble) return html`<div class="picture" style=${style}><${FileTrouble} trouble=${trouble} words=${words} again=${again} name=${file.name} /></div>`
  return html`<button type="button" class="picture" style=${style} aria-label=${`Open ${file.name}${file.alt ? `: ${file.alt}` : ''}`} title=${file.alt || file.name} onClick=${open}>
    ${!loaded && html`<${Preview} file=${file} />`}
    ${url && html`<img src=${url} alt=${file.alt || file.name} loading="lazy" decoding="async" width=${box.width} height=${box.height}
      onError=${onError} onLoad=${() => { onLoad(); setLoaded(true) }} />`}
  </button>`
}

/** The few points that came with the message. @param {{file: import('../protocol.js').FileRef}} props */
export function Preview({ file }) {
  return file.preview ? html`<img class="preview" src=${file.preview} alt="" aria-hidden="true" />` : null
}

/** @param {number} width @param {number} height */
export function boxOf(width, height) {
  const scale = Math.min(1, MOST_WIDE / width, MOST_HIGH / height)
  return { width: Math.max(32, Math.round(width * scale)), height: Math.max(32, Math.round(height * scale)) }
}
