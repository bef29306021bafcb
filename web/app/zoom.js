// Where a picture stands in its window: how large, and how far from the middle. Points are counted from the middle.

/** @typedef {{scale: number, x: number, y: number}} View scale 1: as large as fits */
/** @typedef {{width: number, height: number}} Size */

/** @type {View} */
export const FIT = { scale: 1, x: 0, y: 0 }
const MOST = 8

/** How large the picture is at scale 1: all of it to be seen, never larger than it is. @param {Size} picture @param {Size} stage @returns {Size} */
export function fitSize(picture, stage) {
  const k = Math.min(1, stage.width / picture.width, stage.height / picture.height)
  return { width: picture.width * k, height: picture.height * k }
}

/** How large it may become: each point of it four points wide, and eight times what fits in any case. @param {Size} picture @param {Size} fit */
export function mostScale(picture, fit) {
  return Math.max(MOST, (4 * picture.width) / fit.width)
}

/**
 * Larger or smaller by a factor; the spot of the picture under `at` stays there.
 * @param {View} view @param {number} factor @param {{x: number, y: number}} at @param {{fit: Size, stage: Size, most: number}} room @returns {View}
 */
export function zoomAt(view, factor, at, room) {
  const scale = Math.min(room.most, Math.max(1, view.scale * factor))
  const k = scale / view.scale
  return hold({ scale, x: at.x - (at.x - view.x) * k, y: at.y - (at.y - view.y) * k }, room)
}

/** @param {View} view @param {number} dx @param {number} dy @param {{fit: Size, stage: Size}} room @returns {View} */
export function pan(view, dx, dy, room) {
  return hold({ ...view, x: view.x + dx, y: view.y + dy }, room)
}

/** No further than its edge stands at the window's. @param {View} view @param {{fit: Size, stage: Size}} room @returns {View} */
export function hold({ scale, x, y }, { fit, stage }) {
  const free = (/** @type {number} */ size, /** @type {number} */ window, /** @type {number} */ at) => {
    const most = Math.max(0, (size * scale - window) / 2)
    return Math.min(most, Math.max(-most, at)) + 0 // never -0
  }
  return { scale, x: free(fit.width, stage.width, x), y: free(fit.height, stage.height, y) }
}
