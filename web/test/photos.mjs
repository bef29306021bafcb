// Photos as a camera writes them: real pictures of 16 × 8 points, red at the left, blue at the right, with everything
// that a phone says besides. Put together by the formats' own rules, not by the code that takes it out again.

const PLAIN = {
  jpeg: '/9j/4AAQSkZJRgABAQAAAQABAAD/4gHYSUNDX1BST0ZJTEUAAQEAAAHIAAAAAAQwAABtbnRyUkdCIFhZWiAH4AABAAEAAAAAAABhY3NwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAQAA9tYAAQAAAADTLQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAlkZXNjAAAA8AAAACRyWFlaAAABFAAAABRnWFlaAAABKAAAABRiWFlaAAABPAAAABR3dHB0AAABUAAAABRyVFJDAAABZAAAAChnVFJDAAABZAAAAChiVFJDAAABZAAAAChjcHJ0AAABjAAAADxtbHVjAAAAAAAAAAEAAAAMZW5VUwAAAAgAAAAcAHMAUgBHAEJYWVogAAAAAAAAb6IAADj1AAADkFhZWiAAAAAAAABimQAAt4UAABjaWFlaIAAAAAAAACSgAAAPhAAAts9YWVogAAAAAAAA9tYAAQAAAADTLXBhcmEAAAAAAAQAAAACZmYAAPKnAAANWQAAE9AAAApbAAAAAAAAAABtbHVjAAAAAAAAAAEAAAAMZW5VUwAAACAAAAAcAEcAbwBvAGcAbABlACAASQBuAGMALgAgADIAMAAxADb/2wBDABALDA4MChAODQ4SERATGCgaGBYWGDEjJR0oOjM9PDkzODdASFxOQERXRTc4UG1RV19iZ2hnPk1xeXBkeFxlZ2P/2wBDARESEhgVGC8aGi9jQjhCY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2P/wAARCAAIABADASIAAhEBAxEB/8QAFgABAQEAAAAAAAAAAAAAAAAAAAMF/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/EABQBAQAAAAAAAAAAAAAAAAAAAAT/xAAYEQACAwAAAAAAAAAAAAAAAAAABUKBwf/aAAwDAQACEQMRAD8AyUALUzrRzeF4f//Z',
  png: 'iVBORw0KGgoAAAANSUhEUgAAABAAAAAICAYAAADwdn+XAAAAK0lEQVR4AeyQoQ0AAAjDFi7ZKfyv9tH4YAaBoUltRUukk2w5WVjyAeD+wQAAAP//dlgcfgAAAAZJREFUAwCZsCIBY8FN5gAAAABJRU5ErkJggg==',
  webp: 'UklGRhgCAABXRUJQVlA4WAoAAAAgAAAADwAABwAASUNDUMgBAAAAAAHIAAAAAAQwAABtbnRyUkdCIFhZWiAH4AABAAEAAAAAAABhY3NwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAQAA9tYAAQAAAADTLQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAlkZXNjAAAA8AAAACRyWFlaAAABFAAAABRnWFlaAAABKAAAABRiWFlaAAABPAAAABR3dHB0AAABUAAAABRyVFJDAAABZAAAAChnVFJDAAABZAAAAChiVFJDAAABZAAAAChjcHJ0AAABjAAAADxtbHVjAAAAAAAAAAEAAAAMZW5VUwAAAAgAAAAcAHMAUgBHAEJYWVogAAAAAAAAb6IAADj1AAADkFhZWiAAAAAAAABimQAAt4UAABjaWFlaIAAAAAAAACSgAAAPhAAAts9YWVogAAAAAAAA9tYAAQAAAADTLXBhcmEAAAAAAAQAAAACZmYAAPKnAAANWQAAE9AAAApbAAAAAAAAAABtbHVjAAAAAAAAAAEAAAAMZW5VUwAAACAAAAAcAEcAbwBvAGcAbABlACAASQBuAGMALgAgADIAMAAxADZWUDggKgAAAJABAJ0BKhAACAACwEwloAJ0ugADmAD+7h/lTfX32GFXUn/9CSPf3JCgAA==',
}
const XMP = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description exif:GPSLatitude="48,12.5N" exif:GPSLongitude="16,22.3E" dc:creator="Somebody"/></x:xmpmeta>'
/** Words that must not be in what others get. */
export const SECRETS = ['Somebody', 'PhoneMaker', 'GPSL', '48,12.5N', '2026:11:27', 'Exif\0\0II', 'a comment']

/** @typedef {{orientation?: number, gps?: boolean}} Said */

/** @param {'jpeg'|'png'|'webp'} kind */
export function plain(kind) {
  return Buffer.from(PLAIN[kind], 'base64')
}

/** Exif as a phone of little endian writes it: maker, orientation, date, and where. @param {Said} said */
export function exif({ orientation = 1, gps = true } = {}) {
  const maker = Buffer.from('PhoneMaker\0')
  const date = Buffer.from('2026:11:27 13:37:00\0')
  const count = gps ? 4 : 3
  const data = 8 + 2 + 12 * count + 4
  const gpsAt = data + maker.length + date.length + 1
  const entry = (/** @type {number} */ tag, /** @type {number} */ type, /** @type {number} */ n, /** @type {number} */ value) => {
    const b = Buffer.alloc(12)
    b.writeUInt16LE(tag, 0)
    b.writeUInt16LE(type, 2)
    b.writeUInt32LE(n, 4)
    if (type === 3) b.writeUInt16LE(value, 8)
    else b.writeUInt32LE(value, 8)
    return b
  }
  const head = Buffer.from([0x49, 0x49, 42, 0, 8, 0, 0, 0, count, 0])
  const main = [entry(0x010f, 2, maker.length, data), entry(0x0112, 3, 1, orientation), entry(0x0132, 2, date.length, data + maker.length),
    ...(gps ? [entry(0x8825, 4, 1, gpsAt)] : [])]
  const degrees = Buffer.alloc(24)
  for (const [i, n] of [48, 1, 12, 1, 30, 1].entries()) degrees.writeUInt32LE(n, 4 * i)
  const place = [Buffer.from([2, 0]), Buffer.from([1, 0, 2, 0, 2, 0, 0, 0, 0x4e, 0, 0, 0]), entry(2, 5, 3, gpsAt + 2 + 24 + 4), Buffer.alloc(4), degrees]
  return Buffer.concat([head, ...main, Buffer.alloc(4), maker, date, Buffer.alloc(1), ...(gps ? place : [])])
}

/** @param {number} marker @param {Buffer|string} body */
export function segment(marker, body) {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(Buffer.byteLength(body) + 2)
  return Buffer.concat([Buffer.from([0xff, marker]), length, Buffer.from(body)])
}

/** @param {Said} [said] */
export function jpegPhoto(said) {
  const bytes = plain('jpeg')
  const more = [segment(0xe1, Buffer.concat([Buffer.from('Exif\0\0'), exif(said)])),
    segment(0xe1, `http://ns.adobe.com/xap/1.0/\0${said?.gps === false ? 'Somebody' : XMP}`), segment(0xed, 'Photoshop 3.0\0 Somebody'), segment(0xfe, 'a comment'), segment(0xe2, 'MPF\0 more pictures')]
  // Behind its end hangs what newer phones add: another whole picture, with a place of its own.
  return Buffer.concat([bytes.subarray(0, 2), ...more, bytes.subarray(2), Buffer.from([0xff, 0xd8]), more[0], bytes.subarray(2)])
}

/** @param {string} name @param {Buffer|string} body */
export function chunk(name, body) {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(Buffer.byteLength(body))
  const checked = Buffer.concat([Buffer.from(name), Buffer.from(body)])
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc(checked))
  return Buffer.concat([length, checked, sum])
}

/** @param {Buffer} bytes */
export function crc(bytes) {
  let c = ~0
  for (const byte of bytes) {
    c ^= byte
    for (let k = 0; k < 8; k++) c = (c >>> 1) ^ (0xedb88320 & -(c & 1))
  }
  return ~c >>> 0
}

/** @param {Said} [said] */
export function pngPhoto(said) {
  const bytes = plain('png')
  const header = 8 + 25
  return Buffer.concat([bytes.subarray(0, header), chunk('eXIf', exif(said)), chunk('tEXt', 'Author\0Somebody'), chunk('iTXt', `XML:com.adobe.xmp\0\0\0\0\0${XMP}`),
    chunk('tIME', Buffer.from([7, 234, 11, 27, 13, 37, 0])), chunk('gAMA', Buffer.from([0, 0, 0xb1, 0x8f])), bytes.subarray(header), Buffer.from('Somebody, behind the end')])
}

/** A picture that says in 4 KB that it has 65535 points each way. */
export function hugePng() {
  const header = Buffer.from([0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff, 8, 6, 0, 0, 0])
  return Buffer.concat([plain('png').subarray(0, 8), chunk('IHDR', header), chunk('IDAT', Buffer.alloc(4000)), chunk('IEND', '')])
}

/** @param {string} name @param {Buffer|string} body */
function riff(name, body) {
  const length = Buffer.alloc(4)
  length.writeUInt32LE(Buffer.byteLength(body))
  return Buffer.concat([Buffer.from(name), length, Buffer.from(body), Buffer.alloc(Buffer.byteLength(body) % 2)])
}

/** @param {Said} [said] */
export function webpPhoto(said) {
  const bytes = Buffer.concat([plain('webp'), riff('EXIF', exif(said)), riff('XMP ', XMP), riff('note', 'Somebody')])
  bytes.writeUInt32LE(bytes.length - 8, 4)
  bytes[20] |= 0x0c // there is Exif, and XMP
  return bytes
}
