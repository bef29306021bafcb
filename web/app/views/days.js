import { html } from '../lib.js'
import { day, full } from '../format.js'
import { useScope } from './context.js'
import { Message } from './message.js'
import { SystemLine } from './system-line.js'

/**
 * The rows day by day: each day's line sticks to the top while its day is on show.
 * @param {{sections: import('./rows.js').Section[], room: import('../protocol.js').Room, arrivedAfter: number}} props
 */
export function Days({ sections, room, arrivedAfter }) {
  const { ui } = useScope()
  const lit = ui.lit.value
  const edit = ui.editing.value.get(room.room)
  const pane = ui.pane.value
  const editing = edit && !(pane?.kind === 'thread' && pane.root === edit.thread) ? edit.seq : null

  /** @param {import('./rows.js').Entry} entry */
  function row(entry) {
    if (entry.type === 'new') return html`<div key="new" class="new-line" role="separator" aria-label="New messages">New</div>`
    if (entry.type === 'system') return html`<${SystemLine} key=${entry.key} item=${entry.item} />`
    const { item, key, first, pending } = entry
    return html`<${Message} key=${key} item=${item} first=${first} pending=${pending} room=${room.room}
      lit=${item.seq > 0 && lit === item.seq} editing=${item.seq > 0 && editing === item.seq} arrived=${item.seq === 0 || item.seq > arrivedAfter} />`
  }

  return sections.map((section) => html`<section key=${section.day} aria-label=${day(section.at)}>
    <div class="day" role="separator"><span title=${full(section.at)}>${day(section.at)}</span></div>
    ${section.entries.map(row)}
  </section>`)
}
