// What a person sees, or hears from a screen reader, that no name of a control tells.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { arrived, eventually, newPerson, openBrowser } from './people.mjs'

const MOHAMED = 'محمد عبد الرحمن'

test('a name from right to left', async (t) => {
  const { server, page } = await arrived(t)
  const mo = await newPerson(t, await openBrowser(t))
  await mo.page.goto(await server.invite())
  await mo.page.getByLabel('Name', { exact: true }).fill(MOHAMED)
  await mo.page.getByLabel('Handle').fill('mo')
  await mo.page.getByLabel('Password', { exact: true }).fill('correct horse battery')
  await mo.page.getByRole('button', { name: 'Join' }).click()
  const line = page.locator('.system').filter({ hasText: MOHAMED })
  await line.waitFor()
  assert.equal(await line.locator('span').innerText(), `${MOHAMED} joined`)
  assert.ok(await line.evaluate((row) => {
    const left = (text) => {
      const walk = document.createTreeWalker(row, NodeFilter.SHOW_TEXT)
      while (walk.nextNode()) {
        const at = walk.currentNode.data.indexOf(text)
        if (at < 0) continue
        const range = document.createRange()
        range.setStart(walk.currentNode, at)
        range.setEnd(walk.currentNode, at + text.length)
        return range.getBoundingClientRect().left
      }
    }
    return left('joined') > left('محمد')
  }), 'what he did stands behind the name')
})

test('one writes from right to left', async (t) => {
  const { ana, page } = await arrived(t)
  const direction = (box) => box.evaluate((element) => getComputedStyle(element).direction)
  await ana.composer.fill('שלום')
  assert.equal(await direction(ana.composer), 'rtl')
  await ana.composer.press('Enter')
  await ana.act('שלום', 'Edit')
  assert.equal(await direction(page.getByRole('textbox', { name: 'Edit message' })), 'rtl')
  await page.keyboard.press('Escape')
  await ana.composer.fill('hello')
  assert.equal(await direction(ana.composer), 'ltr')
})

test('@all and @here have the colour of nobody', async (t) => {
  const { ana, page } = await arrived(t)
  await ana.say('@all @here @ana')
  const colors = await ana.sent('@all').locator('.mention').evaluateAll((all) => {
    const probe = document.body.appendChild(document.createElement('i'))
    probe.style.color = 'var(--accent)'
    const accent = getComputedStyle(probe).color
    probe.remove()
    return all.map((one) => getComputedStyle(one).color === accent)
  })
  assert.deepEqual(colors, [true, true, false])
})

test('the letters of a face are not read aloud', async (t) => {
  const { ana, page } = await arrived(t)
  await ana.say('one')
  const screenReader = await page.context().newCDPSession(page)
  const { nodes } = await screenReader.send('Accessibility.getFullAXTree')
  const words = nodes.filter((node) => node.role?.value === 'StaticText').map((node) => node.name?.value)
  assert.ok(words.includes('one') && words.includes('Ana'))
  assert.ok(!words.includes('A'))
})

test('the bar of the first unread message leaves "New" to be read', async (t) => {
  const { server, owner, ana, page } = await arrived(t)
  const ben = await newcomer(server, 'ben', 'Ben')
  const general = page.getByRole('link', { name: /general/ })
  await ana.say('before')
  await server.api('POST', '/rooms', { kind: 'channel', name: 'garden' }, owner.token)
  await page.getByRole('link', { name: 'garden' }).click()
  await page.getByRole('heading', { level: 1, name: 'garden' }).waitFor()
  const { list } = await server.api('GET', '/rooms', undefined, ben.token)
  await server.api('POST', `/rooms/${list[0].room}/messages`, { text: 'unread' }, ben.token)
  await eventually(() => general.getAttribute('class'), 'rail-row unread', 'bold')
  await general.click()
  await ana.sent('unread').hover()
  const bar = await ana.sent('unread').getByRole('toolbar').boundingBox()
  const line = await page.getByRole('separator', { name: 'New messages' }).boundingBox()
  assert.ok(bar.y >= line.y + line.height, `the bar begins at ${bar.y}, the line ends at ${line.y + line.height}`)
})

test('the list under @', async (t) => {
  const { server, ana, page } = await arrived(t)
  const names = ['Zoe', 'Yara', 'Xaver', 'Wanda Wilhelmina Wolkenstein von und zu Wolkenburg am Wolkensee', 'Vera', 'Uwe', 'Tom', 'Sven', 'Rosa', 'Quirin']
  const people = []
  for (const name of names) people.push(await newcomer(server, name.split(' ')[0].toLowerCase(), name))
  const { list: [general] } = await server.api('GET', '/rooms', undefined, people[0].token)
  const post = (who, text) => server.api('POST', `/rooms/${general.room}/messages`, { text }, people[who].token)
  await post(3, 'the first')
  await post(1, 'the second')
  await ana.sent('the second').waitFor()

  await ana.composer.pressSequentially('@')
  const options = page.getByRole('option')
  await eventually(async () => (await options.allInnerTexts()).map((words) => words.match(/@\w+/)[0]),
    ['@yara', '@wanda', '@quirin', '@rosa', '@sven', '@tom', '@all', '@here'], 'who wrote here last, then by name, then all')
  const inView = (locator) => locator.evaluate((element) => {
    const [own, list] = [element.getBoundingClientRect(), element.closest('[role=listbox]').getBoundingClientRect()]
    return own.top >= list.top && own.bottom <= list.bottom && list.top >= 0
  })
  assert.ok(await inView(options.last()), '@here is in view')
  assert.ok(await options.nth(1).locator('span').last().evaluate((handle) => handle.scrollWidth <= handle.clientWidth), 'a long name leaves the handle its place')
  await page.setViewportSize({ width: 800, height: 320 })
  assert.ok(!await inView(options.last()), 'or this test shows nothing')
  await ana.composer.press('ArrowUp')
  await eventually(() => options.last().getAttribute('aria-selected'), 'true', 'the last is chosen')
  assert.ok(await inView(options.last()), 'and comes into view')
})

test('in no room, one button', async (t) => {
  const { page } = await arrived(t)
  await page.getByRole('button', { name: 'Room menu' }).click()
  await page.getByRole('menuitem', { name: 'Leave' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Leave' }).click()
  await page.getByText('You are in no room yet.').waitFor()
  const [button, room] = await Promise.all([page.getByRole('button', { name: 'Browse channels' }).boundingBox(), page.getByRole('main').boundingBox()])
  assert.ok(button.width < 240, `${button.width} px wide`)
  assert.ok(Math.abs(button.x + button.width / 2 - room.x - room.width / 2) < 2, 'in the middle')
  assert.ok(Math.abs(button.y - room.y - room.height / 2) < 60, 'half way down')
})

/** @param {any} server @param {string} handle @param {string} name */
async function newcomer(server, handle, name) {
  const token = new URL(await server.invite()).hash.replace('#join=', '')
  return server.api('POST', '/join', { token, handle, name, password: 'correct horse battery' })
}
