// Takes out of a photo what it says besides how it looks: where and when it was taken, by whom, with what, and the
// small pictures and films that hang on it. Not a point of the picture changes; the way up is kept, and the colours.

/** Bytes of the file from–to, or new ones. @typedef {[number, number]|Uint8Array<ArrayBuffer>} Piece */
/** @typedef {{pieces: Piece[], removed: boolean, location: boolean}} Cleaned what stays, in order; whether anything went; whether a place did */
/** @typedef {{orientation: number, location: boolean}} Details */

const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
/** How a picture looks; every other chunk goes. */
const PNG_KEPT = new Set(['IHDR', 'PLTE', 'IDAT', 'IEND', 'tRNS', 'gAMA', 'cHRM', 'sRGB', 'iCCP', 'cICP', 'mDCV', 'cLLI', 'sBIT', 'bKGD', 'pHYs', 'acTL', 'fcTL', 'fdAT'])
const WEBP_KEPT = new Set(['VP8X', 'VP8 ', 'VP8L', 'ALPH', 'ANIM', 'ANMF', 'ICCP'])
const WEBP_EXIF = 0x08
const WEBP_XMP = 0x04

/** How much of a file tells whether it is such a picture. */
export const HEAD = 12

/** @param {Uint8Array} head @returns {'jpeg'|'png'|'webp'|null} */
export function photoKind(head) {
  if (head[0] === 0xff && head[1] === 0xd8 && head[2] === 0xff) return 'jpeg'
  if (PNG.every((byte, i) => head[i] === byte)) return 'png'
  if (text(head, 0, 4) === 'RIFF' && text(head, 8, 12) === 'WEBP') return 'webp'
  return null
}

/** @param {Uint8Array} bytes a whole file @returns {Cleaned|null} null: not such a picture, or not whole enough to tell */
export function clean(bytes) {
  const kind = photoKind(bytes)
  return kind && { jpeg, png, webp }[kind](bytes)
}

/** A JPEG without even its colour profile, for one so small that the profile is half of it. @param {Uint8Array} bytes */
export function barest(bytes) {
  return jpeg(bytes, false)
}

/** @param {Uint8Array} b @param {boolean} [colors] keep what is said of them @returns {Cleaned|null} */
function jpeg(b, colors = true) {
  const cut = new Cut(b)
  for (let at = 2; ; ) {
    if (b[at] !== 0xff) return null
    const marker = b[at + 1]
    if (marker === 0xff) { // fill
      at++
      continue
    }
    if (marker === 0xd9) { // the end: what hangs on behind it goes
      cut.skip(at + 2, b.length)
      break
    }
    const end = at + 2 + u16(b, at + 2)
    if (end > b.length || end < at + 4) return null
    if (isDetail(b, at, marker, colors)) cut.take(at, end, detailsOf(b, at, marker, end))
    at = marker === 0xda ? scanEnd(b, end) : end
    if (at >= b.length) break // the end is missing: a torn picture is shown as far as it goes
  }
  return cut.done((orientation) => join([0xff, 0xe1, 0, 34], EXIF, tiff(orientation)))
}

const EXIF = [0x45, 0x78, 0x69, 0x66, 0, 0]

/** Segments for programs (APPn) and comments, but for those that say how colours are meant. @param {Uint8Array} b @param {number} at @param {number} marker @param {boolean} colors */
function isDetail(b, at, marker, colors) {
  if (marker === 0xfe) return true
  if (marker < 0xe0 || marker > 0xef) return false
  const name = text(b, at + 4, at + 16)
  return !(marker === 0xe0 && name.startsWith('JFIF\0')) && !(colors && marker === 0xe2 && name.startsWith('ICC_PROFILE')) && !(marker === 0xee && name.startsWith('Adobe'))
}

/** @param {Uint8Array} b @param {number} at @param {number} marker @param {number} end */
function detailsOf(b, at, marker, end) {
  if (marker !== 0xe1) return NOTHING
  return text(b, at + 4, at + 10) === 'Exif\0\0' ? readTiff(b.subarray(at + 10, end)) : readXmp(b.subarray(at + 4, end))
}

/** Where the coded points end: at the next marker. @param {Uint8Array} b @param {number} at */
function scanEnd(b, at) {
  for (at = b.indexOf(0xff, at); at >= 0 && at + 1 < b.length; at = b.indexOf(0xff, at + 1)) {
    const next = b[at + 1]
    if (next !== 0 && next !== 0xff && (next < 0xd0 || next > 0xd7)) return at
  }
  return b.length
}

/** @param {Uint8Array} b @returns {Cleaned|null} */
function png(b) {
  const cut = new Cut(b)
  for (let at = PNG.length; at < b.length; ) {
    if (at + 12 > b.length) return cut.done(pngChunk) // torn
    const end = at + 12 + u32(b, at)
    const name = text(b, at + 4, at + 8)
    if (!PNG_KEPT.has(name)) {
      cut.take(at, Math.min(end, b.length), name === 'eXIf' ? readTiff(b.subarray(at + 8, end - 4)) : readXmp(b.subarray(at + 8, end - 4)))
    }
    at = end
    if (name === 'IEND') {
      cut.skip(at, b.length)
      break
    }
  }
  return cut.done(pngChunk)
}

/** @param {number} orientation */
function pngChunk(orientation) {
  const body = join([0x65, 0x58, 0x49, 0x66], tiff(orientation))
  return join(be32(body.length - 4), body, be32(crc32(body)))
}

/** @param {Uint8Array} b @returns {Cleaned|null} */
function webp(b) {
  const cut = new Cut(b)
  const whole = Math.min(b.length, 8 + le32(b, 4))
  let flagsAt = 0
  for (let at = HEAD; at + 8 <= whole; ) {
    const name = text(b, at, at + 4)
    const end = at + 8 + le32(b, at + 4) + (le32(b, at + 4) & 1)
    if (name === 'VP8X') {
      if (at !== HEAD) return null // it comes first, or it is no WebP
      flagsAt = at + 8
    }
    if (!WEBP_KEPT.has(name)) {
      const body = b.subarray(at + 8, end)
      cut.take(at, Math.min(end, b.length), name === 'EXIF' ? readTiff(body[0] === 0x45 ? body.subarray(6) : body) : name === 'XMP ' ? readXmp(body) : NOTHING)
    }
    at = end
  }
  cut.skip(whole, b.length)
  return cut.done((orientation) => join([0x45, 0x58, 0x49, 0x46, 26, 0, 0, 0], tiff(orientation)), (pieces, hasExif) => {
    // The size of the whole stands at its beginning, and a word for what is in it.
    const head = b.slice(0, HEAD)
    head.set(be32(sizeOf(pieces) - 8).reverse(), 4)
    const [, first] = /** @type {[number, number]} */ (pieces[0])
    if (!flagsAt) return [head, [HEAD, first], ...pieces.slice(1)]
    const flags = new Uint8Array([(b[flagsAt] & ~(WEBP_EXIF | WEBP_XMP)) | (hasExif ? WEBP_EXIF : 0)])
    return [head, [HEAD, flagsAt], flags, [flagsAt + 1, first], ...pieces.slice(1)]
  })
}

const NOTHING = { orientation: 1, location: false }

/** What is cut out of a file, and what was in it. */
class Cut {
  #bytes
  /** @type {[number, number][]} */
  #gone = []
  #orientation = 1
  #location = false
  #exifAt = -1

  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.#bytes = bytes
  }

  /** @param {number} from @param {number} to @param {Details} details */
  take(from, to, { orientation, location }) {
    this.skip(from, to)
    this.#location ||= location
    if (orientation === 1 || this.#exifAt >= 0) return
    this.#orientation = orientation
    this.#exifAt = this.#gone.length - 1
  }

  /** @param {number} from @param {number} to */
  skip(from, to) {
    if (from < to) this.#gone.push([from, to])
  }

  /**
   * @param {(orientation: number) => Uint8Array<ArrayBuffer>} exif what says the way up, and nothing else
   * @param {(pieces: Piece[], hasExif: boolean) => Piece[]} [finish]
   * @returns {Cleaned}
   */
  done(exif, finish = (pieces) => pieces) {
    /** @type {Piece[]} */
    const pieces = []
    let from = 0
    this.#gone.forEach(([start, end], i) => {
      if (start > from) pieces.push([from, start])
      if (i === this.#exifAt) pieces.push(exif(this.#orientation))
      from = end
    })
    if (from < this.#bytes.length) pieces.push([from, this.#bytes.length])
    if (this.#isClean(exif)) return { pieces: [[0, this.#bytes.length]], removed: false, location: false }
    return { pieces: finish(pieces, this.#exifAt >= 0), removed: true, location: this.#location }
  }

  /** Nothing to cut, or only what would be put there again. @param {(orientation: number) => Uint8Array} exif */
  #isClean(exif) {
    if (this.#gone.length !== 1 || this.#exifAt < 0) return this.#gone.length === 0
    const old = this.#bytes.subarray(...this.#gone[0])
    const fresh = exif(this.#orientation)
    return old.length === fresh.length && fresh.every((byte, i) => byte === old[i])
  }
}

/** @param {Piece[]} pieces */
function sizeOf(pieces) {
  return pieces.reduce((sum, piece) => sum + (piece instanceof Uint8Array ? piece.length : piece[1] - piece[0]), 0)
}

/** The way up and whether there is a place, of Exif's own form. @param {Uint8Array} b @returns {Details} */
function readTiff(b) {
  const little = b[0] === 0x49
  const view = new DataView(b.buffer, b.byteOffset, b.length)
  const found = { ...NOTHING }
  try {
    const at = view.getUint32(4, little)
    const count = view.getUint16(at, little)
    for (let i = 0; i < count; i++) {
      const entry = at + 2 + 12 * i
      const tag = view.getUint16(entry, little)
      const value = view.getUint16(entry + 8, little)
      if (tag === 0x0112 && value >= 1 && value <= 8) found.orientation = value
      if (tag === 0x8825) found.location = true
    }
  } catch {
    // Cut short: what could be read counts.
  }
  return found
}

/** XMP, in letters. @param {Uint8Array} b @returns {Details} */
function readXmp(b) {
  return { orientation: 1, location: /GPSL(at|ong)itude/.test(new TextDecoder('latin1').decode(b)) }
}

/** @param {number} orientation */
function tiff(orientation) {
  return [0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0]
}

/** @param {ArrayLike<number>[]} lists */
function join(...lists) {
  return new Uint8Array(lists.flatMap((list) => [...Array.from(list)]))
}

/** @param {Uint8Array} b @param {number} from @param {number} to */
function text(b, from, to) {
  return String.fromCharCode(...b.subarray(from, to))
}

const u16 = (/** @type {Uint8Array} */ b, /** @type {number} */ at) => (b[at] << 8) | b[at + 1]
const u32 = (/** @type {Uint8Array} */ b, /** @type {number} */ at) => ((b[at] << 24) | (b[at + 1] << 16) | (b[at + 2] << 8) | b[at + 3]) >>> 0
const le32 = (/** @type {Uint8Array} */ b, /** @type {number} */ at) => ((b[at + 3] << 24) | (b[at + 2] << 16) | (b[at + 1] << 8) | b[at]) >>> 0
const be32 = (/** @type {number} */ n) => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255]

/** The checksum of a PNG's chunk. @param {Uint8Array} bytes */
function crc32(bytes) {
  let c = 0xffffffff
  for (const byte of bytes) {
    c ^= byte
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1
  }
  return ~c >>> 0
}
