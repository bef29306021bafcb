import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newPerson, openBrowser } from './people.mjs'
import { startServer } from './server.mjs'

const MESSAGES = 500
const MOST_ROWS = 320 // of the timeline's window of 300, and what is just arriving

test('a room of 500 messages: few rows, and paging back keeps the place to the pixel', async (t) => {
  const server = await startServer(t, { args: ['--limit', 'posts_per_second=0'] })
  const owner = await server.owner()
  const { list: [general] } = await server.api('GET', '/rooms', undefined, owner.token)
  for (let i = 1; i <= MESSAGES; i++) {
    const text = `message ${i}` + (i % 7 === 0 ? '\n\nwith\n\nmore lines' : i % 5 === 0 ? ` ${'and words '.repeat(40)}` : '')
    await server.api('POST', `/rooms/${general.room}/messages`, { text }, owner.token)
  }

  const ana = await newPerson(t, await openBrowser(t))
  await ana.signIn(server.url, owner.handle, owner.password)
  await ana.page.getByRole('log', { name: 'Messages' }).waitFor()
  await ana.page.evaluate(watchRows)
  await ana.sent(`message ${MESSAGES}`).waitFor()

  const steps = await ana.page.evaluate(readBack)
  assert.ok(steps.length >= 5, `paged back ${steps.length} times`)
  for (const step of steps) {
    assert.ok(Math.abs(step.moved) < 1, `paging back from row ${step.first} moved what was read by ${step.moved} px`)
  }
  await ana.sent('message 1').first().waitFor()
  const most = await ana.page.evaluate('window.mostRows')
  assert.ok(most <= MOST_ROWS, `${most} rows stood in the page at once`)

  // And from there to the end again.
  await ana.page.getByRole('button', { name: /latest/ }).click()
  await ana.sent(`message ${MESSAGES}`).waitFor()
})

/** In the page: the largest number of rows that ever stood in it. */
function watchRows() {
  window.mostRows = 0
  const count = () => { window.mostRows = Math.max(window.mostRows, document.querySelectorAll('article').length) }
  new MutationObserver(count).observe(document.body, { childList: true, subtree: true })
  count()
}

/** In the page: goes up until there is no more; what each insertion above did to a row in view. */
async function readBack() {
  const box = document.querySelector('[role="log"]')
  const frame = () => new Promise((resolve) => requestAnimationFrame(() => resolve()))
  const rows = () => [...box.querySelectorAll('article[data-seq]')]
  const first = () => rows()[0]?.dataset.seq
  const atStart = () => box.querySelector('.beginning') !== null
  const steps = []
  while (!atStart() && steps.length < 100) {
    // The page hears of the scrolling at the next frame; until then nothing moves.
    box.scrollTop = 300
    const edge = box.getBoundingClientRect().top + 50
    const held = rows().find((row) => row.getBoundingClientRect().top > edge)
    const top = held.getBoundingClientRect().top
    const from = first()
    for (let i = 0; first() === from && !atStart(); i++) {
      if (i === 600) throw new Error(`nothing comes above row ${from}`)
      await frame()
    }
    await frame()
    await frame()
    steps.push({ first: from, moved: held.getBoundingClientRect().top - top })
  }
  box.scrollTop = 0
  return steps
}
