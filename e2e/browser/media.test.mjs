import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { atEnd } from './ending.mjs'
import { arrived, eventually } from './people.mjs'
import { fits, scan } from './scan.mjs'
import { wav } from './sound.mjs'

const SECONDS = 2000 // some 16 MB: too much to be fetched by who only shows it

test('films, sounds, texts and papers', async (t) => {
  const { server, ana, page } = await arrived(t)

  const post = async (text, names, files) => {
    await ana.attach(files)
    for (const name of names) await page.getByRole('button', { name: `Remove ${name}` }).waitFor()
    await ana.write(text)
    await ana.sent(text).waitFor()
    return ana.sent(text)
  }

  await t.test('a sound: silent until asked, wound to its end without all that lies between', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'minichat-choose-'))
    atEnd(t, () => rm(folder, { recursive: true, force: true }))
    await writeFile(join(folder, 'tune.wav'), wav(SECONDS))
    let bytes = 0
    const ranges = []
    page.on('response', (response) => { if (response.url().endsWith('tune.wav')) ranges.push(response.request().headers().range) })
    page.on('requestfinished', async (request) => { if (request.url().endsWith('tune.wav')) bytes += (await request.sizes()).responseBodySize })
    const audio = (await post('listen', ['tune.wav'], join(folder, 'tune.wav'))).locator('audio')
    await eventually(() => audio.evaluate((one) => Math.round(one.duration)), SECONDS, 'its length')
    assert.deepEqual(await audio.evaluate((one) => [one.paused, one.autoplay, one.preload]), [true, false, 'metadata'])
    await audio.evaluate((one, at) => { one.currentTime = at }, SECONDS - 30)
    await eventually(() => audio.evaluate((one) => !one.seeking && one.readyState >= 2 && Math.round(one.currentTime)), SECONDS - 30, 'wound')
    await audio.evaluate((one) => one.play())
    await eventually(() => audio.evaluate((one, at) => one.currentTime > at, SECONDS - 30), true, 'it plays on from there')
    await audio.evaluate((one) => one.pause())
    assert.ok(ranges.some((range) => Number(/bytes=(\d+)-/.exec(range)?.[1]) > (SECONDS - 100) * 8000), `asked for ${ranges}`)
    assert.ok(bytes < SECONDS * 8000 * 0.75, `${bytes} bytes came`)
  })

  await t.test('a film: in its place before it comes, with a preview, played when asked', async () => {
    const film = Buffer.from(await page.evaluate(record), 'base64')
    const message = await post('watch', ['film.webm'], { name: 'film.webm', mimeType: 'video/webm', buffer: film })
    const video = message.locator('video')
    await eventually(() => video.evaluate((one) => [one.videoWidth, one.videoHeight]), [160, 90], 'its size')
    assert.deepEqual(await video.evaluate((one) => [one.paused, one.autoplay, one.poster.slice(0, 23)]), [true, false, 'data:image/jpeg;base64,'])
    const { width, height } = await video.boundingBox()
    assert.deepEqual([width, height], [160, 90])
    await video.evaluate((one) => { one.muted = true; return one.play() })
    await eventually(() => video.evaluate((one) => one.currentTime > 0), true, 'it plays')
  })

  await t.test('a text: its first lines as letters, more at a press', async () => {
    const lines = Array.from({ length: 3000 }, (_, i) => `line ${i} <script>alert(1)</script>`)
    const message = await post('read', ['page.html'], { name: 'page.html', mimeType: 'text/html', buffer: Buffer.from(`<!doctype html>\n${lines.join('\n')}`) })
    const box = message.getByLabel('The beginning of page.html')
    await eventually(() => box.textContent(), ['<!doctype html>', ...lines.slice(0, 7)].join('\n'), 'eight lines')
    assert.equal(await box.locator('script').count(), 0)
    const [request] = await Promise.all([page.waitForRequest(/page\.html/), message.getByRole('button', { name: 'Show more' }).click()])
    assert.equal(request.headers().range, 'bytes=0-65535')
    await eventually(async () => (await box.textContent()).includes('line 1000 '), true, 'more of it')
    await message.getByText('The first 64 KB of ').waitFor()
    await message.getByRole('button', { name: 'Show less' }).click()
    await eventually(() => box.textContent().then((text) => text.split('\n').length), 8, 'eight again')

    const empty = await post('odd', ['odd.txt'], { name: 'odd.txt', mimeType: 'text/plain', buffer: Buffer.from('\ufeffgrün\r\nzwei') })
    await empty.getByText('grün').waitFor()
  })

  await t.test('a paper opens in a tab of its own, and cannot reach back', async () => {
    const message = await post('paper', ['paper.pdf'], { name: 'paper.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n') })
    const open = message.getByRole('link', { name: 'Open paper.pdf' })
    assert.deepEqual([await open.getAttribute('target'), await open.getAttribute('rel')], ['_blank', 'noopener'])
    const answer = await page.request.get(server.url + await open.getAttribute('href'))
    assert.deepEqual([answer.headers()['content-type'], answer.headers()['content-disposition'].split(';')[0]], ['application/pdf', 'inline'])
    assert.equal(String(await ana.download('paper.pdf')).slice(0, 8), '%PDF-1.4')
  })

  await t.test('nothing to scroll sideways, nothing serious for assistive technology', async () => {
    await scan(page, 'media')
    await page.setViewportSize({ width: 360, height: 740 })
    if (await page.getByRole('link', { name: /general/ }).isVisible()) await page.getByRole('link', { name: /general/ }).click()
    await ana.sent('watch').waitFor()
    await fits(page, 'media at 360 px')
  })
})

/** A film of two seconds, made in the page. */
async function record() {
  const canvas = Object.assign(document.createElement('canvas'), { width: 160, height: 90 })
  const brush = canvas.getContext('2d')
  const recorder = new MediaRecorder(canvas.captureStream(20), { mimeType: 'video/webm;codecs=vp8' })
  const blobs = []
  recorder.ondataavailable = (event) => blobs.push(event.data)
  const over = new Promise((resolve) => { recorder.onstop = resolve })
  recorder.start()
  for (let i = 0; i < 30; i++) {
    brush.fillStyle = `hsl(${i * 12} 80% 50%)`
    brush.fillRect(0, 0, 160, 90)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  recorder.stop()
  await over
  const bytes = new Uint8Array(await new Blob(blobs).arrayBuffer())
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
}
