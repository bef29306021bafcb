import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { eventually, newPerson, openBrowser, picture } from './people.mjs'
import { startServer } from './server.mjs'

const MIB = 1 << 20
const PART = 8 * MIB

async function alone(t, args = []) {
  const server = await startServer(t, { args })
  const owner = await server.owner()
  const ana = await newPerson(t, await openBrowser(t))
  await ana.signIn(server.url, owner.handle, owner.password)
  await ana.composer.waitFor()
  return { server, ana }
}

/** A line on which an upload can be watched. */
async function slow(person, bytesPerSecond) {
  const devtools = await person.context.newCDPSession(person.page)
  await devtools.send('Network.enable')
  await devtools.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: bytesPerSecond })
}

test('an upload goes on after a reload, and sends no part twice that had arrived', async (t) => {
  const { server, ana } = await alone(t)
  const arrived = new Set()
  const begun = []
  ana.page.on('request', (request) => { if (isPart(request)) begun.push(partOf(request)) })
  ana.page.on('requestfinished', (request) => { if (isPart(request)) arrived.add(partOf(request)) })
  await slow(ana, 12 * MIB)
  const bytes = randomBytes(6 * PART + 1000)
  await ana.attach({ name: 'film.bin', mimeType: 'application/octet-stream', buffer: bytes })
  await ana.page.getByRole('progressbar', { name: 'Upload of film.bin' }).waitFor()
  await eventually(() => arrived.size > 0, true, 'a part arrives')

  await ana.page.reload()
  const before = new Set(arrived)
  const from = begun.length
  assert.ok(before.size < 7, 'the reload came before the end')
  await ana.page.getByText('film.bin').waitFor() // it is there again, nobody chose it again
  await eventually(() => arrived.size, 7, 'all parts arrive')
  assert.deepEqual(begun.slice(from).filter((part) => before.has(part)), [], 'parts that had arrived are not sent again')
  await ana.write('the film')
  await ana.sent('the film').waitFor()
  assert.ok((await ana.download('film.bin')).equals(bytes), 'the bytes that came down are those that went up')
  assert.equal(server.said.includes('ERROR'), false, server.said)
})

test('an upload can be cancelled; a message may wait for one', async (t) => {
  const { ana } = await alone(t)
  await slow(ana, 4 * MIB)
  await ana.attach([
    { name: 'unwanted.bin', mimeType: 'application/octet-stream', buffer: randomBytes(3 * PART) },
    { name: 'wanted.txt', mimeType: 'text/plain', buffer: Buffer.from('wanted\n') },
  ])
  await ana.write('only one of the two') // while they are on their way
  await ana.page.getByRole('button', { name: 'Cancel unwanted.bin' }).click()
  await ana.sent('only one of the two').waitFor()
  assert.equal(await ana.sent('only one of the two').getByText('unwanted.bin').count(), 0)
  assert.equal(String(await ana.download('wanted.txt')), 'wanted\n')
})

test('files come by drop and by paste; one that is too large is refused in words', async (t) => {
  const { ana } = await alone(t, ['--limit', 'file_bytes=100000'])
  const parts = []
  ana.page.on('request', (request) => { if (isPart(request)) parts.push(request.url()) })
  const files = await ana.page.evaluateHandle((base64) => {
    const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))
    const data = new DataTransfer()
    data.items.add(new File([bytes], 'dropped.png', { type: 'image/png' }))
    return data
  }, picture.toString('base64'))
  for (const type of ['dragenter', 'dragover', 'drop']) await ana.timeline.dispatchEvent(type, { dataTransfer: files })
  await ana.page.getByRole('button', { name: 'Remove dropped.png' }).waitFor()

  await ana.composer.evaluate((box) => {
    const data = new DataTransfer()
    data.items.add(new File(['pasted\n'], 'pasted.txt', { type: 'text/plain' }))
    box.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }))
  })
  await ana.page.getByRole('button', { name: 'Remove pasted.txt' }).waitFor()
  await ana.write('both')
  await ana.sent('both').getByRole('img', { name: 'dropped.png' }).waitFor()
  assert.equal(String(await ana.download('pasted.txt')), 'pasted\n')

  const sent = parts.length
  await ana.attach({ name: 'large.bin', mimeType: 'application/octet-stream', buffer: randomBytes(100_001) })
  await ana.page.getByText(/large\.bin has .* at most/).first().waitFor()
  assert.equal(parts.length, sent, 'refused before the first byte')
})

const isPart = (request) => request.method() === 'PUT' && request.url().includes('/api/v1/parts/')
const partOf = (request) => new URL(request.url()).pathname.split('/').at(-1)
