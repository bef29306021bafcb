import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually, newPerson, openBrowser, picture } from './people.mjs'
import { startServer } from './server.mjs'

test('a room that is not mine, or no more, says so', async (t) => {
  const server = await startServer(t)
  const { token } = await server.owner()
  const room = (fields) => server.api('POST', '/rooms', fields, token)
  const secret = await room({ kind: 'private', name: 'secret' })
  const garden = await room({ kind: 'channel', name: 'garden' })
  const { seq } = await server.api('POST', `/rooms/${garden.room}/messages`, { text: 'a leaf' }, token)
  const ben = await newPerson(t, await openBrowser(t))
  const { page } = ben
  ben.expectErrors(/status of 404 .*\/api\/v1\/rooms\//)
  await ben.arrive(await server.invite(), 'Ben')
  const paste = (hash) => page.evaluate((to) => { location.hash = to }, hash)
  const { list: [{ user }] } = await server.api('GET', '/users?q=ben', undefined, token)
  const member = `/rooms/${secret.room}/members/${user}`

  await t.test('a link to a private room', async () => {
    const forbidden = page.getByText('The link leads to a room that is not there, or that you are not in. Ask somebody in it to add you.')
    await paste(`#room=${secret.room}&message=2`)
    await forbidden.waitFor()
    await page.getByRole('textbox', { name: 'Message general' }).waitFor()
    await page.goto('about:blank')
    await page.goto(`${server.url}/#room=${secret.room}&message=2`)
    await forbidden.waitFor()
    await page.getByRole('textbox', { name: 'Message general' }).waitFor()
  })

  await t.test('removed while writing: it says so, and the draft comes back with the room', async () => {
    await server.api('PUT', member, undefined, token)
    await page.getByRole('link', { name: /secret/ }).click()
    const composer = page.getByRole('textbox', { name: 'Message secret' })
    await composer.fill('half a thought')
    await server.api('DELETE', member, undefined, token)
    await page.getByText('You were removed from secret. What you were writing is kept in case you come back.').waitFor()
    await page.getByRole('textbox', { name: 'Message general' }).waitFor()
    await server.api('PUT', member, undefined, token)
    await page.getByRole('link', { name: /secret/ }).click()
    assert.equal(await composer.inputValue(), 'half a thought')
    await page.getByRole('status').getByRole('button', { name: 'Close' }).click()
  })

  await t.test('who leaves is told nothing', async () => {
    await composerOf(page, 'secret').fill('/leave')
    await composerOf(page, 'secret').press('Enter')
    await composerOf(page, 'general').waitFor()
    assert.equal(await page.getByText('You were removed').count(), 0)
  })

  await t.test('a link to a channel that he may join offers it', async () => {
    await paste(`#room=${garden.room}&message=${seq}`)
    const dialog = page.getByRole('dialog', { name: 'Join garden' })
    await dialog.getByRole('button', { name: 'Join' }).click()
    await composerOf(page, 'garden').waitFor()
    await ben.sent('a leaf').waitFor()
    assert.equal(await dialog.count(), 0)
  })
})

test('Back closes what lies over the room', async (t) => {
  const server = await startServer(t)
  const owner = await server.owner()
  await server.api('POST', '/rooms', { kind: 'channel', name: 'garden' }, owner.token)
  const ana = await newPerson(t, await openBrowser(t), { viewport: { width: 360, height: 740 } })
  const { page } = ana
  await ana.signIn(server.url, owner.handle, owner.password)
  // The garden stood behind the list: going to another room makes an entry.
  await page.getByRole('link', { name: /general/ }).click()
  await composerOf(page, 'general').waitFor()
  await ana.attach({ name: 'dot.png', mimeType: 'image/png', buffer: picture })
  await ana.write('a picture')
  await ana.sent('a picture').waitFor()
  const people = page.getByRole('complementary', { name: 'People' })
  const openPeople = () => page.getByRole('button', { name: /^\d+ (people|person)/ }).click()
  const atRooms = () => page.locator('.shell[data-at="rail"]').waitFor()

  await t.test('the lightbox', async () => {
    await ana.sent('a picture').getByRole('button', { name: /dot\.png/ }).first().click()
    await page.getByRole('dialog', { name: 'dot.png' }).waitFor()
    await page.goBack()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    assert.equal(await ana.composer.isVisible(), true)
  })

  await t.test('a pane, and a dialog over it first', async () => {
    await openPeople()
    await people.getByRole('button', { name: /^Add/ }).click()
    await page.getByRole('dialog').waitFor()
    await page.goBack()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    assert.equal(await people.count(), 1)
    await page.goBack()
    await people.waitFor({ state: 'detached' })
  })

  await t.test('closed by hand they leave no step behind', async () => {
    for (let i = 0; i < 2; i++) {
      await openPeople()
      await people.getByRole('button', { name: /^(Close|Back)/ }).locator('visible=true').first().click()
      await people.waitFor({ state: 'detached' })
      await eventually(() => page.evaluate(() => history.state?.over ?? 0), 0, 'the entry of the pane is left')
    }
    await page.goBack()
    await atRooms()
  })

  await t.test('a room that a dialog opens takes its place', async () => {
    await page.getByRole('button', { name: 'Create or join a room' }).click()
    await page.getByRole('menuitem', { name: 'Create a room' }).click()
    await page.getByLabel('Name', { exact: true }).fill('shed')
    await page.getByRole('button', { name: 'Create', exact: true }).click()
    await composerOf(page, 'shed').waitFor()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await page.goBack()
    await atRooms()
    await page.goForward()
    await eventually(() => composerOf(page, 'shed').isVisible(), true, 'the room again')
  })

  await t.test('/invite shows its link to be copied', async () => {
    await composerOf(page, 'shed').fill('/invite')
    await composerOf(page, 'shed').press('Enter')
    const dialog = page.getByRole('dialog', { name: 'Invites' })
    await eventually(async () => (await dialog.getByLabel('Invite link').inputValue()).includes('#join='), true, 'the link')
    await dialog.getByRole('button', { name: 'Copy' }).waitFor()
    await dialog.getByText('1 person may still come').waitFor()
  })
})

test('marked unread without a line: it says so, and the room counts as read later', async (t) => {
  const server = await startServer(t)
  const owner = await server.owner()
  const ana = await newPerson(t, await openBrowser(t))
  const { page } = ana
  ana.expectCutLine()
  await ana.arrive(await server.invite(), 'Ben')
  const { list: [general] } = await server.api('GET', '/rooms', undefined, owner.token)
  const post = (text) => server.api('POST', `/rooms/${general.room}/messages`, { text }, owner.token)
  await post('one')
  await ana.sent('one').waitFor()
  await server.kill()
  await page.getByText('Offline', { exact: true }).waitFor()
  await ana.act('one', 'Mark unread from here')
  await page.getByText('There is no connection to the server.').waitFor()
  await server.start()
  await post('two')
  await ana.sent('two').waitFor()
  // Elsewhere it counts as read once she has seen it here.
  const unread = () => page.evaluate(async (room) => (await (await fetch(`/api/v1/rooms/${room}`)).json()).unread ?? 0, general.room)
  await eventually(unread, 0, 'unread')
})

function composerOf(page, name) {
  return page.getByRole('textbox', { name: `Message ${name}` })
}
