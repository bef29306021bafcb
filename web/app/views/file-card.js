import { html } from '../lib.js'
import { bytes } from '../format.js'
import { useScope } from './context.js'
import { Icon } from './icons.js'
import { useDownload } from './file-link.js'

/** Name, size, and the one thing to do with a file. @param {{file: import('../protocol.js').FileRef}} props */
export function FileCard({ file }) {
  const { client } = useScope()
  const download = useDownload(file)
  const href = client.actions.fileHref(file)
  return html`<div class="file-card">
    <${Icon} name="file" />
    <div class="grow"><div class="ellipsis" title=${file.name}><bdi>${file.name}</bdi></div><span class="faint">${bytes(file.size)}</span></div>
    ${href ? html`<a class="icon-button" href=${href} download=${file.name} aria-label=${`Download ${file.name}`} title="Download"><${Icon} name="download" /></a>`
      : html`<button type="button" class="icon-button" aria-label=${`Download ${file.name}`} title="Download" onClick=${download}><${Icon} name="download" /></button>`}
  </div>`
}
