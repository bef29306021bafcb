import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { atEnd } from './ending.mjs'
import { eventually, newPerson, openBrowser, picture } from './people.mjs'
import { minichat, startServer } from './server.mjs'
import { serveFolder } from './static.mjs'

test('the page exported to another origin: sign in, chat, files', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'minichat-page-'))
  atEnd(t, () => rm(folder, { recursive: true, force: true }))
  const origin = await serveFolder(t, folder)
  const server = await startServer(t, { args: ['--origins', origin] })
  const serverURL = `http://127.0.0.1:${server.port}`
  await minichat('web', 'export', folder, '--server', serverURL)

  const owner = await server.owner()
  const browser = await openBrowser(t)
  const ana = await newPerson(t, browser)
  const asked = []
  ana.page.on('request', (request) => asked.push(request.url()))
  await ana.signIn(`${origin}/`, owner.handle, owner.password)
  const ben = await newPerson(t, browser)
  await ben.arrive(await server.invite(), 'Ben') // from the server's own page

  await ana.say('from the bucket')
  await ben.sent('from the bucket').waitFor()
  await ben.attach({ name: 'dot.png', mimeType: 'image/png', buffer: picture })
  await ben.write('look')
  const shown = ana.sent('look').getByRole('img', { name: 'dot.png' })
  await eventually(() => shown.evaluate((img) => img.complete && img.naturalWidth), 8, 'the picture shows on the other origin')

  await ana.attach({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('line\n') })
  await ana.write('notes')
  await ben.sent('notes').waitFor()
  assert.equal(String(await ben.download('notes.txt')), 'line\n')
  assert.equal(String(await ana.download('notes.txt')), 'line\n')

  await ana.page.reload()
  await ana.sent('look').waitFor()
  assert.deepEqual(await ana.context.cookies(), [], 'no cookie across origins')
  const hosts = new Set(asked.filter((url) => url.startsWith('http')).map((url) => new URL(url).origin))
  assert.deepEqual([...hosts].sort(), [origin, serverURL].sort(), 'nothing else is asked for anything')
})

test('an origin that is not listed gets nowhere', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'minichat-page-'))
  atEnd(t, () => rm(folder, { recursive: true, force: true }))
  const origin = await serveFolder(t, folder)
  const server = await startServer(t, { args: ['--origins', 'http://somewhere.test'] })
  await minichat('web', 'export', folder, '--server', `http://127.0.0.1:${server.port}`)
  await server.owner()
  const eve = await newPerson(t, await openBrowser(t))
  eve.expectErrors(/status of 401|CORS|Failed to load resource|WebSocket connection/)
  await eve.page.goto(`${origin}/`)
  await eve.page.getByText('Trying again').or(eve.page.getByRole('button', { name: 'Sign in', exact: true })).first().waitFor()
  const got = await eve.page.evaluate(async (url) => {
    const answer = await fetch(`${url}/api/v1/sessions`, {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ handle: 'ana', password: 'correct horse battery' }),
    }).catch((error) => String(error))
    return typeof answer === 'string' ? answer : answer.status
  }, `http://127.0.0.1:${server.port}`)
  assert.match(String(got), /TypeError/, 'the browser gives the page no answer')
})
