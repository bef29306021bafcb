// Files on their way: two at a time, going on after a lost network and after a reload. Each belongs to one tab; when that is
// gone, another of the same person takes it over.

import { signal } from './lib.js'
import { cutBytes } from './format.js'
import { memoryStore } from './drafts.js'
import { randomKey } from './keys.js'
import { Multipart, forgetParts } from './multipart.js'
import { cleaned, look } from './pictures.js'
import { refusal } from './refusal.js'
import { memoryShelf } from './storage.js'
import { putPart } from './transfer.js'

/** @import { Api } from './api.js' */
/** @import { KeyStore } from './drafts.js' */
/** @import { FileRef, Limits } from './protocol.js' */
/** @import { Shelf } from './storage.js' */
/**
 * @typedef {object} Upload
 * @property {string} id
 * @property {string} scope the draft that it belongs to
 * @property {string} name
 * @property {number} size
 * @property {string} type
 * @property {number} [width]
 * @property {number} [height]
 * @property {string} [preview]
 * @property {import('./pictures.js').PhotoNote} [note]
 * @property {string} [alt]
 * @property {'reading'|'queued'|'sending'|'paused'|'done'|'failed'} state
 * @property {number} sent bytes
 * @property {number} speed bytes a second
 * @property {string} [error] why it failed, or what it waits for
 * @property {FileRef} [file] once done
 * @property {Blob|null} blob null: it is up, or cannot be read any more
 * @property {import('./afteruploads.js').Waiting} [message] what goes when it is up
 */
/** What the device keeps of an upload. @typedef {Upload & {key: string, order: number, remote?: string, part_size?: number}} Kept */
/** What takes up space, and how much may be taken. @typedef {{bytes: number, limit?: number, left?: number}} Usage */
/**
 * @typedef {object} UploadsOptions
 * @property {Api} api
 * @property {() => Limits} limits
 * @property {() => boolean} [keepDetails] leave in photos what they say of where and when
 * @property {(signal: AbortSignal) => Promise<Usage|null>} [usage]
 * @property {number} [patience] how long that may take, in milliseconds
 * @property {KeyStore} [keys] where it is kept which parts are up
 * @property {KeyStore} [tab] what a reload leaves and no other tab sees: sessionStorage
 * @property {LockManager} [locks] navigator.locks, where there is one
 * @property {typeof putPart} [put]
 */

/** Refusals that time mends. */
const PASSING = new Set(['offline', 'files_unavailable', 'store_unavailable', 'rate_limited', 'timeout'])
const PARALLEL_FILES = 2
const RETRY_AFTER = 3000
/** A page that is being reloaded may let go of its uploads only after the new one has begun. */
const RELOAD_TAKES = 10_000
const MINE = 'minichat.uploads'
const NOWHERE = 'It is not on this device any more: choose it again.'

export class Uploads {
  /** @type {import('@preact/signals').Signal<Upload[]>} */
  list = signal([])
  /** Keys of the messages that were adopted at last, and the ids of all that the device kept then. */
  adopted = signal({ messages: /** @type {string[]} */ ([]), kept: /** @type {string[]} */ ([]) })
  /** @type {Shelf<Kept>} */
  #shelf = memoryShelf()
  #api
  #limits
  #keepDetails
  #usage
  #patience
  #keys
  #tab
  #locks
  #put
  /** @type {Map<string, AbortController>} */
  #runs = new Map()
  #order = 0
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #timer
  /** Lets go of what this tab holds. @type {Map<string, () => void>} */
  #held = new Map()

  /** @param {UploadsOptions} options */
  constructor({ api, limits, keepDetails = () => false, usage = async () => null, patience = 5000, keys = memoryStore(), tab = memoryStore(), locks, put = putPart }) {
    this.#api = api
    this.#limits = limits
    this.#keepDetails = keepDetails
    this.#usage = usage
    this.#patience = patience
    this.#keys = keys
    this.#tab = tab
    this.#locks = locks
    this.#put = put
  }

  /** Takes what an earlier page left, and goes on with it. @param {Shelf<Kept>} shelf */
  async load(shelf) {
    this.#shelf = shelf
    if ((await this.adopt()) > 0) void this.adopt(new Set(this.#tab.getItem(MINE)?.split(' ')))
  }

  /** Takes what no tab has any more, and waits for what was this tab's own; tells how many others have. @param {Set<string>} [own] */
  async adopt(own = new Set()) {
    const shelf = this.#shelf
    const kept = await shelf.all()
    this.#order = Math.max(this.#order, ...kept.map((u) => u.order))
    const others = kept.filter((u) => !this.#get(u.id))
    /** @type {string[]} */
    const mine = []
    for (const { id } of others) if (await this.#hold(id, own.has(id))) mine.push(id)
    // Read again: the tab that has just let go may have sent it.
    const now = mine.length ? await shelf.all() : kept
    if (shelf !== this.#shelf) return 0
    for (const id of mine) if (!now.some((u) => u.id === id)) this.#letGo(id)
    const fresh = now.filter((u) => mine.includes(u.id) && !this.#get(u.id))
    this.list.value = [...this.list.value, ...fresh.map(waiting)].sort((a, b) => /** @type {Kept} */ (a).order - /** @type {Kept} */ (b).order)
    this.adopted.value = { messages: fresh.flatMap((u) => u.message?.key ?? []), kept: now.map((u) => u.id) }
    this.resume()
    return others.length - mine.length
  }

  /** Whether the upload is this tab's from now on. Without locks (plain http) every tab takes every one: the server sorts doubles out. @param {string} id @param {boolean} [patient] @returns {Promise<boolean>} */
  #hold(id, patient = false) {
    const locks = this.#locks
    if (!locks) return Promise.resolve(true)
    return new Promise((resolve) => {
      locks.request(`minichat-upload:${id}`, patient ? { signal: AbortSignal.timeout(RELOAD_TAKES) } : { ifAvailable: true }, (lock) => {
        resolve(lock !== null)
        if (!lock) return
        const held = new Promise((end) => this.#held.set(id, () => end(undefined)))
        this.#noteHeld()
        return held
      }).catch(() => resolve(false))
    })
  }

  #noteHeld() {
    try {
      this.#tab.setItem(MINE, [...this.#held.keys()].join(' '))
    } catch {
      // A full store: after a reload another tab may be the first.
    }
  }

  /** @param {string} id */
  #letGo(id) {
    this.#held.get(id)?.()
    if (this.#held.delete(id)) this.#noteHeld()
  }

  /** @param {string} scope */
  of(scope) {
    return this.list.value.filter((u) => u.scope === scope)
  }

  /** Whether a message of the scope has to wait: for files that were chosen a moment ago, too. @param {string} scope */
  busy(scope) {
    return this.of(scope).some((u) => u.state !== 'done' && u.state !== 'failed')
  }

  /**
   * @param {string} scope
   * @param {Iterable<File>} files
   * @returns {Promise<{refused: {name: string, words: string}[]}>}
   */
  async add(scope, files) {
    const chosen = [...files].map((file) => ({ file, upload: this.#chosen(scope, file) }))
    this.list.value = [...this.list.value, ...chosen.map(({ upload }) => upload)]
    const free = await this.#free()
    const refused = []
    for (const { file, upload: { id } } of chosen) {
      if (!this.#get(id)) continue // cancelled meanwhile
      const attached = this.of(scope).filter((u) => u.state !== 'reading').length
      const words = refusal(file, this.#limits(), { free: free.bytes, attached }) || (await this.#read(id, file, free))
      if (!words) continue
      refused.push({ name: file.name, words })
      this.#remove(id)
    }
    this.#next()
    return { refused }
  }

  /** @param {string} scope @param {File} file @returns {Kept} */
  #chosen(scope, file) {
    const id = randomKey()
    return {
      id, key: id, order: ++this.#order, scope, name: file.name || 'file', size: file.size,
      type: file.type || 'application/octet-stream', state: 'reading', sent: 0, speed: 0, blob: null,
    }
  }

  /** Makes a file ready to go up; answers why it cannot be read. @param {string} id @param {File} file @param {{bytes: number}} free */
  async #read(id, file, free) {
    try {
      const { blob, note } = this.#keepDetails() ? { blob: file } : await cleaned(file)
      const seen = await look(blob)
      await this.#hold(id)
      if (!this.#get(id)) {
        this.#letGo(id)
        return ''
      }
      free.bytes -= blob.size
      this.#change(id, { blob, note, size: blob.size, ...seen, state: 'queued' })
      await this.#save(id)
      return ''
    } catch {
      return `${file.name} cannot be read: it was changed or moved, or may not be opened. Choose it again.`
    }
  }

  /** How many bytes more may be taken: what is not up yet counts as taken. */
  async #free() {
    const usage = await this.#usage(AbortSignal.timeout(this.#patience)).catch(() => null)
    if (usage?.left === undefined) return { bytes: Infinity }
    const coming = this.list.value.filter((u) => u.state !== 'reading' && !(/** @type {Kept} */ (u).remote)).reduce((sum, u) => sum + u.size, 0)
    return { bytes: usage.left - coming }
  }

  /** Starts what waits, and what the network had stopped. */
  resume() {
    clearTimeout(this.#timer)
    this.#timer = undefined
    for (const u of this.list.value) if (u.state === 'paused') this.#change(u.id, { state: 'queued' })
    this.#next()
  }

  /** @param {string} id */
  retry(id) {
    const state = this.#get(id)?.state
    if (state !== 'failed' && state !== 'paused') return
    this.#change(id, { state: 'queued', error: undefined })
    this.#next()
  }

  /** @param {string} id */
  cancel(id) {
    const upload = this.#get(id)
    if (!upload) return
    this.#runs.get(id)?.abort()
    const message = this.messageOf(upload.scope)
    this.#remove(id)
    if (message) this.setMessage(upload.scope, { ...message, uploads: message.uploads.filter((one) => one !== id) })
    // The server sweeps what is never finished; telling it is a courtesy.
    const remote = upload.file?.file ?? upload.remote
    if (remote) this.#api.deleteFile(remote).catch(() => {})
    this.#next()
  }

  /** @param {string} id @param {string} name */
  rename(id, name) {
    const upload = this.#get(id)
    if (upload && !upload.remote && upload.state !== 'done' && name.trim()) this.#change(id, { name: name.trim() }, true)
  }

  /** What the picture shows, in words; kept on the device when `done`. @param {string} id @param {string} alt @param {boolean} [done] */
  setAlt(id, alt, done = false) {
    const most = this.#limits().alt_bytes
    this.#change(id, { alt: most ? cutBytes(alt, most) : alt }, done)
  }

  /** The message that the files of a scope go with. @param {string} scope */
  messageOf(scope) {
    return this.of(scope).find((u) => u.message)?.message
  }

  /** Without a message there is none any more. @param {string} scope @param {import('./afteruploads.js').Waiting} [message] */
  setMessage(scope, message) {
    const [smallest] = this.of(scope).sort((a, b) => a.size - b.size) // the device writes a file again with each change
    const holder = this.of(scope).find((u) => u.message) ?? smallest
    if (holder) this.#change(holder.id, { message }, true)
  }

  /** The finished ones, for a message; they leave the list. @param {string} scope @returns {FileRef[]} */
  take(scope) {
    const done = this.of(scope).filter((u) => u.state === 'done' && u.file)
    for (const u of done) this.#remove(u.id)
    return done.map((u) => ({ .../** @type {FileRef} */ (u.file), ...(u.alt?.trim() && { alt: u.alt.trim() }) }))
  }

  /** Files of a message that was not taken, for the next. What the server has let go of since fails, and what never came to it. @param {string} scope @param {FileRef[]} files */
  async putBack(scope, files) {
    for (const { alt, ...file } of files) {
      const { file: remote, name, size, type, width, height, preview } = file
      const id = randomKey()
      await this.#hold(id)
      /** @type {Kept} */
      const upload = {
        id, key: id, order: ++this.#order, scope, name, size, type, width, height, preview, alt,
        state: remote ? 'done' : 'failed', error: remote ? undefined : NOWHERE, sent: size, speed: 0, file, remote, blob: null,
      }
      this.list.value = [...this.list.value, upload]
      await this.#save(id)
      if (remote) this.#api.fileState(remote).catch((e) => { if (e.code === 'not_found') this.#failed(id, e) })
    }
  }

  /** Stops; what is on the device stays there. */
  stop() {
    clearTimeout(this.#timer)
    for (const run of this.#runs.values()) run.abort()
    this.#runs.clear()
    for (const id of [...this.#held.keys()]) this.#letGo(id)
    this.#shelf = memoryShelf()
    this.list.value = []
  }

  /** @param {string} id @returns {Kept|undefined} */
  #get(id) {
    return /** @type {Kept|undefined} */ (this.list.value.find((u) => u.id === id))
  }

  /** @param {string} id @param {Partial<Kept>} change @param {boolean} [save] */
  #change(id, change, save = false) {
    this.list.value = this.list.value.map((u) => (u.id === id ? { ...u, ...change } : u))
    if (save) this.#save(id)
  }

  /** @param {string} id */
  async #save(id) {
    const upload = this.#get(id)
    // What is still being read may hold a place that nobody is to see: it is not kept.
    if (upload?.state === 'reading') return
    // A blob that the device cannot keep (a full disk) still goes up while the page lives.
    if (upload) await this.#shelf.put(upload).catch(() => {})
    if (!this.#get(id)) await this.#shelf.remove(id).catch(() => {})
  }

  /** @param {string} id */
  #remove(id) {
    this.list.value = this.list.value.filter((u) => u.id !== id)
    forgetParts(this.#keys, id)
    // Another tab may look for it as soon as it is let go.
    this.#shelf.remove(id).catch(() => {}).then(() => this.#letGo(id))
  }

  #next() {
    for (const u of this.list.value) {
      if (this.#runs.size >= PARALLEL_FILES) return
      if (u.state === 'queued' && !this.#runs.has(u.id)) this.#run(u.id)
    }
  }

  /** @param {string} id */
  async #run(id) {
    const run = new AbortController()
    this.#runs.set(id, run)
    this.#change(id, { state: 'sending', error: undefined })
    try {
      const file = await this.#multipart(id, run.signal).send()
      this.#change(id, { state: 'done', file, sent: file.size, speed: 0, blob: null }, true)
    } catch (e) {
      if (!run.signal.aborted) this.#failed(id, /** @type {any} */ (e))
    } finally {
      run.abort()
      if (this.#runs.get(id) === run) this.#runs.delete(id)
      this.#next()
    }
  }

  /** @param {string} id @param {AbortSignal} signal */
  #multipart(id, signal) {
    return new Multipart(/** @type {Kept} */ (this.#get(id)), {
      api: this.#api,
      keys: this.#keys,
      put: this.#put,
      signal,
      onMade: (made) => {
        this.#change(id, made)
        return this.#save(id)
      },
      onProgress: (progress) => this.#change(id, progress),
    })
  }

  /** @param {string} id @param {{code?: string, message: string, definite?: boolean, retry_ms?: number}} e */
  #failed(id, e) {
    if (e.code === 'not_found' || e.code === 'gone') {
      // The server has swept it away: from the beginning.
      forgetParts(this.#keys, id)
      const error = this.#get(id)?.blob ? 'This upload is too old. Try again.' : 'The server has it no more: choose it again.'
      this.#change(id, { remote: undefined, file: undefined, state: 'failed', error, speed: 0 }, true)
    } else if (e.code === 'unreadable') {
      this.#change(id, { blob: null, state: 'failed', error: e.message, speed: 0 }, true)
    } else if (PASSING.has(e.code ?? '') || e.definite === false) {
      const error = e.code === 'files_unavailable' ? 'The storage does not answer.' : undefined
      this.#change(id, { state: 'paused', error, speed: 0 })
      this.#timer ??= setTimeout(() => this.resume(), Math.max(RETRY_AFTER, e.retry_ms ?? 0))
    } else {
      this.#change(id, { state: 'failed', error: e.message, speed: 0 }, true)
    }
  }
}

/** As a new page finds it. @param {Kept} u @returns {Kept} */
function waiting(u) {
  return u.state === 'done' || u.state === 'failed' ? u : { ...u, state: 'paused', error: undefined, speed: 0 }
}
