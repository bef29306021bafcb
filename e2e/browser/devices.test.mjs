import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startLine } from './line.mjs'
import { eventually, newPerson, openBrowser } from './people.mjs'
import { startServer } from './server.mjs'

/** Ana at two devices, the second behind a line that can be cut, and Ben. */
async function three(t) {
  const server = await startServer(t)
  const line = await startLine(t, server)
  const owner = await server.owner()
  const browser = await openBrowser(t)
  const [desk, phone, ben] = [await newPerson(t, browser), await newPerson(t, browser), await newPerson(t, browser)]
  await desk.signIn(server.url, owner.handle, owner.password)
  await phone.signIn(line.url, owner.handle, owner.password)
  await ben.arrive(await server.invite(), 'Ben')
  for (const one of [desk, phone]) await one.composer.waitFor()
  return { server, line, owner, desk, phone, ben }
}

const row = (person, name) => person.page.getByRole('navigation', { name: 'Rooms' }).getByRole('link', { name })
const title = (person) => person.page.title()

test('two devices of one person: what is read here is read there', async (t) => {
  const { server, owner, desk, phone, ben } = await three(t)
  const { room } = await server.api('POST', '/rooms', { kind: 'channel', name: 'garden' }, owner.token)
  await ben.page.getByRole('button', { name: 'Create or join a room' }).click()
  await ben.page.getByRole('menuitem', { name: 'Browse channels' }).click()
  await ben.page.getByRole('button', { name: /^Join/ }).first().click()
  await row(ben, /garden/).click()

  await t.test('unread and mentions show on both', async () => {
    await ben.say('two plants')
    await ben.say('and @ana')
    for (const one of [desk, phone]) {
      await eventually(() => row(one, /garden/).getAttribute('class'), 'rail-row unread', 'bold')
      await eventually(() => row(one, /garden/).locator('.badge').textContent(), '1 mention', 'the badge counts mentions')
      await eventually(() => title(one), '(1) #general · MiniChat', 'the title counts them')
      await eventually(() => one.page.locator('#favicon').getAttribute('href'), 'icons/icon-mention.svg', 'the icon')
    }
  })

  await t.test('read at the desk, read on the phone', async () => {
    await desk.page.bringToFront()
    await row(desk, /garden/).click()
    await desk.sent('and @ana').waitFor()
    await desk.page.getByText('New', { exact: true }).waitFor()
    for (const one of [phone, desk]) await eventually(() => row(one, /garden/).getAttribute('class'), 'rail-row ', 'not bold any more')
    await eventually(() => title(phone), '#general · MiniChat', 'the title of the phone')
    await eventually(() => title(desk), '#garden · MiniChat', 'the title at the desk')
    await eventually(() => row(phone, /garden/).locator('.badge').count(), 0, 'the badge is gone')
  })

  await t.test('marked unread, it is so on both, also after a reload', async () => {
    await desk.act('two plants', 'Mark unread from here')
    await row(desk, /general/).click()
    for (const one of [desk, phone]) {
      await eventually(() => row(one, /garden/).getAttribute('class'), 'rail-row unread', 'bold again')
      await eventually(() => row(one, /garden/).locator('.badge').textContent(), '1 mention', 'with the mention')
    }
    await desk.page.reload()
    await eventually(() => row(desk, /garden/).getAttribute('class'), 'rail-row unread', 'after a reload')
  })

  await t.test('a window that nobody looks at reads nothing', async () => {
    await row(phone, /garden/).click()
    await eventually(() => row(desk, /garden/).getAttribute('class'), 'rail-row ', 'read on the phone')
    await phone.page.evaluate(() => {
      Object.defineProperty(document, 'hasFocus', { value: () => false, configurable: true })
    })
    await ben.say('to an empty chair')
    await phone.sent('to an empty chair').waitFor()
    await eventually(() => row(desk, /garden/).getAttribute('class'), 'rail-row unread', 'unread at the desk')
    await ben.say('still empty')
    await phone.sent('still empty').waitFor()
    const rooms = await server.api('GET', '/rooms', undefined, owner.token)
    assert.equal(rooms.list.find((one) => one.room === room).unread, 2)
    await phone.page.evaluate(() => {
      delete document.hasFocus
      window.dispatchEvent(new Event('focus'))
    })
    await eventually(() => row(desk, /garden/).getAttribute('class'), 'rail-row ', 'somebody looks again')
  })

  await t.test('a draft outlives a reload, and is marked in the list', async () => {
    await desk.composer.fill('half a thought')
    await row(desk, /garden/).click()
    await row(desk, /general.*, draft/).waitFor()
    await row(desk, /general/).click()
    assert.equal(await desk.composer.inputValue(), 'half a thought')
    await desk.page.reload()
    await eventually(() => desk.composer.inputValue(), 'half a thought', 'after a reload')
    await desk.composer.press('Enter')
    await desk.sent('half a thought').waitFor()
    await desk.page.reload()
    await desk.sent('half a thought').waitFor()
    assert.equal(await desk.composer.inputValue(), '', 'sent is not a draft')
  })
})

test('typing, presence, and what happened while a device was away', async (t) => {
  const { server, line, owner, desk, phone, ben } = await three(t)
  for (const one of [desk, phone, ben]) one.expectCutLine()

  await t.test('typing shows and goes', async () => {
    const notice = desk.page.getByText('Ben is typing')
    await ben.composer.pressSequentially('I')
    await notice.waitFor()
    await notice.waitFor({ state: 'detached' }) // nobody went on: it runs out
    await ben.composer.pressSequentially(' am')
    await notice.waitFor()
    await ben.composer.press('Enter')
    await desk.sent('I am').waitFor()
    await notice.waitFor({ state: 'detached' })
  })

  await t.test('presence', async () => {
    const people = desk.page.getByRole('complementary', { name: 'People' })
    await desk.page.getByRole('button', { name: /^2 people|People/ }).first().click()
    await people.getByText('Here, 2').waitFor()
    await ben.context.setOffline(true)
    await ben.page.close()
    await people.getByText('Not here, 1').waitFor()
    await desk.page.keyboard.press('Escape')
  })

  await t.test('edits, deletions and reactions of the time away', async () => {
    for (const text of ['to edit', 'to delete', 'to react']) await desk.say(text)
    for (const text of ['to edit', 'to delete', 'to react']) await phone.sent(text).waitFor()
    line.cut()
    await desk.act('to edit', 'Edit')
    await desk.page.getByRole('textbox', { name: 'Edit message' }).fill('edited away')
    await desk.page.getByRole('button', { name: 'Save' }).click()
    await desk.act('to delete', 'Delete')
    await desk.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await desk.act('to react', 'React')
    await desk.page.getByRole('dialog', { name: 'React' }).getByRole('button', { name: '🎉' }).click()
    await desk.sent('to react').getByRole('button', { name: /^🎉 1/ }).waitFor()
    await desk.say('new meanwhile')

    for (const text of ['one', 'two', 'three']) await phone.write(`waits ${text}`)
    assert.equal(await phone.page.getByText(/^Offline/).count(), 0, 'not at once')
    await phone.page.getByText('Offline, 3 waiting').waitFor()
    line.mend()
    await phone.page.getByRole('button', { name: 'Connect now' }).click()
    await phone.sent('edited away').getByText('edited', { exact: false }).first().waitFor()
    await phone.timeline.getByText('This message was deleted.').waitFor()
    await phone.sent('to react').getByRole('button', { name: /^🎉 1/ }).waitFor()
    await phone.sent('new meanwhile').waitFor()
    await phone.page.getByText(/^Offline/).waitFor({ state: 'detached' })
    await desk.sent('waits three').waitFor()
    const { list } = await server.api('GET', '/rooms', undefined, owner.token)
    const page = await server.api('GET', `/rooms/${list[0].room}/events?after=0&limit=200`, undefined, owner.token)
    assert.deepEqual(page.list.map((event) => event.body.text).filter((text) => text?.startsWith('waits')), ['waits one', 'waits two', 'waits three'])
    await eventually(() => texts(phone), await texts(desk), 'both show the same')
  })
})

/** What stands in the room, as text. */
function texts(person) {
  return person.timeline.locator('article .text, article .gone, article .reaction').allInnerTexts()
}
