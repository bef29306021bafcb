import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newPerson, openBrowser } from './people.mjs'
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
