// Files on their way: in parts, three at a time, going on after a lost network and after a reload.

import { signal } from './lib.js'
import { ApiError } from './api.js'
import { bytes } from './format.js'
import { randomKey } from './keys.js'
import { memoryShelf } from './storage.js'
import { imageSize, putPart } from './transfer.js'

/** @import { Api, PartUrl } from './api.js' */
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
 * @property {string} [alt]
 * @property {'queued'|'sending'|'paused'|'done'|'failed'} state
 * @property {number} sent bytes
 * @property {number} speed bytes a second
 * @property {string} [error]
 * @property {FileRef} [file] once done
 * @property {Blob|null} blob
 */
/** What the device keeps of an upload. @typedef {Upload & {key: string, order: number, remote?: string, part_size?: number}} Kept */
/** @typedef {{abort: AbortController, parts: Map<number, PartUrl>, sent: Map<number, number>, marks: [number, number][]}} Run */

const PARALLEL_PARTS = 3
const PARALLEL_FILES = 2
const URLS_AT_ONCE = 16
const RETRY_AFTER = 3000

export class Uploads {
  /** @type {import('@preact/signals').Signal<Upload[]>} */
  list = signal([])
  /** @type {Shelf<Kept>} */
  #shelf = memoryShelf()
  #api
  #limits
  #put
  /** @type {Map<string, Run>} */
  #runs = new Map()
  #order = 0
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #timer

  /** @param {{api: Api, limits: () => Limits, put?: typeof putPart}} parts */
  constructor({ api, limits, put = putPart }) {
    this.#api = api
    this.#limits = limits
    this.#put = put
  }

  /** Takes what an earlier page left, and goes on with it. @param {Shelf<Kept>} shelf */
  async load(shelf) {
    this.#shelf = shelf
    const kept = (await shelf.all()).map((u) => (u.state === 'done' || u.state === 'failed' ? u : { ...u, state: /** @type {const} */ ('paused'), speed: 0 }))
    this.#order = Math.max(this.#order, ...kept.map((u) => u.order))
    this.list.value = kept
    this.resume()
  }

  /** @param {string} scope */
  of(scope) {
    return this.list.value.filter((u) => u.scope === scope)
  }

  /** @param {string} scope */
  busy(scope) {
    return this.of(scope).some((u) => u.state !== 'done' && u.state !== 'failed')
  }

  /**
   * @param {string} scope
   * @param {Iterable<File>} files
   * @returns {Promise<{refused: {name: string, words: string}[]}>}
   */
  async add(scope, files) {
    const refused = []
    for (const file of [...files]) {
      const words = this.#refusal(scope, file)
      if (words) {
        refused.push({ name: file.name, words })
        continue
      }
      const size = await imageSize(file)
      /** @type {Kept} */
      const upload = {
        id: randomKey(), key: '', order: ++this.#order, scope, name: file.name || 'file', size: file.size,
        type: file.type || 'application/octet-stream', ...size, state: 'queued', sent: 0, speed: 0, blob: file,
      }
      upload.key = upload.id
      this.list.value = [...this.list.value, upload]
      await this.#save(upload.id)
    }
    this.#next()
    return { refused }
  }

  /** @param {string} scope @param {File} file */
  #refusal(scope, file) {
    const { file_bytes, files_per_message } = this.#limits()
    if (file_bytes && file.size > file_bytes) return tooBig(file, file_bytes)
    if (file.size === 0) return `${file.name} is empty.`
    if (files_per_message && this.of(scope).length >= files_per_message) return `A message may carry at most ${files_per_message} ${files_per_message === 1 ? 'file' : 'files'}.`
    return ''
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
    if (this.#get(id)?.state !== 'failed') return
    this.#change(id, { state: 'queued', error: undefined })
    this.#next()
  }

  /** @param {string} id */
  cancel(id) {
    const upload = this.#get(id)
    if (!upload) return
    this.#runs.get(id)?.abort.abort()
    this.#remove(id)
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

  /** @param {string} id @param {string} alt */
  setAlt(id, alt) {
    this.#change(id, { alt }, true)
  }

  /** The finished ones, for a message; they leave the list. @param {string} scope @returns {FileRef[]} */
  take(scope) {
    const done = this.of(scope).filter((u) => u.state === 'done' && u.file)
    for (const u of done) this.#remove(u.id)
    return done.map((u) => ({ .../** @type {FileRef} */ (u.file), ...(u.alt && { alt: u.alt }) }))
  }

  /** Stops; what is on the device stays there. */
  stop() {
    clearTimeout(this.#timer)
    for (const run of this.#runs.values()) run.abort.abort()
    this.#runs.clear()
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
    // A blob that the device cannot keep (a full disk) still goes up while the page lives.
    if (upload) await this.#shelf.put(upload).catch(() => {})
    if (!this.#get(id)) await this.#shelf.remove(id).catch(() => {})
  }

  /** @param {string} id */
  #remove(id) {
    this.list.value = this.list.value.filter((u) => u.id !== id)
    this.#shelf.remove(id).catch(() => {})
  }

  #next() {
    for (const u of this.list.value) {
      if (this.#runs.size >= PARALLEL_FILES) return
      if (u.state === 'queued' && !this.#runs.has(u.id)) this.#run(u.id)
    }
  }

  /** @param {string} id */
  async #run(id) {
    /** @type {Run} */
    const run = { abort: new AbortController(), parts: new Map(), sent: new Map(), marks: [] }
    this.#runs.set(id, run)
    this.#change(id, { state: 'sending', error: undefined })
    try {
      const file = await this.#transfer(id, run)
      this.#change(id, { state: 'done', file, sent: file.size, speed: 0, blob: null }, true)
    } catch (e) {
      if (!run.abort.signal.aborted) this.#failed(id, /** @type {any} */ (e))
    } finally {
      run.abort.abort()
      if (this.#runs.get(id) === run) this.#runs.delete(id)
      this.#next()
    }
  }

  /** @param {string} id @param {{code?: string, message: string, definite?: boolean, status?: number}} e */
  #failed(id, e) {
    if (e.code === 'not_found' || e.code === 'gone') {
      // The server has swept it away: from the beginning.
      this.#change(id, { remote: undefined, state: 'failed', error: 'This upload is too old. Try again.', speed: 0 }, true)
    } else if (e.code === 'offline' || e.definite === false) {
      this.#change(id, { state: 'paused', speed: 0 })
      this.#timer ??= setTimeout(() => this.resume(), RETRY_AFTER)
    } else {
      this.#change(id, { state: 'failed', error: e.message, speed: 0 }, true)
    }
  }

  /** @param {string} id @param {Run} run @returns {Promise<FileRef>} */
  async #transfer(id, run) {
    const { signal } = run.abort
    const missing = await this.#begin(id, run)
    const upload = /** @type {Kept} */ (this.#get(id))
    const { blob, remote } = upload
    if (!blob) throw new ApiError({ code: 'gone', message: 'The file is not on this device any more. Choose it again.' })
    const worker = async () => {
      for (let number = missing.shift(); number !== undefined; number = missing.shift()) {
        await this.#sendPart(id, run, number, blob, missing)
      }
    }
    await Promise.all(Array.from({ length: PARALLEL_PARTS }, worker))
    return this.#api.completeFile(/** @type {string} */ (remote), signal)
  }

  /** Makes the file on the server, or asks what it has of it. @param {string} id @param {Run} run @returns {Promise<number[]>} the parts to send */
  async #begin(id, run) {
    const upload = /** @type {Kept} */ (this.#get(id))
    const { name, size, type, width, height } = upload
    /** @type {Set<number>} */
    const have = new Set()
    if (upload.remote) {
      const state = await this.#api.fileState(upload.remote, run.abort.signal)
      for (const p of state.have ?? []) {
        have.add(p.number)
        run.sent.set(p.number, p.size)
      }
      this.#change(id, { sent: sum(run.sent) })
      if (state.state === 'ready') return []
    } else {
      const made = await this.#api.createFile({ name, size, type, ...(width && { width, height }) }, run.abort.signal)
      for (const p of made.parts) run.parts.set(p.number, p)
      this.#change(id, { remote: made.file, part_size: made.part_size })
      await this.#save(id)
    }
    const { part_size = size } = /** @type {Kept} */ (this.#get(id))
    const count = Math.max(1, Math.ceil(size / part_size))
    return Array.from({ length: count }, (_, i) => i + 1).filter((n) => !have.has(n))
  }

  /** @param {string} id @param {Run} run @param {number} number @param {Blob} blob @param {number[]} missing */
  async #sendPart(id, run, number, blob, missing) {
    const { part_size = blob.size, remote = '' } = /** @type {Kept} */ (this.#get(id) ?? {})
    const piece = blob.slice((number - 1) * part_size, number * part_size)
    for (let tries = 1; ; tries++) {
      const url = await this.#urlOf(remote, run, number, missing)
      try {
        await this.#put(this.#api.url(url), piece, run.abort.signal, (sent) => this.#progress(id, run, number, sent))
        return
      } catch (e) {
        // A link that ran out is renewed once; other refusals are final.
        const { status } = /** @type {any} */ (e)
        if (tries > 1 || (status !== 403 && status !== 400 && status !== 410)) throw e
        run.parts.delete(number)
      }
    }
  }

  /** @param {string} remote @param {Run} run @param {number} number @param {number[]} missing */
  async #urlOf(remote, run, number, missing) {
    const held = run.parts.get(number)
    if (held && held.expires_at > Date.now() + 10_000) return held.url
    const numbers = [number, ...missing.filter((n) => !run.parts.has(n))].slice(0, URLS_AT_ONCE)
    const { parts } = await this.#api.fileParts(remote, numbers, run.abort.signal)
    for (const p of parts) run.parts.set(p.number, p)
    const fresh = run.parts.get(number)
    if (!fresh) throw new ApiError({ code: 'internal', message: 'The server gave no link for a part.' })
    return fresh.url
  }

  /** @param {string} id @param {Run} run @param {number} number @param {number} partSent */
  #progress(id, run, number, partSent) {
    run.sent.set(number, partSent)
    const sent = sum(run.sent)
    const now = Date.now()
    // The speed of the last five seconds.
    run.marks = [...run.marks.filter(([at]) => now - at < 5000), [now, sent]]
    const [first] = run.marks
    const speed = now > first[0] ? Math.max(0, ((sent - first[1]) * 1000) / (now - first[0])) : 0
    this.#change(id, { sent, speed })
  }
}

/** @param {Map<number, number>} sent */
function sum(sent) {
  return [...sent.values()].reduce((a, b) => a + b, 0)
}

/** @param {File} file @param {number} most */
function tooBig(file, most) {
  const size = bytes(file.size) === bytes(most) ? `a little more than ${bytes(most)}` : bytes(file.size)
  return `${file.name} has ${size}; a file may have at most ${bytes(most)} here.`
}
