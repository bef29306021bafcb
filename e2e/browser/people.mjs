// A person at a browser: finds things as a person does, by their names.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { atEnd } from './ending.mjs'
import { startServer } from './server.mjs'

const web = createRequire(new URL('../../web/package.json', import.meta.url))
const { chromium } = web('playwright-core')

const PASSWORD = 'correct horse battery'
const WAIT_MS = 20_000

/** A PNG of 8 × 8 points. */
export const picture = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEUlEQVR4nGM4EaCBFTEMLQkAaplQAc/OcKAAAAAASUVORK5CYII=', 'base64')

/**
 * One browser, closed when the test ends.
 * @param {import('node:test').TestContext} t @param {string[]} [args]
 */
export async function openBrowser(t, args = []) {
  const executablePath = process.env.CHROMIUM || onPath('chromium', 'chromium-browser', 'google-chrome')
  assert.ok(executablePath, 'no Chromium: install it, or name it in CHROMIUM')
  const browser = await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', ...args],
  })
  atEnd(t, () => browser.close())
  return browser
}

/** The first of these programs that is there. @param {string[]} names */
function onPath(...names) {
  const folders = String(process.env.PATH).split(delimiter)
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find((file) => existsSync(file))
}

/**
 * A new person: a browser profile of their own with one page, in which nothing
 * may go wrong. Errors of the page, and everything that its policy refuses,
 * fail the test at its end; `expectErrors` lets those through that a test causes.
 * @param {import('node:test').TestContext} t @param {any} browser @param {object} [options] of the browser context
 */
export async function newPerson(t, browser, options = {}) {
  const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'UTC', ...options })
  context.setDefaultTimeout(WAIT_MS)
  const person = new Person(context, await context.newPage())
  atEnd(t, () => person.check())
  return person
}

export class Person {
  /** @param {any} context @param {any} page */
  constructor(context, page) {
    this.context = context
    this.page = page
    /** @type {string[]} */
    this.errors = []
    /** @type {RegExp[]} */
    this.expected = []
    page.on('pageerror', (error) => this.errors.push(`page error: ${error.stack ?? error}`))
    page.on('console', (message) => {
      if (message.type() === 'error') this.errors.push(`console: ${message.text()} (${message.location().url})`)
    })
  }

  /** Errors that the test itself brings about. @param {RegExp[]} patterns */
  expectErrors(...patterns) {
    this.expected.push(...patterns)
  }

  /** A line that the test cuts: the browser itself writes these, the page cannot hush them. */
  expectCutLine() {
    this.expectErrors(/ERR_CONNECTION_REFUSED|ERR_INTERNET_DISCONNECTED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|WebSocket connection to .* failed|Failed to load resource: net::/)
  }

  check() {
    const wrong = this.errors.filter((words) => !this.expected.some((pattern) => pattern.test(words)))
    assert.deepEqual(wrong, [], 'errors in the page')
  }

  /** @param {string} url a link with #setup= or #join= @param {string} name */
  async arrive(url, name) {
    const { page } = this
    await page.goto(url)
    await page.getByLabel('Name', { exact: true }).fill(name)
    assert.equal(await page.getByLabel('Handle').inputValue(), name.toLowerCase(), 'the handle is guessed from the name')
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await page.getByRole('button', { name: /^(Start|Join)$/ }).click()
    await this.composer.waitFor()
  }

  /** @param {string} url @param {string} handle */
  async signIn(url, handle, password = PASSWORD) {
    const { page } = this
    this.expectErrors(/status of 401 .*\/api\/v1\/me\)/) // how the page learns that nobody is signed in
    await page.goto(url)
    await page.getByLabel('Handle').fill(handle)
    await page.getByLabel('Password', { exact: true }).fill(password)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.getByRole('navigation', { name: 'Rooms' }).waitFor()
  }

  get composer() { return this.page.getByRole('textbox', { name: /^Message / }) }
  get timeline() { return this.page.getByRole('log', { name: 'Messages' }) }

  /** The message with this text, sent or not. @param {string} text */
  message(text) {
    return this.timeline.getByRole('article').filter({ hasText: text })
  }

  /** The message with this text once it stands in the room's log. @param {string} text */
  sent(text) {
    return this.timeline.locator('article[data-seq]').filter({ hasText: text })
  }

  /** @param {string} text */
  async write(text) {
    await this.composer.fill(text)
    await this.composer.press('Enter')
  }

  /** Writes, and waits until the message is in the log; `shown` is how Markdown leaves it. @param {string} text */
  async say(text, shown = text) {
    await this.write(text)
    await this.sent(shown).waitFor()
  }

  /** An action of a message's bar, or of its menu. @param {string} text @param {string} action */
  async act(text, action) {
    const { page } = this
    await this.message(text).hover()
    const bar = this.message(text).getByRole('toolbar', { name: 'Message actions' })
    const button = bar.getByRole('button', { name: action, exact: true })
    if (await button.count()) return button.click()
    await bar.getByRole('button', { name: 'More' }).click()
    await page.getByRole('menuitem', { name: new RegExp(`^${action}\\b`) }).click() // its key stands behind it
  }

  /** Attaches files as a person does: the button, then the browser's own chooser. @param {any} files */
  async attach(files) {
    const { page } = this
    const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.getByRole('button', { name: 'Attach files' }).click()])
    await chooser.setFiles(files)
  }

  /** The bytes of a file that stands in the room. @param {string} name */
  async download(name) {
    const { page } = this
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByLabel(`Download ${name}`).click()])
    assert.equal(download.suggestedFilename(), name)
    const chunks = []
    for await (const chunk of await download.createReadStream()) chunks.push(chunk)
    return Buffer.concat(chunks)
  }
}

/** Waits until `look()` is what it should be; says what it was. @param {() => Promise<any>|any} look @param {any} want @param {string} what */
export async function eventually(look, want, what) {
  const until = Date.now() + WAIT_MS
  let got
  do {
    got = await look()
    if (JSON.stringify(got) === JSON.stringify(want)) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  } while (Date.now() < until)
  assert.deepEqual(got, want, what)
}

/**
 * Ana in the first room of a fresh server.
 * @param {import('node:test').TestContext} t
 * @param {{args?: string[], before?: (page: import('playwright-core').Page) => unknown}} [more] args: of the server; before: she opens the page
 */
export async function arrived(t, { args = [], before } = {}) {
  const server = await startServer(t, { args })
  const owner = await server.owner()
  const ana = await newPerson(t, await openBrowser(t))
  await before?.(ana.page)
  await ana.signIn(server.url, owner.handle, owner.password)
  await ana.composer.waitFor()
  return { server, owner, ana, page: ana.page }
}
