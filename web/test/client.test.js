// The whole client but its views, against a server of the wire.

import 'fake-indexeddb/auto'
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { WebSocket } from 'ws'
import { Client } from '../app/client.js'
import { memoryStore } from '../app/drafts.js'
import { TestServer, until } from './server.js'

Object.assign(globalThis, { WebSocket })

/** @type {TestServer} */
let server
/** @type {Client[]} */
let clients = []
beforeEach(async () => {
  server = await TestServer.start()
  for (let i = 1; i <= 3; i++) server.say('r1', `m${i}`)
})
afterEach(async () => {
  for (const c of clients) {
    await c.signOut()
    c.stop()
  }
  clients = []
  await server.close()
  assert.deepEqual(server.wrong, [], 'requests that the server would refuse')
})

async function signedIn(page = new EventTarget(), keys = memoryStore()) {
  const client = new Client({ server: server.url, keys, page, location: { protocol: 'http:', host: 'page' } })
  clients.push(client)
  await client.resume()
  await until(() => client.connection.open)
  return client
}
/** @param {Client} c @param {string} [room] */
const texts = (c, room = 'r1') => c.store.log(room).value?.rows.map((r) => r.body.text ?? r.kind) ?? []
/** @param {Client} c */
const pending = (c) => c.store.log('r1').value?.pending ?? []
const cut = () => {
  for (const s of server.sockets) s.terminate()
}

test('a room opens with its last page, and goes on live', async () => {
  const client = await signedIn()
  assert.equal(client.session.value, 'in')
  await client.actions.openRoom('r1')
  assert.deepEqual(texts(client), ['m1', 'm2', 'm3'])
  server.say('r1', 'm4')
  await until(() => texts(client).length === 4)
  await until(() => client.store.user('u2').name === 'Name of u2')
})

test('a message of mine is there at once, and once', async () => {
  const client = await signedIn()
  await client.actions.openRoom('r1')
  const key = client.actions.post('r1', { text: 'mine' })
  assert.deepEqual(pending(client).map((p) => [p.key, p.state]), [[key, 'sending']])
  await until(() => texts(client).includes('mine'))
  await until(() => client.outbox.entries.value.length === 0)
  assert.deepEqual([pending(client).length, texts(client).filter((t) => t === 'mine').length], [0, 1])
  await until(() => server.requests.some((r) => r.type === 'read' && r.seq === 4))
})

test('what waits is never in the timeline twice, whatever the order of ok and event', async () => {
  const client = await signedIn()
  await client.actions.openRoom('r1')
  server.instead.set('post', (frame, socket) => {
    const event = server.add('r1', { kind: 'message', by: 'u1', key: frame.key, body: { text: frame.text, rev: 1 } })
    server.send(socket, { type: 'ok', n: frame.n, seq: event.seq, id: event.id, at: event.at })
  })
  const counts = new Set()
  const stop = client.store.log('r1').subscribe((log) => {
    if (log) counts.add(log.rows.filter((r) => r.body.text === 'first').length + log.pending.filter((p) => p.text === 'first').length)
  })
  client.actions.post('r1', { text: 'first' })
  await until(() => client.outbox.entries.value.length === 0)
  stop()
  assert.deepEqual([...counts].sort(), [0, 1])
})

test('an ok that is lost with the connection: the message arrives once', async () => {
  const client = await signedIn()
  await client.actions.openRoom('r1')
  let lost = 0
  server.instead.set('post', (frame) => {
    if (lost++) return false
    server.add('r1', { kind: 'message', by: 'u1', key: frame.key, body: { text: frame.text, rev: 1 } }, true)
    cut()
  })
  client.actions.post('r1', { text: 'once' })
  await until(() => texts(client).includes('once') && client.outbox.entries.value.length === 0)
  assert.equal(server.logs.get('r1')?.filter((e) => e.body.text === 'once').length, 1)
  assert.equal(texts(client).filter((t) => t === 'once').length, 1)
})

test('cut off: messages, edits of old ones and deletes are there after the return', async () => {
  const client = await signedIn()
  await client.actions.openRoom('r1')
  cut()
  server.say('r1', 'm4')
  server.add('r1', { kind: 'edit', body: { target: 1, text: 'm1, edited', rev: 2 } })
  server.say('r1', 'm6')
  await until(() => texts(client).join() === 'm1, edited,m2,m3,m4,m6')
  const hello = server.requests.filter((r) => r.type === 'hello').at(-1)
  assert.deepEqual([hello.epoch, hello.cursors], ['ep1', [['r1', 3, 'eep13']]])
})

test('cut off: who is here is asked for again', async () => {
  const client = await signedIn()
  await client.actions.openRoom('r1')
  client.store.dispatch({ type: 'signal', kind: 'presence', room: 'r1', on: ['u2'], count: 2 })
  cut()
  await until(() => client.store.presence.value.has('u1') && !client.store.presence.value.has('u2'))
  const { room, after, id } = server.requests.findLast((r) => r.type === 'watch')
  assert.deepEqual([room, after, id], ['r1', 3, 'eep13'])
})

test('cut off: who is in the other rooms is not forgotten over it, and asked when they are opened', async () => {
  server.logs.set('r2', [])
  server.say('r2', 'm1')
  server.here.set('r1', ['u3']).set('r2', ['u4'])
  const client = await signedIn()
  await client.actions.openRoom('r2')
  client.actions.closeRoom('r2')
  await client.actions.openRoom('r1')
  const who = () => [...client.store.presence.value.keys()].sort().join()
  assert.equal(who(), 'u3,u4')
  cut()
  await until(() => client.connection.open && who() === 'u3')
  await client.actions.openRoom('r2')
  await until(() => who() === 'u3,u4')
})

test('a room that nobody looks at lets its old messages go; one on show keeps them', async () => {
  server.logs.set('r2', [])
  server.say('r2', 'm1')
  const client = await signedIn()
  await client.actions.openRoom('r1')
  client.actions.closeRoom('r1')
  await client.actions.openRoom('r2')
  for (let i = 1; i <= 1300; i++) for (const room of ['r1', 'r2']) server.say(room, `later ${i}`)
  await until(() => ['r1', 'r2'].every((room) => texts(client, room).at(-1) === 'later 1300'))
  const log = /** @type {any} */ (client.store.log('r1').value)
  assert.ok(log.items.size < 1200, `${log.items.size} are kept`)
  assert.deepEqual([log.rows.length, log.cursor.seq, log.atEnd, log.atStart], [log.items.size, 1303, true, false])
  assert.equal(texts(client, 'r2').length, 1301)
  client.actions.trim('r1')
  assert.ok((await client.actions.loadOlder('r1')) > 0, 'what went comes again')
  assert.equal(client.store.rooms.value.get('r1')?.unread, 1300)
})

test('a room that is opened again begins at its first unread message, also when that was let go', async () => {
  server.logs.set('r2', [])
  const client = await signedIn()
  await client.actions.openRoom('r1')
  client.actions.closeRoom('r1')
  await client.actions.openRoom('r2')
  for (let i = 1; i <= 3000; i++) server.say('r1', `later ${i}`)
  await until(() => texts(client).at(-1) === 'later 3000')
  assert.ok(!texts(client).includes('later 1'))
  await client.actions.openRoom('r1')
  assert.deepEqual([texts(client).includes('later 1'), client.store.log('r1').value?.newFrom, client.store.log('r1').value?.atEnd], [true, 4, false])
  client.actions.closeRoom('r1')
  client.actions.read('r1', 3003)
  await client.actions.openRoom('r1')
  assert.deepEqual([texts(client).at(-1), client.store.log('r1').value?.newFrom], ['later 3000', null])
})

test('a room begins at its first unread row, however many replies in threads stand before it', async () => {
  const client = await signedIn()
  await client.actions.openRoom('r1')
  await client.actions.jump('r1', 1)
  client.actions.closeRoom('r1')
  for (let i = 0; i < 700; i++) server.add('r1', { kind: 'message', body: { text: 'reply', rev: 1, thread: 1 } })
  for (let i = 1; i <= 1300; i++) server.say('r1', `later ${i}`)
  await until(() => texts(client).at(-1) === 'later 1300')
  await client.actions.openRoom('r1')
  assert.deepEqual([texts(client).includes('later 1'), client.store.log('r1').value?.newFrom], [true, 704])
})

test('a room whose unread messages are still on their way begins there', async () => {
  const client = await signedIn()
  await client.actions.openRoom('r1')
  client.actions.closeRoom('r1')
  server.resume = (socket, room) => socket.watching.add(room) // slow to send what was missed
  for (let i = 1; i <= 100; i++) server.say('r1', `later ${i}`, true)
  cut()
  await until(() => server.requests.filter((r) => r.type === 'hello').length === 2)
  for (const s of server.sockets) server.send(s, { type: 'signal', kind: 'read', room: 'r1', seq: 3, unread: 100 })
  await until(() => client.store.rooms.value.get('r1')?.unread === 100)
  await client.actions.openRoom('r1')
  assert.deepEqual([texts(client)[0], texts(client)[3], client.store.log('r1').value?.newFrom], ['m1', 'later 1', 4])
})

test('without a connection a room opens with what is here', async () => {
  const client = await signedIn()
  await client.actions.openRoom('r1')
  client.actions.closeRoom('r1')
  for (let i = 1; i <= 1300; i++) server.say('r1', `later ${i}`)
  await until(() => texts(client).at(-1) === 'later 1300')
  await server.close()
  await until(() => !client.connection.open)
  await client.actions.openRoom('r1')
  assert.deepEqual([texts(client).includes('later 1'), texts(client).at(-1)], [false, 'later 1300'])
})

test('a hole is pulled, and what lies beyond it waits', async () => {
  const client = await signedIn()
  await client.actions.openRoom('r1')
  server.say('r1', 'm4', true)
  server.say('r1', 'm5')
  await until(() => texts(client).join() === 'm1,m2,m3,m4,m5')
  assert.ok(server.requests.some((r) => r.type === 'pull' && r.after === 3))
})

test('a lost last message is found by the next pong', async () => {
  server.heartbeat = 30
  const client = await signedIn()
  await client.actions.openRoom('r1')
  server.say('r1', 'm4', true)
  await until(() => texts(client).join() === 'm1,m2,m3,m4')
})

test('another history: the log is dropped and read anew, the outbox stays', async () => {
  const client = await signedIn()
  await client.actions.openRoom('r1')
  server.instead.set('post', () => {})
  client.actions.post('r1', { text: 'kept' })
  await until(() => server.requests.some((r) => r.type === 'post'))
  server.epoch = 'ep2'
  server.logs.set('r1', [])
  server.say('r1', 'restored', true)
  server.instead.clear()
  cut()
  await until(() => texts(client).join() === 'restored,kept')
})

test('paging back, a jump and the way to the end', async () => {
  for (let i = 4; i <= 200; i++) server.say('r1', `m${i}`)
  const client = await signedIn()
  await client.actions.openRoom('r1')
  assert.deepEqual([texts(client)[0], texts(client).length], ['m151', 50])
  const both = await Promise.all([client.actions.loadOlder('r1'), client.actions.loadOlder('r1')])
  assert.deepEqual([both, texts(client)[0]], [[50, 50], 'm101'])
  assert.equal((await client.actions.jump('r1', 30))?.body.text, 'm30')
  assert.equal(client.store.log('r1').value?.atEnd, false)
  assert.equal(await client.actions.loadNewer('r1') > 0, true)
  await client.actions.jumpToEnd('r1')
  assert.equal(texts(client).at(-1), 'm200')
  assert.equal(await client.actions.loadNewer('r1'), 0)
  assert.equal(await client.actions.jump('r1', 999), null)
})

test('offline: what is posted waits in order, and goes out at the return', async () => {
  const client = await signedIn()
  await client.actions.openRoom('r1')
  const port = server.port
  await server.close()
  await until(() => client.store.link.value.state === 'waiting')
  for (const text of ['a', 'b', 'c']) client.actions.post('r1', { text })
  assert.deepEqual(pending(client).map((p) => p.state), ['late', 'late', 'late'])
  assert.equal(client.outbox.waiting.value, 3)
  await server.listen(port)
  client.connection.retryNow()
  await until(() => client.outbox.waiting.value === 0)
  assert.deepEqual(server.logs.get('r1')?.slice(3).map((e) => e.body.text), ['a', 'b', 'c'])
})

test('a reload: another page of the same account sends what the first one could not', async () => {
  const keys = memoryStore()
  const first = await signedIn(undefined, keys)
  server.instead.set('post', () => {})
  const key = first.actions.post('r1', { text: 'before the reload' })
  await until(() => server.requests.some((r) => r.type === 'post'))
  first.stop()
  server.instead.clear()
  const second = await signedIn(undefined, keys)
  await until(() => server.logs.get('r1')?.some((e) => e.key === key))
  await until(() => second.outbox.entries.value.length === 0)
})

test('a session that ends signs the page out, and says why', async () => {
  const client = await signedIn()
  for (const s of server.sockets) s.close(4004)
  await until(() => client.session.value === 'out')
  assert.equal(client.store.link.value.words, 'Your session has ended. Sign in again.')
  assert.equal(client.store.rooms.value.size, 0)
})

test('typing is not said twice in a row', async () => {
  const client = await signedIn()
  client.actions.typing('r1')
  client.actions.typing('r1')
  client.actions.typing('r1', 2)
  await client.connection.request('ping')
  assert.equal(server.requests.filter((r) => r.type === 'typing').length, 2)
})

test('every verb sends what the server knows', async () => {
  const client = await signedIn()
  await client.actions.openRoom('r1')
  const answer = (/** @type {any} */ f, /** @type {any} */ s) => server.send(s, { type: 'ok', n: f.n })
  for (const type of ['edit', 'delete', 'react', 'pin', 'presence', 'unwatch']) server.instead.set(type, answer)
  const item = /** @type {any} */ (client.store.log('r1').value?.rows[0])
  const { actions } = client
  await Promise.all([
    actions.edit('r1', item, 'x'), actions.remove('r1', item), actions.react('r1', item, '👍', true), actions.react('r1', item, '👍', true),
    actions.pin('r1', item, true), actions.presence('away'), actions.markUnread('r1', 2),
  ])
  assert.equal(server.requests.filter((r) => r.type === 'react').length, 1)
  assert.deepEqual(server.requests.find((r) => r.type === 'edit').rev, 1)
  assert.equal(client.store.log('r1').value?.newFrom, 2)
  assert.equal(client.store.rooms.value.get('r1')?.unread, 2)
})
