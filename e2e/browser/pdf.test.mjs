import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { atEnd } from './ending.mjs'
import { hostile, locked, paper, swelling } from './paper.mjs'
import { arrived, eventually } from './people.mjs'
import { fits, scan } from './scan.mjs'

const MB = 1 << 20

test('the first page of a PDF', async (t) => {
  /** What has been asked for: each address, and the range if one was named. @type {{url: string, range?: string}[]} */
  const asked = []
  const askedFor = (name) => asked.filter(({ url }) => url.endsWith(`/${name}`))
  const { server, ana, page } = await arrived(t, { before: (page) => page.on('request', (request) => asked.push({ url: request.url(), range: request.headers().range })) })
  const post = (text, name, body) => send(ana, text, name, body)

  await t.test('drawn in a box that was there before, by a library that comes with the first', async () => {
    assert.deepEqual(askedFor('pdf.js'), [])
    let letGo
    const held = new Promise((resolve) => { letGo = resolve })
    await page.route('**/report.pdf', async (route) => { await held; await route.continue() })
    const message = await post('the report', 'report.pdf', paper())
    await ana.say('and a line below it')
    await eventually(() => askedFor('report.pdf').length, 1, 'asked for when it comes into view')
    const below = ana.sent('and a line below it')
    const before = [await box(message), await box(below)]
    letGo()
    await firstPage(message, 'report.pdf').waitFor()
    assert.deepEqual([await box(message), await box(below)], before, 'nothing moved')
    assert.equal(askedFor('pdf.js').length, 1)
    assert.equal(askedFor('report.pdf').length, 1)
  })

  await t.test('what is on the page is in its place', async () => {
    assert.deepEqual(await look(firstPage(ana.sent('the report'), 'report.pdf')), { topLeft: 'red', topRight: 'blue', note: 'green', middle: 'white', words: true })
  })

  await t.test('letters of a font that is in the file', async () => {
    const other = await ana.context.newPage()
    await other.setContent('<p style="font: 120px serif">Letters</p><p style="break-before: page">and a second page</p>')
    const message = await post('letters', 'letters.pdf', await other.pdf())
    await other.close()
    await firstPage(message, 'letters.pdf').waitFor()
    assert.equal((await look(firstPage(message, 'letters.pdf'))).words, true)
  })

  await t.test('a press opens the whole in a tab of its own, by keyboard too', async () => {
    const link = ana.sent('the report').getByRole('link', { name: 'First page of report.pdf' })
    assert.deepEqual([await link.getAttribute('target'), await link.getAttribute('rel'), await link.getAttribute('href')],
      ['_blank', 'noopener', await ana.sent('the report').getByRole('link', { name: 'Open report.pdf' }).getAttribute('href')])
    await link.focus()
    const [tab] = await Promise.all([ana.context.waitForEvent('page'), page.keyboard.press('Enter')])
    await eventually(() => tab.url().endsWith('/report.pdf') || tab.url(), true, 'the tab')
    await tab.close()
  })

  await t.test('of a large one only some pieces come', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'minichat-choose-'))
    atEnd(t, () => rm(folder, { recursive: true, force: true }))
    await writeFile(join(folder, 'large.pdf'), paper({ pages: 200, padding: 60 * MB }))
    const message = await post('a large one', 'large.pdf', join(folder, 'large.pdf'))
    await firstPage(message, 'large.pdf').waitFor()
    const ranges = askedFor('large.pdf').map(({ range }) => /^bytes=(\d+)-(\d+)$/.exec(range).slice(1).map(Number))
    const bytes = ranges.reduce((sum, [begin, end]) => sum + end + 1 - begin, 0)
    assert.ok(ranges.length <= 4 && bytes <= MB, `${ranges.length} ranges, ${bytes} bytes`)
    assert.equal((await look(firstPage(message, 'large.pdf'))).topRight, 'blue')
  })

  await t.test('one with a password, a broken one, one that unpacks without end: words in the box, and the card', async () => {
    const message = await post('locked', 'locked.pdf', locked())
    await message.getByText('Protected by a password.').waitFor()
    await message.getByRole('link', { name: 'Open locked.pdf' }).waitFor()
    for (const [name, body] of [['broken.pdf', paper().subarray(0, 300)], ['swelling.pdf', swelling()], ['blank.pdf', paper({ draw: ' ' })]]) {
      await (await post(name, name, body)).getByText('The first page cannot be shown here.').waitFor()
    }
    await ana.say('still here')
  })

  await t.test('what is in it does nothing', async () => {
    const before = asked.length
    const message = await post('hostile', 'hostile.pdf', hostile(`${server.url}/healthz`))
    await firstPage(message, 'hostile.pdf').waitFor()
    await eventually(() => page.workers().length, 0, 'the thread has ended')
    assert.deepEqual(asked.slice(before).filter(({ url }) => /healthz/.test(url)), [])
    assert.equal(ana.context.pages().length, 1)
  })

  await t.test('the thread that draws has no network, no storage and no eval', async () => {
    ana.expectErrors(/Content Security Policy/)
    let calls = 0
    const elsewhere = createServer((_, response) => {
      calls++
      response.writeHead(200, { 'Content-Type': 'text/javascript', 'Access-Control-Allow-Origin': '*' }).end('')
    }).listen(0, '127.0.0.1')
    await once(elsewhere, 'listening')
    atEnd(t, () => elsewhere.close())
    const started = page.waitForEvent('worker')
    await page.evaluate(() => new Promise((resolve) => {
      const policy = globalThis.trustedTypes.createPolicy('test', { createScriptURL: (url) => url })
      globalThis.thread = new Worker(policy.createScriptURL('/app/firstpage-worker.js'), { type: 'module' })
      globalThis.thread.onmessage = resolve
    }))
    const has = await (await started).evaluate(async (url) => {
      const later = (what) => new Promise((resolve) => { setTimeout(() => { try { resolve(what()) } catch (e) { resolve(e.name) } }) })
      return {
        gone: ['fetch', 'XMLHttpRequest', 'WebSocket', 'EventSource', 'Worker', 'importScripts', 'FontFace', 'indexedDB', 'caches'].filter((name) => name in self),
        eval: await later(() => self.eval('1')),
        module: await later(() => import(url).then(() => 'loaded', (e) => e.name)),
      }
    }, `http://127.0.0.1:${elsewhere.address().port}/x.js`)
    assert.deepEqual(has, { gone: [], eval: 'EvalError', module: 'TypeError' })
    await page.evaluate(() => globalThis.thread.terminate())
    assert.equal(calls, 0)
  })

  await t.test('seen again, it is not asked for again', async () => {
    const before = asked.length
    await page.getByRole('button', { name: 'Pinned messages' }).click()
    await ana.act('the report', 'Pin')
    await firstPage(page.getByRole('complementary'), 'report.pdf').waitFor()
    assert.deepEqual(asked.slice(before).filter(({ url }) => url.endsWith('.pdf')), [])
  })

  await t.test('nothing serious for assistive technology, nothing to scroll sideways', async () => {
    await scan(page, 'PDFs')
    await page.setViewportSize({ width: 360, height: 740 })
    await page.reload()
    const general = page.getByRole('link', { name: /general/ })
    await general.or(firstPage(ana.sent('hostile'), 'hostile.pdf')).first().waitFor() // the list, or the room
    if (await general.isVisible()) await general.click()
    await firstPage(ana.sent('hostile'), 'hostile.pdf').waitFor()
    await fits(page, 'PDFs at 360 px')
  })
})

test('a first page that does not come', async (t) => {
  const { server, ana, page } = await arrived(t)

  await t.test('says so, and comes at a press', async () => {
    ana.expectErrors(/status of 500/)
    await page.route('**/slip.pdf', (route) => route.fulfill({ status: 500 }))
    const message = await send(ana, 'a slip', 'slip.pdf', paper())
    await message.getByText('Could not load.').waitFor()
    await page.unroute('**/slip.pdf')
    await message.getByRole('button', { name: 'Retry slip.pdf' }).click()
    await firstPage(message, 'slip.pdf').waitFor()
  })

  await t.test('comes by itself with the next connection', async () => {
    ana.expectCutLine()
    await page.route('**/late.pdf', (route) => route.abort('connectionrefused'))
    const message = await send(ana, 'a late one', 'late.pdf', paper())
    await message.getByText('No connection.').waitFor()
    await page.unroute('**/late.pdf')
    await server.kill()
    await server.start()
    await firstPage(message, 'late.pdf').waitFor()
  })
})

test('who saves data asks for it', async (t) => {
  const { ana } = await arrived(t, { before: (page) => page.addInitScript(() => Object.defineProperty(navigator, 'connection', { value: { saveData: true } })) })
  const message = await send(ana, 'the report', 'report.pdf', paper())
  const button = message.getByRole('button', { name: 'Show the first page of report.pdf' })
  await button.waitFor()
  const workers = ana.page.workers().length
  assert.equal(workers, 0)
  await button.click()
  await firstPage(message, 'report.pdf').waitFor()
})

test('a browser that cannot draw shows the card', async (t) => {
  const { ana } = await arrived(t, { before: (page) => page.addInitScript(() => { delete globalThis.OffscreenCanvas }) })
  const message = await send(ana, 'the report', 'report.pdf', paper())
  await message.getByRole('link', { name: 'Open report.pdf' }).waitFor()
  assert.ok((await message.boundingBox()).height < 150, 'no box is kept for it')
})

/** Sends a message with one file. @param {import('./people.mjs').Person} person @param {string|Buffer} body the bytes, or where they are */
async function send(person, text, name, body) {
  await person.attach(typeof body === 'string' ? body : { name, mimeType: 'application/pdf', buffer: body })
  await person.page.getByRole('button', { name: `Remove ${name}` }).waitFor()
  await person.write(text)
  await person.sent(text).waitFor()
  return person.sent(text)
}

function firstPage(where, name) {
  return where.getByRole('img', { name: `First page of ${name}` })
}

async function box(message) {
  const { y, height } = await message.boundingBox()
  return [y, height]
}

/** Which colours a drawn paper has where. */
function look(img) {
  return img.evaluate(async (one) => {
    await one.decode()
    const canvas = Object.assign(document.createElement('canvas'), { width: one.naturalWidth, height: one.naturalHeight })
    const brush = canvas.getContext('2d')
    brush.drawImage(one, 0, 0)
    const { data } = brush.getImageData(0, 0, canvas.width, canvas.height)
    const at = (x, y) => {
      const i = 4 * (Math.floor(y * canvas.height) * canvas.width + Math.floor(x * canvas.width))
      return data.slice(i, i + 3).join()
    }
    const name = (rgb) => ({ '255,0,0': 'red', '0,0,255': 'blue', '0,255,0': 'green', '255,255,255': 'white' })[rgb] ?? rgb
    let dark = 0
    for (let i = 0; i < data.length; i += 4) if (data[i] + data[i + 1] + data[i + 2] < 120) dark++
    return { topLeft: name(at(0.08, 0.12)), topRight: name(at(0.92, 0.12)), note: name(at(0.5, 0.6)), middle: name(at(0.5, 0.85)), words: dark > 100 }
  })
}
