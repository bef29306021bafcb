import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { eventually, newPerson, openBrowser, picture } from './people.mjs'
import { startServer } from './server.mjs'

test('two people in two browsers chat, edit, react, exchange files and delete', async (t) => {
  const server = await startServer(t)
  const ana = await newPerson(t, await openBrowser(t))
  await ana.arrive(server.setupLink, 'Ana')
  assert.equal(new URL(ana.page.url()).hash.includes('setup'), false, 'the one-time token has left the address bar')
  await ana.page.getByRole('heading', { name: 'general', level: 1 }).waitFor()

  const link = ana.page.getByRole('textbox', { name: 'Invite link' })
  await eventually(async () => (await link.inputValue()).includes('#join='), true, 'the empty room shows an invite link')
  const ben = await newPerson(t, await openBrowser(t))
  await ben.arrive(await link.inputValue(), 'Ben')

  await ana.say('Hello Ben')
  await ben.sent('Hello Ben').waitFor()
  await ben.say('Hello **Ana**, `x < y` & <b>z</b>', 'x < y')
  const answer = ana.sent('x < y')
  await answer.waitFor()
  assert.equal(await answer.getByText('Ana', { exact: true }).evaluate((e) => e.tagName), 'STRONG')
  await answer.getByText('& <b>z</b>').waitFor()

  await t.test('edit', async () => {
    await ana.act('Hello Ben', 'Edit')
    await ana.page.getByRole('textbox', { name: 'Edit message' }).fill('Hello dear Ben')
    await ana.page.getByRole('button', { name: 'Save' }).click()
    await ben.sent('Hello dear Ben').getByText('edited').waitFor()
    assert.equal(await ben.message('Hello Ben').count(), 0)
  })

  await t.test('react, and take it back', async () => {
    await ben.act('Hello dear Ben', 'React')
    await ben.page.getByRole('dialog', { name: 'React' }).getByRole('button', { name: '🎉' }).click()
    const pill = ana.message('Hello dear Ben').getByRole('button', { name: '🎉 1: Ben' })
    await pill.click()
    await ben.message('Hello dear Ben').getByRole('button', { name: /🎉 2/ }).waitFor()
    await ana.message('Hello dear Ben').getByRole('button', { name: /🎉 2/ }).click()
    await ben.message('Hello dear Ben').getByRole('button', { name: '🎉 1: you' }).waitFor()
  })

  await t.test('typing shows', async () => {
    const shows = async () => {
      await ben.composer.press('a') // a signal may be held back for 3 s, so he goes on
      return ana.page.getByText('Ben is typing').isVisible()
    }
    await eventually(shows, true, 'Ana sees that Ben is typing')
    await ben.composer.fill('')
  })

  await t.test('upload, and download the same bytes', async () => {
    const bytes = randomBytes(20 << 20) // three parts
    await ana.attach({ name: 'Übung „1“.bin', mimeType: 'application/octet-stream', buffer: bytes })
    await ana.write('the exercise')
    await ana.sent('the exercise').waitFor()
    await ben.sent('the exercise').getByText('20 MB', { exact: true }).waitFor()
    assert.ok((await ben.download('Übung „1“.bin')).equals(bytes), 'the bytes that came down are those that went up')
  })

  await t.test('a picture shows', async () => {
    await ben.attach({ name: 'dot.png', mimeType: 'image/png', buffer: picture })
    await ben.write('a picture')
    const shown = ana.sent('a picture').getByRole('img', { name: 'dot.png' })
    await shown.waitFor()
    await eventually(() => shown.evaluate((img) => img.complete && img.naturalWidth), 8, 'the picture is decoded')
  })

  await t.test('delete', async () => {
    await ben.act('a picture', 'Delete')
    await ben.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await ana.timeline.getByText('This message was deleted.').waitFor()
    await eventually(() => ana.timeline.getByRole('img', { name: 'dot.png' }).count(), 0, 'the picture is gone')
  })

  await t.test('a reload shows the same', async () => {
    const before = await texts(ana)
    await ana.page.reload()
    await ana.sent('Hello dear Ben').waitFor()
    await eventually(() => texts(ana), before, 'the rows after a reload')
  })
})

/** What stands in the room, as text. */
function texts(person) {
  return person.timeline.locator('article .text, article .gone, article .reaction').allInnerTexts()
}
