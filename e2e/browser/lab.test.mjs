import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { test } from 'node:test'
import { eventually, newPerson, openBrowser } from './people.mjs'
import { startServer } from './server.mjs'
import { servePage } from './static.mjs'

const ours = readFileSync(new URL('lab.html', import.meta.url), 'utf8')

test('a page of the classroom and the web client share a room', async (t) => {
  const server = await startServer(t, { args: ['--lab-room', 'lobby'] })
  const owner = await server.owner()
  const browser = await openBrowser(t)
  const ana = await newPerson(t, browser)
  await ana.signIn(server.url, owner.handle, owner.password)
  await ana.page.getByRole('link', { name: /lobby/ }).click()
  await ana.say('Welcome, "class" → here')

  const page = await servePage(t, ours)
  const at = `127.0.0.1:${server.port}`
  const [one, two] = [await student(t, browser, page, at), await student(t, browser, page, at)]
  for (const lines of [one.lines, two.lines]) await eventually(lines, ['Welcome, "class" → here'], 'the history')

  await one.say('two\\nlines? <b>no</b>')
  await ana.sent('two\\nlines? <b>no</b>').waitFor()
  await ana.say('I see you')
  const said = ['Welcome, "class" → here', 'two\\nlines? <b>no</b>', 'I see you']
  for (const lines of [one.lines, two.lines]) await eventually(lines, said, 'everybody has all, the sender too')

  await two.upload('Homework „1“ → done.txt', 'my work\n')
  await ana.sent('Homework').waitFor()
  assert.equal(String(await ana.download('Homework „1“ → done.txt')), 'my work\n')
  await eventually(one.lines, [...said, 'Homework „1“ -> done.txt'], 'the file is a line of its own')
  const link = await one.page.getByRole('link', { name: 'Homework „1“ -> done.txt' }).getAttribute('href')
  const answer = await fetch(link)
  assert.equal(await answer.text(), 'my work\n', 'the link needs no sign-in')
  assert.match(String(answer.headers.get('content-disposition')), /^attachment/)

  for (const person of [ana, one, two]) person.expectCutLine()
  await server.kill()
  await server.start()
  const late = await student(t, browser, page, at)
  await eventually(async () => (await late.lines()).slice(0, 4), [...said, 'Homework „1“ -> done.txt'], 'the history after kill -9')
})

const original = new URL('../../../shared/lab/index.html', import.meta.url)
if (existsSync(original)) {
  test("the classroom's own page, but for its address", async (t) => {
    assert.equal(await portIsFree(8000), true, 'that page knows port 8000 only, and another program has it: stop that one')
    const server = await startServer(t, { args: ['--lab-room', 'lobby'], port: 8000 })
    const owner = await server.owner()
    const page = await servePage(t, readFileSync(original, 'utf8').replace('YOUR-EC2-IP', '127.0.0.1'))
    const browser = await openBrowser(t)
    const ana = await newPerson(t, browser)
    await ana.signIn(server.url, owner.handle, owner.password)
    await ana.page.getByRole('link', { name: /lobby/ }).click()

    const ben = await newPerson(t, browser)
    await ben.page.goto(page)
    const box = ben.page.locator('#messages > div')
    await ben.page.waitForFunction('ws.readyState === 1')
    await ben.page.locator('#msg').fill('hello from 2015')
    await ben.page.getByRole('button', { name: 'Send' }).click()
    await ana.sent('hello from 2015').waitFor()
    await ana.say('hello yourself')
    await ben.page.locator('#fileInput').setInputFiles({ name: 'sheet.txt', mimeType: 'text/plain', buffer: Buffer.from('1,2\n') })
    await ben.page.getByRole('button', { name: 'Upload File' }).click()
    await eventually(() => box.allInnerTexts(), ['hello from 2015', 'hello yourself', 'File: sheet.txt'], 'what stands in the page')
    const link = await box.locator('a').getAttribute('href')
    assert.equal(await (await fetch(link)).text(), '1,2\n')
    assert.equal(String(await ana.download('sheet.txt')), '1,2\n')
  })
}

/** A student at a page of the classroom. */
async function student(t, browser, url, at) {
  const person = await newPerson(t, browser)
  const { page } = person
  await page.goto(`${url}/?at=${at}`)
  return Object.assign(person, {
    lines: () => page.locator('#lines li').allInnerTexts(),
    async say(text) {
      await page.waitForFunction('socket.readyState === 1')
      await page.getByLabel('Message').fill(text)
      await page.getByRole('button', { name: 'Send' }).click()
    },
    async upload(name, text) {
      await page.getByLabel('File').setInputFiles({ name, mimeType: 'text/plain', buffer: Buffer.from(text) })
      await page.getByRole('button', { name: 'Upload' }).click()
      await page.locator('#answer', { hasText: '"url"' }).waitFor()
    },
  })
}

/** @param {number} port */
function portIsFree(port) {
  return new Promise((resolve) => {
    const probe = connect(port, '127.0.0.1')
    probe.once('connect', () => { probe.destroy(); resolve(false) })
    probe.once('error', () => resolve(true))
  })
}
