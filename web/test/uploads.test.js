import 'fake-indexeddb/auto'
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { Api } from '../app/api.js'
import { memoryStore } from '../app/drafts.js'
import { openStorage } from '../app/storage.js'
import { unreadable } from '../app/transfer.js'
import { Uploads } from '../app/uploads.js'
import { Files, PART, put } from './fileserver.js'
import { until } from './server.js'

/** @type {Files} */
let server
/** @type {Uploads[]} */
let made = []
let count = 0
beforeEach(async () => {
  server = new Files()
  await server.start()
})
afterEach(() => {
  for (const u of made) u.stop()
  made = []
  server.http?.close()
  server.http?.closeAllConnections()
})

/** @param {any} [shelf] @param {any} [limits] @param {object} [more] */
async function make(shelf, limits = { file_bytes: 1000, files_per_message: 3 }, more = {}) {
  const uploads = new Uploads({ api: new Api({ server: server.url }), limits: () => limits, put, ...more })
  made.push(uploads)
  await uploads.load(shelf ?? (await openStorage(`uploads${++count}`)).uploads)
  return uploads
}
const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const file = (name = 'a.txt', text = LETTERS) => new File([text], name, { type: 'text/plain' })
/** As a browser gives a file that was saved again or moved since it was chosen. @param {string} name */
function changed(name) {
  const lost = async () => { throw new DOMException('no', 'NotReadableError') }
  return Object.assign(file(name), { arrayBuffer: lost, slice: () => Object.assign(new Blob(), { arrayBuffer: lost }) })
}
/** @param {Uploads} u @param {string} state */
const reaches = (u, state) => until(() => u.list.value[0]?.state === state)

test('a file goes up in parts and is taken once', async () => {
  const uploads = await make()
  assert.deepEqual(await uploads.add('r1', [file()]), { refused: [] })
  assert.equal(uploads.busy('r1'), true)
  await reaches(uploads, 'done')
  assert.equal(server.text('f1'), LETTERS)
  const [upload] = uploads.of('r1')
  assert.deepEqual([upload.sent, uploads.busy('r1'), uploads.of('r2').length], [LETTERS.length, false, 0])
  uploads.setAlt(upload.id, 'letters')
  const [taken] = uploads.take('r1')
  assert.deepEqual([taken.file, taken.name, taken.size, taken.alt], ['f1', 'a.txt', LETTERS.length, 'letters'])
  assert.deepEqual(uploads.take('r1'), [])
})

test('too big, empty, too many: refused in words, before the first byte', async () => {
  const uploads = await make(undefined, { file_bytes: 10, files_per_message: 1 })
  const { refused } = await uploads.add('r1', [file('big.txt'), file('none.txt', ''), file('ok.txt', 'x'), file('more.txt', 'y')])
  assert.deepEqual(refused, [
    { name: 'big.txt', words: 'big.txt has 62 B; a file may have at most 10 B here.' },
    { name: 'none.txt', words: 'none.txt is empty.' },
    { name: 'more.txt', words: 'A message may carry at most 1 file.' },
  ])
  await reaches(uploads, 'done')
  assert.equal(server.files.size, 1)
})

test('a lost network pauses; going on sends only what is missing', async () => {
  server.onPut = (number) => (number >= 4 ? 'cut' : undefined)
  const uploads = await make()
  await uploads.add('r1', [file()])
  await reaches(uploads, 'paused')
  server.onPut = null
  server.calls = []
  const have = server.files.get('f1')?.parts.size ?? 0
  uploads.resume()
  await reaches(uploads, 'done')
  assert.equal(server.text('f1'), LETTERS)
  const sent = server.calls.filter((c) => c.startsWith('PUT')).length
  assert.ok(sent >= 7 - have && sent <= 7 - have + 3, `${sent} parts were sent, ${have} were there: only what was not confirmed may go twice`)
})

test('a reload goes on with the bytes that the device kept', async () => {
  const shelf = (await openStorage('reload')).uploads
  const keys = memoryStore()
  server.onPut = (number) => (number >= 3 ? 'cut' : undefined)
  const first = await make(shelf, undefined, { keys })
  await first.add('r1', [file()])
  await reaches(first, 'paused')
  first.stop()
  server.onPut = null
  server.calls = []
  const acked = (keys.getItem(keys.key(0) ?? '') ?? '').split(' ').length
  const second = await make(shelf, undefined, { keys })
  await reaches(second, 'done')
  assert.equal(server.files.size, 1)
  assert.equal(server.text('f1'), LETTERS)
  assert.equal(server.calls.filter((c) => c.startsWith('PUT')).length, 7 - acked, 'what was confirmed is not sent again')
  second.take('r1')
  assert.equal(keys.length, 0, 'nothing is left behind')
})

test('a part that the server lists and never confirmed is sent again', async () => {
  const uploads = await make()
  // As a server that keeps what was torn on its way: in full length, with holes.
  server.onPut = (number) => {
    if (number < 3) return undefined
    server.files.get('f1')?.parts.set(number, Buffer.alloc(PART))
    return 'cut'
  }
  await uploads.add('r1', [file()])
  await reaches(uploads, 'paused')
  server.onPut = null
  uploads.resume()
  await reaches(uploads, 'done')
  assert.equal(server.text('f1'), LETTERS)
})

test('a finished one waits for its message over a reload', async () => {
  const shelf = (await openStorage('finished')).uploads
  const first = await make(shelf)
  await first.add('r1', [file()])
  await reaches(first, 'done')
  await until(async () => (await shelf.all())[0]?.state === 'done')
  first.stop()
  const second = await make(shelf)
  assert.equal(second.take('r1')[0].file, 'f1')
})

test('a refusal fails with its words; Retry begins again', async () => {
  server.onPut = () => 507
  const uploads = await make()
  await uploads.add('r1', [file()])
  await reaches(uploads, 'failed')
  assert.equal(uploads.list.value[0].error, 'refused with 507')
  server.onPut = null
  uploads.retry(uploads.list.value[0].id)
  await reaches(uploads, 'done')
})

test('a link that ran out is asked for again', async () => {
  let first = true
  server.onPut = () => {
    if (!first) return undefined
    first = false
    return 400
  }
  const uploads = await make()
  await uploads.add('r1', [file('a.txt', 'short')])
  await reaches(uploads, 'done')
  assert.ok(server.calls.includes('POST /files/f1/parts'))
})

test('an upload that the server has swept away can be tried from the beginning', async () => {
  server.onPut = (number) => (number >= 3 ? 'cut' : undefined)
  const uploads = await make()
  await uploads.add('r1', [file()])
  await reaches(uploads, 'paused')
  server.onPut = null
  server.files.delete('f1')
  uploads.resume()
  await reaches(uploads, 'failed')
  uploads.retry(uploads.list.value[0].id)
  await reaches(uploads, 'done')
})

test('cancel takes it away here and there', async () => {
  server.onPut = () => 'cut'
  const uploads = await make()
  await uploads.add('r1', [file()])
  await reaches(uploads, 'paused')
  uploads.cancel(uploads.list.value[0].id)
  assert.equal(uploads.list.value.length, 0)
  await until(() => server.files.size === 0)
})

test('what does not fit into the space that is left is refused before the first byte', async () => {
  let usage = { bytes: 900, limit: 1000, left: 100 }
  const uploads = await make(undefined, undefined, { usage: async () => usage })
  const { refused } = await uploads.add('r1', [file('a.txt'), file('b.txt')])
  assert.deepEqual(refused, [{ name: 'b.txt', words: 'b.txt has 62 B; only 38 B are left of the space for your files. Delete messages with files first.' }])
  await reaches(uploads, 'done')
  usage = { bytes: 1000, limit: 1000, left: 0 }
  const again = await uploads.add('r1', [file('c.txt')])
  assert.match(again.refused[0].words, /nothing is left of the space/)
  assert.equal(server.files.size, 1)
})

test('the server judges the space when it cannot be asked', async () => {
  const uploads = await make(undefined, undefined, { usage: async () => { throw new Error('no') } })
  assert.deepEqual(await uploads.add('r1', [file()]), { refused: [] })
  await reaches(uploads, 'done')
})

test('while the storage does not answer an upload waits, says so, and can be tried at once', async () => {
  const { answer } = server
  server.answer = () => [503, { code: 'files_unavailable', detail: 'no', definite: true }]
  const uploads = await make()
  await uploads.add('r1', [file()])
  await reaches(uploads, 'paused')
  assert.equal(uploads.list.value[0].error, 'The storage does not answer.')
  server.answer = answer
  uploads.retry(uploads.list.value[0].id)
  await reaches(uploads, 'done')
  assert.equal(uploads.list.value[0].error, undefined)
  assert.equal(server.text('f1'), LETTERS)
})

test('words for a picture are kept over a reload, as many as the server takes', async () => {
  const shelf = (await openStorage('words')).uploads
  const first = await make(shelf, { alt_bytes: 5 })
  await first.add('r1', [file()])
  await reaches(first, 'done')
  const [{ id }] = first.list.value
  first.setAlt(id, 'ééééé')
  first.setAlt(id, 'ééééé', true)
  await until(async () => (await shelf.all())[0]?.alt === 'éé')
  first.stop()
  const second = await make(shelf)
  assert.equal(second.take('r1')[0].alt, 'éé')
})

test('a question of space that nobody answers holds nothing up for long', async () => {
  /** @param {AbortSignal} [signal] */
  const usage = (signal) => new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
  const uploads = await make(undefined, undefined, { usage, patience: 50 })
  assert.deepEqual(await uploads.add('r1', [file()]), { refused: [] })
  await reaches(uploads, 'done')
})

test('a file that cannot be read is refused in words; those beside it go up', async () => {
  const uploads = await make()
  const { refused } = await uploads.add('r1', [file('a.txt'), changed('moved.txt'), file('b.txt')])
  assert.deepEqual(refused, [{ name: 'moved.txt', words: 'moved.txt cannot be read: it was changed or moved, or may not be opened. Choose it again.' }])
  await until(() => uploads.of('r1').every((u) => u.state === 'done'))
  assert.deepEqual(uploads.take('r1').map((f) => f.name), ['a.txt', 'b.txt'])
})

test('a file that cannot be read any more fails with its own words, and for good', async () => {
  const shelf = (await openStorage('unreadable')).uploads
  const lost = async () => { throw unreadable() }
  const uploads = await make(shelf, undefined, { put: lost })
  await uploads.add('r1', [file()])
  await reaches(uploads, 'failed')
  const told = (/** @type {any} */ u) => [u.state, u.error, u.blob]
  const want = ['failed', 'The file was changed or moved: choose it again.', null]
  assert.deepEqual(told(uploads.list.value[0]), want)
  await until(async () => (await shelf.all())[0]?.state === 'failed')
  uploads.stop()
  const second = await make(shelf)
  assert.deepEqual(told(second.list.value[0]), want)
  second.retry(second.list.value[0].id)
  await until(() => second.list.value[0].state === 'failed')
  assert.deepEqual(told(second.list.value[0]), want)
})

test('a message waits for files that were chosen a moment ago', async () => {
  let tell = (/** @type {any} */ _) => {}
  const uploads = await make(undefined, undefined, { usage: () => new Promise((resolve) => { tell = resolve }) })
  const added = uploads.add('r1', [file()])
  assert.deepEqual([uploads.of('r1').map((u) => u.state), uploads.busy('r1'), uploads.busy('r2')], [['reading'], true, false])
  tell({ left: 10 }) // too little
  assert.equal((await added).refused.length, 1)
  assert.deepEqual([uploads.of('r1').length, uploads.busy('r1')], [0, false])
  const again = uploads.add('r1', [file()])
  tell({ left: 1000 })
  await again
  assert.equal(uploads.busy('r1'), true)
  await reaches(uploads, 'done')
  assert.equal(uploads.busy('r1'), false)
})

test('a file that is cancelled while it is read does not come back', async () => {
  let tell = (/** @type {any} */ _) => {}
  const shelf = (await openStorage('early')).uploads
  const uploads = await make(shelf, undefined, { usage: () => new Promise((resolve) => { tell = resolve }) })
  const added = uploads.add('r1', [file()])
  uploads.cancel(uploads.of('r1')[0].id)
  tell(null)
  assert.deepEqual(await added, { refused: [] })
  assert.deepEqual([uploads.of('r1').length, server.files.size, await shelf.all()], [0, 0, []])
})

test('files of a message that was not taken are there for the next; what the server has let go of says so', async () => {
  const shelf = (await openStorage('put back')).uploads
  const uploads = await make(shelf)
  await uploads.add('r1', [file('a.txt'), file('b.txt')])
  await until(() => uploads.of('r1').every((u) => u.state === 'done'))
  uploads.setAlt(uploads.list.value[0].id, 'letters')
  const files = uploads.take('r1')
  server.files.delete(files[1].file)
  await uploads.putBack('r2', files)
  await until(() => uploads.of('r2')[1].state === 'failed')
  assert.deepEqual(uploads.of('r2').map((u) => u.error), [undefined, 'The server has it no more: choose it again.'])
  assert.equal((await shelf.all()).length, 2)
  assert.deepEqual(uploads.take('r2'), [files[0]])
})
