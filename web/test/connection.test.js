import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { WebSocket } from 'ws'
import { CLOSE_CODES, Connection, closeWords, socketUrl } from '../app/connection.js'
import { TestServer, until } from './server.js'

/** @type {TestServer} */
let server
/** @type {Connection[]} */
let made = []
beforeEach(async () => {
  server = await TestServer.start()
})
afterEach(async () => {
  for (const c of made) c.stop()
  made = []
  await server.close()
})

/** @param {any} [options] */
function connect(options = {}) {
  const c = new Connection({
    url: socketUrl(server.url, { protocol: 'http:', host: 'x' }), hello: () => ({ token: 'T', device: 'test' }),
    WebSocket: /** @type {any} */ (WebSocket), random: () => 0.5, ...options,
    times: { backoff: 10, backoffMax: 40, answer: 200, pong: 100, ...options.times },
  })
  made.push(c)
  c.start()
  return c
}
/** @param {Connection} c */
const open = (c) => until(() => c.open)

test('hello comes first, welcome opens', async () => {
  const c = connect()
  await open(c)
  assert.deepEqual(server.requests[0], { type: 'hello', n: 1, token: 'T', device: 'test' })
})

test('answers find their request by n, in any order', async () => {
  const held = /** @type {any[]} */ ([])
  server.instead.set('pull', (frame, socket) => {
    held.push(frame)
    if (held.length === 2) for (const f of held.reverse()) server.send(socket, { type: 'events', n: f.n, room: f.room, list: [] })
  })
  const c = connect()
  await open(c)
  const [a, b] = await Promise.all([c.request('pull', { room: 'a', after: 0 }), c.request('pull', { room: 'b', after: 0 })])
  assert.deepEqual([a.room, b.room], ['a', 'b'])
})

test('an error rejects with its code, field and wait', async () => {
  server.instead.set('post', (f, socket) => server.send(socket, { type: 'error', n: f.n, code: 'rate_limited', message: 'Slow down.', retry_ms: 50, definite: true }))
  const c = connect()
  await open(c)
  await assert.rejects(c.request('post', {}), { code: 'rate_limited', message: 'Slow down.', retry_ms: 50, definite: true })
})

test('no answer in time, or the end of the connection: the outcome is not known', async () => {
  server.instead.set('post', () => {})
  const c = connect()
  await open(c)
  let late = 0
  c.addEventListener('late', () => late++)
  await assert.rejects(c.request('post', {}), { code: 'timeout', definite: false })
  assert.equal(late, 1)
  const cut = c.request('post', {}, { timeout: 10_000 })
  for (const s of server.sockets) s.terminate()
  await assert.rejects(cut, { code: 'closed', definite: false })
  await assert.rejects(c.request('post', {}), { code: 'offline', definite: false })
})

test('it comes back after a loss, and says hello anew', async () => {
  const c = connect()
  await open(c)
  for (const s of server.sockets) s.terminate()
  await until(() => c.link.state === 'waiting')
  assert.equal(c.link.words, closeWords(1006))
  await open(c)
  assert.equal(server.requests.filter((r) => r.type === 'hello').length, 2)
})

test('closes that do not help to retry end it, in words', async () => {
  for (const [code, { retry, words }] of CLOSE_CODES) {
    if (code === 1006 || code < 1004 && code !== 1000 && code !== 1001 && code !== 1002 && code !== 1003) continue
    const c = connect({ times: { backoff: 5000, backoffMax: 5000 } })
    await open(c)
    for (const s of server.sockets) s.close(code)
    await until(() => c.link.state === (retry ? 'waiting' : 'ended'))
    assert.equal(c.link.words, words)
    c.stop()
  }
})

test('bye names the wait', async () => {
  const c = connect({ random: () => 0, times: { backoff: 5000, backoffMax: 5000 } })
  await open(c)
  for (const s of server.sockets) {
    server.send(s, { type: 'bye', code: 1012, reason: 'restart', retry_ms: 20 })
    s.close(1012)
  }
  await until(() => c.link.state === 'waiting')
  assert.equal(c.link.words, closeWords(1012))
  await open(c)
})

test('silence after a ping is a dead connection', async () => {
  server.heartbeat = 20
  let pings = 0
  server.instead.set('ping', () => ++pings > 2 || false)
  const c = connect()
  await open(c)
  await until(() => c.link.state === 'waiting')
  assert.equal(pings, 3)
})

test('online and a woken tab do not wait', async () => {
  const page = new EventTarget()
  const c = connect({ page, times: { backoff: 60_000, backoffMax: 60_000 } })
  await open(c)
  for (const s of server.sockets) s.terminate()
  await until(() => c.link.state === 'waiting')
  page.dispatchEvent(new Event('online'))
  await open(c)
})

test('a browser that says offline is believed, whatever the socket says', async () => {
  const page = new EventTarget()
  const c = connect({ page, times: { backoff: 60_000, backoffMax: 60_000 } })
  await open(c)
  page.dispatchEvent(new Event('offline'))
  assert.equal(c.link.state, 'waiting')
  page.dispatchEvent(new Event('online'))
  await open(c)
})

test('the wait grows, with jitter, to its limit', async () => {
  const c = connect({ url: 'ws://127.0.0.1:1/', times: { backoff: 10, backoffMax: 40 } })
  const waits = /** @type {number[]} */ ([])
  c.addEventListener('state', (e) => {
    const link = /** @type {any} */ (e).detail
    if (link.state === 'waiting') waits.push(link.retryAt - Date.now())
  })
  await until(() => waits.length >= 4)
  assert.ok(waits.every((w) => w <= 40 && w >= 5), String(waits))
  assert.ok(waits[3] > waits[0], String(waits))
})

test('what is not JSON, or no frame, is passed over', async () => {
  const c = connect()
  await open(c)
  for (const s of server.sockets) for (const bad of ['{', 'null', '7', '[]', '{"type":"__proto__"}', '{"type":"ok","n":999}']) s.send(bad)
  assert.equal((await c.request('ping')).type, 'pong')
})

test('no more than the server takes at once', async () => {
  const held = /** @type {any[]} */ ([])
  server.instead.set('read', (f, socket) => void held.push([f, socket]))
  const c = connect({ times: { answer: 5000 } })
  await open(c)
  const all = Array.from({ length: 100 }, (_, i) => c.request('read', { room: 'r1', seq: i }))
  await until(() => held.length === 48)
  server.instead.delete('read')
  for (const [f, socket] of held) server.on_read(f, socket)
  await Promise.all(all)
})

test('where the socket is', () => {
  assert.equal(socketUrl('', { protocol: 'http:', host: 'a:8000' }), 'ws://a:8000/api/v1/socket')
  assert.equal(socketUrl('https://chat.example.org', { protocol: 'http:', host: 'a' }), 'wss://chat.example.org/api/v1/socket')
})
