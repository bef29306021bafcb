import { html } from '../lib.js'
import { useScope } from './context.js'
import { IconButton } from './icon-button.js'
import { PeoplePane } from './people-pane.js'
import { PinnedPane } from './pinned-pane.js'
import { ThreadPane } from './thread-pane.js'

/** @param {{pane: import('./ui.js').Pane, room: import('../protocol.js').Room}} props */
export function PaneHost({ pane, room }) {
  if (pane.kind === 'thread') return html`<${ThreadPane} key=${pane.root} room=${room} pane=${pane} />`
  if (pane.kind === 'pinned') return html`<${PinnedPane} room=${room} />`
  return html`<${PeoplePane} room=${room} />`
}

/** What stands beside a room. @param {{title: string, children?: any}} props */
export function Pane({ title, children }) {
  const { ui } = useScope()
  return html`<aside class="pane" aria-label=${title}>
    <header>
      <${IconButton} icon="back" class="back" label="Back to the room" onClick=${ui.closePane} />
      <h2 class="ellipsis">${title}</h2>
      <${IconButton} icon="close" class="close" label="Close" onClick=${ui.closePane} />
    </header>
    ${children}
  </aside>`
}
