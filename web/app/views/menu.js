import { html, useEffect, useLayoutEffect, useRef, useState } from '../lib.js'
import { useScope } from './context.js'
import { Icon } from './icons.js'

/** @typedef {import('./ui.js').MenuItem} MenuItem */

/** The one menu that is open, if any: placed beside what opened it, closed by Esc, a choice, or a press outside. */
export function MenuHost() {
  const { ui } = useScope()
  const menu = ui.menu.value
  return menu && html`<${Menu} key=${menu} menu=${menu} close=${() => { ui.menu.value = null; menu.closed?.() }} />`
}

/** @param {{menu: import('./ui.js').OpenMenu, close: () => void}} props */
function Menu({ menu, close }) {
  const box = useRef(/** @type {HTMLElement|null} */ (null))
  const [place, setPlace] = useState(/** @type {{left: number, top: number}|null} */ (null))
  const opener = useRef(document.activeElement)

  useLayoutEffect(() => {
    const element = /** @type {HTMLElement} */ (box.current)
    setPlace(beside(menu.at, element.offsetWidth, element.offsetHeight))
    // A menu can be opened from inside a dialog, which is on the top layer: there it must be a popover.
    const first = element.querySelector('[role^="menuitem"]')
    if (first instanceof HTMLElement) first.focus({ preventScroll: true })
  }, [menu])

  useEffect(() => {
    const press = (/** @type {Event} */ event) => {
      if (!box.current?.contains(/** @type {Node} */ (event.target))) close()
    }
    document.addEventListener('pointerdown', press, true)
    window.addEventListener('resize', close)
    return () => {
      document.removeEventListener('pointerdown', press, true)
      window.removeEventListener('resize', close)
    }
  }, [menu])

  function leave() {
    close()
    if (opener.current instanceof HTMLElement) opener.current.focus({ preventScroll: true })
  }

  /** @param {KeyboardEvent} event */
  function key(event) {
    if (event.key === 'Escape' || event.key === 'Tab') {
      event.preventDefault()
      event.stopPropagation()
      return leave()
    }
    const step = { ArrowDown: 1, ArrowUp: -1, Home: -1e3, End: 1e3 }[event.key]
    if (!step) return
    event.preventDefault()
    moveFocus(/** @type {HTMLElement} */ (box.current), step)
  }

  /** @param {MenuItem} item */
  function choose(item) {
    leave()
    item.run?.()
  }

  // Until it has its place it is not seen, but not by "visibility": its items would take no focus.
  return html`<div class="menu" role="menu" aria-label=${menu.label} ref=${box} onKeyDown=${key}
    style=${place ? { left: `${place.left}px`, top: `${place.top}px` } : { opacity: 0 }}>
    ${menu.top}
    ${menu.items.map((item) => html`
      ${item.rule && html`<hr />`}
      <button type="button" role=${roleOf(item)} aria-checked=${item.checked} tabindex="-1"
        class=${item.danger ? 'danger' : ''} onClick=${() => choose(item)}>
        ${item.icon && html`<${Icon} name=${item.icon} />`}
        <span>${item.label}</span>
        ${item.checked && html`<${Icon} name="check" />`}
        ${item.keys && html`<kbd>${item.keys}</kbd>`}
      </button>`)}
  </div>`
}

/** @param {MenuItem} item */
function roleOf(item) {
  if (item.checked === undefined) return 'menuitem'
  return item.toggle ? 'menuitemcheckbox' : 'menuitemradio'
}

/** @param {HTMLElement} menu @param {number} step */
function moveFocus(menu, step) {
  const all = [...menu.querySelectorAll('[role^="menuitem"]')]
  const now = all.indexOf(/** @type {Element} */ (document.activeElement))
  let next = now + step
  if (Math.abs(step) > 1) next = Math.max(0, Math.min(all.length - 1, next))
  const target = all[(next + all.length) % all.length]
  if (target instanceof HTMLElement) target.focus()
}

/**
 * Below the opener with the right edges in line; above it where there is no room.
 * @param {{left: number, right: number, top: number, bottom: number}} at @param {number} width @param {number} height
 */
function beside(at, width, height) {
  const left = at.left + width <= innerWidth - 8 && at.left < innerWidth / 2 ? at.left : at.right - width
  const below = at.bottom + 4
  const top = below + height <= innerHeight - 8 ? below : at.top - height - 4
  return { left: Math.max(8, Math.min(left, innerWidth - width - 8)), top: Math.max(8, Math.min(top, innerHeight - height - 8)) }
}

/** Where a menu opened by this event belongs. @param {Event} event */
export function placeOf(event) {
  if (event instanceof MouseEvent && event.type === 'contextmenu') {
    return { left: event.clientX, right: event.clientX, top: event.clientY, bottom: event.clientY }
  }
  return /** @type {HTMLElement} */ (event.currentTarget).getBoundingClientRect()
}
