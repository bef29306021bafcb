import assert from 'node:assert/strict'
import { test } from 'node:test'
import { arrived, eventually, picture } from './people.mjs'

const MB = 1 << 20

test('files in the page', async (t) => {
  const { server, owner, ana, page } = await arrived(t, { args: ['--limit', `file_bytes=${MB}`] })

  await t.test('files by paste and drop, several in one message, one taken out', async (t) => {
    await t.test('a pasted picture', async () => {
      await ana.composer.evaluate((box, base64) => {
        const data = new DataTransfer()
        data.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], 'image.png', { type: 'image/png' }))
        box.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }))
      }, picture.toString('base64'))
      await page.getByRole('button', { name: 'Remove image.png' }).waitFor()
      await ana.write('pasted')
      await ana.sent('pasted').getByRole('img', { name: 'image.png' }).waitFor()
    })

    await t.test('dropped on the window, which names the room', async () => {
      const target = page.getByText('Drop to attach in general')
      await drag(page, ['dragenter', 'dragover'], [])
      await target.waitFor()
      const box = await target.locator('..').boundingBox()
      const { width, height } = page.viewportSize()
      assert.ok(box && box.width > width * 0.9 && box.height > height * 0.9, 'it fills the window')
      await drag(page, ['dragleave'], [])
      await target.waitFor({ state: 'detached' })
      await drag(page, ['dragenter', 'dragover'], [])
      await drag(page, ['drop'], ['one.txt', 'two.txt', 'three.txt'])
      await target.waitFor({ state: 'detached' })
      await page.getByRole('button', { name: 'Remove one.txt' }).waitFor()
      await page.getByRole('button', { name: 'Remove three.txt' }).waitFor()
      await page.getByRole('button', { name: 'Remove two.txt' }).click()
      await ana.write('two of three')
      const message = ana.sent('two of three')
      await message.getByLabel('Download three.txt').waitFor()
      assert.equal(await message.getByLabel(/^Download /).count(), 2)
      assert.equal(await page.getByRole('button', { name: /^Remove / }).count(), 0)
      assert.deepEqual((await posts(server, owner)).map((body) => body.files.length), [1, 2])
      assert.equal(String(await ana.download('one.txt')), 'one.txt')
    })

    await t.test('files alone are a message', async () => {
      await ana.attach({ name: 'alone.txt', mimeType: 'text/plain', buffer: Buffer.from('alone') })
      await page.getByRole('button', { name: 'Remove alone.txt' }).waitFor()
      await page.getByRole('button', { name: 'Send' }).click()
      await ana.timeline.locator('article[data-seq]').getByLabel('Download alone.txt').waitFor()
    })
  })

  await t.test('too big is refused in words, before the first byte', async () => {
    const asked = []
    page.on('request', (request) => { if (request.url().includes('/files') || request.method() === 'PUT') asked.push(request.url()) })
    await ana.attach([{ name: 'film.bin', mimeType: 'video/mp4', buffer: Buffer.alloc(3 * MB) }, { name: 'note.txt', mimeType: 'text/plain', buffer: Buffer.from('x') }])
    await page.getByText('film.bin has 3 MB; a file may have at most 1 MB here.', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Remove note.txt' }).waitFor()
    assert.equal(asked.filter((url) => url.endsWith('/api/v1/files')).length, 1, 'only the small one was begun')
    await ana.attach({ name: 'hair.bin', mimeType: 'video/mp4', buffer: Buffer.alloc(MB + 1) })
    await page.getByText('hair.bin has a little more than 1 MB; a file').waitFor()
    await ana.attach({ name: 'exact.bin', mimeType: 'video/mp4', buffer: Buffer.alloc(MB) })
    await page.getByRole('button', { name: 'Remove exact.bin' }).waitFor()
    for (const name of ['note.txt', 'exact.bin']) await page.getByRole('button', { name: `Remove ${name}` }).click()
  })

  await t.test('a picture has its place before it comes: nothing moves', async () => {
    await ana.composer.evaluate(async (box) => {
      const canvas = Object.assign(document.createElement('canvas'), { width: 900, height: 600 })
      canvas.getContext('2d').fillRect(0, 0, 450, 600)
      const blob = await new Promise((resolve) => canvas.toBlob(resolve, 'image/png'))
      const data = new DataTransfer()
      data.items.add(new File([blob], 'wide.png', { type: 'image/png' }))
      box.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }))
    })
    await page.getByRole('button', { name: 'Remove wide.png' }).waitFor()
    await ana.write('the picture')
    await ana.sent('the picture').waitFor()
    await ana.say('the row below')

    let come
    const held = new Promise((resolve) => { come = resolve })
    await page.route('**/files/*/wide.png', async (route) => {
      await held
      await route.continue()
    })
    await page.reload()
    const row = ana.sent('the row below')
    const shown = ana.sent('the picture').getByRole('img', { name: 'wide.png' })
    await row.waitFor()
    await shown.waitFor()
    const before = [await shown.boundingBox(), await row.boundingBox()]
    assert.equal(await shown.evaluate((img) => img.naturalWidth), 0, 'or this test shows nothing')
    come()
    await eventually(() => shown.evaluate((img) => img.complete && img.naturalWidth), 900, 'the picture is there')
    assert.deepEqual([await shown.boundingBox(), await row.boundingBox()], before)
    assert.deepEqual([before[0].width, before[0].height], [360, 240])

    await ana.sent('the picture').getByRole('button', { name: 'Open wide.png' }).click()
    await page.getByRole('dialog', { name: 'wide.png' }).getByRole('img').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
  })

  await t.test('a file that was chosen a moment ago goes with the text', async () => {
    let answer
    const asked = new Promise((resolve) => { answer = resolve })
    await page.route('**/api/v1/me', async (route) => {
      await asked // whether there is space for it
      await route.continue()
    })
    await ana.attach({ name: 'slow.png', mimeType: 'image/png', buffer: picture })
    await ana.write('at once')
    await page.getByText(/reading…$/).waitFor()
    await page.getByText('Sends when the files are up').waitFor()
    answer()
    await ana.sent('at once').getByRole('img', { name: 'slow.png' }).waitFor()
    await page.unroute('**/api/v1/me')
  })
})

test('more than a person may keep is refused in words, before the first byte', async (t) => {
  const { ana, page } = await arrived(t, { args: ['--limit', `files_bytes_per_user=${MB}`] })
  const sent = []
  page.on('request', (request) => { if (request.method() === 'PUT' || request.url().endsWith('/api/v1/files')) sent.push(request.url()) })
  await ana.attach({ name: 'film.bin', mimeType: 'application/octet-stream', buffer: Buffer.alloc(2 * MB, 7) })
  await page.getByText('film.bin has 2 MB; only 1 MB are left of the space for your files.').waitFor()
  assert.deepEqual(sent, [])
  await ana.attach({ name: 'fits.bin', mimeType: 'application/octet-stream', buffer: Buffer.alloc(MB / 2, 7) })
  await page.getByRole('button', { name: 'Remove fits.bin' }).waitFor()
  await page.getByRole('button', { name: /^You: / }).click()
  await page.getByRole('menuitem', { name: 'Profile' }).click()
  await page.getByText('Your files take 512 KB of 1 MB; 512 KB are left.').waitFor()
})

/** Files drag over the page. @param {any} page @param {string[]} events @param {string[]} names */
async function drag(page, events, names) {
  await page.evaluate(([events, names]) => {
    const data = new DataTransfer()
    for (const name of names.length ? names : ['x']) data.items.add(new File([name], name, { type: 'text/plain' }))
    for (const name of events) document.querySelector('main').dispatchEvent(new DragEvent(name, { dataTransfer: data, bubbles: true, cancelable: true }))
  }, [events, names])
}

/** The messages with files of the first room. */
async function posts(server, { token }) {
  const { list } = await server.api('GET', '/rooms', undefined, token)
  const page = await server.api('GET', `/rooms/${list[0].room}/events?after=0&limit=200`, undefined, token)
  return page.list.filter((event) => event.body.files).map((event) => event.body)
}
