// How files are shown, how a picture is enlarged, and what is refused before it goes up.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { firstLines, picturesOf, viewOf } from '../app/filekinds.js'
import { cutBytes } from '../app/format.js'
import { FIT, fitSize, hold, mostScale, pan, zoomAt } from '../app/zoom.js'

/** @param {string} type @param {string} [name] @param {object} [more] */
const file = (type, name = 'x', more = {}) => ({ file: 'f1', name, size: 1, type, ...more })

test('a file is shown by what the server saw in it', () => {
  const sized = { width: 3, height: 4 }
  for (const [type, name, more, want] of /** @type {[string, string, object, string][]} */ ([
    ['image/png', 'a.exe', sized, 'picture'], ['image/png', 'a.png', {}, 'file'], ['image/svg+xml', 'a.png', sized, 'file'], ['image/bmp', 'a.bmp', sized, 'file'],
    ['video/mp4', 'a.mp4', {}, 'video'], ['video/mp4', 'a.M4A', {}, 'audio'], ['video/avi', 'a.avi', {}, 'file'], ['audio/wave', 'a.wav', {}, 'audio'],
    ['application/ogg', 'a.ogg', {}, 'audio'], ['application/pdf', 'a.txt', {}, 'pdf'], ['text/plain; charset=utf-8', 'a.pdf', {}, 'text'],
    ['text/html; charset=utf-8', 'a.html', {}, 'text'], ['application/octet-stream', 'a.png', sized, 'file'], ['', 'a.png', {}, 'file'],
  ])) assert.equal(viewOf(file(type, name, more)), want, `${type} ${name}`)
})

test('the pictures of a room, in its order, without those of deleted messages', () => {
  const picture = (/** @type {string} */ id) => file('image/png', id, { file: id, width: 1, height: 1 })
  /** @param {number} seq @param {any} body @param {string} [kind] */
  const item = (seq, body, kind = 'message') => ({ seq, id: `e${seq}`, kind, by: 'u1', at: seq, body })
  const list = picturesOf([item(9, { files: [picture('c')] }), item(2, { files: [picture('a'), file('text/plain'), picture('b')] }),
    item(5, { deleted: true, files: [picture('gone')] }), item(6, { text: 'x' }), item(7, { name: 'x' }, 'room')])
  assert.deepEqual(list.map((one) => [one.file.file, one.seq]), [['a', 2], ['b', 2], ['c', 9]])
})

test('the beginning of a text is letters, whole ones', () => {
  const bytes = new TextEncoder().encode('eins\r\nzwei\rdrei é')
  assert.equal(firstLines(bytes, 'text/plain; charset=utf-8', true), 'eins\nzwei\ndrei é')
  assert.equal(firstLines(bytes.subarray(0, bytes.length - 1), 'text/plain; charset=utf-8', false), 'eins\nzwei\ndrei ', 'half a letter is none')
  assert.equal(firstLines(new Uint8Array([0xff, 0xfe, 0x41, 0]), 'text/plain; charset=utf-16le', true), 'A')
  assert.equal(firstLines(new Uint8Array([0x41, 0xff, 0x42]), 'text/plain', true), 'A\ufffdB')
})

test('words for a picture fit into their bytes', () => {
  assert.equal(cutBytes('short', 10), 'short')
  assert.equal(cutBytes('ééééé', 5), 'éé')
  assert.equal(cutBytes('👍👍', 7), '👍')
  assert.equal(cutBytes('', 7), '')
})

const stage = { width: 400, height: 200 }
const picture = { width: 800, height: 800 }
const fit = fitSize(picture, stage)
const room = { fit, stage, most: mostScale(picture, fit) }

test('a picture fits in its window, and is never blown up to', () => {
  assert.deepEqual(fit, { width: 200, height: 200 })
  assert.deepEqual(fitSize({ width: 30, height: 20 }, stage), { width: 30, height: 20 })
  assert.equal(room.most, 16, 'a point of it becomes four wide')
  assert.equal(mostScale({ width: 30, height: 20 }, { width: 30, height: 20 }), 8)
})

test('enlarging keeps the spot under the pointer where it is', () => {
  const at = { x: 50, y: 40 }
  const view = zoomAt(FIT, 4, at, room)
  assert.equal(view.scale, 4)
  assert.deepEqual([(at.x - view.x) / view.scale, (at.y - view.y) / view.scale], [at.x, at.y])
  const back = zoomAt(view, 1 / 4, at, room)
  assert.deepEqual(back, FIT)
  assert.equal(zoomAt(FIT, 1 / 2, at, room).scale, 1, 'no smaller than it fits')
  assert.equal(zoomAt(FIT, 1000, at, room).scale, room.most)
})

test('moving ends at the edges, and what fits does not move', () => {
  assert.deepEqual(pan(FIT, 30, 30, room), FIT)
  const view = { scale: 4, x: 0, y: 0 } // 800 × 800 in 400 × 200
  assert.deepEqual(pan(view, 1000, -1000, room), { scale: 4, x: 200, y: -300 })
  assert.deepEqual(hold({ scale: 4, x: 200, y: -300 }, { fit, stage: { width: 800, height: 800 } }), { scale: 4, x: 0, y: 0 }, 'the window has grown')
})
