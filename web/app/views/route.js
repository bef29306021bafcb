// Where the page is, in the part of the address that never reaches the server: #room=r1 or #room=r1&message=42.

/** @param {string} hash @returns {{room: string|null, at: number|null}} */
export function readRoute(hash) {
  const fields = new URLSearchParams(hash.replace(/^#/, ''))
  const room = fields.get('room')
  const at = Number(fields.get('message'))
  return {
    room: room && /^[\w-]{1,64}$/.test(room) ? room : null,
    at: Number.isSafeInteger(at) && at > 0 ? at : null,
  }
}

/** @param {string} room @param {number|null} [at] */
export function linkTo(room, at) {
  return `#room=${room}${at ? `&message=${at}` : ''}`
}

/** @param {string} room @param {number} at */
export function fullLink(room, at) {
  return location.href.replace(/#.*$/, '') + linkTo(room, at)
}
