import { html } from '../lib.js'
import { viewOf } from '../filekinds.js'
import { FileCard } from './file-card.js'
import { Audio, Video } from './media.js'
import { PdfLook } from './pdf-look.js'
import { Picture } from './picture.js'
import { TextLook } from './text-look.js'

/** What shows a file; a card is for all that has no picture, sound or words. @type {Record<import('../filekinds.js').FileView, any>} */
const VIEWS = { picture: Picture, video: Video, audio: Audio, text: TextLook, pdf: PdfLook, file: FileCard }

/**
 * The files of a message: pictures side by side, then each other file below.
 * @param {{files: import('../protocol.js').FileRef[]}} props
 */
export function Files({ files }) {
  const pictures = files.filter((file) => viewOf(file) === 'picture')
  const others = files.filter((file) => !pictures.includes(file))
  return html`
    ${pictures.length > 0 && html`<div class="pictures">${pictures.map((file) => html`<${Picture} key=${file.file} file=${file} />`)}</div>`}
    ${others.map((file) => html`<${VIEWS[viewOf(file)]} key=${file.file} file=${file} />`)}`
}
