// Where the cursor is after each thing that one does: what is typed next goes there.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { arrived, eventually, newPerson, openBrowser } from './people.mjs'
import { startServer } from './server.mjs'

const focused = (locator) => locator.evaluate((element) => element === document.activeElement)
const hasFocus = (locator, what) => eventually(() => focused(locator), true, `the focus is ${what}`)

/** A room with a message and a thread at it. */
async function withThread(t) {
  const { server, owner, ana, page } = await arrived(t)
  const { list: [{ room }] } = await server.api('GET', '/rooms', undefined, owner.token)
  const post = (body) => server.api('POST', `/rooms/${room}/messages`, body, owner.token)
  const events = async () => (await server.api('GET', `/rooms/${room}/events?after=0&limit=200`, undefined, owner.token)).list
  const root = await post({ text: 'root' })
  await post({ text: 'an answer', thread: root.seq })
  await ana.sent('root').waitFor()
  const pane = page.getByRole('complementary', { name: 'Thread' })
  const composer = pane.getByRole('textbox', { name: 'Reply in this thread' })
  const answer = (text) => pane.locator('article[data-seq]').filter({ hasText: text }).first() // another may quote it
  const box = page.getByRole('textbox', { name: 'Edit message' })
  const act = async (row, name) => {
    await row.hover()
    const button = row.getByRole('button', { name, exact: true })
    if (await button.count()) return button.click()
    await row.getByRole('button', { name: 'More' }).click()
    await page.getByRole('menuitem', { name: new RegExp(`^${name}\\b`) }).click()
  }
  return { server, owner, ana, page, room, post, events, root, pane, composer, answer, box, act }
}

test('what is begun in a thread stays in it', async (t) => {
  const { ana, page, events, root, pane, composer, answer, box, act } = await withThread(t)
  const key = (name) => page.keyboard.press(name)

  await t.test('a thread that opens takes the cursor, at once', async () => {
    await page.evaluate(() => document.querySelector('.timeline').focus())
    await key('ArrowUp')
    await hasFocus(ana.sent('root'), 'on the message')
    await key('t')
    await page.keyboard.type('perfect')
    assert.equal(await composer.inputValue(), 'perfect')
    await composer.fill('')
    await key('Escape')
    await pane.waitFor({ state: 'detached' })
    await ana.sent('root').getByRole('button', { name: /1 reply/ }).click()
    await hasFocus(composer, 'in the thread')
    await ana.composer.focus()
    await ana.act('root', 'Thread') // it is open already
    await hasFocus(composer, 'in the thread again')
  })

  await t.test('a reply', async () => {
    await act(answer('an answer'), 'Reply')
    await hasFocus(composer, 'in the thread')
    await page.keyboard.type('a reply')
    await key('Enter')
    await answer('a reply').waitFor()
    const sent = (await events()).at(-1)
    assert.deepEqual([sent.body.text, sent.body.thread], ['a reply', root.seq])
  })

  await t.test('an edit, saved and given up', async () => {
    await act(answer('a reply'), 'Edit')
    await hasFocus(box, 'in the box')
    await page.keyboard.type(', mended')
    await key('Enter')
    await answer('a reply, mended').waitFor()
    await hasFocus(composer, 'in the thread')
    await act(answer('a reply, mended'), 'Edit')
    await hasFocus(box, 'in the box')
    await key('Escape')
    await hasFocus(composer, 'in the thread')
  })

  await t.test('a reaction', async () => {
    await act(answer('an answer'), 'React')
    await page.getByRole('dialog', { name: 'React' }).getByRole('button', { name: '🎉' }).click()
    await answer('an answer').getByRole('button', { name: /^🎉 1/ }).waitFor()
    await hasFocus(composer, 'in the thread')
  })

  await t.test('the button that sends, and a press on an answer', async () => {
    await composer.fill('by button')
    await pane.getByRole('button', { name: 'Send' }).click()
    await answer('by button').waitFor()
    await hasFocus(composer, 'in the thread')
    await answer('by button').click()
    await page.keyboard.type('x')
    assert.equal(await composer.inputValue(), 'x')
    await composer.fill('')
  })

  await t.test('a file that is dropped on it', async () => {
    await ana.composer.focus()
    const files = await page.evaluateHandle(() => {
      const data = new DataTransfer()
      data.items.add(new File(['x'], 'dropped.txt', { type: 'text/plain' }))
      return data
    })
    await pane.dispatchEvent('drop', { dataTransfer: files })
    await hasFocus(composer, 'in the thread')
    await pane.getByRole('button', { name: 'Remove dropped.txt' }).click()
  })

  await t.test('a command', async () => {
    await composer.fill('/shrug well')
    await composer.press('Enter')
    await answer('well ¯').waitFor()
    assert.equal((await events()).at(-1).body.thread, root.seq)
  })

  await t.test('Up edits my last message of the thread, Shift+Up replies to its newest', async () => {
    await ana.say('later in the room')
    await composer.focus()
    await key('ArrowUp')
    await hasFocus(pane.getByRole('textbox', { name: 'Edit message' }), 'in the box')
    assert.match(await box.inputValue(), /^well/)
    await key('Escape')
    await hasFocus(composer, 'in the thread')
    await key('Shift+ArrowUp')
    await pane.getByText(/^Reply to Ana: well/).waitFor()
    await pane.getByRole('button', { name: 'Do not reply' }).click()
    await hasFocus(composer, 'in the thread')
  })

  await t.test('the root is changed in one place', async () => {
    await act(pane.locator('article').first(), 'Edit')
    await hasFocus(pane.getByRole('textbox', { name: 'Edit message' }), 'in the pane')
    assert.equal(await box.count(), 1)
    await box.fill('root, half a change')
    await pane.getByRole('button', { name: 'Close' }).click()
    await eventually(() => ana.timeline.getByRole('textbox', { name: 'Edit message' }).inputValue(), 'root, half a change', 'it goes on in the room')
    await box.press('Escape')
    await hasFocus(ana.composer, 'in the room')
    await ana.act('root', 'Thread')
    await ana.act('root', 'Edit')
    await hasFocus(ana.timeline.getByRole('textbox', { name: 'Edit message' }), 'in the room')
    assert.equal(await box.count(), 1)
    await box.press('Escape')
  })

  await t.test('an answer among what is pinned: its thread opens', async () => {
    await act(answer('an answer'), 'Pin')
    await page.getByRole('button', { name: /inned messages/ }).click()
    const pinned = page.getByRole('complementary', { name: 'Pinned messages' })
    await act(pinned.locator('article').filter({ hasText: 'an answer' }), 'Reply')
    await pane.getByText(/^Reply to Ana: an answer/).waitFor()
    await hasFocus(composer, 'in the thread')
  })
})

test('a finger: no keyboard rises', async (t) => {
  const server = await startServer(t)
  const owner = await server.owner()
  const { list: [{ room }] } = await server.api('GET', '/rooms', undefined, owner.token)
  const root = await server.api('POST', `/rooms/${room}/messages`, { text: 'root' }, owner.token)
  await server.api('POST', `/rooms/${room}/messages`, { text: 'an answer', thread: root.seq }, owner.token)
  const ana = await newPerson(t, await openBrowser(t), { hasTouch: true, isMobile: true, viewport: { width: 390, height: 800 } })
  await ana.signIn(server.url, owner.handle, owner.password)
  await ana.page.getByRole('link', { name: /general/ }).tap()
  await ana.sent('root').getByRole('button', { name: /1 reply/ }).tap()
  await hasFocus(ana.page.getByRole('log', { name: 'Thread' }), 'on what is read')
  await ana.page.getByRole('button', { name: 'Back to the room', exact: true }).tap()
  await ana.attach([{ name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('a') }])
  await ana.page.getByRole('button', { name: 'Remove a.txt' }).tap()
  await hasFocus(ana.page.getByRole('button', { name: 'Attach files' }), 'near by')
})

test('an edit that is not saved outlives that one looks elsewhere', async (t) => {
  const { server, owner, ana, page } = await arrived(t, { args: ['--limit', 'posts_per_second=0'] })
  const { list: [{ room }] } = await server.api('GET', '/rooms', undefined, owner.token)
  await server.api('POST', '/rooms', { kind: 'channel', name: 'garden' }, owner.token)
  for (let i = 1; i <= 400; i++) await server.api('POST', `/rooms/${room}/messages`, { text: `message ${i}.` }, owner.token)
  const row = (name) => page.getByRole('navigation', { name: 'Rooms' }).getByRole('link', { name })
  const box = page.getByRole('textbox', { name: 'Edit message' })
  await ana.sent('message 400.').waitFor()
  await ana.composer.press('ArrowUp')
  await hasFocus(box, 'in the box')
  await box.fill('half a change')

  await t.test('another room', async () => {
    await row(/garden/).click()
    await box.waitFor({ state: 'detached' })
    await row(/general/).click()
    await eventually(() => box.inputValue(), 'half a change', 'what was typed')
  })

  await t.test('far away in the same room', async () => {
    await page.evaluate(async () => {
      const timeline = document.querySelector('.timeline')
      for (let i = 0; i < 1000 && document.querySelector('.editing'); i++) {
        timeline.scrollTop = 0
        await new Promise((resolve) => requestAnimationFrame(resolve))
      }
    })
    assert.equal(await box.count(), 0, 'its row has left the page, or this test shows nothing')
    await page.getByRole('button', { name: 'Jump to latest' }).click()
    await eventually(() => box.inputValue(), 'half a change', 'what was typed')
    await box.press('Enter')
    await ana.sent('half a change').waitFor()
    assert.equal(await box.count(), 0)
  })

  await t.test('given up, it is gone', async () => {
    await ana.act('half a change', 'Edit')
    await box.fill('nonsense')
    await box.press('Escape')
    await ana.act('half a change', 'Edit')
    assert.equal(await box.inputValue(), 'half a change')
  })
})

test('the focus does not fall out of the page', async (t) => {
  const { ana, page } = await arrived(t)
  await ana.say('one')
  await ana.say('two')

  await t.test('after an edit that left nothing', async () => {
    await ana.act('one', 'Edit')
    await page.getByRole('textbox', { name: 'Edit message' }).fill('')
    await page.keyboard.press('Enter')
    await page.getByRole('dialog', { name: 'Delete this message' }).waitFor()
    await page.keyboard.press('Escape')
    await hasFocus(ana.composer, 'in the composer')
  })

  await t.test('after a deletion', async () => {
    await ana.act('one', 'Delete')
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await hasFocus(ana.composer, 'in the composer')
  })

  await t.test('on the message that was reached by keys', async () => {
    await page.evaluate(() => document.querySelector('.timeline').focus())
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('Delete')
    await page.getByRole('dialog').waitFor()
    await page.keyboard.press('Escape')
    await hasFocus(ana.sent('two'), 'on the message')
    await page.keyboard.press('e') // which takes letters still
    await page.getByRole('textbox', { name: 'Edit message' }).press('Escape')
  })

  await t.test('after a file was taken away', async () => {
    await ana.attach([{ name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('a') }])
    await page.getByRole('button', { name: 'Remove a.txt' }).click()
    await hasFocus(ana.composer, 'in the composer')
  })

  await t.test('after a line of words was closed', async () => {
    await ana.composer.fill('/nonsense')
    await ana.composer.press('Enter')
    await page.getByText(/There is no command/).waitFor()
    await page.locator('.toast').getByRole('button', { name: 'Close' }).click()
    await page.locator('.toast').waitFor({ state: 'detached' })
    await hasFocus(ana.composer, 'in the composer')
  })
})
