import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startLine } from './line.mjs'
import { eventually, newPerson, openBrowser } from './people.mjs'
import { startServer } from './server.mjs'

// A machine's own name over plain http is no secure context: the browser takes
// crypto.subtle, crypto.randomUUID, the clipboard and more away.
test('the page works over plain http under a name', async (t) => {
  const server = await startServer(t)
  const browser = await openBrowser(t, ['--host-resolver-rules=MAP chat.test 127.0.0.1'])
  const url = `http://chat.test:${server.port}`
  const ana = await newPerson(t, browser)
  await ana.arrive(`${url}/${new URL(server.setupLink).hash}`, 'Ana')
  assert.equal(await ana.page.evaluate('window.isSecureContext'), false, 'or this test shows nothing')

  await ana.say('plain and simple')
  await ana.attach({ name: 'plain.txt', mimeType: 'text/plain', buffer: Buffer.from('plain\n') })
  await ana.write('with a file')
  await ana.sent('with a file').waitFor()
  assert.equal(String(await ana.download('plain.txt')), 'plain\n')

  const ben = await newPerson(t, browser)
  await ben.arrive(`${url}/${new URL(await server.invite()).hash}`, 'Ben')
  await ben.sent('plain and simple').waitFor()
  await ben.say('seen')
  await ana.sent('seen').waitFor()

  await ana.act('plain and simple', 'Copy text')
  await ana.page.getByText('Text copied').waitFor()
  await ana.page.reload()
  await ana.sent('seen').waitFor()
})

// Without locks every tab takes every upload, and the message that waits for it.
test('over plain http, a message that is taken back in one tab is not sent by the other', async (t) => {
  const server = await startServer(t)
  const owner = await server.owner()
  const line = await startLine(t, server)
  const ana = await newPerson(t, await openBrowser(t, ['--host-resolver-rules=MAP chat.test 127.0.0.1']))
  const url = `http://chat.test:${new URL(line.url).port}`
  await ana.signIn(url, owner.handle, owner.password)
  await ana.composer.waitFor()
  assert.equal(await ana.page.evaluate('navigator.locks'), undefined, 'or this test shows nothing')
  await ana.attach({ name: 'slow.txt', mimeType: 'text/plain', buffer: Buffer.from('slow\n') })
  await eventually(() => line.waiting.length, 1, 'it is on its way')
  await ana.write('half a thought')
  await ana.page.getByText('Sends when the files are up').waitFor()

  const other = await ana.context.newPage()
  await eventually(async () => {
    await other.goto(url)
    await other.getByRole('button', { name: 'Cancel slow.txt' }).waitFor()
    return other.getByText('Sends when the files are up').count()
  }, 1, 'the other tab waits, too')
  await ana.page.getByRole('button', { name: 'Take back' }).click()
  await ana.composer.fill('a whole thought')
  const draft = () => ana.page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('minichat.draft.')).map((key) => localStorage[key]))
  await eventually(draft, ['a whole thought'], 'it is on the device')
  line.let(1)
  for (const page of [ana.page, other]) await page.getByRole('button', { name: 'Remove slow.txt' }).waitFor()
  await other.getByText('Sends when the files are up').waitFor({ state: 'detached' })
  await ana.composer.press('Enter')
  await ana.sent('a whole thought').getByLabel('Download slow.txt').waitFor()
  assert.equal(await ana.message('half a thought').count(), 0)
})
