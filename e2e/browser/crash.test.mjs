import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually, newPerson, openBrowser } from './people.mjs'
import { startServer } from './server.mjs'

/** Two people in the first room of a server that is about to have a bad day. */
async function together(t) {
  const server = await startServer(t)
  const browser = await openBrowser(t)
  const ana = await newPerson(t, browser)
  const ben = await newPerson(t, browser)
  for (const person of [ana, ben]) person.expectCutLine()
  const owner = await server.owner()
  await ana.signIn(server.url, owner.handle, owner.password)
  await ben.arrive(await server.invite(), 'Ben')
  await ana.say('before')
  await ben.sent('before').waitFor()
  return { server, owner, ana, ben }
}

/** What stands in the log of the room, as the server has it. */
async function texts(server, token) {
  const { list } = await server.api('GET', '/rooms', undefined, token)
  const page = await server.api('GET', `/rooms/${list[0].room}/events?after=0&limit=200`, undefined, token)
  return page.list.filter((event) => event.kind === 'message').map((event) => event.body.text)
}

test('a message in the outbox survives kill -9 of the server and arrives once', async (t) => {
  const { server, owner, ana, ben } = await together(t)
  await server.kill()
  await ana.write('while it was down')
  await ana.write('and another')
  await ana.message('while it was down').getByText('Waiting to be sent').waitFor()
  assert.equal(await ana.sent('while it was down').count(), 0, 'nothing shows as sent that is not')
  await ana.page.getByText('Offline, 2 waiting').waitFor()

  await server.start()
  for (const text of ['while it was down', 'and another']) {
    await ana.sent(text).waitFor()
    await ben.sent(text).waitFor()
  }
  assert.deepEqual(await texts(server, owner.token), ['before', 'while it was down', 'and another'])
  for (const person of [ana, ben]) {
    await eventually(() => person.timeline.locator('article .text').allInnerTexts(), ['before', 'while it was down', 'and another'], 'what stands in the page')
    assert.equal(await person.page.getByText('Offline').count(), 0)
  }
})

test('the outbox survives a reload while the server is away', async (t) => {
  const { server, owner, ana, ben } = await together(t)
  await server.kill()
  await ana.write('kept on the device')
  await ana.message('kept on the device').getByText('Waiting to be sent').waitFor()
  await ana.page.reload().catch(() => {}) // there is nobody to give the page
  await ana.page.waitForURL('chrome-error://**')

  await server.start()
  await ana.page.goto(server.url)
  await ana.sent('kept on the device').waitFor()
  await ben.sent('kept on the device').waitFor()
  assert.deepEqual(await texts(server, owner.token), ['before', 'kept on the device'])
})

test('killed in the midst of sending: everything once, in order', async (t) => {
  const { server, owner, ana, ben } = await together(t)
  const want = ['before']
  for (let round = 1; round <= 3; round++) {
    for (let i = 1; i <= 6; i++) {
      want.push(`message ${round}.${i}.`)
      await ana.write(`message ${round}.${i}.`)
    }
    await server.kill()
    await server.start()
  }
  await eventually(() => texts(server, owner.token), want, 'the log')
  await eventually(() => ben.timeline.locator('article .text').allInnerTexts(), want, 'what Ben sees')
  await eventually(() => ana.timeline.locator('article[data-seq] .text').allInnerTexts(), want, 'what Ana sees')
})

test('offline and online again: nothing lost either way', async (t) => {
  const { ana, ben } = await together(t)
  await ana.context.setOffline(true)
  await ana.page.evaluate(() => window.dispatchEvent(new Event('offline')))
  await ben.say('while Ana was away')
  await ana.write('from the tunnel')
  await ana.context.setOffline(false)
  await ben.sent('from the tunnel').waitFor()
  await ana.sent('while Ana was away').waitFor()
  const want = ['before', 'while Ana was away', 'from the tunnel']
  for (const person of [ana, ben]) {
    await eventually(async () => (await person.timeline.locator('article[data-seq] .text').allInnerTexts()).sort(), [...want].sort(), 'what stands in the page')
  }
})
