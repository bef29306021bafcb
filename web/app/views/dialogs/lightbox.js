import { html } from '../../lib.js'
import { useScope } from '../context.js'
import { Dialog } from '../dialog.js'
import { useDownload, useFileUrl } from '../file-link.js'

/**
 * One picture, as large as the window allows.
 * @param {{file: import('../../protocol.js').FileRef, onClose: () => void}} props
 */
export function Lightbox({ file, onClose }) {
  const { client } = useScope()
  const { url, failed, onError, again } = useFileUrl(file)
  const download = useDownload(file)
  const href = client.actions.fileHref(file)
  return html`<${Dialog} title=${file.name} class="lightbox" onClose=${onClose}>
    <div class="stage">${failed ? html`<button type="button" class="button" onClick=${again}>Could not load. Try again</button>`
      : url && html`<img src=${url} alt=${file.alt || file.name} width=${file.width} height=${file.height} onError=${onError} />`}</div>
    <div class="buttons">${href ? html`<a class="button" href=${href} download=${file.name}>Download</a>`
      : html`<button type="button" class="button" onClick=${download}>Download</button>`}</div>
  <//>`
}
