// One file on its way up: in parts, three at a time. Which of them are up is kept, so that it goes on after a reload.

import { ApiError } from './api.js'
import { unreadable } from './transfer.js'

/** @import { Api, PartUrl } from './api.js' */
/** @import { KeyStore } from './drafts.js' */
/** @import { FileRef } from './protocol.js' */
/** @import { Kept } from './uploads.js' */
/**
 * @typedef {object} MultipartOptions
 * @property {Api} api
 * @property {KeyStore} keys where it is kept which parts are up
 * @property {typeof import('./transfer.js').putPart} put
 * @property {AbortSignal} signal
 * @property {(made: {remote: string, part_size: number}) => Promise<void>} onMade the server knows of it: to be kept before a part goes
 * @property {(progress: {sent: number, speed?: number}) => void} onProgress
 */

const PARALLEL = 3
const URLS_AT_ONCE = 16
const SPEED_OVER = 5000
const ACKED = 'minichat.parts.'

export class Multipart {
  #upload
  #api
  #keys
  #put
  #signal
  #onMade
  #onProgress
  #remote
  #partSize
  /** @type {Map<number, PartUrl>} */
  #urls = new Map()
  /** Bytes of each part. @type {Map<number, number>} */
  #sent = new Map()
  /** @type {[at: number, sent: number][]} */
  #marks = []

  /** @param {Kept} upload @param {MultipartOptions} options */
  constructor(upload, { api, keys, put, signal, onMade, onProgress }) {
    this.#upload = upload
    this.#api = api
    this.#keys = keys
    this.#put = put
    this.#signal = signal
    this.#onMade = onMade
    this.#onProgress = onProgress
    this.#remote = upload.remote ?? ''
    this.#partSize = upload.part_size ?? upload.size
  }

  /** Sends what the server does not have yet. @returns {Promise<FileRef>} */
  async send() {
    const missing = await this.#missing()
    const { blob } = this.#upload
    if (!blob) throw unreadable()
    const worker = async () => {
      for (let number = missing.shift(); number !== undefined; number = missing.shift()) await this.#sendPart(number, blob, missing)
    }
    await Promise.all(Array.from({ length: PARALLEL }, worker))
    return this.#api.completeFile(this.#remote, this.#signal)
  }

  /** The parts to send, of a file that the server then knows. @returns {Promise<number[]>} */
  async #missing() {
    if (this.#remote) {
      const state = await this.#api.fileState(this.#remote, this.#signal)
      const acked = this.#acked()
      for (const p of state.have ?? []) if (acked.has(p.number)) this.#sent.set(p.number, p.size)
      this.#onProgress({ sent: sum(this.#sent) })
      if (state.state === 'ready') return []
    } else await this.#make()
    const count = Math.max(1, Math.ceil(this.#upload.size / this.#partSize))
    return Array.from({ length: count }, (_, i) => i + 1).filter((n) => !this.#sent.has(n))
  }

  async #make() {
    const { name, size, type, width, height, preview } = this.#upload
    const made = await this.#api.createFile({ name, size, type, ...(width && { width, height }), ...(preview && { preview }) }, this.#signal)
    for (const p of made.parts) this.#urls.set(p.number, p)
    this.#remote = made.file
    this.#partSize = made.part_size
    await this.#onMade({ remote: made.file, part_size: made.part_size })
  }

  /** @param {number} number @param {Blob} blob @param {number[]} missing */
  async #sendPart(number, blob, missing) {
    const piece = blob.slice((number - 1) * this.#partSize, number * this.#partSize)
    for (let tries = 1; ; tries++) {
      const url = await this.#urlOf(number, missing)
      try {
        await this.#put(this.#api.url(url), piece, this.#signal, (sent) => this.#progress(number, sent))
        return this.#ack(number)
      } catch (e) {
        // A link that ran out is renewed once; other refusals are final.
        const { status } = /** @type {any} */ (e)
        if (tries > 1 || (status !== 403 && status !== 400 && status !== 410)) throw e
        this.#urls.delete(number)
      }
    }
  }

  /**
   * The parts that a server has confirmed to this device. What else it may list is sent again: some servers that speak
   * S3 keep a part that was torn on its way as if it were whole.
   */
  #acked() {
    return new Set((this.#keys.getItem(ACKED + this.#upload.id) ?? '').split(' ').filter(Boolean).map(Number))
  }

  /** @param {number} number */
  #ack(number) {
    if (this.#signal.aborted) return
    try {
      this.#keys.setItem(ACKED + this.#upload.id, [...this.#acked(), number].join(' '))
    } catch {
      // A full store: after a reload the part is sent again.
    }
  }

  /** @param {number} number @param {number[]} missing */
  async #urlOf(number, missing) {
    const held = this.#urls.get(number)
    if (held && held.expires_at > Date.now() + 10_000) return held.url
    const numbers = [number, ...missing.filter((n) => !this.#urls.has(n))].slice(0, URLS_AT_ONCE)
    const { parts } = await this.#api.fileParts(this.#remote, numbers, this.#signal)
    for (const p of parts) this.#urls.set(p.number, p)
    const fresh = this.#urls.get(number)
    if (!fresh) throw new ApiError({ code: 'internal', message: 'The server gave no link for a part.' })
    return fresh.url
  }

  /** @param {number} number @param {number} partSent */
  #progress(number, partSent) {
    this.#sent.set(number, partSent)
    const sent = sum(this.#sent)
    const now = Date.now()
    this.#marks = [...this.#marks.filter(([at]) => now - at < SPEED_OVER), [now, sent]]
    const [first] = this.#marks
    const speed = now > first[0] ? Math.max(0, ((sent - first[1]) * 1000) / (now - first[0])) : 0
    this.#onProgress({ sent, speed })
  }
}

/** The file is up, or to be sent from the beginning. @param {KeyStore} keys @param {string} id */
export function forgetParts(keys, id) {
  keys.removeItem(ACKED + id)
}

/** @param {Map<number, number>} sent */
function sum(sent) {
  return [...sent.values()].reduce((a, b) => a + b, 0)
}
