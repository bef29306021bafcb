// Keeps what is read where it is: at the bottom while pinned there, else the first visible row to the pixel.

const PIN_PX = 100

/** @typedef {ReturnType<typeof createHold>} Hold */

export function createHold() {
  let pinned = true
  /** @type {{id: string, top: number}|null} */
  let anchor = null
  /** @type {HTMLElement|null} */
  let box = null

  return {
    get pinned() { return pinned },
    set pinned(value) { pinned = value },
    get box() { return box },
    /** @param {HTMLElement|null} element */
    setBox(element) { box = element },
    capture,
    restore,
    moved,
    toBottom,
    show,
    toNewLine,
    hidden,
  }

  /** A narrow window shows another column: nothing here has a place now, and the noted row stays noted. */
  function hidden() {
    return !box || box.clientHeight === 0
  }

  /** Notes the first visible row. */
  function capture() {
    if (!box || hidden()) return
    const edge = box.getBoundingClientRect().top
    const row = firstBelow(box, edge)
    anchor = row ? { id: /** @type {string} */ (row.dataset.row), top: row.getBoundingClientRect().top - edge } : null
  }

  /** Puts the noted row back where it was. */
  function restore() {
    if (!box || hidden()) return
    if (pinned) return toBottom()
    const row = anchor && find(box, anchor.id)
    if (!row || !anchor) return
    const shift = row.getBoundingClientRect().top - box.getBoundingClientRect().top - anchor.top
    if (Math.abs(shift) >= 0.5) box.scrollTop += shift
  }

  /** After the reader scrolled. @param {boolean} live whether the last row on show is the room's last */
  function moved(live) {
    if (!box || hidden()) return
    pinned = live && distance(box) <= PIN_PX
    capture()
  }

  function toBottom() {
    pinned = true
    if (box) box.scrollTop = box.scrollHeight
  }

  /** @param {string} id @returns {HTMLElement|null} */
  function show(id) {
    const row = box && find(box, id)
    if (!row) return null
    pinned = false
    row.scrollIntoView({ block: 'center' })
    capture()
    return row
  }

  /** The "New" line goes to a third of the height; false where there is none. @param {boolean} live */
  function toNewLine(live) {
    const line = box?.querySelector('.new-line')
    if (!box || !line) return false
    box.scrollTop += line.getBoundingClientRect().top - box.getBoundingClientRect().top - box.clientHeight / 3
    // So near the end the line stays in view at the end too.
    pinned = live && distance(box) <= Math.min(PIN_PX, box.clientHeight / 6)
    if (pinned) toBottom()
    capture()
    return true
  }
}

/** How far the reader is from the last row. @param {HTMLElement} box */
export function distance(box) {
  return box.scrollHeight - box.scrollTop - box.clientHeight
}

/** @param {HTMLElement} box @param {string} id */
function find(box, id) {
  const row = box.querySelector(`[data-row="${CSS.escape(id)}"]`)
  return row instanceof HTMLElement ? row : null
}

/**
 * The first row whose lower edge is below `edge`.
 * @param {HTMLElement} box
 * @param {number} edge
 * @returns {HTMLElement|undefined}
 */
function firstBelow(box, edge) {
  const rows = /** @type {NodeListOf<HTMLElement>} */ (box.querySelectorAll('[data-row]'))
  let low = 0
  let high = rows.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (rows[middle].getBoundingClientRect().bottom <= edge) low = middle + 1
    else high = middle
  }
  return rows[low]
}
