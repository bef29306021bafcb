// Where the cursor is after each thing that one does: what is typed next goes there.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { arrived, eventually } from './people.mjs'

const focused = (locator) => locator.evaluate((element) => element === document.activeElement)
const hasFocus = (locator, what) => eventually(() => focused(locator), true, `the focus is ${what}`)

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
