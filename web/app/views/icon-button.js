import { html } from '../lib.js'
import { Icon } from './icons.js'

/**
 * A square button with an icon and a name.
 * @param {{icon: import('./icons.js').IconName, label: string, class?: string, keys?: string} & Record<string, any>} props
 */
export function IconButton({ icon, label, class: extra = '', keys, ...rest }) {
  return html`<button type="button" class=${`icon-button ${extra}`} aria-label=${label} title=${keys ? `${label} (${keys})` : label} ...${rest}>
    <${Icon} name=${icon} />
  </button>`
}
