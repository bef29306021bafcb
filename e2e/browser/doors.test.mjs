import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startLine } from './line.mjs'
import { eventually, newPerson, openBrowser } from './people.mjs'
import { startServer } from './server.mjs'

const REFUSED = /status of 4(00|01|09|22)/

test('links that no longer open anything say so', async (t) => {
  const server = await startServer(t)
  const browser = await openBrowser(t)
  const ana = await newPerson(t, browser)
  await ana.arrive(server.setupLink, 'Ana')

  await t.test('the setup link a second time', async () => {
    const eve = await newPerson(t, browser)
    eve.expectErrors(REFUSED)
    await come(eve, server.setupLink, 'Eve')
    await says(eve, 'This link is used up, too old or wrong. Ask for a new one.')
    assert.equal(await eve.composer.count(), 0)
  })

  const link = await inviteOf(ana)
  await t.test('an invite that was revoked, and the room offers another', async () => {
    const eve = await newPerson(t, browser)
    eve.expectErrors(REFUSED)
    await eve.page.goto(link)
    await eve.page.getByRole('button', { name: 'Join' }).waitFor()
    await revokeAll(ana)
    await come(eve, null, 'Eve')
    await says(eve, 'This link is used up, too old or wrong. Ask for a new one.')

    await ana.page.reload()
    const fresh = await inviteOf(ana)
    assert.notEqual(fresh, link)
    await ana.page.reload()
    assert.equal(await inviteOf(ana), fresh, 'one that holds is shown again')
    await come(eve, fresh, 'Eve')
    await eve.composer.waitFor()
    await ana.page.reload()
    await ana.page.getByText(/^Good for 24 people, until \w+day/).waitFor()
  })

  await t.test('an invite for one, a second time', async () => {
    const once = await server.invite()
    const fay = await newPerson(t, browser)
    await fay.arrive(once, 'Fay')
    const gil = await newPerson(t, browser)
    gil.expectErrors(REFUSED)
    await come(gil, once, 'Gil')
    await says(gil, 'This link is used up, too old or wrong. Ask for a new one.')
    await gil.page.getByRole('button', { name: 'I have an account: sign in' }).click()
    await gil.page.getByRole('heading', { name: 'Sign in' }).waitFor()
  })

  await t.test('a name and a handle that are taken', async () => {
    const hal = await newPerson(t, browser)
    hal.expectErrors(REFUSED)
    await come(hal, await server.invite(), 'Ana Bell')
    await wrong(hal, 'Handle', 'Somebody here already has this handle. Choose another.')
    await hal.page.getByLabel('Handle').fill('hal')
    await hal.page.getByLabel('Name', { exact: true }).fill('Аna') // with a Cyrillic А
    await hal.page.getByRole('button', { name: 'Join' }).click()
    await wrong(hal, 'Name', 'This name mixes letters of different alphabets. Use one.')
    await hal.page.getByLabel('Name', { exact: true }).fill('Hal')
    await hal.page.getByRole('button', { name: 'Join' }).click()
    await hal.composer.waitFor()
  })

  await t.test('an invite of another database is not offered', async () => {
    const kept = await ana.page.evaluate('sessionStorage.getItem("minichat.invite")')
    assert.ok(kept.includes('#join='), 'or this test shows nothing')
    const other = await startServer(t)
    const owner = await other.owner()
    const ina = await newPerson(t, browser)
    ina.expectErrors(REFUSED)
    await ina.page.goto(other.url)
    await ina.page.evaluate((value) => sessionStorage.setItem('minichat.invite', value), kept)
    await ina.signIn(other.url, owner.handle, owner.password)
    assert.notEqual(new URL(await inviteOf(ina)).hash, new URL(JSON.parse(kept).url).hash)
  })
})

test('signing in, and being signed out by others', async (t) => {
  const server = await startServer(t)
  const owner = await server.owner()
  const browser = await openBrowser(t)
  const desk = await newPerson(t, browser)
  const phone = await newPerson(t, browser)
  for (const one of [desk, phone]) one.expectErrors(REFUSED)

  await t.test('a wrong password', async () => {
    await fill(desk, server.url, owner.handle, 'wrong horse battery')
    await says(desk, 'The handle or the password is wrong.')
    const password = desk.page.getByLabel('Password', { exact: true })
    await eventually(() => password.evaluate((field) => field === document.activeElement), true, 'the password is to be typed anew')
    await desk.page.getByLabel('Password', { exact: true }).fill(owner.password)
    await desk.page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await desk.composer.waitFor()
  })

  await t.test('a session ended at the other device', async () => {
    await phone.signIn(server.url, owner.handle, owner.password)
    await phone.composer.fill('a draft')
    await desk.page.getByRole('button', { name: 'You: Ana' }).click()
    await desk.page.getByRole('menuitem', { name: 'Sessions' }).click()
    const dialog = desk.page.getByRole('dialog', { name: 'Sessions' })
    await dialog.getByRole('button', { name: 'End', exact: true }).first().waitFor()
    while (await dialog.getByRole('button', { name: 'End', exact: true }).count()) {
      const left = await dialog.getByRole('button', { name: 'End', exact: true }).count()
      await dialog.getByRole('button', { name: 'End', exact: true }).first().click()
      await eventually(async () => await dialog.getByRole('button', { name: 'End', exact: true }).count() < left, true, 'it leaves the list')
    }
    await phone.page.getByText('Your session has ended. Sign in again.').waitFor()
    await phone.page.getByRole('heading', { name: 'Sign in' }).waitFor()
    assert.equal(await phone.page.getByRole('navigation', { name: 'Rooms' }).count(), 0)
    await phone.signIn(server.url, owner.handle, owner.password)
    await eventually(() => phone.composer.inputValue(), 'a draft', 'the draft is there again')
    assert.equal(await phone.page.getByText('has ended').count(), 0)
  })

  await t.test('somebody is disabled', async () => {
    const ben = await newPerson(t, browser)
    ben.expectErrors(REFUSED)
    await ben.arrive(await server.invite(), 'Ben')
    await server.command('user', 'disable', 'ben')
    await ben.page.getByText('This account has been disabled.').waitFor()
    await ben.page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await fill(ben, server.url, 'ben', 'correct horse battery')
    await says(ben, 'The handle or the password is wrong.')
    await server.command('user', 'enable', 'ben')
    await ben.signIn(server.url, 'ben', 'correct horse battery')
    await ben.say('back again')
  })

  await t.test('by my own hand no reason is named', async () => {
    await signOut(phone)
    await phone.page.getByRole('heading', { name: 'Sign in' }).waitFor()
    assert.equal(await phone.page.locator('form header p').count(), 0)
    await phone.page.reload()
    await phone.page.getByRole('heading', { name: 'Sign in' }).waitFor()
  })
})

test('signing out without a line', async (t) => {
  const server = await startServer(t)
  const owner = await server.owner()
  const line = await startLine(t, server)
  const ana = await newPerson(t, await openBrowser(t))
  const { page } = ana
  ana.expectCutLine()
  await ana.signIn(line.url, owner.handle, owner.password)
  await ana.composer.waitFor()
  const other = await ana.context.newPage()
  await other.goto(line.url)
  await other.getByRole('textbox', { name: /^Message / }).waitFor()
  const sessions = async () => (await server.api('GET', '/sessions', undefined, owner.token)).list.length
  const before = await sessions()

  await t.test('what waits is asked about', async () => {
    line.cut()
    for (const text of ['one', 'two']) {
      await ana.write(text)
      await ana.message(text).getByText('Waiting to be sent').waitFor()
    }
    await signOut(ana)
    const dialog = page.getByRole('dialog', { name: 'Sign out' })
    await dialog.getByText('2 messages wait to be sent. They will not be sent.').waitFor()
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    assert.equal(await ana.message('two').count(), 1)
    await signOut(ana)
    await dialog.getByRole('button', { name: 'Sign out' }).click()
  })

  await t.test('nothing is shown any more, in any tab, and the page says how it stands', async () => {
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await page.getByText('The server could not be told yet').waitFor()
    await other.getByRole('heading', { name: 'Sign in' }).waitFor()
    assert.equal(new URL(page.url()).hash, '')
  })

  await t.test('after a reload the session ends, and nothing is sent', async () => {
    await other.close()
    line.mend()
    await page.reload()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await eventually(sessions, before - 1, 'sessions')
    await ana.signIn(line.url, owner.handle, owner.password)
    await ana.say('three')
    assert.deepEqual(await ana.timeline.locator('article .text').allInnerTexts(), ['three'])
  })

  await t.test('without a reload it ends when the line is back, and before somebody signs in', async () => {
    line.cut()
    await signOut(ana)
    await page.getByText('The server could not be told yet').waitFor()
    line.mend()
    await page.evaluate(() => window.dispatchEvent(new Event('online')))
    await eventually(sessions, before - 1, 'sessions')
    await page.getByText('The server could not be told yet').waitFor({ state: 'detached' })
    await ana.signIn(line.url, owner.handle, owner.password)

    line.cut()
    await signOut(ana)
    await page.getByText('The server could not be told yet').waitFor()
    line.mend()
    await page.getByLabel('Handle').fill(owner.handle)
    await page.getByLabel('Password', { exact: true }).fill(owner.password)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await ana.say('four')
    assert.equal(await sessions(), before)
  })
})

async function signOut({ page }) {
  await page.getByRole('button', { name: /^You: / }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
}

/** @param {any} person @param {string|null} url null: the form is open @param {string} name */
async function come(person, url, name) {
  const { page } = person
  if (url) {
    await page.goto('about:blank')
    await page.goto(url)
  }
  await page.getByLabel('Name', { exact: true }).fill(name)
  await page.getByLabel('Password', { exact: true }).fill('correct horse battery')
  await page.getByRole('button', { name: /^(Start|Join)$/ }).click()
}

async function fill({ page }, url, handle, password) {
  await page.goto(url)
  await page.getByLabel('Handle').fill(handle)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

/** @param {any} person @param {string} words */
async function says({ page }, words) {
  const alert = page.getByRole('alert')
  await alert.waitFor()
  assert.equal(await alert.innerText(), words)
}

/** A field is marked, has the focus, and says why. */
async function wrong({ page }, label, words) {
  const field = page.getByLabel(label, { exact: true })
  await page.getByText(words).waitFor()
  assert.equal(await field.getAttribute('aria-invalid'), 'true')
  await eventually(() => field.evaluate((element) => element === document.activeElement), true, 'the focus')
}

/** The link that the empty room offers. */
async function inviteOf({ page }) {
  const box = page.getByRole('textbox', { name: 'Invite link' })
  await eventually(async () => (await box.inputValue()).includes('#join='), true, 'a link is offered')
  return box.inputValue()
}

async function revokeAll({ page }) {
  await page.getByRole('button', { name: /^You: / }).click()
  await page.getByRole('menuitem', { name: 'Invites' }).click()
  const dialog = page.getByRole('dialog', { name: 'Invites' })
  await dialog.getByRole('button', { name: 'Revoke' }).first().click()
  await dialog.getByText('No invite is open.').waitFor()
  await page.keyboard.press('Escape')
}
