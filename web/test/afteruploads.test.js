import 'fake-indexeddb/auto'
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { AfterUploads } from '../app/afteruploads.js'
import { Api } from '../app/api.js'
import { Drafts, memoryStore } from '../app/drafts.js'
import { openStorage } from '../app/storage.js'
import { Uploads } from '../app/uploads.js'
import { Files, put } from './fileserver.js'
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

/** A page: what waits there, and what it has posted. @param {any} [shelf] @param {any} [store] @param {object} [more] */
async function page(shelf, store = memoryStore(), more = {}) {
  const uploads = new Uploads({ api: new Api({ server: server.url }), limits: () => /** @type {any} */ ({}), put, ...more })
  made.push(uploads)
  const drafts = new Drafts(store)
  drafts.load('ana')
  const posted = /** @type {any[]} */ ([])
  const after = new AfterUploads({ uploads, drafts, post: (room, draft) => posted.push({ room, ...draft }), keys: store })
  await uploads.load(shelf ?? (await openStorage(`after${++count}`)).uploads)
  return { uploads, drafts, after, posted }
}
const file = (name = 'a.txt', text = 'abc') => new File([text], name, { type: 'text/plain' })
/** @param {Uploads} uploads @param {string[]} states */
const reach = (uploads, ...states) => until(() => states.join() === uploads.list.value.map((u) => u.state).join())

test('it goes when the last file is up, with all of them, and its draft with it', async () => {
  server.onPut = () => 'cut'
  const { uploads, drafts, after, posted } = await page()
  drafts.set('r1:7', 'look')
  await uploads.add('r1:7', [file('a.txt'), file('b.txt')])
  after.wait('r1:7', { room: 'r1', text: 'look', thread: 7, reply_to: 9 })
  await reach(uploads, 'paused', 'paused')
  assert.equal(after.of('r1:7')?.text, 'look')
  server.onPut = null
  uploads.resume()
  await until(() => posted.length)
  const [{ key, files, ...rest }] = posted
  assert.deepEqual(rest, { room: 'r1', text: 'look', thread: 7, reply_to: 9 })
  assert.deepEqual([key.length, files.map((/** @type {any} */ f) => f.name)], [32, ['a.txt', 'b.txt']])
  assert.deepEqual([after.of('r1:7'), drafts.get('r1:7'), after.gone.value.scope, uploads.list.value], [undefined, '', 'r1:7', []])
})

test('a file that fails: the text is a draft as before, and Retry sends nothing by itself', async () => {
  server.onPut = () => 507
  const { uploads, drafts, after, posted } = await page()
  drafts.set('r1', 'look')
  await uploads.add('r1', [file()])
  after.wait('r1', { room: 'r1', text: 'look' })
  await reach(uploads, 'failed')
  assert.deepEqual([after.of('r1'), drafts.get('r1')], [undefined, 'look'])
  server.onPut = null
  uploads.retry(uploads.list.value[0].id)
  await reach(uploads, 'done')
  assert.deepEqual([posted, drafts.get('r1')], [[], 'look'])
})

test('taken back: nothing is lost, also of a draft that was written elsewhere', async () => {
  server.onPut = () => 'cut'
  const { uploads, drafts, after, posted } = await page()
  await uploads.add('r1', [file()])
  after.wait('r1', { room: 'r1', text: 'of the other tab' })
  drafts.set('r1', 'mine')
  after.takeBack('r1')
  assert.equal(drafts.get('r1'), 'of the other tab\n\nmine')
  server.onPut = null
  uploads.resume()
  await reach(uploads, 'done')
  assert.deepEqual(posted, [])
})

test('a file that is cancelled is not waited for; with the last one the message stays a draft', async () => {
  server.onPut = () => 'cut'
  const { uploads, drafts, after, posted } = await page()
  drafts.set('r1', 'look')
  await uploads.add('r1', [file('a.txt'), file('b.txt')])
  after.wait('r1', { room: 'r1', text: 'look' })
  await reach(uploads, 'paused', 'paused')
  uploads.cancel(uploads.list.value[0].id)
  server.onPut = null
  uploads.resume()
  await until(() => posted.length)
  assert.deepEqual(posted[0].files.map((/** @type {any} */ f) => f.name), ['b.txt'])

  server.onPut = () => 'cut'
  drafts.set('r1', 'alone')
  await uploads.add('r1', [file()])
  after.wait('r1', { room: 'r1', text: 'alone' })
  uploads.cancel(uploads.list.value[0].id)
  assert.deepEqual([posted.length, after.of('r1'), drafts.get('r1')], [1, undefined, 'alone'])
})

test('a reload: it goes under the same key, and not before all its files are there again', async () => {
  const shelf = (await openStorage('after a reload')).uploads
  const store = memoryStore()
  server.onPut = () => 'cut'
  const first = await page(shelf, store)
  first.drafts.set('r1', 'look')
  await first.uploads.add('r1', [file('a.txt'), file('b.txt')])
  first.after.wait('r1', { room: 'r1', text: 'look' })
  const { key } = /** @type {any} */ (first.after.of('r1'))
  await reach(first.uploads, 'paused', 'paused')
  await until(async () => (await shelf.all()).every((/** @type {any} */ u) => u.remote))
  assert.deepEqual((await shelf.all()).map((/** @type {any} */ u) => u.message?.text), ['look', undefined])
  first.drafts.flush()
  first.uploads.stop()
  server.onPut = null

  // Another tab has one of them, until it is closed.
  const [, { id }] = await shelf.all()
  const others = new Set([`minichat-upload:${id}`])
  const locks = { request: async (/** @type {string} */ name, /** @type {any} */ _, /** @type {any} */ use) => use(others.has(name) ? null : {}) }
  const second = await page(shelf, store, { locks })
  await reach(second.uploads, 'done')
  await second.uploads.adopt()
  assert.deepEqual([second.posted.length, second.after.of('r1')?.key], [0, key])
  others.clear()
  await second.uploads.adopt()
  await until(() => second.posted.length)
  assert.deepEqual([second.posted[0].key, second.posted[0].files.length, second.drafts.get('r1')], [key, 2, ''])
})

test('a tab that knows nothing of the draft sends it: it is no draft any more, and its own stays', async () => {
  const store = memoryStore()
  const other = await page(undefined, store)
  const here = await page(undefined, store)
  for (const own of ['', 'mine']) {
    here.drafts.set('r1', own)
    here.drafts.flush()
    other.drafts.set('r1', 'of the other tab')
    other.drafts.flush()
    server.onPut = () => 'cut'
    await here.uploads.add('r1', [file()])
    here.after.wait('r1', { room: 'r1', text: 'of the other tab' })
    server.onPut = null
    here.uploads.resume()
    await until(() => here.uploads.list.value.length === 0)
    const next = await page(undefined, store)
    assert.deepEqual([next.drafts.get('r1'), here.drafts.get('r1')], [own, own])
    other.drafts.set('r1', '')
  }
  assert.equal(here.posted.length, 2)
})

test('taken back in one of two tabs that share their uploads: the other lets go of it, too', async () => {
  const shelf = (await openStorage('shared')).uploads
  const store = memoryStore()
  server.onPut = () => 'cut'
  const first = await page(shelf, store)
  first.drafts.set('r1', 'look')
  first.drafts.flush()
  await first.uploads.add('r1', [file('a.txt'), file('b.txt')])
  first.after.wait('r1', { room: 'r1', text: 'look' })
  await until(async () => (await shelf.all()).some((/** @type {any} */ u) => u.message))
  const second = await page(shelf, store)
  assert.equal(second.after.of('r1')?.text, 'look')
  await reach(second.uploads, 'paused', 'paused')

  first.after.takeBack('r1')
  first.drafts.set('r1', 'look at this')
  first.drafts.flush()
  server.onPut = null
  second.uploads.resume()
  await until(() => !second.uploads.busy('r1'))
  assert.deepEqual([second.posted, second.after.of('r1'), second.drafts.get('r1')], [[], undefined, 'look at this'])
  first.after.wait('r1', { room: 'r1', text: 'look at this' })
  first.uploads.resume()
  await until(() => first.posted.length)
  assert.deepEqual([first.posted[0].text, first.posted[0].files.length], ['look at this', 2])
})

test('a file went with its page: the message is a draft again, and says which is to be chosen anew', async () => {
  const shelf = (await openStorage('lost')).uploads
  const store = memoryStore()
  server.onPut = () => 'cut'
  // A device that has no room for the large one.
  const put = async (/** @type {any} */ u) => { if (u.name !== 'large.txt') await shelf.put(u) }
  const first = await page({ ...shelf, put }, store)
  first.drafts.set('r1', 'look')
  first.drafts.flush()
  await first.uploads.add('r1', [file('a.txt'), file('large.txt', 'abcd')])
  first.after.wait('r1', { room: 'r1', text: 'look' })
  await reach(first.uploads, 'paused', 'paused')
  await until(async () => (await shelf.all()).some((/** @type {any} */ u) => u.remote && u.message))
  first.uploads.stop()

  server.onPut = null
  const second = await page(shelf, store)
  const told = (/** @type {Uploads} */ uploads) => uploads.list.value.map((u) => [u.name, u.state, u.error])
  const lost = ['large.txt', 'failed', 'It is not on this device any more: choose it again.']
  await until(() => !second.uploads.busy('r1'))
  assert.deepEqual([second.posted, second.after.of('r1'), second.drafts.get('r1')], [[], undefined, 'look'])
  await until(() => second.uploads.list.value.length === 2)
  assert.deepEqual(told(second.uploads), [['a.txt', 'done', undefined], lost])
  await until(async () => (await shelf.all()).every((/** @type {any} */ u) => !u.message && u.state !== 'paused'))
  second.uploads.stop()
  const third = await page(shelf, store)
  assert.deepEqual(told(third.uploads)[1], lost, 'it says so until it is removed')
})
