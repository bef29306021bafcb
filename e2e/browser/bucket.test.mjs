import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { BUCKET_ENV, freePort, startBucket, startTunnel } from './bucket.mjs'
import { atEnd } from './ending.mjs'
import { paper } from './paper.mjs'
import { eventually, newPerson, openBrowser, picture } from './people.mjs'
import { minichat, startServer } from './server.mjs'
import { wav } from './sound.mjs'
import { serveFolder } from './static.mjs'

const MB = 1 << 20
const SIZE = 300 * MB
const PART = 8 * MB
/** Parts of one upload that are under way at once. */
const AT_ONCE = 3
/** Of a sound that is too long to be fetched whole by who only shows it. */
const SECONDS = 3000

test('page on one origin, server on a second, bucket on a third', async (t) => {
  const [folder, choose] = await Promise.all(['page', 'choose'].map((name) => mkdtemp(join(tmpdir(), `minichat-${name}-`))))
  for (const one of [folder, choose]) atEnd(t, () => rm(one, { recursive: true, force: true }))
  const origin = await serveFolder(t, folder)
  const port = await freePort()
  const bucket = await startBucket(t, origin, `http://127.0.0.1:${port}`)
  const server = await startServer(t, { port, args: ['--origins', origin, '--files', bucket.address], env: BUCKET_ENV })
  const line = await startTunnel(t, server.port)
  await minichat('web', 'export', folder, '--server', line.url, '--files-origin', bucket.line.url)
  const owner = await server.owner()
  const browser = await openBrowser(t)
  const ana = await newPerson(t, browser)
  await ana.signIn(`${origin}/`, owner.handle, owner.password)
  await ana.composer.waitFor()
  const { page } = ana

  await t.test('300 MB go up, with one cut line and one reload, and come down as they were', async () => {
    const file = await randomFile(join(choose, 'film.bin'), SIZE)
    bucket.line.holdAfter(80 * MB)
    await ana.attach(file.path)
    await eventually(() => bucket.line.held, true, '80 MB are in the bucket')
    ana.expectCutLine()
    bucket.line.cut()
    line.cut()
    await page.getByText(/paused$/).waitFor()
    line.mend()
    bucket.line.mend()
    bucket.line.holdAfter(80 * MB)
    await eventually(() => bucket.line.held, true, '80 MB more')
    await page.reload()
    const bar = page.getByRole('progressbar', { name: 'Upload of film.bin' })
    await bar.waitFor()
    bucket.line.release()
    await page.getByRole('button', { name: 'Remove film.bin' }).waitFor({ timeout: 120_000 })
    // Each interruption costs what was under way, and no more.
    assert.ok(bucket.line.sent < SIZE + 2 * (AT_ONCE + 1) * PART, `${bucket.line.sent} bytes were sent`)
    await ana.write('the film')
    await ana.sent('the film').getByLabel('Download film.bin').waitFor()
    const [download] = await Promise.all([page.waitForEvent('download', { timeout: 120_000 }), page.getByLabel('Download film.bin').click()])
    assert.equal(download.suggestedFilename(), 'film.bin')
    const got = await download.path()
    assert.equal(await hashOf(got), file.hash)
  })

  await t.test('a picture, a sound, the first lines of a text and the first page of a PDF come from the bucket', async () => {
    const files = [['dot.png', picture], ['tune.wav', wav(SECONDS)], ['notes.txt', 'eins\n<b>zwei</b>\n'], ['paper.pdf', paper({ padding: 12 * MB })]]
    await ana.attach(await Promise.all(files.map(async ([name, bytes]) => {
      await writeFile(join(choose, name), bytes)
      return join(choose, name)
    })))
    for (const [name] of files) await page.getByRole('button', { name: `Remove ${name}` }).waitFor()
    await ana.write('four')
    const message = ana.sent('four')
    await eventually(() => message.getByRole('img', { name: 'dot.png' }).evaluate((img) => img.complete && img.naturalWidth), 8, 'the picture')
    await eventually(() => message.locator('audio').evaluate((audio) => Math.round(audio.duration)), SECONDS, 'the sound')
    await message.getByText('<b>zwei</b>').waitFor()
    await message.getByRole('img', { name: 'First page of paper.pdf' }).waitFor()
  })

  await t.test('the link under a sound dies while it plays: it goes on where it was', async () => {
    const audio = ana.sent('four').locator('audio')
    const first = await audio.evaluate((one) => one.currentSrc)
    // As the bucket answers when the minute is over: the browser asks for what it has not got, and is refused.
    ana.expectErrors(/status of 403/)
    await page.route(/tune\.wav/, (route) => route.fulfill({ status: 403, body: '' }), { times: 1 })
    await audio.evaluate((one, at) => { one.currentTime = at }, SECONDS - 60)
    await eventually(() => audio.evaluate((one, was) => one.currentSrc !== was && one.readyState >= 2 && one.error === null && Math.round(one.currentTime), first), SECONDS - 60, 'it goes on')
  })

  await t.test('the same from the server\'s own page, signed in by a cookie', async () => {
    const ben = await newPerson(t, browser)
    await ben.arrive((await server.invite()).replace('localhost', '127.0.0.1'), 'Ben')
    const message = ben.sent('four')
    await message.scrollIntoViewIfNeeded()
    await eventually(() => message.getByRole('img', { name: 'dot.png' }).evaluate((img) => img.complete && img.naturalWidth), 8, 'the picture')
    await eventually(() => message.locator('audio').evaluate((audio) => Math.round(audio.duration)), SECONDS, 'the sound')
    await message.getByText('<b>zwei</b>').waitFor()
    await message.getByRole('img', { name: 'First page of paper.pdf' }).waitFor()
    const bytes = randomBytes(PART + 5)
    await writeFile(join(choose, 'two-parts.bin'), bytes)
    const sent = []
    ben.page.on('request', (request) => { if (request.method() === 'PUT') sent.push(new URL(request.url()).origin) })
    await ben.attach(join(choose, 'two-parts.bin'))
    await ben.page.getByRole('button', { name: 'Remove two-parts.bin' }).waitFor()
    assert.deepEqual(sent, [bucket.line.url, bucket.line.url], 'past the server')
    await ben.write('two parts')
    await ana.sent('two parts').waitFor()
    assert.ok((await ana.download('two-parts.bin')).equals(bytes))
    assert.ok((await ben.download('two-parts.bin')).equals(bytes))
  })

  await t.test('without its bucket: an upload waits and says so, a picture says so; both go on', async () => {
    ana.expectErrors(/status of 503|NotSameOrigin|ERR_CONNECTION|ERR_EMPTY_RESPONSE/)
    await bucket.stop()
    await ana.attach({ name: 'late.txt', mimeType: 'text/plain', buffer: Buffer.from('late') })
    await page.getByText('The storage does not answer.').waitFor()
    await page.getByRole('button', { name: 'Retry late.txt' }).waitFor()
    await page.reload()
    const message = ana.sent('four')
    await message.getByText('The storage does not answer.').first().waitFor()
    const { list } = await server.api('GET', '/rooms', undefined, owner.token)
    await server.api('POST', `/rooms/${list[0].room}/messages`, { text: 'the chat goes on' }, owner.token)
    await ana.sent('the chat goes on').waitFor()
    await bucket.start()
    await page.getByRole('button', { name: 'Remove late.txt' }).waitFor()
    await message.getByRole('button', { name: 'Retry dot.png' }).click()
    await eventually(() => message.getByRole('img', { name: 'dot.png' }).evaluate((img) => img.complete && img.naturalWidth), 8, 'the picture is back')
    await message.getByRole('button', { name: 'Retry paper.pdf' }).click()
    await message.getByRole('img', { name: 'First page of paper.pdf' }).waitFor()
  })
})

/** A file of random bytes on disk, and what it hashes to. */
async function randomFile(path, size) {
  const file = await open(path, 'w')
  const hash = createHash('sha256')
  for (let at = 0; at < size; at += MB) {
    const block = randomBytes(Math.min(MB, size - at))
    hash.update(block)
    await file.write(block)
  }
  await file.close()
  return { path, hash: hash.digest('hex') }
}

async function hashOf(path) {
  const hash = createHash('sha256')
  for await (const block of createReadStream(path, { highWaterMark: MB })) hash.update(block)
  return hash.digest('hex')
}
