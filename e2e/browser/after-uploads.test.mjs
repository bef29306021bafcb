import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startLine } from './line.mjs'
import { eventually, newPerson, openBrowser } from './people.mjs'
import { startServer } from './server.mjs'

const note = (name) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(`bytes of ${name}`) })

test('a message that waits for its files', async (t) => {
  const server = await startServer(t)
  const owner = await server.owner()
  const { list: [general] } = await server.api('GET', '/rooms', undefined, owner.token)
  await server.api('POST', '/rooms', { kind: 'channel', name: 'quiet' }, owner.token)
  const line = await startLine(t, server)
  const ana = await newPerson(t, await openBrowser(t))
  const { page } = ana
  await ana.signIn(line.url, owner.handle, owner.password)
  await ana.composer.waitFor()
  const waits = page.getByText('Sends when the files are up')
  const go = async (room) => {
    await page.getByRole('navigation', { name: 'Rooms' }).getByRole('link', { name: new RegExp(room) }).click()
    await page.getByRole('textbox', { name: new RegExp(`^Message .*${room}`) }).waitFor()
  }
  /** Names of the files that came with the text, by room. */
  const came = async (text) => {
    const { list } = await server.api('GET', '/rooms', undefined, owner.token)
    const found = []
    for (const { room, name } of list) {
      const { list: events } = await server.api('GET', `/rooms/${room}/events?after=0&limit=200`, undefined, owner.token)
      for (const { body } of events) if (body.text === text) found.push([name, (body.files ?? []).map((file) => file.name)])
    }
    return found
  }
  /** Writes a message with a file whose bytes are held in the line. */
  const begin = async (text, ...names) => {
    line.reset()
    await ana.attach(names.map(note))
    await ana.write(text)
    await waits.waitFor()
  }

  await t.test('one leaves the room and comes back: it still waits, and goes', async () => {
    await go('general')
    await begin('and back', 'back.txt')
    await go('quiet')
    assert.equal(await waits.count(), 0, 'it belongs to its room')
    await go('general')
    await waits.waitFor()
    assert.equal(await ana.composer.inputValue(), 'and back')
    line.let(1)
    await ana.sent('and back').getByLabel('Download back.txt').waitFor()
    await waits.waitFor({ state: 'detached' })
    assert.equal(await ana.composer.inputValue(), '')
  })

  await t.test('one leaves and stays away: it goes into the room that it was written in, as the answer that it is', async () => {
    await ana.act('and back', 'Reply')
    await begin('an answer', 'away.txt')
    await go('quiet')
    line.let(1)
    await eventually(() => came('an answer'), [['general', ['away.txt']]], 'where it went')
    await go('general')
    await ana.sent('an answer').getByText('and back').waitFor()
    assert.equal(await ana.composer.inputValue(), '')
    assert.equal(await page.getByText(/^Reply to/).count(), 0)
  })

  await t.test('a reload: it waits on, and goes', async () => {
    await begin('after a reload', 'one.txt', 'two.txt')
    await eventually(() => line.waiting.length, 2, 'both are on their way')
    await eventually(() => page.evaluate(kept), ['after a reload'], 'it is on the device')
    line.waiting = []
    await page.reload()
    await waits.waitFor()
    assert.equal(await ana.composer.inputValue(), 'after a reload')
    line.let(1)
    await ana.sent('after a reload').getByLabel('Download two.txt').waitFor()
    assert.deepEqual(await came('after a reload'), [['general', ['one.txt', 'two.txt']]])
    await eventually(() => ana.composer.inputValue(), '', 'the composer is empty')
  })

  await t.test('a reload, and it is taken back: it is still an answer', async () => {
    const answer = page.getByText('Reply to Ana: after a reload')
    await ana.act('after a reload', 'Reply')
    await begin('on second thoughts', 'late.txt')
    await eventually(() => page.evaluate(kept), ['on second thoughts'], 'it is on the device')
    await page.reload()
    await waits.waitFor()
    await answer.waitFor()
    await page.getByRole('button', { name: 'Take back' }).click()
    await waits.waitFor({ state: 'detached' })
    await answer.waitFor()
    line.let(1)
    await page.getByRole('button', { name: 'Remove late.txt' }).waitFor()
    await ana.composer.press('Enter')
    await ana.sent('on second thoughts').getByText('after a reload').waitFor()
    await answer.waitFor({ state: 'detached' })
  })

  await t.test('a reload while one of its files is read: text and the other file are there, and which is to be chosen again', async () => {
    line.reset()
    await ana.attach(note('early.txt'))
    await eventually(() => line.waiting.length, 1, 'it is on its way')
    let held = true // whether there is space for it: no answer, so it is not read
    await page.route('**/api/v1/me', (route) => (held ? undefined : route.continue()))
    await ana.attach(note('unread.txt'))
    await page.getByText(/reading…$/).waitFor()
    await ana.write('of two files')
    await waits.waitFor()
    await eventually(() => page.evaluate(kept), ['of two files'], 'it is on the device')
    held = false // for the next page: without the route the browser would let this one's question go on
    line.waiting = []
    await page.reload()
    await page.getByText('It is not on this device any more: choose it again.').waitFor()
    await page.unroute('**/api/v1/me')
    await eventually(() => waits.count(), 0, 'it waits no more')
    assert.equal(await ana.composer.inputValue(), 'of two files')
    await page.getByRole('button', { name: 'Remove unread.txt' }).click()
    await ana.attach(note('unread.txt'))
    line.let(1)
    await page.getByRole('button', { name: 'Remove early.txt' }).waitFor()
    await page.getByRole('button', { name: 'Remove unread.txt' }).waitFor()
    assert.deepEqual(await came('of two files'), [])
    await ana.composer.press('Enter')
    await ana.sent('of two files').getByLabel('Download unread.txt').waitFor()
    assert.deepEqual(await came('of two files'), [['general', ['early.txt', 'unread.txt']]])
  })

  /** Writes it in a tab of its own; what comes back closes that, and has this tab take it over. */
  const inherit = async (text, name) => {
    line.reset()
    const first = await ana.context.newPage()
    await first.goto(line.url)
    const [chooser] = await Promise.all([first.waitForEvent('filechooser'), first.getByRole('button', { name: 'Attach files' }).click()])
    await chooser.setFiles(note(name))
    await eventually(() => line.waiting.length, 1, 'it is on its way')
    await first.getByRole('textbox', { name: /^Message / }).fill(text)
    await first.getByRole('textbox', { name: /^Message / }).press('Enter')
    await first.getByText('Sends when the files are up').waitFor()
    await eventually(() => first.evaluate(kept), [text], 'it is on the device')
    return async () => {
      await first.close()
      await page.bringToFront()
      await eventually(async () => {
        await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange'))) // as when a person comes to the tab
        return waits.count()
      }, 1, 'it is taken over')
      line.let(1)
      await ana.sent(text).getByLabel(`Download ${name}`).waitFor()
      await waits.waitFor({ state: 'detached' })
    }
  }

  await t.test('its tab is closed: the one that takes the file over sends it', async () => {
    const takeOver = await inherit('of the closed tab', 'inherited.txt')
    await ana.composer.fill('a draft of this tab')
    await takeOver()
    assert.equal(await ana.composer.inputValue(), 'a draft of this tab')
    await ana.composer.fill('')
  })

  await t.test('its draft goes with it, also where it was typed after the page had come', async () => {
    await eventually(() => page.evaluate(drafts), [], 'no draft is left')
    const takeOver = await inherit('typed elsewhere', 'elsewhere.txt')
    await eventually(() => page.evaluate(drafts), ['typed elsewhere'], 'the draft is on the device')
    await takeOver()
    await eventually(() => page.evaluate(drafts), [], 'it is no draft any more')
    await page.reload()
    await ana.sent('typed elsewhere').waitFor()
    assert.equal(await ana.composer.inputValue(), '')
  })

  await t.test('one of two fails while one is away: text, file and Retry are there, and nothing has gone', async () => {
    let refuse
    const held = new Promise((resolve) => { refuse = resolve })
    ana.expectErrors(/status of 409/)
    const bad = new RegExp(`/api/v1/parts/.*size=${note('bad.txt').buffer.length}\\b`)
    const refused = page.waitForResponse(bad)
    await page.route(bad, async (route) => {
      await held
      await route.fulfill({ status: 409, json: { code: 'conflict', detail: 'Not now.', definite: true } })
    }, { times: 1 })
    await begin('both or none', 'good.txt', 'bad.txt')
    await go('quiet')
    line.let(1)
    refuse()
    await refused
    await go('general')
    await page.getByRole('button', { name: 'Retry bad.txt' }).waitFor()
    await page.getByRole('button', { name: 'Remove good.txt' }).waitFor()
    assert.equal(await waits.count(), 0)
    assert.equal(await ana.composer.inputValue(), 'both or none')
    await page.getByRole('button', { name: 'Retry bad.txt' }).click()
    await page.getByRole('button', { name: 'Remove bad.txt' }).waitFor()
    assert.deepEqual(await came('both or none'), [])
    await ana.composer.press('Enter')
    await ana.sent('both or none').getByLabel('Download bad.txt').waitFor()
  })

  await t.test('taken back, by the button or by a change of the text: it goes by Enter only', async () => {
    await begin('not yet', 'later.txt')
    await page.getByRole('button', { name: 'Take back' }).click()
    await waits.waitFor({ state: 'detached' })
    await ana.composer.press('Enter')
    await waits.waitFor()
    await ana.composer.press('End')
    await ana.composer.pressSequentially(', but now')
    await waits.waitFor({ state: 'detached' })
    line.let(1)
    await page.getByRole('button', { name: 'Remove later.txt' }).waitFor()
    assert.equal(await ana.composer.inputValue(), 'not yet, but now')
    await ana.composer.press('Enter')
    await ana.sent('not yet, but now').getByLabel('Download later.txt').waitFor()
    assert.deepEqual(await came('not yet, but now'), [[general.name, ['later.txt']]])
  })

  await t.test('the server lets go of a file before its message comes: the text is there to be edited, with what is left', async () => {
    const bin = (name) => ({ name, mimeType: 'application/octet-stream', buffer: Buffer.alloc(99, 7) }) // nothing of it is shown in the room
    line.reset()
    line.let(1)
    ana.expectCutLine()
    ana.expectErrors(/status of 404 .*\/api\/v1\/files\//)
    const ids = {}
    const hear = async (response) => {
      if (!response.url().endsWith('/complete')) return
      const { name, file } = await response.json()
      ids[name] = file
    }
    page.on('response', hear)
    await ana.act('an answer', 'Reply')
    await ana.attach([bin('kept.bin'), bin('lost.bin')])
    await page.getByRole('button', { name: 'Remove kept.bin' }).waitFor()
    await page.getByRole('button', { name: 'Remove lost.bin' }).waitFor()
    await eventually(() => Object.keys(ids).sort(), ['kept.bin', 'lost.bin'], 'both are up')
    page.off('response', hear)
    line.cut()
    await ana.write('of a long journey')
    await ana.message('of a long journey').getByText('Waiting to be sent').waitFor()
    await server.api('DELETE', `/files/${ids['lost.bin']}`, undefined, owner.token)
    line.mend()
    const unsent = ana.message('of a long journey')
    await unsent.getByText('A file of it is not on the server any more').waitFor()
    assert.equal(await unsent.getByRole('button', { name: 'Retry' }).count(), 0, 'it would be refused again')
    await unsent.getByRole('button', { name: 'Edit' }).click()
    await page.getByText('The server has it no more: choose it again.').waitFor()
    assert.equal(await ana.composer.inputValue(), 'of a long journey')
    await page.getByText(/^Reply to/).waitFor()
    assert.equal(await page.getByRole('button', { name: 'Retry lost.bin' }).count(), 0)
    await page.getByRole('button', { name: 'Remove lost.bin' }).click()
    await ana.attach(bin('lost.bin'))
    await page.getByRole('button', { name: 'Remove lost.bin' }).waitFor()
    await ana.composer.press('Enter')
    await ana.sent('of a long journey').getByLabel('Download kept.bin').waitFor()
    assert.deepEqual(await came('of a long journey'), [[general.name, ['kept.bin', 'lost.bin']]])
  })
})

/** In the page: the drafts that the device keeps. */
function drafts() {
  return Object.keys(localStorage).filter((key) => key.startsWith('minichat.draft.')).map((key) => localStorage[key])
}

/** In the page: the messages that the device keeps with uploads. */
async function kept() {
  const result = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
  const [{ name }] = await indexedDB.databases()
  const db = await result(indexedDB.open(name))
  const list = await result(db.transaction('uploads').objectStore('uploads').getAll())
  db.close()
  return list.flatMap(({ message }) => message?.text ?? [])
}
