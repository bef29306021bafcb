// What a photo says besides how it looks is taken out, and nothing else.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { barest, clean, photoKind } from '../app/exif.js'
import { SECRETS, chunk, crc, exif, jpegPhoto, plain, pngPhoto, segment, webpPhoto } from './photos.mjs'

const PHOTOS = { jpeg: jpegPhoto, png: pngPhoto, webp: webpPhoto }
const KINDS = /** @type {const} */ (['jpeg', 'png', 'webp'])

/** @param {Buffer} bytes */
function cleaned(bytes) {
  const answer = clean(bytes)
  assert.ok(answer)
  return { ...answer, bytes: Buffer.concat(answer.pieces.map((p) => (p instanceof Uint8Array ? p : bytes.subarray(...p)))) }
}

for (const kind of KINDS) {
  test(`${kind}: where, when, who and with what are gone; the picture is the same, byte for byte`, () => {
    const photo = PHOTOS[kind]()
    for (const secret of ['Somebody', 'PhoneMaker', '2026:11:27', 'GPSL']) assert.ok(photo.includes(secret), `or this test shows nothing: ${secret}`)
    const { bytes, removed, location } = cleaned(photo)
    assert.deepEqual([removed, location], [true, true])
    for (const secret of SECRETS) assert.ok(!bytes.includes(secret), `it still has ${secret}`)
    const want = kind === 'png' ? Buffer.concat([plain('png').subarray(0, 33), chunk('gAMA', Buffer.from([0, 0, 0xb1, 0x8f])), plain('png').subarray(33)]) : plain(kind)
    assert.deepEqual(bytes, want)
  })

  test(`${kind}: the way up stays, alone`, () => {
    const { bytes } = cleaned(PHOTOS[kind]({ orientation: 6 }))
    for (const secret of SECRETS) assert.ok(!bytes.includes(secret), `it still has ${secret}`)
    const tiff = bytes.indexOf(Buffer.from([0x4d, 0x4d, 0, 42]))
    assert.ok(tiff > 0, 'there is Exif')
    assert.deepEqual([...bytes.subarray(tiff + 8, tiff + 26)], [0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0], 'one field: the orientation')
    const again = cleaned(bytes)
    assert.deepEqual([again.removed, again.bytes.equals(bytes)], [false, true], 'once is enough')
  })

  test(`${kind}: a plain picture is left as it is`, () => {
    const { bytes, removed, location } = cleaned(plain(kind))
    assert.deepEqual([removed, location, bytes.equals(plain(kind))], [false, false, true])
  })

  test(`${kind}: cut off anywhere, it says so or is cleaned, and never throws`, () => {
    const photo = PHOTOS[kind]({ orientation: 3 })
    for (let length = 0; length < photo.length; length++) {
      const torn = photo.subarray(0, length)
      const answer = clean(torn)
      const bytes = Buffer.concat((answer?.pieces ?? []).map((p) => (p instanceof Uint8Array ? p : torn.subarray(...p))))
      assert.ok(!bytes.includes('PhoneMaker') && !bytes.includes('GPSL'), `cut at ${length} it keeps details`)
    }
  })
}

test('details without a place: they go, and no place is told of', () => {
  const { removed, location } = cleaned(jpegPhoto({ gps: false }))
  assert.deepEqual([removed, location], [true, false])
})

test('a place in XMP alone counts', () => {
  const bytes = plain('jpeg')
  const photo = Buffer.concat([bytes.subarray(0, 2), segment(0xe1, 'http://ns.adobe.com/xap/1.0/\0<x exif:GPSLongitude="16E"/>'), bytes.subarray(2)])
  assert.equal(cleaned(photo).location, true)
})

test('what comes between the scans of a progressive picture goes too', () => {
  const bytes = plain('jpeg')
  const end = bytes.length - 2
  // Coded points with a stuffed byte and a restart mark: neither is the end of the scan.
  const scan = Buffer.concat([segment(0xda, Buffer.from([1, 1, 0, 0, 63, 0])), Buffer.from([1, 0xff, 0, 2, 0xff, 0xd3, 3])])
  const photo = Buffer.concat([bytes.subarray(0, end), segment(0xfe, 'a comment'), scan, segment(0xe5, 'Somebody'), scan, bytes.subarray(end)])
  const want = Buffer.concat([bytes.subarray(0, end), scan, scan, bytes.subarray(end)])
  assert.deepEqual(cleaned(photo).bytes, want)
})

test('a PNG says its way up in a chunk whose checksum is right', () => {
  const { bytes } = cleaned(pngPhoto({ orientation: 8 }))
  const at = bytes.indexOf('eXIf')
  assert.equal(bytes.readUInt32BE(at - 4), 26)
  assert.equal(bytes.readUInt32BE(at + 4 + 26), crc(bytes.subarray(at, at + 30)))
})

test('a WebP says how long it is, and that there is no Exif and no XMP in it', () => {
  for (const [orientation, flags] of [[1, 0x20], [6, 0x28]]) {
    const { bytes } = cleaned(webpPhoto({ orientation }))
    assert.equal(bytes.readUInt32LE(4), bytes.length - 8)
    assert.equal(bytes[20], flags)
  }
})

test('an entry with nonsense does not stop it', () => {
  const strange = exif({ orientation: 6 })
  strange.writeUInt32LE(0xfffffff0, 4)
  const bytes = plain('jpeg')
  const { removed } = cleaned(Buffer.concat([bytes.subarray(0, 2), segment(0xe1, Buffer.concat([Buffer.from('Exif\0\0'), strange])), bytes.subarray(2)]))
  assert.equal(removed, true)
})

test('the barest picture has no colour profile either', () => {
  const answer = barest(plain('jpeg'))
  assert.ok(answer)
  const bytes = Buffer.concat(answer.pieces.map((p) => (p instanceof Uint8Array ? p : plain('jpeg').subarray(...p))))
  assert.ok(plain('jpeg').includes('ICC_PROFILE') && !bytes.includes('ICC_PROFILE'))
  assert.equal(bytes.readUInt16BE(bytes.length - 2), 0xffd9)
})

test('other files are none of its business', () => {
  for (const bytes of [Buffer.alloc(0), Buffer.from('GIF89a and so on'), Buffer.from('RIFF\0\0\0\0WAVEfmt '), Buffer.from('\xff\xd8', 'latin1')]) {
    assert.equal(photoKind(bytes), null)
    assert.equal(clean(bytes), null)
  }
})
