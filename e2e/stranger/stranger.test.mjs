import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startServer } from '../browser/server.mjs'

const run = promisify(execFile)
const script = fileURLToPath(new URL('stranger.py', import.meta.url))
const COUNT = 150

/** A Python that has Debian's python3-websockets; another may stand before it on the PATH. */
async function python() {
  for (const name of ['python3', '/usr/bin/python3']) {
    if (await run(name, ['-c', 'import websockets']).then(() => true, () => false)) return name
  }
  throw new Error('no Python with websockets: install python3-websockets')
}

test('a client written from docs/protocol.md alone sees each event once', async (t) => {
  const server = await startServer(t)
  await server.owner()
  const { stdout } = await server.command('token', 'new', 'ana')
  const base = `http://127.0.0.1:${server.port}`
  const going = run(await python(), [script, base, stdout.trim(), String(COUNT)])

  // Meanwhile the server dies, twice, and somebody else writes into the room.
  const room = await roomOf(server, stdout.trim())
  for (const text of ['meanwhile 1', 'meanwhile 2']) {
    await server.api('POST', `/rooms/${room}/messages`, { text }, stdout.trim())
    await server.kill()
    await server.start()
  }

  const said = JSON.parse((await going).stdout)
  assert.equal(said.acked, COUNT)
  assert.ok(said.resumed >= 8, `resumed ${said.resumed} times`)
  const log = await wholeLog(server, said.room, stdout.trim())
  assert.deepEqual(said.ids, log.map((event) => event.id))
  const texts = log.filter((event) => event.kind === 'message').map((event) => event.body.text)
  assert.deepEqual(said.texts, texts)
  const want = [...Array.from({ length: COUNT }, (_, i) => `message ${i}, über 😀`), 'meanwhile 1', 'meanwhile 2']
  assert.deepEqual([...texts].sort(), want.sort(), 'every message once')
})

/** The room that the stranger makes, as soon as it is there. */
async function roomOf(server, token) {
  for (;;) {
    const { list } = await server.api('GET', '/rooms', undefined, token)
    const room = list.find((one) => one.name === 'strangers')
    if (room) return room.room
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function wholeLog(server, room, token) {
  const all = []
  for (;;) {
    const page = await server.api('GET', `/rooms/${room}/events?after=${all.length}&limit=200`, undefined, token)
    all.push(...page.list)
    if (all.length >= page.head) return all
  }
}
