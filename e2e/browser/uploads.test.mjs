import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { eventually, newPerson, openBrowser } from './people.mjs'
import { startServer } from './server.mjs'

const MB = 1 << 20
const PART = 8 * MB

/** Ana in the first room; what she puts goes through a line whose speed and parts the test rules. */
async function arrived(t) {
  const server = await startServer(t)
  const owner = await server.owner()
  const ana = await newPerson(t, await openBrowser(t))
  await ana.signIn(server.url, owner.handle, owner.password)
  await ana.composer.waitFor()
  return { server, owner, ana, page: ana.page, line: await partsLine(ana.page) }
}

/**
 * Parts whose number is not let through wait at the door; what got through is written down.
 * @param {any} page
 */
async function partsLine(page) {
  const line = { open: new Set(), done: [], waiting: [] }
  await page.route('**/api/v1/parts/**', async (route) => {
    const number = Number(new URL(route.request().url()).pathname.split('/').at(-1))
    if (!line.open.has(number)) return void line.waiting.push({ number, route })
    await send(number, route)
  })
  const send = async (number, route) => {
    const answer = await route.fetch().catch(() => null)
    if (answer?.ok()) line.done.push(number)
    await (answer ? route.fulfill({ response: answer }) : route.abort()).catch(() => {})
  }
  line.let = async (...numbers) => {
    for (const number of numbers) line.open.add(number)
    const now = line.waiting.filter((one) => line.open.has(one.number))
    line.waiting = line.waiting.filter((one) => !now.includes(one))
    await Promise.all(now.map((one) => send(one.number, one.route)))
  }
  line.cut = async () => {
    const now = line.waiting
    line.waiting = []
    await Promise.all(now.map((one) => one.route.abort('connectionreset').catch(() => {})))
  }
  return line
}

test('a reload in the midst of a large upload: it goes on, and sends no part again', async (t) => {
  const { server, owner, ana, page, line } = await arrived(t)
  const bytes = randomBytes(3 * PART + 12345) // four parts
  await line.let(1, 3)
  await ana.attach({ name: 'large.bin', mimeType: 'application/octet-stream', buffer: bytes })
  const bar = page.getByRole('progressbar', { name: 'Upload of large.bin' })
  await bar.waitFor()
  await eventually(() => [...line.done].sort(), [1, 3], 'the parts that are up')
  await eventually(() => bar.evaluate((progress) => progress.value > 0 && progress.value < progress.max), true, 'progress shows')
  await page.getByText(/^\d+ % of 24 MB/).waitFor()
  assert.ok(await page.getByRole('button', { name: 'Cancel large.bin' }).isVisible())

  line.open.clear()
  line.waiting = []
  await page.reload()
  await bar.waitFor()
  await eventually(() => line.waiting.map((one) => one.number).sort(), [2, 4], 'the parts that are asked for after the reload')
  await eventually(() => bar.evaluate((progress) => progress.value), 2 * PART, 'what is up already shows')
  await line.let(2, 4)
  await page.getByRole('button', { name: 'Remove large.bin' }).waitFor()
  assert.deepEqual([...line.done].sort(), [1, 2, 3, 4], 'each part once')
  await ana.write('large')
  await ana.sent('large').getByLabel('Download large.bin').waitFor()
  assert.equal(sha(await fileOf(server, owner, 'large')), sha(bytes), 'the bytes that went up')
})

test('the line is lost: the upload waits and goes on; the text goes with it', async (t) => {
  const { server, owner, ana, page, line } = await arrived(t)
  ana.expectCutLine()
  const bytes = randomBytes(PART + 999)
  await line.let(1)
  await ana.attach({ name: 'train.bin', mimeType: 'application/octet-stream', buffer: bytes })
  await eventually(() => line.done, [1], 'the first part is up')
  await ana.write('written while it loads')
  await page.getByText('Sends when the files are up').waitFor()
  await eventually(() => line.waiting.length, 1, 'the second is on its way')
  await line.cut()
  await page.getByText(/paused$/).waitFor()
  await line.let(2)
  await ana.sent('written while it loads').getByLabel('Download train.bin').waitFor()
  assert.deepEqual(line.done, [1, 2])
  assert.equal(sha(await fileOf(server, owner, 'written while it loads')), sha(bytes))
})

test('cancelled: gone from the page, the device and the server', async (t) => {
  const { server, owner, ana, page, line } = await arrived(t)
  const made = page.waitForResponse((response) => response.url().endsWith('/api/v1/files'))
  await ana.attach({ name: 'no.bin', mimeType: 'application/octet-stream', buffer: randomBytes(PART + 1) })
  const { file } = await (await made).json()
  await eventually(() => line.waiting.length, 2, 'both parts are on their way')
  await page.getByRole('button', { name: 'Cancel no.bin' }).click()
  await page.getByRole('progressbar').waitFor({ state: 'detached' })
  await eventually(() => statusOf(server, owner, `/api/v1/files/${file}`), 404, 'the server has let go of it')
  await page.reload()
  await ana.composer.waitFor()
  await ana.say('nothing attached')
  assert.equal(await page.getByRole('button', { name: /no\.bin/ }).count(), 0)
})

/** @param {Buffer} bytes */
function sha(bytes) {
  return createHash('sha256').update(bytes).digest('hex')
}

/** @param {any} server @param {{token: string}} owner @param {string} path */
async function statusOf(server, { token }, path) {
  const answer = await fetch(server.url + path, { headers: { Authorization: `Bearer ${token}` } })
  await answer.arrayBuffer()
  return answer.status
}

/** The bytes of the file that a message carries, from the server. */
async function fileOf(server, { token }, text) {
  const { list } = await server.api('GET', '/rooms', undefined, token)
  const page = await server.api('GET', `/rooms/${list[0].room}/events?after=0&limit=200`, undefined, token)
  const { file, name } = page.list.find((event) => event.body.text === text).body.files[0]
  const answer = await fetch(`${server.url}/files/${file}/${encodeURIComponent(name)}`, { headers: { Authorization: `Bearer ${token}` } })
  assert.equal(answer.status, 200)
  return Buffer.from(await answer.arrayBuffer())
}
