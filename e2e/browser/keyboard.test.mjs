import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { eventually, newPerson, openBrowser } from './people.mjs'
import { startServer } from './server.mjs'

test('by keyboard alone: sign in, write, edit, react', async (t) => {
  const server = await startServer(t)
  const owner = await server.owner()
  const ana = await newPerson(t, await openBrowser(t))
  const { page } = ana
  const key = (name) => page.keyboard.press(name)
  ana.expectErrors(/status of 401/)
  await page.goto(server.url)
  await page.getByRole('button', { name: 'Sign in' }).waitFor()
  await page.keyboard.type(owner.handle) // the first field has the focus
  await key('Tab')
  await page.keyboard.type(owner.password)
  await key('Enter')
  await ana.composer.waitFor()

  await tabTo(page, ana.composer)
  await page.keyboard.type('typed')
  await key('Enter')
  await ana.sent('typed').waitFor()
  await key('ArrowUp') // my last message, to edit
  await page.getByRole('textbox', { name: 'Edit message' }).waitFor()
  await page.keyboard.type(' and mended')
  await key('Enter')
  await ana.sent('typed and mended').waitFor()

  await focusTimeline(page, ana)
  await key('ArrowUp')
  await key('+')
  await page.getByRole('dialog', { name: 'React' }).waitFor()
  await key('Enter') // on the first of the set
  await ana.sent('typed and mended').getByRole('button', { name: /^👍 1/ }).waitFor()

  await focusTimeline(page, ana)
  await key('ArrowUp')
  await key('Delete')
  await page.getByRole('dialog', { name: 'Delete this message' }).waitFor()
  await key('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await ana.sent('typed and mended').waitFor()
})

for (const [name, viewport] of [['a window', { width: 1280, height: 720 }], ['a window of 360 px', { width: 360, height: 720 }]]) {
  test(`menus by keys alone: ${name}`, async (t) => {
    const server = await startServer(t)
    const owner = await server.owner()
    const ana = await newPerson(t, await openBrowser(t), { viewport })
    const { page } = ana
    const key = (name) => page.keyboard.press(name)
    const button = (name) => page.getByRole('button', { name })
    await ana.signIn(server.url, owner.handle, owner.password)

    for (const opener of [button('You: Ana'), button('Create or join a room')]) await goThrough(page, opener, () => tabTo(page, opener))
    await key('Enter')
    await key('ArrowDown')
    await key('Enter') // on the second
    await page.getByRole('dialog', { name: 'Browse channels' }).waitFor()
    await key('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })

    await tabTo(page, page.getByRole('link', { name: /general/ }))
    await key('Enter')
    await ana.say('one')
    await goThrough(page, button('Room menu'), () => tabTo(page, button('Room menu')))
    const more = ana.sent('one').getByRole('button', { name: 'More' })
    await goThrough(page, more, async () => {
      await focusTimeline(page, ana)
      await key('ArrowUp')
      await tabTo(page, more)
    })
    await key('Enter')
    await key('End')
    await key('Enter')
    await page.getByRole('dialog', { name: 'Delete this message' }).waitFor()
  })
}

/** Opens a menu, goes up and down in it, and leaves it by Esc and by Tab. @param {() => Promise<void>} reach puts the focus on the opener */
async function goThrough(page, opener, reach) {
  const menu = page.getByRole('menu')
  const items = menu.getByRole('menuitem').or(menu.getByRole('menuitemradio')).or(menu.getByRole('menuitemcheckbox'))
  const at = () => items.evaluateAll((all) => all.indexOf(document.activeElement))
  await reach()
  for (const leave of ['Escape', 'Tab']) {
    await page.keyboard.press('Enter')
    await menu.waitFor()
    const last = await items.count() - 1
    await eventually(at, 0, 'the first item has the focus')
    for (const [key, to] of [['ArrowDown', 1], ['ArrowUp', 0], ['ArrowUp', last], ['ArrowDown', 0], ['End', last], ['Home', 0]]) {
      await page.keyboard.press(key)
      assert.equal(await at(), to, key)
    }
    await page.keyboard.press(leave)
    await menu.waitFor({ state: 'detached' })
    await eventually(() => opener.evaluate((element) => element === document.activeElement), true, `the focus is back after ${leave}`)
  }
}

/** F6 goes round the regions of the page. */
async function focusTimeline(page, person) {
  for (let i = 0; i < 6; i++) {
    await page.keyboard.press('F6')
    if (await person.timeline.evaluate((box) => box === document.activeElement)) return
  }
  assert.fail('F6 does not lead to the messages')
}

/** Tab leads to every control in a bounded number of steps. */
async function tabTo(page, locator) {
  for (let i = 0; i < 30; i++) {
    if (await locator.evaluate((element) => element === document.activeElement)) return
    await page.keyboard.press('Tab')
  }
  assert.fail('Tab does not lead there')
}

const axe = readFileSync(new URL('../../web/node_modules/axe-core/axe.min.js', import.meta.url), 'utf8')

for (const colorScheme of ['light', 'dark']) {
  test(`nothing serious for assistive technology, ${colorScheme}`, async (t) => {
    const server = await startServer(t)
    const browser = await openBrowser(t)
    const ana = await newPerson(t, browser, { colorScheme, reducedMotion: 'reduce' })
    await ana.page.goto(server.setupLink)
    await ana.page.getByRole('button', { name: 'Start' }).waitFor()
    await scan(ana.page, 'first run')
    await ana.arrive(server.setupLink, 'Ana')
    await scan(ana.page, 'the empty room')
    await ana.say('Hello **bold**, `code`, [a link](https://example.org), @ana', 'Hello bold')
    await ana.say('> a quote\n\n- one\n- two', 'a quote')
    await ana.act('Hello bold', 'React')
    await scan(ana.page, 'the react dialog')
    await ana.page.getByRole('dialog').getByRole('button', { name: '👍' }).click()
    await ana.message('Hello bold').getByRole('button', { name: /^👍/ }).waitFor()
    await ana.message('Hello bold').hover()
    await scan(ana.page, 'a room with messages')
    for (const name of ['Profile', 'People', 'Invites', 'Sessions']) {
      await ana.page.getByRole('button', { name: 'You: Ana' }).click()
      await ana.page.getByRole('menuitem', { name, exact: true }).click()
      await ana.page.getByRole('dialog').waitFor()
      await scan(ana.page, name)
      await ana.page.keyboard.press('Escape')
      await ana.page.getByRole('dialog').waitFor({ state: 'detached' })
    }
  })
}

/** No finding of axe that is serious or critical. */
async function scan(page, where) {
  if (!(await page.evaluate('typeof axe === "object"'))) await page.evaluate(axe)
  const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ['violations'] }))
  const bad = violations.filter((one) => one.impact === 'serious' || one.impact === 'critical')
    .flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.target.join(' ')}: ${node.any[0]?.message ?? one.help}`))
  assert.deepEqual(bad, [], where)
}
