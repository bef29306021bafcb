// The first pages of PDFs, as pictures. Each is drawn by a thread of its own (firstpage-worker.js), one at a time; what
// it asks for is fetched here, and not without limit.

/** @import { FileRef } from './protocol.js' */
/** @typedef {'password'|'undrawn'} Undrawable what no second try would change */
/** @typedef {{url: string}|{trouble: Undrawable}} FirstPage */
/** @typedef {(file: FileRef, begin: number, end: number, signal: AbortSignal) => Promise<Uint8Array>} Fetch */

const MOST_BYTES = 8 * 1024 * 1024
/** What a piece counts at least, so that there are not many. */
const PIECE = 64 * 1024
/** For the work alone; waiting for bytes does not count. */
const MOST_MS = 10_000
const FETCH_MS = 15_000
const LOAD_MS = 30_000
const KEPT = 40

const address = new URL('./firstpage-worker.js', import.meta.url).href
const policy = /** @type {any} */ (globalThis).trustedTypes?.createPolicy('minichat-worker', { createScriptURL: () => address })

/** Whether this browser can draw outside the page, and is new enough for the rest. */
export const canDraw = typeof OffscreenCanvas === 'function' && 'any' in AbortSignal

export class FirstPages {
  /** @type {Map<string, FirstPage>} */
  #known = new Map()
  #turn = Promise.resolve()
  #fetch
  #start

  /** @param {{fetch: Fetch, start?: () => Worker}} options */
  constructor({ fetch, start = () => new Worker(policy?.createScriptURL('') ?? address, { type: 'module' }) }) {
    this.#fetch = fetch
    this.#start = start
  }

  /** What has been found out before. @param {FileRef} file */
  known(file) {
    return this.#known.get(file.file)
  }

  /**
   * Throws when bytes do not come, or when it is no longer wanted.
   * @param {FileRef} file @param {{width: number, height: number}} most in points @param {AbortSignal} signal
   * @returns {Promise<FirstPage>}
   */
  async draw(file, most, signal) {
    const before = this.#turn
    let done = () => {}
    this.#turn = new Promise((resolve) => { done = () => resolve() })
    try {
      await before
      signal.throwIfAborted()
      const found = this.known(file) ?? await this.#work(file, most, signal)
      this.#keep(file.file, found)
      return found
    } finally {
      done()
    }
  }

  /** Nothing of it stays for who signs in next. */
  clear() {
    for (const id of this.#known.keys()) this.#drop(id)
  }

  /** @param {string} id @param {FirstPage} found */
  #keep(id, found) {
    this.#known.delete(id)
    this.#known.set(id, found)
    for (const oldest of this.#known.keys()) if (this.#known.size > KEPT) this.#drop(oldest)
  }

  /** @param {string} id */
  #drop(id) {
    const page = this.#known.get(id)
    if (page && 'url' in page) URL.revokeObjectURL(page.url)
    this.#known.delete(id)
  }

  /** @param {FileRef} file @param {{width: number, height: number}} most @param {AbortSignal} signal @returns {Promise<FirstPage>} */
  #work(file, most, signal) {
    const worker = this.#start()
    const over = new AbortController()
    /** @type {Promise<FirstPage>} */
    const work = new Promise((resolve, reject) => {
      const undrawn = () => resolve({ trouble: 'undrawn' })
      const clock = new Clock(MOST_MS, over.signal, undrawn)
      let bytes = 0
      let asked = 0
      /** @param {number} begin @param {number} end */
      const give = async (begin, end) => {
        bytes += Math.max(end - begin, PIECE)
        const inside = Number.isInteger(begin) && Number.isInteger(end) && begin >= 0 && begin < end && end <= file.size
        if (!inside || bytes > MOST_BYTES) return undrawn()
        if (asked++ === 0) clock.stop()
        const chunk = await this.#fetch(file, begin, end, AbortSignal.any([over.signal, AbortSignal.timeout(FETCH_MS)]))
        worker.postMessage({ begin, chunk }, [chunk.buffer])
        if (--asked === 0) clock.go()
      }
      signal.addEventListener('abort', () => reject(signal.reason))
      // Until it has begun, what is wrong is that it did not come.
      const missing = () => reject(new Error('the worker did not load'))
      const loading = setTimeout(missing, LOAD_MS)
      over.signal.addEventListener('abort', () => clearTimeout(loading))
      worker.onerror = (event) => {
        event.preventDefault()
        missing()
      }
      worker.onmessage = ({ data }) => {
        if (data.ready) {
          clearTimeout(loading)
          worker.onerror = undrawn
          worker.postMessage({ size: file.size, ...most })
          clock.go()
        } else if (data.png instanceof ArrayBuffer) {
          resolve({ url: URL.createObjectURL(new Blob([data.png], { type: 'image/png' })) })
        } else if (data.trouble) {
          resolve({ trouble: data.trouble === 'password' ? 'password' : 'undrawn' })
        } else {
          give(data.begin, data.end).catch(reject)
        }
      }
    })
    return work.finally(() => {
      over.abort()
      worker.terminate()
    })
  }
}

/** Calls `out` when it has run for so long, without the time in which it stood. */
class Clock {
  #timer = /** @type {any} */ (0)
  #began = 0

  /** @param {number} left ms @param {AbortSignal} over @param {() => void} out */
  constructor(left, over, out) {
    this.left = left
    this.out = out
    over.addEventListener('abort', () => clearTimeout(this.#timer))
  }

  go() {
    this.#began = Date.now()
    this.#timer = setTimeout(this.out, this.left)
  }

  stop() {
    clearTimeout(this.#timer)
    this.left -= Date.now() - this.#began
  }
}
