import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually, newPerson, openBrowser } from './people.mjs'
import { startServer } from './server.mjs'

const MANY = 3000 // so many that a room in the background lets the first of them go
const SIZES = {
  'a window': { viewport: { width: 1280, height: 720 } },
  'a phone of 360 px': { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 },
}

for (const [name, options] of Object.entries(SIZES)) {
  test(`a room opens at its first unread message, and nothing moves: ${name}`, async (t) => {
    const { server, garden, ana, grow, asAna } = await gardeners(t, options)
    const { page, timeline } = ana
    const jump = page.getByRole('button', { name: /latest/ })
    const line = timeline.getByRole('separator', { name: 'New messages' })
    const unread = async () => (await server.api('GET', `/rooms/${garden}`, undefined, asAna)).unread

    /** Opens the garden; where it stands from its first painting on. @param {string} first the row that must be in view */
    async function enter(first) {
      await page.evaluate(watch, first)
      await row(ana, /garden/).click()
      await ana.sent(first).waitFor()
    }

    /** @param {string} first */
    async function stoodStill(first) {
      const { places, shifts } = await page.evaluate('window.watched')
      assert.equal(places.length, 1, `${first} stood at ${places}`)
      assert.ok(places[0] !== null, `${first} was not there when the room was painted first`)
      assert.deepEqual(shifts, [], 'what the browser saw shift')
    }

    /** Opens the garden with this much unread, more than the window shows. @param {string} first @param {number} count */
    async function begins(first, count) {
      await enter(first)
      const at = await timeline.evaluate(placeOfLine)
      assert.ok(at.line > 0.2 && at.line < 0.45, `the line is at ${at.line} of the height`)
      assert.ok(at.next.includes(first), `behind the line stands ${at.next}`)
      assert.ok(await inView(ana, first))
      // Read is what can be seen, and no more; the button tells of the rest.
      const left = count - await timeline.evaluate(seenBehindLine)
      assert.ok(left > 0 && left < count, `${left} of ${count} are left`)
      await eventually(unread, left, 'unread at the server')
      await page.getByRole('button', { name: `${left} new, jump to latest` }).waitFor()
      await stoodStill(first)
      return left
    }

    /** Opens the garden, of which nothing is unread. @param {string} last */
    async function ends(last) {
      await enter(last)
      assert.ok(await inView(ana, last))
      assert.ok(await atEnd(ana))
      assert.deepEqual([await line.count(), await jump.count()], [0, 0])
      await stoodStill(last)
    }

    await grow(40)
    await row(ana, /garden/).click()
    await jump.click()
    await eventually(unread, 0, 'unread at the server')
    await leave(ana)

    await t.test('few: all of them, and the end', async () => {
      await grow(3)
      await enter('leaf 41.')
      for (const leaf of ['leaf 41.', 'leaf 43.']) assert.ok(await inView(ana, leaf), leaf)
      assert.ok(await atEnd(ana))
      assert.deepEqual([await line.count(), await jump.count()], [1, 0])
      await eventually(unread, 0, 'unread at the server')
      await stoodStill('leaf 41.')
      await grow(1)
      await ana.sent('leaf 44.').waitFor()
      assert.ok(await atEnd(ana), 'the end is followed')
      await eventually(unread, 0, 'unread at the server')
      await leave(ana)
    })

    await t.test('nothing: the end', async () => {
      await ends('leaf 44.')
      await leave(ana)
    })

    await t.test('a hundred', async () => {
      await grow(100)
      const left = await begins('leaf 45.', 100)
      await leave(ana)
      await begins(`leaf ${145 - left}.`, left)
      await jump.click()
      await ana.sent('leaf 144.').waitFor()
      await eventually(() => atEnd(ana), true, 'the end is in view')
      await eventually(unread, 0, 'unread at the server')
      await leave(ana)
      await ends('leaf 144.')
      await leave(ana)
    })

    await t.test('none after a message of my own from elsewhere', async () => {
      await grow(100)
      await server.api('POST', `/rooms/${garden}/messages`, { text: 'from elsewhere' }, asAna)
      await eventually(() => row(ana, /garden/).getAttribute('class'), 'rail-row ', 'not bold')
      await ends('from elsewhere')
      await leave(ana)
    })

    await t.test('thousands', async () => {
      await grow(MANY)
      await begins('leaf 245.', MANY)
      await jump.click()
      await ana.sent(`leaf ${244 + MANY}.`).waitFor()
      await eventually(() => atEnd(ana), true, 'the end is in view')
      await eventually(unread, 0, 'unread at the server')
      await leave(ana)
      await ends(`leaf ${244 + MANY}.`)
      await leave(ana)
    })

    await t.test('opened for the first time', async () => {
      await row(ana, /general/).click()
      await leave(ana)
      await grow(100)
      await page.reload()
      await row(ana, /garden/).waitFor()
      await begins(`leaf ${245 + MANY}.`, 100)
    })

    await t.test('Esc: all of it is read, what is not loaded too', async () => {
      await page.keyboard.press('Escape')
      await line.waitFor({ state: 'detached' })
      await eventually(unread, 0, 'unread at the server')
      await leave(ana)
    })

    await t.test('a link: at its message, whatever is unread', async () => {
      await grow(100)
      const { list } = await server.api('GET', `/rooms/${garden}/events?after=0&limit=200`, undefined, asAna)
      const { seq } = list.find(({ body }) => body.text === 'leaf 60.')
      await page.evaluate(watch, 'leaf 60.')
      await page.evaluate((hash) => { location.hash = hash }, `#room=${garden}&message=${seq}`)
      await ana.sent('leaf 60.').waitFor()
      assert.ok(await inView(ana, 'leaf 60.'))
      await page.getByRole('button', { name: '100 new, jump to latest' }).waitFor()
      await stoodStill('leaf 60.')
      assert.equal(await unread(), 100)
    })
  })
}

/** Ana at a browser of this size, who looks at another room than the garden; `grow` makes Ben say as much there. */
async function gardeners(t, options) {
  const server = await startServer(t, { args: ['--limit', 'posts_per_second=0'] })
  const owner = await server.owner()
  const ben = await server.api('POST', '/join', { token: new URL(await server.invite()).hash.replace('#join=', ''), handle: 'ben', name: 'Ben', password: 'correct horse battery' })
  const { room: garden } = await server.api('POST', '/rooms', { kind: 'channel', name: 'garden' }, owner.token)
  await server.api('PUT', `/rooms/${garden}/members/me`, undefined, ben.token)
  const ana = await newPerson(t, await openBrowser(t), options)
  await ana.signIn(server.url, owner.handle, owner.password)
  await row(ana, /general/).click()
  await ana.composer.waitFor()
  await leave(ana)

  let leaves = 0
  const grow = async (count) => {
    const to = leaves + count
    const post = (text) => server.api('POST', `/rooms/${garden}/messages`, { text }, ben.token)
    while (++leaves < to) await post(`leaf ${leaves}.`)
    leaves = to
    // Messages come in order: when this one calls her, all are there.
    await post(`leaf ${to}. @ana`)
    await eventually(async () => await ana.sent(`leaf ${to}.`).count() > 0 || await row(ana, /garden/).locator('.badge').count() > 0, true, 'all are there')
  }
  return { server, garden, ana, grow, asAna: owner.token }
}

const row = (person, name) => person.page.getByRole('navigation', { name: 'Rooms' }).getByRole('link', { name })

/** Away from the garden: on a phone to the list of rooms, else to another room. */
async function leave(person) {
  const back = person.page.getByRole('button', { name: 'Back to the rooms' })
  if (await back.isVisible()) return back.click()
  await row(person, /general/).click()
  await person.page.getByRole('textbox', { name: /^Message .*general/ }).waitFor()
}

/** @param {string} text */
function inView(person, text) {
  return person.sent(text).first().evaluate((one) => {
    const [{ top, bottom }, box] = [one.getBoundingClientRect(), one.closest('[role="log"]').getBoundingClientRect()]
    return top >= box.top - 1 && bottom <= box.bottom + 1
  })
}

function atEnd(person) {
  return person.timeline.evaluate((box) => box.scrollHeight - box.scrollTop - box.clientHeight < 1)
}

/** In the page: where the line is, in parts of the height, and which row stands behind it. */
function placeOfLine(box) {
  const line = box.querySelector('.new-line')
  const { top, height } = box.getBoundingClientRect()
  return { line: line ? (line.getBoundingClientRect().top - top) / height : -1, next: line?.nextElementSibling.textContent ?? '' }
}

/** In the page: how many messages behind the line are wholly in view. */
function seenBehindLine(box) {
  const [from, to] = [box.querySelector('.new-line').getBoundingClientRect().bottom, box.getBoundingClientRect().bottom + 1]
  const all = [...box.querySelectorAll('article[data-seq]')].map((one) => one.getBoundingClientRect())
  return all.filter(({ top, bottom }) => top >= from - 1 && bottom <= to).length
}

/** In the page: where the row with this text stood after each painting that showed the garden; null: not there. */
function watch(text) {
  window.watched?.stop()
  const watched = { places: [], shifts: [], stop }
  const shown = new PerformanceObserver((list) => {
    for (const { node } of list.getEntries().flatMap((entry) => entry.sources)) {
      // A day's section begins elsewhere when older messages come in above what is read; the outline makes room for messages.
      if (node?.closest?.('[role="log"]') && !node.matches('section, [aria-hidden]')) watched.shifts.push(node.outerHTML.slice(0, 200))
    }
  })
  shown.observe({ type: 'layout-shift' })
  let next = requestAnimationFrame(frame)
  function stop() {
    cancelAnimationFrame(next)
    shown.disconnect()
  }
  function frame() {
    next = requestAnimationFrame(frame)
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = look // after the painting
    port2.postMessage(0)
  }
  function look() {
    const rows = [...document.querySelectorAll('[role="log"] article[data-seq]')].filter((one) => one.checkVisibility())
    if (!rows.some((one) => one.textContent.includes('leaf '))) return
    const row = rows.find((one) => one.textContent.includes(text))
    const place = row ? Math.round(row.getBoundingClientRect().top) : null
    if (watched.places.at(-1) !== place) watched.places.push(place)
  }
  window.watched = watched
}
