import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually, newPerson, openBrowser } from './people.mjs'
import { startServer } from './server.mjs'

// Browsers give the key that ends a composition the code 229 and mark it as composing.
const PROCESSED = 229

test('what Enter does', async (t) => {
  const server = await startServer(t)
  const owner = await server.owner()
  const browser = await openBrowser(t)
  const ana = await newPerson(t, browser)
  const { page, composer } = ana
  await ana.signIn(server.url, owner.handle, owner.password)
  await ana.say('first')
  const sent = () => texts(server, owner.token)
  const keys = await page.context().newCDPSession(page)

  await t.test('an input method composes: Enter chooses and sends nothing', async () => {
    await composer.focus()
    await keys.send('Input.imeSetComposition', { text: 'にほん', selectionStart: 3, selectionEnd: 3 })
    await eventually(() => composer.inputValue(), 'にほん', 'what is being composed')
    await page.evaluate(() => {
      window.composing = []
      document.addEventListener('keydown', (event) => window.composing.push(event.isComposing), { capture: true })
    })
    await press(keys, 'Enter', { windowsVirtualKeyCode: PROCESSED })
    await keys.send('Input.imeSetComposition', { text: '日本', selectionStart: 2, selectionEnd: 2 })
    await press(keys, 'Enter', { windowsVirtualKeyCode: PROCESSED })
    assert.deepEqual(await page.evaluate('window.composing'), [true, true], 'or this test shows nothing')
    await keys.send('Input.insertText', { text: '日本' })
    assert.equal(await composer.inputValue(), '日本')
    assert.deepEqual(await sent(), ['first'])
    await composer.press('Enter')
    await ana.sent('日本').waitFor()
    assert.equal(await composer.inputValue(), '')
  })

  await t.test('in the box that changes a message too', async () => {
    await ana.act('first', 'Edit')
    const box = page.getByRole('textbox', { name: 'Edit message' })
    await eventually(() => box.evaluate((element) => element === document.activeElement), true, 'the box has the focus')
    await keys.send('Input.imeSetComposition', { text: 'きゅう', selectionStart: 3, selectionEnd: 3 })
    await press(keys, 'Enter', { windowsVirtualKeyCode: PROCESSED })
    await press(keys, 'Escape', { windowsVirtualKeyCode: PROCESSED })
    await keys.send('Input.insertText', { text: '九' })
    assert.equal(await box.inputValue(), 'first九')
    await box.press('Escape')
    await box.waitFor({ state: 'detached' })
    assert.equal((await sent())[0], 'first')
  })

  await t.test('Shift+Enter is a new line, Ctrl+Enter sends', async () => {
    await composer.fill('one')
    await composer.press('Shift+Enter')
    await page.keyboard.type('two')
    assert.equal(await composer.inputValue(), 'one\ntwo')
    await composer.press('Control+Enter')
    await eventually(sent, ['first', '日本', 'one\ntwo'], 'the log')
  })

  await t.test('in an open fence Enter is a new line, after it Enter sends', async () => {
    await composer.fill('')
    await page.keyboard.type('```js')
    await composer.press('Enter')
    await page.keyboard.type('let a = 1')
    await composer.press('Enter')
    await page.keyboard.type('```')
    assert.equal(await composer.inputValue(), '```js\nlet a = 1\n```')
    await composer.press('Enter')
    await eventually(async () => (await sent()).at(-1), '```js\nlet a = 1\n```', 'the log')
    await composer.fill('```\nnot closed')
    await composer.press('Control+Enter')
    await eventually(async () => (await sent()).at(-1), '```\nnot closed', 'Ctrl+Enter sends from inside')
  })

  await t.test('nothing but spaces is never sent; what is too long stays and is counted', async () => {
    const before = await sent()
    await composer.fill(' \n ')
    await composer.press('Enter')
    await composer.press('Control+Enter')
    await composer.fill('ä'.repeat(8193))
    await page.getByText('2 bytes too long').waitFor()
    await composer.press('Enter')
    assert.equal((await composer.inputValue()).length, 8193)
    await composer.fill('ä'.repeat(8192))
    await page.getByText('0 bytes left').waitFor()
    await composer.press('Enter')
    await eventually(async () => (await sent()).length, before.length + 1, 'the longest is taken')
  })

  await t.test('two slashes are one, and no command', async () => {
    await composer.fill('//hello there')
    await composer.press('Enter')
    await eventually(async () => (await sent()).at(-1), '/hello there', 'the log')
  })

  await t.test('the setting that swaps it', async () => {
    await page.getByRole('button', { name: 'You: Ana' }).click()
    await page.getByRole('menuitemcheckbox', { name: 'Enter sends' }).click()
    await composer.fill('swapped')
    await composer.press('Enter')
    await page.keyboard.type('line')
    assert.equal(await composer.inputValue(), 'swapped\nline')
    await page.reload()
    await eventually(() => composer.inputValue(), 'swapped\nline', 'the draft after a reload')
    await composer.press('End')
    await composer.press('Enter')
    await composer.press('Control+Enter')
    await eventually(async () => (await sent()).at(-1), 'swapped\nline\n', 'the log')
  })
})

test('a finger: Enter is a new line, the button sends', async (t) => {
  const server = await startServer(t)
  const owner = await server.owner()
  const ana = await newPerson(t, await openBrowser(t), { hasTouch: true, isMobile: true, viewport: { width: 390, height: 800 } })
  await ana.signIn(server.url, owner.handle, owner.password)
  await ana.page.getByRole('link', { name: /general/ }).tap()
  await ana.composer.tap()
  await ana.page.keyboard.type('one')
  await ana.page.keyboard.press('Enter')
  await ana.page.keyboard.type('two')
  assert.equal(await ana.composer.inputValue(), 'one\ntwo')
  assert.equal(await ana.composer.getAttribute('enterkeyhint'), 'enter')
  await ana.page.getByRole('button', { name: 'Send' }).tap()
  await eventually(() => texts(server, owner.token), ['one\ntwo'], 'the log')
})

/** A key as the browser has it from the system. */
async function press(keys, key, more) {
  await keys.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', key, code: key, ...more })
  await keys.send('Input.dispatchKeyEvent', { type: 'keyUp', key, code: key, ...more })
}

/** What stands in the log of the first room, as the server has it. */
async function texts(server, token) {
  const { list } = await server.api('GET', '/rooms', undefined, token)
  const page = await server.api('GET', `/rooms/${list[0].room}/events?after=0&limit=200`, undefined, token)
  return page.list.filter((event) => event.kind === 'message').map((event) => event.body.text)
}
