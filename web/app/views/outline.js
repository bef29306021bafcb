import { html } from '../lib.js'
import { GreyRows } from './grey-rows.js'

const WIDTHS = [60, 45, 70, 52]

/** The page in grey, while it is not known who looks at it. Seen only if that takes longer than a moment. */
export function Outline() {
  return html`<div class="shell outline" data-at="rail" role="status" aria-label="Loading">
    <div class="rail"><header></header><div class="rail-list">
      ${WIDTHS.map((width) => html`<span class="bars" key=${width} style=${{ width: `${width}%` }}></span>`)}</div></div>
    <div class="room"><div class="room-head"></div><div class="timeline"><${GreyRows} count=${6} /></div></div>
  </div>`
}
