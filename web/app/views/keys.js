import { useEffect } from '../lib.js'
import { useScope } from './context.js'

const REGIONS = ['.rail-list', '.room-head', '.timeline', '.room .composer textarea', '.pane']

/** Keys that work anywhere: F6 between regions, Esc outwards, letters into the composer, Alt+Up/Down through the rooms. */
export function useKeys() {
  const { client, ui } = useScope()
  useEffect(() => {
    /** @param {KeyboardEvent} event */
    function key(event) {
      if (event.defaultPrevented || event.isComposing || document.querySelector('dialog[open]')) return
      if (event.key === 'F6') return nextRegion(event)
      if (event.key === 'Escape') return event.shiftKey ? allRead(event) : outwards(event)
      if (event.altKey && (event.key === 'ArrowUp' || event.key === 'ArrowDown')) return nextRoom(event)
      if (isPrintable(event) && nothingFocused()) composer()?.focus({ preventScroll: true })
    }

    /**
     * Menu and edit box answer Esc themselves: what is left is the pane, then the "New" line.
     * @param {KeyboardEvent} event
     */
    function outwards(event) {
      event.preventDefault()
      if (ui.pane.value) return ui.closePane()
      const room = client.store.rooms.value.get(ui.room.value ?? '')
      if (!room) return
      client.actions.dropNewLine(room.room)
      client.actions.read(room.room, room.head)
    }

    /** @param {KeyboardEvent} event */
    function allRead(event) {
      event.preventDefault()
      ui.dialog.value = { name: 'confirm', props: {
        title: 'Mark everything read', words: 'Every room counts as read, on all your devices.', button: 'Mark read', run: () => client.actions.markAllRead(),
      } }
    }

    /** @param {KeyboardEvent} event */
    function nextRoom(event) {
      event.preventDefault()
      const step = event.key === 'ArrowDown' ? 1 : -1
      const all = client.store.sorted.value
      const now = all.findIndex((room) => room.room === ui.room.value)
      const search = event.shiftKey ? (/** @type {number} */ i) => all[i].unread > 0 : () => true
      for (let i = now + step; i >= 0 && i < all.length; i += step) {
        if (search(i)) return ui.open(all[i].room)
      }
    }

    document.addEventListener('keydown', key)
    return () => document.removeEventListener('keydown', key)
  }, [client, ui])
}

/** @param {KeyboardEvent} event */
function nextRegion(event) {
  event.preventDefault()
  const all = REGIONS.map((selector) => document.querySelector(selector))
    .filter((element) => element instanceof HTMLElement && element.offsetParent !== null)
  const now = all.findIndex((element) => element?.contains(document.activeElement))
  const next = all[(now + (event.shiftKey ? -1 : 1) + all.length) % all.length]
  if (next instanceof HTMLElement) firstStop(next).focus({ preventScroll: true })
}

/** Where the focus goes in a region: to what is open there, else to the first thing that can be seen. @param {HTMLElement} region @returns {HTMLElement} */
function firstStop(region) {
  if (region.tabIndex >= 0) return region
  const open = region.querySelector('[aria-current="page"]')
  const all = [open, ...region.querySelectorAll('a[href], button:not(:disabled), textarea, input, [tabindex="0"]')]
  for (const stop of all) if (stop instanceof HTMLElement && stop.offsetParent !== null) return stop
  return region
}

/** @param {KeyboardEvent} event */
function isPrintable(event) {
  return event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey && event.key !== ' '
}

function nothingFocused() {
  const now = document.activeElement
  return !now || now === document.body || now.matches('[role="log"], .message:not([data-keyed])')
}

/** Of the thread that has the focus, else of the room. */
function composer() {
  const box = document.activeElement?.closest('.pane')?.querySelector('.composer textarea') ?? document.querySelector('.room .composer textarea')
  return box instanceof HTMLElement ? box : null
}
