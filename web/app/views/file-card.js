import { html } from '../lib.js'
import { bytes } from '../format.js'
import { viewOf } from '../filekinds.js'
import { FileAction } from './file-link.js'
import { Icon } from './icons.js'

/** Name, size, and what can be done with a file: a PDF opens in a window of its own. @param {{file: import('../protocol.js').FileRef}} props */
export function FileCard({ file }) {
  const view = viewOf(file)
  return html`<div class="file-card">
    <${Icon} name=${view === 'pdf' ? 'pdf' : 'file'} />
    <div class="grow"><div class="ellipsis" title=${file.name}><bdi>${file.name}</bdi></div><span class="faint">${view === 'pdf' ? 'PDF, ' : ''}${bytes(file.size)}</span></div>
    ${view === 'pdf' && html`<${FileAction} file=${file} act="open" class="button">Open<//>`}
    <${FileAction} file=${file} act="download"><${Icon} name="download" /><//>
  </div>`
}
