import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newPerson, openBrowser } from './people.mjs'
import { startServer } from './server.mjs'

test('a phone of 360 px: the rooms, a room, and back', async (t) => {
  const server = await startServer(t)
  const owner = await server.owner()
  const { list: [general] } = await server.api('GET', '/rooms', undefined, owner.token)
  const long = `A long word ${'ä'.repeat(120)} and https://example.org/${'path/'.repeat(30)}`
  await server.api('POST', `/rooms/${general.room}/messages`, { text: long }, owner.token)
  await server.api('POST', `/rooms/${general.room}/messages`, { text: '```\n' + 'x'.repeat(200) + '\n```' }, owner.token)

  const browser = await openBrowser(t)
  const ana = await newPerson(t, browser, { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 })
  const { page } = ana
  await page.goto(server.url)
  await fits(page, 'sign-in')
  await ana.signIn(server.url, owner.handle, owner.password)
  const rail = page.getByRole('navigation', { name: 'Rooms' })
  await rail.getByRole('link', { name: /general/ }).tap()
  await ana.sent('A long word').waitFor()
  await fits(page, 'room')
  await page.getByRole('button', { name: 'Send' }).waitFor()
  await ana.composer.fill('from the bus')
  await page.getByRole('button', { name: 'Send' }).tap()
  await ana.sent('from the bus').waitFor()

  await page.getByRole('button', { name: 'Back to the rooms' }).tap()
  await inView(rail.getByRole('link', { name: /general/ }))
  await fits(page, 'rail')
  await rail.getByRole('link', { name: /general/ }).tap()
  await inView(ana.composer)
  await page.goBack() // the phone's own gesture
  await inView(rail.getByRole('link', { name: /general/ }))

  await page.reload() // the list stays the list
  await inView(rail.getByRole('link', { name: /general/ }))
  await rail.getByRole('link', { name: /general/ }).tap()
  await inView(ana.composer)
  await page.reload()
  await inView(ana.composer)
  await page.goBack()
  await inView(rail.getByRole('link', { name: /general/ }))
})

test('a phone: the way back from the first room leads to the list', async (t) => {
  const server = await startServer(t)
  const owner = await server.owner()
  const ana = await newPerson(t, await openBrowser(t), { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true })
  const { page } = ana
  await ana.signIn(server.url, owner.handle, owner.password)
  const general = page.getByRole('navigation', { name: 'Rooms' }).getByRole('link', { name: /general/ })
  await general.and(page.locator('[aria-current="page"]')).waitFor() // it is open already, behind the list
  await general.tap()
  await inView(ana.composer)
  await page.goBack()
  await inView(general)
})

/** Nothing to scroll sideways. */
async function fits(page, where) {
  const { wide, at } = await page.evaluate(() => ({ wide: document.documentElement.scrollWidth, at: window.innerWidth }))
  assert.ok(wide <= at && at === 360, `${where}: ${wide} px wide in a window of ${at}`)
}

/** In the window, not only in the page. */
async function inView(locator) {
  await locator.waitFor()
  await locator.evaluate((element) => new Promise((resolve) => {
    new IntersectionObserver(([entry], self) => { if (entry.intersectionRatio > 0.9) { self.disconnect(); resolve() } }, { threshold: [0.91] }).observe(element)
  }))
}
