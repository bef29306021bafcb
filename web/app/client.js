// Puts the parts together; nothing here knows how any of them works.

import { signal } from './lib.js'
import { Actions } from './actions.js'
import { AfterUploads } from './afteruploads.js'
import { Api, ApiError } from './api.js'
import { COMMANDS, runCommand, matchCommands } from './commands.js'
import { Connection, socketUrl } from './connection.js'
import { Drafts, draftKey, keyStore } from './drafts.js'
import { FirstPages } from './firstpage.js'
import { Outbox } from './outbox.js'
import { Settings } from './settings.js'
import { openStorage } from './storage.js'
import { Store } from './store.js'
import { Sync } from './sync.js'
import { Uploads } from './uploads.js'

/** @import { Credentials, Signed } from './api.js' */
/** @import { User } from './protocol.js' */

const TOKEN = 'minichat.token'
/** Set from signing out here until the server has ended the session: a page cannot take the cookie away itself. */
const SIGNED_OUT = 'minichat.signedout'
const TELL_PATIENCE = 5000
const TELL_AGAIN = 5000
/** Closes that end the session, not only the connection. */
const ENDS_SESSION = new Set([4002, 4003, 4004])

export class Client {
  session = signal(/** @type {'unknown'|'out'|'in'} */ ('unknown'))
  /** Somebody signed out here, and the server could not be told yet. */
  untold = signal(false)
  commands = { list: COMMANDS, run: runCommand, match: matchCommands }
  #keys
  #asked = 0
  /** @type {Promise<boolean>|null} */
  #ending = null
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #tellTimer

  /** @param {{server?: string, keys?: import('./drafts.js').KeyStore, page?: EventTarget, location?: {protocol: string, host: string}}} options */
  constructor({ server = '', keys = keyStore(), page, location = globalThis.location }) {
    this.server = server
    this.#keys = keys
    this.settings = new Settings(keys)
    this.drafts = new Drafts(keys)
    this.store = new Store()
    this.api = new Api({ server, token: () => this.#token() })
    this.connection = new Connection({ url: socketUrl(server, location), hello: () => this.#hello(), page })
    this.outbox = new Outbox({
      send: (post) => this.connection.request('post', post),
      open: () => this.connection.open,
      onChange: (entry) => this.#sync.showPending(entry),
      onAck: (entry, ok) => {
        this.#sync.showPending({ ...entry, state: 'acked', seq: ok.seq })
        this.actions.readOwn(entry.room, ok.seq)
      },
      onDrop: (entry) => this.#sync.hidePending(entry),
      locks: globalThis.navigator?.locks,
    })
    this.#sync = new Sync(this)
    this.actions = new Actions({ ...this.#parts(), sync: this.#sync })
    this.firstPages = new FirstPages({ fetch: (...piece) => this.actions.fileBytes(...piece) })
    this.uploads = new Uploads({
      api: this.api,
      limits: () => this.store.limits.value,
      keepDetails: () => !this.settings.cleanPhotos.value,
      usage: (signal) => this.usage(signal),
      keys,
      tab: keyStore('sessionStorage'),
      locks: globalThis.navigator?.locks,
    })
    this.afterUploads = new AfterUploads({
      uploads: this.uploads,
      drafts: this.drafts,
      post: (room, draft) => this.actions.post(room, draft),
      keys,
    })
    this.connection.addEventListener('state', (e) => this.#linkChanged(/** @type {CustomEvent} */ (e).detail))
    page?.addEventListener('pagehide', () => this.drafts.flush())
    page?.addEventListener('online', () => this.#tellAgain())
    page?.addEventListener('storage', () => this.#heardOtherTab())
    // What a closed tab has left is taken over by the one that is looked at next.
    page?.addEventListener('visibilitychange', () => {
      if (this.session.value === 'in' && document.visibilityState === 'visible' && navigator.locks) void this.uploads.adopt()
    })
  }

  /** @type {Sync} */
  #sync

  #parts() {
    const { store, connection, api, outbox } = this
    return { store, connection, api, outbox }
  }

  #token() {
    return this.#keys.getItem(TOKEN) ?? undefined
  }

  #hello() {
    const { epoch } = this.store.state
    const cursors = this.#sync.cursors()
    const token = this.#token()
    return {
      ...(token && { token }),
      device: 'web',
      ...(epoch && { epoch }),
      ...(cursors.length && { cursors }),
    }
  }

  /** Goes on with a session that is there, if one is. */
  async resume() {
    if (this.#signedOut()) {
      this.#leave()
      return void this.#tellAgain()
    }
    try {
      const me = await this.api.me()
      await this.#enter(me)
    } catch (e) {
      if (!isSignedOut(e)) throw e
      this.#leave()
    }
  }

  /** @param {Credentials} c */
  async signIn(c) {
    await this.#signed(() => this.api.signIn(c))
  }

  /** @param {Credentials} c */
  async join(c) {
    await this.#signed(() => this.api.join(c))
  }

  /** @param {Credentials} c */
  async setup(c) {
    await this.#signed(() => this.api.setup(c))
  }

  /** @param {() => Promise<Signed>} ask */
  async #signed(ask) {
    // First the session before: told later, it would be this one that ends.
    if (this.#signedOut() && !(await this.#endSession())) throw new Error('The server cannot be reached.')
    const { user, token } = await ask()
    if (token) this.#keys.setItem(TOKEN, token)
    await this.#enter(user)
  }

  /** @param {User} me */
  async #enter(me) {
    const owner = `${this.server || 'here'}:${me.user}`
    this.store.update((s) => ({ ...s, me, users: new Map(s.users).set(me.user, me) }))
    this.drafts.load(owner)
    const shelves = await openStorage(owner)
    await this.outbox.load(shelves.outbox)
    await this.uploads.load(shelves.uploads)
    this.#sync.start()
    this.connection.start()
    this.session.value = 'in'
  }

  /** What my files take up, where that is limited. @param {AbortSignal} [signal] @returns {Promise<import('./uploads.js').Usage|null>} */
  async usage(signal) {
    const { files_bytes_per_user: mine, files_bytes_total: all } = this.store.limits.value
    if (!mine && !all) return null
    const { files } = await this.api.me(signal)
    return files ?? null
  }

  /** A message that was refused is a draft again, with its files. @param {string} key */
  unsend(key) {
    const entry = this.outbox.get(key)
    if (entry?.state !== 'refused') return
    const scope = draftKey(entry.room, entry.thread)
    this.afterUploads.takeBack(scope)
    this.drafts.putBack(scope, entry.text)
    this.outbox.discard(key)
    void this.uploads.putBack(scope, entry.files)
  }

  /** How many messages wait, which signing out gives up. */
  unsent() {
    return this.outbox.waiting.value + this.afterUploads.scopes().size
  }

  /** Signed out here even if the server cannot be told; then it is told when it can be, by whichever page is open. */
  async signOut() {
    this.#giveUp()
    try {
      this.#keys.setItem(SIGNED_OUT, '1')
    } catch { /* a full store: only this page knows */ }
    this.stop()
    const told = await this.#endSession()
    this.#leave()
    if (!told) this.#tellLater()
  }

  /** What waits is not sent any more. What waits for its files is a draft again. */
  #giveUp() {
    this.outbox.clear()
    for (const scope of this.afterUploads.scopes()) this.afterUploads.takeBack(scope)
  }

  #signedOut() {
    return this.#keys.getItem(SIGNED_OUT) !== null
  }

  /** Ends the session of whoever signed out here: one call at a time. @returns {Promise<boolean>} whether the server knows */
  #endSession() {
    this.#ending ??= this.api.signOut(AbortSignal.timeout(TELL_PATIENCE)).catch((e) => {
      if (!isSignedOut(e)) throw e
    }).then(() => {
      this.#keys.removeItem(SIGNED_OUT)
      this.#keys.removeItem(TOKEN)
      return true
    }, () => false).then((told) => {
      this.#ending = null
      this.untold.value = !told
      return told
    })
    return this.#ending
  }

  async #tellAgain() {
    if (!this.#signedOut()) this.untold.value = false
    else if (!(await this.#endSession())) this.#tellLater()
  }

  #tellLater() {
    clearTimeout(this.#tellTimer)
    this.#tellTimer = setTimeout(() => this.#tellAgain(), TELL_AGAIN)
  }

  /** Signed out in one tab is signed out in all. */
  #heardOtherTab() {
    if (this.#signedOut() && this.session.value === 'in') {
      this.#giveUp()
      this.#leave()
      this.#tellLater()
    } else if (!this.#signedOut()) this.untold.value = false
  }

  #leave() {
    this.stop()
    this.outbox.stop()
    this.uploads.stop()
    this.firstPages.clear()
    this.drafts.load('')
    if (!this.#signedOut()) this.#keys.removeItem(TOKEN)
    this.store.clear()
    this.session.value = 'out'
  }

  /** Closes the connection; what waits stays on the device. */
  stop() {
    clearTimeout(this.#tellTimer)
    this.#sync.stop()
    this.connection.stop()
    this.drafts.flush()
  }

  /** @param {import('./connection.js').LinkState} link */
  #linkChanged(link) {
    // Why it ended stays to be read when the connection has been put away.
    if (link.state !== 'idle' || this.store.link.value.state !== 'ended') this.store.link.value = link
    if (link.state === 'open') this.uploads.resume()
    if (link.state === 'ended' && ENDS_SESSION.has(link.code ?? 0)) this.#leave()
    // A refused handshake looks like a lost connection to a page: only the API can tell them apart.
    if (link.state === 'waiting' && link.code === 1006) this.#checkSession()
  }

  async #checkSession() {
    if (Date.now() - this.#asked < 5000) return
    this.#asked = Date.now()
    await this.api.me().catch((e) => {
      if (isSignedOut(e) && this.session.value === 'in') this.#leave()
    })
  }
}

/** @param {unknown} e */
function isSignedOut(e) {
  return e instanceof ApiError && e.status === 401
}

/** The client of this page, as config.json says. */
export async function createClient() {
  const config = await fetch(new URL('../config.json', import.meta.url)).then((r) => r.json()).catch(() => ({}))
  const server = typeof config.server === 'string' ? config.server : ''
  const own = server && new URL(server).origin === location.origin
  const client = new Client({ server: own ? '' : server, page: pageEvents() })
  return client
}

/** `online` and the like come to the window, `visibilitychange` to the document: one target for both. */
function pageEvents() {
  const target = new EventTarget()
  for (const name of ['online', 'offline', 'pagehide', 'storage']) window.addEventListener(name, () => target.dispatchEvent(new Event(name)))
  document.addEventListener('visibilitychange', () => target.dispatchEvent(new Event('visibilitychange')))
  return target
}
