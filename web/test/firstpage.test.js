import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FirstPages } from '../app/firstpage.js'

const MB = 1024 * 1024
const MOST = { width: 10, height: 10 }
const png = new ArrayBuffer(4)

/** A thread that does what the test says. */
class Thread {
  /** @type {any[]} */
  got = []
  ended = false
  /** @type {any} */
  onmessage
  /** @type {any} */
  onerror
  /** @param {any} data */
  postMessage(data) { this.got.push(data) }
  terminate() { this.ended = true }
  /** @param {any} data */
  say(data) { this.onmessage({ data }) }
  fail() { this.onerror({ preventDefault() {} }) }
}

/** @param {Partial<import('../app/firstpage.js').Fetch>} [fetch] */
function place(fetch) {
  /** @type {Thread[]} */
  const threads = []
  const asked = /** @type {{begin: number, end: number, signal: AbortSignal}[]} */ ([])
  const pages = new FirstPages({
    fetch: async (file, begin, end, signal) => {
      asked.push({ begin, end, signal })
      return fetch ? /** @type {any} */ (fetch)(file, begin, end, signal) : new Uint8Array(end - begin)
    },
    start: () => {
      threads.push(new Thread())
      return /** @type {any} */ (threads.at(-1))
    },
  })
  return { pages, threads, asked }
}

/** @param {string} id */
const file = (id, size = 1000) => ({ file: id, name: `${id}.pdf`, size, type: 'application/pdf' })
const wanted = () => new AbortController().signal
const soon = () => new Promise((resolve) => setImmediate(resolve))

test('a thread is told the size, given what it asks for, and ended with its picture', async () => {
  const { pages, threads, asked } = place()
  const drawn = pages.draw(file('a'), MOST, wanted())
  await soon()
  const [thread] = threads
  assert.deepEqual(thread.got, [], 'nothing before it is there')
  thread.say({ ready: true })
  thread.say({ begin: 100, end: 300 })
  await soon()
  assert.deepEqual(thread.got, [{ size: 1000, ...MOST }, { begin: 100, chunk: new Uint8Array(200) }])
  thread.say({ png })
  const page = await drawn
  assert.ok('url' in page && page.url.startsWith('blob:'))
  assert.deepEqual([thread.ended, asked[0].signal.aborted, pages.known(file('a'))], [true, true, page])
  assert.equal(await pages.draw(file('a'), MOST, wanted()), page)
  assert.equal(threads.length, 1, 'not drawn again')
})

test('one at a time; who goes away while waiting is left out', async () => {
  const { pages, threads } = place()
  const gone = new AbortController()
  const first = pages.draw(file('a'), MOST, wanted())
  const second = pages.draw(file('b'), MOST, gone.signal)
  const third = pages.draw(file('c'), MOST, wanted())
  gone.abort()
  await soon()
  assert.equal(threads.length, 1)
  threads[0].say({ png })
  await first
  await assert.rejects(second)
  await soon()
  assert.equal(threads.length, 2)
  threads[1].say({ trouble: 'password' })
  assert.deepEqual(await third, { trouble: 'password' })
})

test('who goes away in the midst ends the thread', async () => {
  const { pages, threads } = place()
  const gone = new AbortController()
  const drawn = pages.draw(file('a'), MOST, gone.signal)
  await soon()
  gone.abort()
  await assert.rejects(drawn)
  assert.deepEqual([threads[0].ended, pages.known(file('a'))], [true, undefined])
})

test('not more than 8 MiB, not in crumbs, and nothing that is not in the file', async () => {
  for (const asks of [Array(129).fill([7, 8]), [[0, 4 * MB], [4 * MB, 8 * MB], [0, 1]], [[0, 101 * MB]], [[-1, 5]], [[5, 5]], [['0', '5']], [[undefined, undefined]]]) {
    const { pages, threads, asked } = place()
    const drawn = pages.draw(file('a', 100 * MB), MOST, wanted())
    await soon()
    threads[0].say({ ready: true })
    for (const [begin, end] of asks) threads[0].say({ begin, end })
    assert.deepEqual([await drawn, threads[0].ended, asked.length], [{ trouble: 'undrawn' }, true, asks.length - 1], JSON.stringify(asks))
  }
})

test('ten seconds of work, in which waiting for bytes does not count', async (t) => {
  t.mock.timers.enable(/** @type {any} */ ({ apis: ['setTimeout', 'Date'] }))
  let answer = (/** @type {Uint8Array} */ _) => {}
  const { pages, threads } = place(/** @type {any} */ (() => new Promise((resolve) => { answer = resolve })))
  const drawn = pages.draw(file('a'), MOST, wanted())
  await soon()
  threads[0].say({ ready: true })
  t.mock.timers.tick(6000)
  threads[0].say({ begin: 0, end: 5 })
  t.mock.timers.tick(20_000)
  answer(new Uint8Array(5))
  await soon()
  t.mock.timers.tick(3000)
  assert.equal(threads[0].ended, false)
  t.mock.timers.tick(1001)
  assert.deepEqual([await drawn, threads[0].ended], [{ trouble: 'undrawn' }, true])
})

test('a thread that does not come holds up the others for half a minute', async (t) => {
  t.mock.timers.enable(/** @type {any} */ ({ apis: ['setTimeout', 'Date'] }))
  const { pages, threads } = place()
  const drawn = pages.draw(file('a'), MOST, wanted())
  await soon()
  t.mock.timers.tick(30_000)
  await assert.rejects(drawn)
  assert.deepEqual([threads[0].ended, pages.known(file('a'))], [true, undefined])
})

test('what is to blame: the network before it has begun and for its bytes, else the file', async () => {
  const { pages, threads } = place(/** @type {any} */ (() => { throw new Error('status 503') }))
  const draw = async (/** @type {(thread: Thread) => void} */ then) => {
    const drawn = pages.draw(file('a'), MOST, wanted())
    drawn.catch(() => {})
    await soon()
    then(/** @type {Thread} */ (threads.at(-1)))
    return drawn
  }
  await assert.rejects(draw((thread) => thread.fail()))
  await assert.rejects(draw((thread) => { thread.say({ ready: true }); thread.say({ begin: 0, end: 5 }) }), /503/)
  assert.equal(pages.known(file('a')), undefined, 'it may be tried again')
  assert.deepEqual(await draw((thread) => { thread.say({ ready: true }); thread.fail() }), { trouble: 'undrawn' })
  assert.deepEqual(pages.known(file('a')), { trouble: 'undrawn' })
})

test('some are kept, and none for who signs in next', async () => {
  const { pages, threads } = place()
  for (let i = 0; i < 41; i++) {
    const drawn = pages.draw(file(`f${i}`), MOST, wanted())
    await soon()
    threads[i].say({ png })
    await drawn
  }
  assert.deepEqual([pages.known(file('f0')), Boolean(pages.known(file('f1'))), Boolean(pages.known(file('f40')))], [undefined, true, true])
  pages.clear()
  assert.equal(pages.known(file('f40')), undefined)
})
