// The small modules: drafts, settings, words for people, slash commands, HTTP errors.

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { test } from 'node:test'
import { Api, readLinkHash, shareable } from '../app/api.js'
import { COMMANDS, matchCommands, runCommand } from '../app/commands.js'
import { Drafts, draftKey, memoryStore } from '../app/drafts.js'
import * as format from '../app/format.js'
import { canDelete, canEdit, canManage } from '../app/logviews.js'
import { Settings } from '../app/settings.js'
import { Store } from '../app/store.js'
import { msg, welcome } from './events.js'

test('drafts are kept for each room and thread, and for each account', () => {
  const store = memoryStore()
  const drafts = new Drafts(store)
  drafts.load('ana')
  drafts.set(draftKey('r1'), 'room')
  drafts.set(draftKey('r1', 7), 'thread')
  assert.deepEqual([...drafts.keys.value], ['r1', 'r1:7'])
  drafts.flush()
  const again = new Drafts(store)
  again.load('ana')
  assert.deepEqual([again.get('r1'), again.get('r1:7')], ['room', 'thread'])
  again.set('r1', '')
  again.load('ben')
  assert.equal(again.get('r1:7'), '')
  again.load('ana')
  assert.deepEqual([...again.keys.value], ['r1:7'])
})

test('drafts save by themselves', async () => {
  const store = memoryStore()
  const drafts = new Drafts(store)
  drafts.load('ana')
  drafts.set('r1', 'x')
  while (!store.length) await new Promise((r) => setTimeout(r, 20))
  assert.equal(store.getItem('minichat.draft.ana.r1'), 'x')
})

test('settings', () => {
  const store = memoryStore()
  const settings = new Settings(store)
  assert.deepEqual([settings.theme.value, settings.enterSends.value, settings.cleanPhotos.value], ['system', true, true])
  settings.set('theme', 'dark')
  settings.set('enterSends', false)
  settings.set('cleanPhotos', false)
  settings.set('noConfirm', new Set(['all-read']))
  const again = new Settings(store)
  assert.deepEqual([again.theme.value, again.enterSends.value, again.cleanPhotos.value, [...again.noConfirm.value]], ['dark', false, false, ['all-read']])
})

test('words for sizes, names, days', () => {
  assert.deepEqual([0, 999, 1024, 1536, 10_485_760, 2 ** 30].map(format.bytes), ['0 B', '999 B', '1 KB', '1.5 KB', '10 MB', '1 GB'])
  assert.equal(format.names(['Ana']), 'Ana')
  assert.equal(format.names(['Ana', 'Ben']), 'Ana and Ben')
  assert.equal(format.names(['Ana', 'Ben', 'Cy', 'Di']), 'Ana, Ben and 2 others')
  assert.deepEqual(['Ana Maria Silva', 'ben', '', '🦊 fox'].map(format.initials), ['AS', 'B', '', '🦊F'])
  const now = new Date(2026, 4, 5, 12).getTime()
  assert.equal(format.day(now, now), 'Today')
  assert.equal(format.day(new Date(2026, 4, 4, 23).getTime(), now), 'Yesterday')
  assert.equal(format.utf8Length('aé👍'), 7)
})

test('grouping: the same author within five minutes of the same day, no reply, nothing deleted', () => {
  const at = new Date(2026, 4, 5, 12).getTime()
  const a = msg(1, 'a', { at })
  assert.equal(format.sameGroup(a, msg(2, 'b', { at: at + 60_000 })), true)
  assert.equal(format.sameGroup(a, msg(2, 'b', { at: at + 300_000 })), false)
  assert.equal(format.sameGroup(a, msg(2, 'b', { at, by: 'u9' })), false)
  assert.equal(format.sameGroup(a, msg(2, 'b', { at, body: { reply_to: 1 } })), false)
  assert.equal(format.sameGroup(undefined, a), false)
})

test('commands: what is one, what is text', async () => {
  const ctx = { client: { actions: { updateRoom: async (/** @type {string} */ room, /** @type {any} */ change) => assert.deepEqual([room, change], ['r1', { topic: 'new topic' }]) } }, room: 'r1' }
  assert.deepEqual(runCommand(ctx, 'hello'), { handled: false, text: 'hello' })
  assert.deepEqual(runCommand(ctx, '//topic'), { handled: false, text: '/topic' })
  assert.deepEqual(runCommand(ctx, '/usr/bin'), { handled: false, text: '/usr/bin' })
  const topic = runCommand(ctx, '/topic new topic')
  assert.ok(topic.handled)
  assert.deepEqual(await topic.done, {})
  const unknown = runCommand(ctx, '/nonsense')
  assert.ok(unknown.handled)
  await assert.rejects(unknown.done, /no command/)
  assert.deepEqual(matchCommands('/to').map((c) => c.name), ['topic'])
  assert.ok(COMMANDS.every((c) => c.usage.startsWith(`/${c.name}`) && c.help))
})

test('a problem of the server is an error with its code, field and wait', async () => {
  const server = createServer((_, response) => {
    response.writeHead(429, { 'Content-Type': 'application/problem+json', 'Retry-After': '3' })
    response.end(JSON.stringify({ type: 'about:blank', title: 'Too Many Requests', status: 429, code: 'rate_limited', detail: 'Wait.', field: 'handle', definite: true }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${/** @type {any} */ (server.address()).port}`
  await assert.rejects(new Api({ server: url }).me(), { code: 'rate_limited', message: 'Wait.', field: 'handle', status: 429, retry_ms: 3000, definite: true })
  server.close()
  server.closeAllConnections()
  await once(server, 'close')
  await assert.rejects(new Api({ server: url }).me(), { code: 'offline', definite: false })
})

test('another origin gets the token, and is not asked for a cookie', async () => {
  /** @type {any[]} */
  const asked = []
  const fake = async (/** @type {any} */ url, /** @type {any} */ init) => {
    asked.push([url, init])
    return new Response('{}')
  }
  await new Api({ server: 'https://chat.example.org/', token: () => 'T', fetch: fake }).signIn({ handle: 'ana', password: 'p' })
  await new Api({ fetch: fake }).signIn({ handle: 'ana', password: 'p' })
  const [[url, init], [, own]] = asked
  assert.equal(url, 'https://chat.example.org/api/v1/sessions')
  assert.deepEqual([init.headers.Authorization, init.credentials, JSON.parse(init.body).cookie], ['Bearer T', 'omit', undefined])
  assert.deepEqual([own.headers.Authorization, own.credentials, JSON.parse(own.body).cookie], [undefined, 'same-origin', true])
})

test('links for people', () => {
  assert.deepEqual(readLinkHash('#join=abc-_1'), { kind: 'join', token: 'abc-_1' })
  assert.deepEqual(readLinkHash('#setup=x'), { kind: 'setup', token: 'x' })
  for (const no of ['', '#', '#room=r1', '#join=', '#join=a b']) assert.equal(readLinkHash(no), null)
})

test('who may do what', () => {
  const me = /** @type {any} */ ({ user: 'u1', role: 'member' })
  const room = /** @type {any} */ ({ kind: 'channel' })
  assert.deepEqual([canEdit(me, msg(1, 'a')), canEdit(me, msg(1, 'a', { by: 'u1' })), canEdit(me, msg(1, '', { by: 'u1', body: { deleted: true } }))], [false, true, false])
  assert.deepEqual([canDelete(me, room, msg(1, 'a')), canDelete(me, { ...room, role: 'admin' }, msg(1, 'a')), canDelete({ ...me, role: 'owner' }, room, msg(1, 'a'))], [false, true, true])
  assert.deepEqual([canManage(me, room), canManage(me, { ...room, role: 'admin' }), canManage({ ...me, role: 'admin' }, { ...room, kind: 'direct' })], [false, true, false])
})

test('the store: rooms in order, totals, stand-ins for people', () => {
  const store = new Store(() => 0)
  store.dispatch({ ...welcome, rooms: [
    { room: 'r2', kind: 'direct', with: ['u2'], head: 1, unread: 2, mentions: 2 },
    { room: 'r3', kind: 'channel', name: 'zebra', head: 1, unread: 1 },
    { room: 'r4', kind: 'private', name: 'alpha', head: 1 },
    { room: 'r5', kind: 'channel', name: 'old', head: 1, unread: 5, archived: true },
  ] })
  assert.deepEqual(store.sorted.value.map((r) => r.room), ['r4', 'r3', 'r2'])
  assert.deepEqual(store.totals.value, { unread: 2, mentions: 2 })
  assert.equal(format.roomTitle(store.sorted.value[2], store), '…')
  store.dispatch({ type: 'signal', kind: 'user', user: { user: 'u2', handle: 'ben', name: 'Ben', color: 'red', role: 'member' } })
  assert.equal(format.roomTitle(store.sorted.value[2], store), 'Ben')
})

test('a link for others names an address that they can reach', () => {
  const lan = { hostname: '10.0.0.7', origin: 'http://10.0.0.7:8000' }
  assert.equal(shareable('http://localhost:8000/#join=T', lan), 'http://10.0.0.7:8000/#join=T')
  assert.equal(shareable('https://chat.example.org/#join=T', lan), 'https://chat.example.org/#join=T')
  assert.equal(shareable('http://localhost:8000/#join=T', { hostname: '127.0.0.1', origin: 'http://127.0.0.1:8000' }), 'http://localhost:8000/#join=T')
})
