import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually, newPerson, openBrowser, picture } from './people.mjs'
import { fits, scan } from './scan.mjs'
import { startServer } from './server.mjs'

const LONG = `${'Donaudampfschifffahrt'.repeat(8)} https://example.org/${'path/'.repeat(40)}`

// A window of 1280 px at 200 % is one of 640: what counts is the width in CSS pixels.
const WINDOWS = [
  { name: '320 px, a finger, dark', colorScheme: 'dark', viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true },
  { name: '1280 px at 200 %, light', colorScheme: 'light', viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 },
]

for (const { name, ...options } of WINDOWS) {
  test(`nothing to scroll sideways, nothing serious for assistive technology: ${name}`, async (t) => {
    const server = await startServer(t)
    const owner = await server.owner('ana', 'Ana With A Very Long Name Indeed')
    const { list: [general] } = await server.api('GET', '/rooms', undefined, owner.token)
    const post = (text) => server.api('POST', `/rooms/${general.room}/messages`, { text }, owner.token)
    for (const text of ['root', LONG, '```\n' + 'x'.repeat(300) + '\n```', `> ${'q'.repeat(100)}\n\n- one\n- two`, '@ana']) await post(text)
    await server.api('POST', '/rooms', { kind: 'private', name: 'A private room with a long name', topic: 'And a topic that goes on and on and on' }, owner.token)

    const ana = await newPerson(t, await openBrowser(t), { reducedMotion: 'reduce', ...options })
    const { page } = ana
    ana.expectErrors(/status of 401/)
    const look = async (where) => {
      await fits(page, where)
      await scan(page, where)
    }
    await page.goto(server.url)
    await page.getByRole('button', { name: 'Sign in', exact: true }).waitFor()
    await look('sign-in')
    await page.getByLabel('Handle').fill(owner.handle)
    await page.getByLabel('Password', { exact: true }).fill('wrong horse')
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.getByRole('alert').waitFor()
    await look('sign-in, refused')
    await ana.signIn(server.url, owner.handle, owner.password)
    await look('rail')
    await page.getByRole('link', { name: /general/ }).click()
    await ana.sent('root').waitFor()
    await ana.attach([{ name: `${'long-name-'.repeat(12)}.png`, mimeType: 'image/png', buffer: picture }, { name: `${'long-name-'.repeat(12)}.txt`, mimeType: 'text/plain', buffer: Buffer.from('x') }])
    await page.getByRole('button', { name: /^Remove .*txt$/ }).waitFor()
    await look('room with uploads')
    await ana.composer.fill('files')
    await page.getByRole('button', { name: 'Send' }).click()
    await ana.sent('files').getByRole('img').waitFor()
    await look('room')

    await menu(ana, 'root', 'Thread')
    const pane = page.getByRole('complementary', { name: 'Thread' })
    await pane.getByRole('textbox').fill('an answer')
    await pane.getByRole('button', { name: 'Send' }).click()
    await pane.getByText('1 reply').waitFor()
    await look('thread')
    await pane.getByRole('button', { name: /^(Close|Back)/ }).locator('visible=true').first().click()
    await menu(ana, 'root', 'React')
    await dialog(page, look, 'react')
    await menu(ana, 'root', 'Delete')
    await dialog(page, look, 'delete')
    await page.getByRole('button', { name: /^\d+ (people|person)/ }).click()
    await page.getByRole('complementary', { name: 'People' }).getByText('Here, 1').waitFor()
    await look('people')
    await page.getByRole('complementary').getByRole('button', { name: /^(Close|Back)/ }).locator('visible=true').first().click()
    if (await page.getByRole('button', { name: 'Back to the rooms' }).isVisible()) await page.getByRole('button', { name: 'Back to the rooms' }).click()
    for (const item of ['Profile', 'Password', 'Sessions', 'Invites', 'People']) {
      await page.getByRole('button', { name: /^You: / }).click()
      await page.getByRole('menu').waitFor()
      await fits(page, 'menu')
      await page.getByRole('menuitem', { name: item, exact: true }).click()
      await dialog(page, look, item)
    }
    for (const [button, item] of [['Create or join a room', 'Create a room'], ['Create or join a room', 'Browse channels'], ['Start a direct conversation', '']]) {
      await page.getByRole('button', { name: button }).click()
      if (item) await page.getByRole('menuitem', { name: item }).click()
      await dialog(page, look, item || button)
    }
  })
}

for (const [width, height] of [[360, 720], [640, 400], [1280, 800]]) {
  test(`however much is attached and written, one writes and sends in the window: ${width} × ${height}`, async (t) => {
    const server = await startServer(t)
    const owner = await server.owner()
    const ana = await newPerson(t, await openBrowser(t), { viewport: { width, height } })
    const { page } = ana
    await ana.signIn(server.url, owner.handle, owner.password)
    await page.getByRole('link', { name: /general/ }).click()
    await ana.say('above it')
    const all = (from, to) => Array.from({ length: to - from }, (_, i) => ({ name: `${from + i}.png`, mimeType: 'image/png', buffer: picture }))
    const fields = page.getByRole('textbox', { name: /^Description of/ })
    await ana.attach(all(0, 9))
    await eventually(() => fields.count(), 9, 'pictures')
    const timeline = await ana.timeline.boundingBox()
    assert.ok(timeline.height > height / 4, `${timeline.height} px are left to read`)
    await ana.composer.fill('a line\n'.repeat(30))
    await ana.attach(all(9, 11)) // one too many
    const over = await page.getByText('A message takes 10 files').evaluate((words) =>
      words.parentElement.getBoundingClientRect().bottom <= document.querySelector('.composer').getBoundingClientRect().top)
    assert.ok(over, 'the toast is above all of the composer')
    await eventually(() => fields.count(), 10, 'pictures')
    await eventually(() => inSight(fields.last()), true, 'what was attached last is in view')
    for (const one of [ana.composer, page.getByRole('button', { name: 'Send' })]) await within(one, height)

    // Keys lead to each of them, and each comes into view.
    await page.getByRole('button', { name: 'Attach files' }).focus()
    for (let i = 9; i >= 0; i--) {
      const field = page.getByRole('textbox', { name: `Description of ${i}.png` })
      if (i < 9) await page.keyboard.press('Shift+Tab') // from a field to its button
      await page.keyboard.press('Shift+Tab')
      await eventually(() => field.evaluate((element) => element === document.activeElement), true, `the field of ${i}.png has the focus`)
      await eventually(() => inSight(field), true, `the field of ${i}.png is in view`)
    }
    await page.getByRole('button', { name: 'Send' }).click()
    await eventually(() => ana.sent('a line').getByRole('img').count(), 10, 'sent')
  })
}

/** It is not under an edge of what scrolls, or under something else. */
function inSight(locator) {
  return locator.evaluate((element) => {
    const box = element.getBoundingClientRect()
    return [box.top + 1, box.bottom - 1].every((y) => element.contains(document.elementFromPoint(box.left + 8, y)))
  })
}

/** All of it is in a window of this height. */
async function within(locator, height) {
  const box = await locator.boundingBox()
  assert.ok(box && box.y >= 0 && box.y + box.height <= height, `${JSON.stringify(box)} in ${height} px`)
}

test('a draft that was written elsewhere has its height when its column comes into view', async (t) => {
  const server = await startServer(t)
  const owner = await server.owner()
  const ana = await newPerson(t, await openBrowser(t), { viewport: { width: 360, height: 700 } })
  const height = () => ana.composer.evaluate((box) => box.scrollHeight <= box.clientHeight + 1 && Math.round(box.clientHeight / 22))
  await ana.signIn(server.url, owner.handle, owner.password)
  await ana.page.getByRole('link', { name: /general/ }).click()
  assert.equal(await height(), 2, 'empty: one line and its edges')
  await ana.composer.fill('1\n2\n3\n4\n5')
  assert.equal(await height(), 6)
  await ana.page.evaluate('history.replaceState(null, "", "/")')
  await ana.page.reload() // opens the list of rooms, with the room behind it
  await ana.page.getByRole('link', { name: /general/ }).click()
  await eventually(height, 6, 'lines of the box')
  await ana.page.setViewportSize({ width: 1200, height: 700 })
  await ana.composer.fill('a line that wraps only in a narrow window, and there it does so twice or more')
  await eventually(height, 2, 'wide')
  await ana.page.setViewportSize({ width: 360, height: 700 })
  await eventually(height, 4, 'narrow again')
})

test('focus is seen on everything that Tab reaches', async (t) => {
  const server = await startServer(t)
  const owner = await server.owner()
  const ana = await newPerson(t, await openBrowser(t))
  const { page } = ana
  await ana.signIn(server.url, owner.handle, owner.password)
  await ana.say('a message with [a link](https://example.org)', 'a message with')
  const seen = new Set()
  for (let i = 0; i < 40; i++) {
    await page.keyboard.press('Tab')
    const [what, mark] = await page.evaluate(() => {
      const one = document.activeElement
      if (!one || one === document.body) return ['', true]
      const probe = document.body.appendChild(document.createElement('i'))
      probe.style.color = 'var(--accent)'
      const accent = getComputedStyle(probe).color
      probe.remove()
      const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(one)
      const frame = one.matches('.composer textarea') && getComputedStyle(one.closest('.box')).borderTopColor
      return [one.getAttribute('aria-label') ?? one.textContent, frame === accent || (outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2 && outlineColor === accent)]
    })
    assert.ok(mark, `focus on "${what}" is not seen`)
    seen.add(what)
  }
  assert.ok(seen.size > 8, [...seen].join(', '))
})

/** By the menu of a message: with a finger too. */
async function menu(person, text, action) {
  const row = person.sent(text).first()
  await row.scrollIntoViewIfNeeded()
  await row.focus()
  await row.getByRole('button', { name: 'More' }).or(row.getByRole('button', { name: action, exact: true })).first().waitFor()
  const direct = row.getByRole('button', { name: action, exact: true })
  if (await direct.count()) return direct.click()
  await row.getByRole('button', { name: 'More' }).click()
  await person.page.getByRole('menuitem', { name: new RegExp(`^${action}\\b`) }).click()
}

async function dialog(page, look, where) {
  await page.getByRole('dialog').waitFor()
  await look(`${where} dialog`)
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
}
