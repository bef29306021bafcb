import { html } from '../lib.js'
import { useScope } from './context.js'
import { useFileUrl } from './file-link.js'
import { Icon } from './icons.js'

const MOST_WIDE = 360
const MOST_HIGH = 420

/**
 * A picture in a box of its final size, reserved before the first byte.
 * @param {{file: import('../protocol.js').FileRef}} props
 */
export function Picture({ file }) {
  const { ui } = useScope()
  const { url, failed, onError, again } = useFileUrl(file)
  const box = boxOf(file.width ?? 1, file.height ?? 1)
  const open = () => { ui.dialog.value = { name: 'lightbox', props: { file } } }
  return html`<button type="button" class="picture" style=${{ width: `${box.width}px`, aspectRatio: `${box.width} / ${box.height}` }}
    aria-label=${failed ? `${file.name} could not be loaded. Try again` : `Open ${file.name}`} title=${file.alt || file.name} onClick=${failed ? again : open}>
    ${url && !failed && html`<img src=${url} alt=${file.alt || file.name} loading="lazy" decoding="async" width=${box.width} height=${box.height} onError=${onError} />`}
    ${failed && html`<span class="missing"><${Icon} name="image" /><span>Could not load. Try again</span></span>`}
  </button>`
}

/** @param {number} width @param {number} height */
function boxOf(width, height) {
  const scale = Math.min(1, MOST_WIDE / width, MOST_HIGH / height)
  return { width: Math.max(32, Math.round(width * scale)), height: Math.max(32, Math.round(height * scale)) }
}
