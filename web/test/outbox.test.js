import 'fake-indexeddb/auto'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Outbox, wireOf } from '../app/outbox.js'
import { memoryShelf, openStorage } from '../app/storage.js'
import { until } from './server.js'

let count = 0
const freshShelf = async () => (await openStorage(`test${++count}`)).outbox

/** @param {any} options */
function make(options) {
  const sent = /** @type {any[]} */ ([])
  const box = new Outbox({
    open: () => true,
    lateAfter: 1000,
    ...options,
    send: async (post) => {
      sent.push(post)
      return options.send ? options.send(post, sent.length) : { seq: sent.length, id: 'e', at: 1 }
    },
  })
  return { box, sent }
}
/** @param {string} code @param {any} [more] */
const refuse = (code, more = {}) => Promise.reject(Object.assign(new Error(code), { code, definite: true, ...more }))

test('IndexedDB keeps what is not acknowledged, in order', async () => {
  const shelf = await freshShelf()
  assert.equal(shelf.durable, true)
  const { box } = make({ open: () => false })
  await box.load(shelf)
  const keys = ['a', 'b', 'c'].map((text) => box.post('r1', { text }))
  await until(async () => (await shelf.all()).length === 3)
  assert.ok(keys.every((k) => /^[0-9a-f]{32}$/.test(k)))

  const later = make({})
  await later.box.load(shelf)
  await until(() => later.sent.length === 3)
  assert.deepEqual(later.sent.map((p) => [p.key, p.text]), [[keys[0], 'a'], [keys[1], 'b'], [keys[2], 'c']])
  await until(() => later.box.entries.value.length === 0)
  while ((await shelf.all()).length) await new Promise((r) => setTimeout(r, 5))
})

test('one post in flight for each room; rooms do not wait for each other', async () => {
  const release = /** @type {any[]} */ ([])
  const { box, sent } = make({ send: () => new Promise((r) => release.push(() => r({ seq: 1, id: 'e', at: 1 }))) })
  await box.load(memoryShelf())
  box.post('r1', { text: 'a' })
  box.post('r1', { text: 'b' })
  box.post('r2', { text: 'c' })
  await until(() => sent.length === 2)
  assert.deepEqual(sent.map((p) => p.text), ['a', 'c'])
  release[0]()
  await until(() => sent.length === 3)
  assert.equal(sent[2].text, 'b')
})

test('an outcome that is not known: the same key again', async () => {
  const { box, sent } = make({ send: (/** @type {any} */ _, /** @type {number} */ n) => (n < 3 ? refuse('closed', { definite: false, retry_ms: 1 }) : { seq: 1, id: 'e', at: 1 }) })
  await box.load(memoryShelf())
  const key = box.post('r1', { text: 'a' })
  await until(() => sent.length === 1)
  box.flush({ fresh: true })
  await until(() => sent.length === 2)
  await until(() => box.get(key)?.state === 'late')
  box.flush({ fresh: true })
  await until(() => box.entries.value.length === 0)
  assert.deepEqual(sent.map((p) => p.key), [key, key, key])
  box.stop()
})

test('a key that waits already is not taken twice', async () => {
  const { box } = make({ open: () => false })
  await box.load(memoryShelf())
  const key = 'f'.repeat(32)
  assert.deepEqual([box.post('r1', { text: 'a', key }), box.post('r1', { text: 'a', key })], [key, key])
  assert.equal(box.entries.value.length, 1)
})

test('a rate limit keeps the text and its place', async () => {
  let limited = true
  const { box, sent } = make({ send: () => (limited ? refuse('rate_limited', { retry_ms: 30_000 }) : { seq: 1, id: 'e', at: 1 }) })
  await box.load(memoryShelf())
  box.post('r1', { text: 'a' })
  await until(() => sent.length === 1)
  box.post('r1', { text: 'b' })
  await new Promise((r) => setTimeout(r, 20))
  assert.deepEqual(sent.map((p) => p.text), ['a'], 'the wait is kept')
  limited = false
  box.flush({ fresh: true })
  await until(() => box.entries.value.length === 0)
  assert.deepEqual(sent.map((p) => p.text), ['a', 'a', 'b'])
  box.stop()
})

test('a refused one stays with its reason, lets the next pass, and goes by Retry or Delete', async () => {
  const shelf = await freshShelf()
  let bad = true
  const { box, sent } = make({ send: (/** @type {any} */ p) => (bad && p.text === 'bad' ? refuse('too_long', { message: 'Too long.' }) : { seq: 1, id: 'e', at: 1 }) })
  await box.load(shelf)
  const key = box.post('r1', { text: 'bad' })
  box.post('r1', { text: 'good' })
  await until(() => sent.length === 2 && box.entries.value.length === 1)
  assert.deepEqual([box.get(key)?.state, box.get(key)?.error], ['refused', { code: 'too_long', message: 'Too long.' }])
  assert.equal(box.waiting.value, 0)

  const reloaded = make({})
  await reloaded.box.load(shelf)
  assert.equal(reloaded.box.get(key)?.state, 'refused')
  assert.equal(reloaded.sent.length, 0)

  bad = false
  box.retry(key)
  await until(() => box.entries.value.length === 0)
  assert.equal(sent.at(-1).key, key)
  assert.equal(reloaded.box.discard(key), true)
  assert.equal(reloaded.box.entries.value.length, 0)
})

test('one on its way cannot be given up; one seen in the log is done', async () => {
  let release = /** @type {any} */ (null)
  const dropped = /** @type {string[]} */ ([])
  const { box, sent } = make({ send: () => new Promise((r) => (release = r)), onDrop: (/** @type {any} */ e) => dropped.push(e.text) })
  await box.load(memoryShelf())
  const key = box.post('r1', { text: 'a' })
  await until(() => sent.length === 1)
  assert.equal(box.discard(key), false)
  box.seen(key)
  assert.deepEqual(dropped, ['a'])
  release({ seq: 1, id: 'e', at: 1 })
  assert.equal(box.entries.value.length, 0)
})

test('offline: nothing is sent, all is kept, and shown as waiting', async () => {
  let open = false
  const { box, sent } = make({ open: () => open })
  await box.load(memoryShelf())
  box.post('r1', { text: 'a' })
  box.post('r1', { text: 'b' })
  await new Promise((r) => setTimeout(r, 10))
  assert.deepEqual([sent.length, box.waiting.value, box.entries.value[0].state], [0, 2, 'late'])
  open = true
  box.flush({ fresh: true })
  await until(() => box.waiting.value === 0)
  assert.deepEqual(sent.map((p) => p.text), ['a', 'b'])
})

test('a device that keeps nothing says so, and the message goes out', async () => {
  const broken = { ...memoryShelf(), durable: true, put: () => Promise.reject(new Error('quota')) }
  const { box, sent } = make({})
  await box.load(broken)
  box.post('r1', { text: 'a' })
  await until(() => sent.length === 1)
  assert.equal(box.durable.value, false)
})

test('without IndexedDB the shelves are memory, and not durable', async () => {
  const real = globalThis.indexedDB
  // @ts-expect-error: as in a browser that has none
  delete globalThis.indexedDB
  try {
    assert.equal((await openStorage('none')).outbox.durable, false)
  } finally {
    globalThis.indexedDB = real
  }
})

test('no answer for a while shows a clock', async () => {
  const { box } = make({ send: () => new Promise(() => {}), lateAfter: 10 })
  await box.load(memoryShelf())
  const key = box.post('r1', { text: 'a' })
  await until(() => box.get(key)?.state === 'late')
  assert.equal(box.discard(key), false)
})

test('no answer for a while shows a clock on those behind, too', async () => {
  const { box, sent } = make({ send: () => new Promise(() => {}), lateAfter: 10 })
  await box.load(memoryShelf())
  const keys = ['a', 'b'].map((text) => box.post('r1', { text }))
  await until(() => keys.every((key) => box.get(key)?.state === 'late'))
  assert.deepEqual(sent.map((post) => post.text), ['a'])
})

test('the post carries what is set, files by their ids', () => {
  const entry = /** @type {any} */ ({ room: 'r1', key: 'k', text: 't', files: [{ file: 'f1', name: 'n', size: 1, type: 'x' }], thread: 4, in_room: true, state: 'sending', order: 1, created_at: 2 })
  assert.deepEqual(wireOf(entry), { room: 'r1', key: 'k', text: 't', files: ['f1'], thread: 4, in_room: true })
  assert.deepEqual(wireOf({ ...entry, files: [], thread: undefined, in_room: undefined }), { room: 'r1', key: 'k', text: 't' })
})
