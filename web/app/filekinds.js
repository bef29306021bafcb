// How the page shows a file: by what the server saw in its bytes, never by what its name says.

/** @import { FileRef, Item } from './protocol.js' */
/** @typedef {'picture'|'video'|'audio'|'pdf'|'text'|'file'} FileView */
/** A picture of a room, and whose. @typedef {{file: FileRef, seq: number, by: string, at: number}} RoomPicture */

const PICTURES = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp'])
const VIDEOS = new Set(['video/mp4', 'video/webm', 'video/ogg', 'video/quicktime'])
const AUDIO = new Set(['audio/mpeg', 'audio/mp4', 'audio/aac', 'audio/flac', 'audio/ogg', 'application/ogg', 'audio/webm', 'audio/wave', 'audio/wav', 'audio/x-wav'])
/** Their container is that of films. */
const SOUND_NAME = /\.(m4a|m4b|aac|oga|opus)$/i

/** @param {FileRef} file @returns {FileView} */
export function viewOf({ type, name, width, height }) {
  const plain = type.split(';')[0].trim().toLowerCase()
  // One whose size is not known would move the rows below it.
  if (PICTURES.has(plain)) return width && height ? 'picture' : 'file'
  if (VIDEOS.has(plain)) return SOUND_NAME.test(name) ? 'audio' : 'video'
  if (AUDIO.has(plain)) return 'audio'
  if (plain === 'application/pdf') return 'pdf'
  return plain.startsWith('text/') ? 'text' : 'file'
}

/** The pictures of the messages at hand, in the order of the room. @param {Iterable<Item>} items @returns {RoomPicture[]} */
export function picturesOf(items) {
  return [...items].filter((item) => item.kind === 'message' && !item.body.deleted && item.body.files?.length)
    .sort((a, b) => a.seq - b.seq)
    .flatMap(({ seq, by, at, body }) => body.files.filter((/** @type {FileRef} */ file) => viewOf(file) === 'picture')
      .map((/** @type {FileRef} */ file) => ({ file, seq, by, at })))
}

/**
 * The first lines of a text, of which `bytes` is the beginning. A letter that the end cuts in two is left out.
 * @param {Uint8Array} bytes @param {string} type @param {boolean} whole
 */
export function firstLines(bytes, type, whole) {
  const charset = /charset=([\w-]+)/i.exec(type)?.[1] ?? 'utf-8'
  return new TextDecoder(charset).decode(bytes, { stream: !whole }).replace(/\r\n?/g, '\n')
}
