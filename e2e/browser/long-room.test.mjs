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
  await ana.sent(`message ${MESSAGES}`).waitFor().catch(() => {}) // or at the "New" line: both are right

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
  const first = () => Number(box.querySelector('article[data-seq]')?.dataset.seq)
  const steps = []
  for (let round = 0; round < 60; round++) {
    const before = first()
    if (before === lowest()) break
    box.scrollTop = 300
    await frame()
    await frame()
    const edge = box.getBoundingClientRect()
    const held = [...box.querySelectorAll('article[data-seq]')].find((row) => row.getBoundingClientRect().top > edge.top + 50)
    const top = held.getBoundingClientRect().top
    const from = first()
    for (let i = 0; i < 300 && first() === from && !box.querySelector('.beginning'); i++) await frame()
    await frame()
    await frame()
    if (first() !== from) steps.push({ first: from, moved: held.isConnected ? held.getBoundingClientRect().top - top : NaN })
    if (box.querySelector('.beginning')) break
  }
  box.scrollTop = 0
  return steps

  function lowest() {
    return box.querySelector('.beginning') ? first() : -1
  }
}
