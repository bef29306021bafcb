import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { atEnd } from './ending.mjs'
import { startLine } from './line.mjs'
import { eventually, newPerson, openBrowser } from './people.mjs'
import { startServer } from './server.mjs'

const MB = 1 << 20
const PART = 8 * MB

/** Ana in the first room, at the end of a line that the test rules. */
async function arrived(t) {
  const server = await startServer(t)
  const owner = await server.owner()
  const line = await startLine(t, server)
  const ana = await newPerson(t, await openBrowser(t))
  await ana.signIn(line.url, owner.handle, owner.password)
  await ana.composer.waitFor()
  return { server, owner, ana, page: ana.page, line }
}

test('uploads that are torn', async (t) => {
  const { server, owner, ana, page, line } = await arrived(t)

  await t.test('a reload in the midst of a large upload: it goes on, and sends no part again', async () => {
    const bytes = randomBytes(3 * PART + 12345) // four parts
    line.let(1, 3)
    await ana.attach(await onDisk(t, 'large.bin', bytes))
    const bar = page.getByRole('progressbar', { name: 'Upload of large.bin' })
    await bar.waitFor()
    await eventually(() => [...line.parts].sort(), [1, 3], 'the parts that are up')
    await eventually(() => bar.evaluate((progress) => progress.value > 0 && progress.value < progress.max), true, 'progress shows')
    await page.getByText(/^\d+ % of 24 MB/).waitFor()
    await eventually(() => confirmed(page), 2, 'the page has heard of both')
    assert.ok(await page.getByRole('button', { name: 'Cancel large.bin' }).isVisible())

    line.open.clear()
    line.waiting = []
    await page.reload()
    await bar.waitFor()
    await eventually(() => line.waiting.map((one) => one.number).sort(), [2, 4], 'the parts that are asked for after the reload')
    // And more: what waits in the line counts as sent until it is known better.
    await eventually(() => bar.evaluate((progress, up) => progress.value >= up && progress.value < progress.max, 2 * PART), true, 'what is up already shows')
    line.let(2, 4)
    await page.getByRole('button', { name: 'Remove large.bin' }).waitFor()
    assert.deepEqual([...line.parts].sort(), [1, 2, 3, 4], 'each part once')
    await ana.write('large')
    await ana.sent('large').getByLabel('Download large.bin').waitFor()
    assert.equal(sha(await fileOf(server, owner, 'large')), sha(bytes), 'the bytes that went up')
  })

  await t.test('the line is lost: the upload waits and goes on; the text goes with it', async () => {
    line.reset()
    ana.expectCutLine()
    const bytes = randomBytes(PART + 999)
    line.let(1)
    await ana.attach(await onDisk(t, 'train.bin', bytes))
    await eventually(() => line.parts, [1], 'the first part is up')
    await eventually(() => confirmed(page), 1, 'the page has heard of it')
    await ana.write('written while it loads')
    await page.getByText('Sends when the files are up').waitFor()
    await eventually(() => line.waiting.length, 1, 'the second is on its way')
    line.cut()
    await page.getByText(/paused$/).waitFor()
    line.mend()
    line.let(2)
    await ana.sent('written while it loads').getByLabel('Download train.bin').waitFor()
    assert.deepEqual(line.parts, [1, 2])
    assert.equal(sha(await fileOf(server, owner, 'written while it loads')), sha(bytes))
  })

  await t.test('two tabs: an upload is one tab\'s, and the other takes it over when that is closed', async () => {
    line.reset()
    const bytes = randomBytes(PART + 77)
    const first = await ana.context.newPage()
    await first.goto(line.url)
    const bar = (tab) => tab.getByRole('progressbar', { name: 'Upload of shared.bin' })
    const [chooser] = await Promise.all([first.waitForEvent('filechooser'), first.getByRole('button', { name: 'Attach files' }).click()])
    await chooser.setFiles(await onDisk(t, 'shared.bin', bytes))
    await eventually(() => line.waiting.length, 2, 'both parts are on their way')
    await page.reload()
    await ana.composer.waitFor()
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
    await ana.say('written in the other tab')
    assert.equal(await bar(page).count(), 0, 'the other tab shows it too')
    assert.equal(line.waiting.length, 2, 'the other tab sends it too')
    await first.reload()
    await bar(first).waitFor() // a reload keeps it
    assert.equal(await bar(page).count(), 0)
    await first.close()
    await page.bringToFront()
    await eventually(async () => {
      await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange'))) // as when a person comes to the tab
      return bar(page).count()
    }, 1, 'it is taken over')
    line.let(1, 2)
    await page.getByRole('button', { name: 'Remove shared.bin' }).waitFor()
    await ana.write('from the other tab')
    await ana.sent('from the other tab').getByLabel('Download shared.bin').waitFor()
    assert.equal(sha(await fileOf(server, owner, 'from the other tab')), sha(bytes))
  })

  await t.test('a file that is saved again before it is read is left out in words; the one beside it goes up', async (t) => {
    line.reset()
    line.let(1)
    let answer
    const asked = new Promise((resolve) => { answer = resolve })
    await page.route('**/api/v1/me', async (route) => {
      await asked // whether there is space for them
      await route.continue()
    })
    const changed = await onDisk(t, 'changed.txt', 'as it was')
    await ana.attach([changed, await onDisk(t, 'beside.txt', 'beside')])
    await page.getByText(/reading…$/).nth(1).waitFor()
    await writeFile(changed, 'as it is now')
    answer()
    await page.getByText('changed.txt cannot be read: it was changed or moved').waitFor()
    await page.getByRole('button', { name: 'Remove beside.txt' }).waitFor()
    await page.unroute('**/api/v1/me')
    await ana.write('the one beside')
    await ana.sent('the one beside').getByLabel('Download beside.txt').waitFor()
  })

  await t.test('a file that is saved again while it waits fails in words, and does not wait for ever', async (t) => {
    line.reset()
    ana.expectErrors(/ERR_UPLOAD_FILE_CHANGED/)
    const path = await onDisk(t, 'log.bin', randomBytes(PART + 55))
    await ana.attach([path, await onDisk(t, 'calm.bin', randomBytes(99))])
    await eventually(() => line.waiting.length, 3, 'all parts are on their way')
    line.cut()
    await page.getByText(/paused$/).first().waitFor()
    await writeFile(path, randomBytes(PART + 66))
    line.mend()
    line.let(1, 2)
    await page.getByText('The file was changed or moved: choose it again.').waitFor()
    await page.getByRole('button', { name: 'Remove calm.bin' }).waitFor()
    assert.equal(await page.getByRole('button', { name: 'Retry log.bin' }).count(), 0, 'there is nothing to try again')
    await page.getByRole('button', { name: 'Remove log.bin' }).click()
    await ana.attach(path)
    await page.getByRole('button', { name: 'Remove log.bin' }).waitFor()
    await ana.write('as it is now')
    await ana.sent('as it is now').getByLabel('Download log.bin').waitFor()
  })

  await t.test('cancelled: gone from the page, the device and the server', async () => {
    line.reset()
    const made = page.waitForResponse((response) => response.url().endsWith('/api/v1/files'))
    await ana.attach(await onDisk(t, 'no.bin', randomBytes(PART + 1)))
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
})

/** How many parts the page knows to be up. */
function confirmed(page) {
  return page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('minichat.parts.')).reduce((sum, key) => sum + localStorage[key].split(' ').length, 0))
}

/** A file to choose: its path. @param {import('node:test').TestContext} t @param {string} name @param {Buffer|string} bytes */
async function onDisk(t, name, bytes) {
  const folder = await mkdtemp(join(tmpdir(), 'minichat-choose-'))
  atEnd(t, () => rm(folder, { recursive: true, force: true }))
  const path = join(folder, name)
  await writeFile(path, bytes)
  return path
}

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
