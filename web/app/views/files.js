import { html } from '../lib.js'
import { FileCard } from './file-card.js'
import { Picture } from './picture.js'

const SHOWN = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif'])

/**
 * The files of a message: pictures whose size is known first, then a card for each other file.
 * @param {{files: import('../protocol.js').FileRef[]}} props
 */
export function Files({ files }) {
  const pictures = files.filter((file) => SHOWN.has(file.type) && file.width && file.height)
  const others = files.filter((file) => !pictures.includes(file))
  return html`
    ${pictures.length > 0 && html`<div class="pictures">${pictures.map((file) => html`<${Picture} key=${file.file} file=${file} />`)}</div>`}
    ${others.map((file) => html`<${FileCard} key=${file.file} file=${file} />`)}`
}
