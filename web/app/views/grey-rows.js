import { html } from '../lib.js'

const WIDTHS = ['w60', 'w40', 'w80', 'w40']

/**
 * Rows that are not here yet, in the rhythm of rows.
 * @param {{count: number, failed?: string, onRetry?: () => void}} props
 */
export function GreyRows({ count, failed, onRetry }) {
  if (failed) {
    return html`<div class="system" role="alert"><span>${failed}</span><button type="button" class="link-button" onClick=${onRetry}>Try again</button></div>`
  }
  return html`<div aria-hidden="true">${Array.from({ length: count }, (_, i) => html`<div class="grey-row" key=${i}>
    <span class="bars round"></span><span class="bars name"></span><span class=${`bars line ${WIDTHS[i % WIDTHS.length]}`}></span>
  </div>`)}</div>`
}
