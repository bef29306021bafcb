// What is typed and not sent, for each room and thread, on this device.

import { signal } from './lib.js'

const PREFIX = 'minichat.draft.'
const SAVE_AFTER = 500

/** @typedef {Pick<globalThis.Storage, 'getItem'|'setItem'|'removeItem'|'key'|'length'>} KeyStore */

/** @param {string} room @param {number} [thread] */
export function draftKey(room, thread) {
  return thread ? `${room}:${thread}` : room
}

export class Drafts {
  keys = signal(/** @type {Set<string>} */ (new Set()))
  /** What came back last: its composer reads it anew. */
  returned = signal({ key: '' })
  #store
  #owner = ''
  /** @type {Map<string, string>} */
  #texts = new Map()
  /** @type {Set<string>} */
  #dirty = new Set()
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #timer

  /** @param {KeyStore} store */
  constructor(store) {
    this.#store = store
  }

  /** Takes the drafts of one account. @param {string} owner */
  load(owner) {
    this.flush()
    this.#owner = owner
    this.#texts.clear()
    for (let i = 0; owner && i < this.#store.length; i++) {
      const name = this.#store.key(i) ?? ''
      const text = name.startsWith(this.#name('')) ? this.#store.getItem(name) : null
      if (text) this.#texts.set(name.slice(this.#name('').length), text)
    }
    this.keys.value = new Set(this.#texts.keys())
  }

  /** @param {string} key */
  #name(key) {
    return `${PREFIX}${this.#owner}.${key}`
  }

  /** @param {string} key @returns {string} */
  get(key) {
    return this.#texts.get(key) ?? ''
  }

  /** @param {string} key @param {string} text '' deletes */
  set(key, text) {
    if (this.get(key) === text) return
    if (text) this.#texts.set(key, text)
    else this.#texts.delete(key)
    if (this.keys.value.has(key) !== this.#texts.has(key)) this.keys.value = new Set(this.#texts.keys())
    this.#dirty.add(key)
    this.#timer ??= setTimeout(() => this.flush(), SAVE_AFTER)
  }

  /** A text that was given away comes back, before what was typed since. @param {string} key @param {string} text */
  putBack(key, text) {
    const now = this.get(key)
    if (now !== text) this.set(key, [text, now].filter(Boolean).join('\n\n'))
    this.flush()
    this.returned.value = { key }
  }

  /** Takes what another tab has made of a text, if this one has made nothing of it. @param {string} key @param {string} text */
  follow(key, text) {
    if (this.get(key) !== text) return
    this.set(key, this.#store.getItem(this.#name(key)) ?? '')
    this.#dirty.delete(key) // the other may be typing still
    this.returned.value = { key }
  }

  /** A text has gone: it is no draft any more, neither here nor as another tab has left it on the device. @param {string} key @param {string} text */
  sent(key, text) {
    if (this.get(key) === text) this.set(key, '')
    if (this.#store.getItem(this.#name(key)) === text) this.#dirty.add(key)
    this.flush()
  }

  /** Writes at once: the page is going away. */
  flush() {
    clearTimeout(this.#timer)
    this.#timer = undefined
    for (const key of this.#dirty) {
      const text = this.get(key)
      try {
        if (text) this.#store.setItem(this.#name(key), text)
        else this.#store.removeItem(this.#name(key))
      } catch {
        // A full store: the draft lives as long as the page.
      }
    }
    this.#dirty.clear()
  }
}

/** What the browser keeps, or memory where it is forbidden. @param {'localStorage'|'sessionStorage'} [name] @returns {KeyStore} */
export function keyStore(name = 'localStorage') {
  try {
    globalThis[name].getItem('minichat')
    return globalThis[name]
  } catch {
    return memoryStore()
  }
}

/** @returns {KeyStore} */
export function memoryStore() {
  /** @type {Map<string, string>} */
  const held = new Map()
  return {
    get length() {
      return held.size
    },
    key: (i) => [...held.keys()][i] ?? null,
    getItem: (name) => held.get(name) ?? null,
    setItem: (name, value) => void held.set(name, String(value)),
    removeItem: (name) => void held.delete(name),
  }
}
