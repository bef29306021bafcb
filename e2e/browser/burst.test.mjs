import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually, newPerson, openBrowser } from './people.mjs'
import { startServer } from './server.mjs'

const BURST = 100

test('a hundred messages while older ones are read: nothing moves, they are counted, a press goes there', async (t) => {
  const server = await startServer(t, { args: ['--limit', 'posts_per_second=0'] })
  const owner = await server.owner()
  const { list: [general] } = await server.api('GET', '/rooms', undefined, owner.token)
  const { stdout } = await server.command('invite', 'new')
  const ben = await server.api('POST', '/join', { token: new URL(stdout.trim()).hash.replace('#join=', ''), handle: 'ben', name: 'Ben', password: 'correct horse battery' })
  const post = (text, { token }) => server.api('POST', `/rooms/${general.room}/messages`, { text }, token)
  for (let i = 1; i <= 60; i++) await post(`old ${i}.`, owner)

  const ana = await newPerson(t, await openBrowser(t))
  await ana.signIn(server.url, owner.handle, owner.password)
  await ana.sent('old 60.').waitFor()
  const jump = ana.page.getByRole('button', { name: /jump to latest/i })

  await t.test('at the end they are followed', async () => {
    for (let i = 1; i <= 10; i++) await post(`follow ${i}.`, ben)
    await ana.sent('follow 10.').waitFor()
    await eventually(() => ana.timeline.evaluate((box) => box.scrollHeight - box.scrollTop - box.clientHeight < 1), true, 'the end is in view')
    assert.equal(await jump.count(), 0)
  })

  await t.test('further up nothing moves', async () => {
    await ana.timeline.evaluate((box) => { box.scrollTop -= 700 })
    await jump.waitFor()
    await ana.page.evaluate(watch)
    for (let i = 1; i <= BURST; i++) await post(i === 50 ? 'burst 50.\n\n```\nwith\nlines\n```' : `burst ${i}.`, ben)
    await ana.page.getByRole('button', { name: `${BURST} new, jump to latest` }).waitFor()
    const { most, shown } = await ana.page.evaluate('({ most: window.mostMoved, shown: document.contains(window.heldRow) })')
    assert.ok(shown && most < 1, `what was read moved by ${most} px`)
    assert.deepEqual(await ana.page.evaluate('window.shifted'), [], 'what the browser saw shift')
  })

  await t.test('the button goes to the newest, and is gone', async () => {
    await jump.click()
    await ana.sent(`burst ${BURST}.`).waitFor()
    await eventually(() => ana.timeline.evaluate((box) => box.scrollHeight - box.scrollTop - box.clientHeight < 1), true, 'the end is in view')
    await jump.waitFor({ state: 'detached' })
    const order = (await ana.timeline.locator('article[data-seq]').evaluateAll((all) => all.map((one) => Number(one.dataset.seq))))
    assert.deepEqual(order, [...order].sort((a, b) => a - b))
    assert.deepEqual(order, order.map((_, i) => order[0] + i), 'none is missing')
  })

  await t.test('my own message always goes to the end', async () => {
    await ana.timeline.evaluate((box) => { box.scrollTop -= 900 })
    await jump.waitFor()
    await ana.say('mine')
    await eventually(() => ana.timeline.evaluate((box) => box.scrollHeight - box.scrollTop - box.clientHeight < 1), true, 'the end is in view')
  })
})

/** In the page: how far the first row in view ever moves, and what the browser counts as a shift. */
function watch() {
  const box = document.querySelector('[role="log"]')
  const edge = box.getBoundingClientRect().top
  const row = [...box.querySelectorAll('article')].find((one) => one.getBoundingClientRect().top > edge)
  const top = row.getBoundingClientRect().top
  Object.assign(window, { heldRow: row, mostMoved: 0, shifted: [] })
  new PerformanceObserver((list) => {
    const all = list.getEntries().flatMap((entry) => entry.sources)
    // A day's section begins elsewhere when older messages come in above what is read; the held row tells whether that moved.
    for (const { node } of all) if (!node?.matches?.('.jump, section')) window.shifted.push((node?.outerHTML ?? node?.textContent ?? '').slice(0, 200))
  }).observe({ type: 'layout-shift' })
  const look = () => {
    window.mostMoved = Math.max(window.mostMoved, Math.abs(row.getBoundingClientRect().top - top))
    requestAnimationFrame(look)
  }
  look()
}
