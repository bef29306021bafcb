// The device's own store: IndexedDB, or memory where there is none (private windows, a full disk).

import { openDB } from './lib.js'

/**
 * @template T
 * @typedef {object} Shelf
 * @property {boolean} durable
 * @property {() => Promise<T[]>} all in the order of their `order`
 * @property {(value: T) => Promise<void>} put
 * @property {(key: string) => Promise<void>} remove
 * @property {() => Promise<void>} clear
 */

/**
 * The shelves of one account on one server.
 * @param {string} name
 * @returns {Promise<{outbox: Shelf<any>, uploads: Shelf<any>}>}
 */
export async function openStorage(name) {
  try {
    if (!globalThis.indexedDB) throw new Error('this browser has no IndexedDB')
    const db = await openDB(`minichat:${name}`, 1, {
      upgrade(fresh) {
        fresh.createObjectStore('outbox', { keyPath: 'key' })
        fresh.createObjectStore('uploads', { keyPath: 'key' })
      },
    })
    await db.count('outbox')
    return { outbox: shelf(db, 'outbox'), uploads: shelf(db, 'uploads') }
  } catch {
    return { outbox: memoryShelf(), uploads: memoryShelf() }
  }
}

/** @param {any} db @param {string} store @returns {Shelf<any>} */
function shelf(db, store) {
  return {
    durable: true,
    all: async () => (await db.getAll(store)).sort((/** @type {any} */ a, /** @type {any} */ b) => a.order - b.order),
    put: async (value) => void (await db.put(store, value)),
    remove: (key) => db.delete(store, key),
    clear: () => db.clear(store),
  }
}

/** @returns {Shelf<any>} */
export function memoryShelf() {
  const held = new Map()
  return {
    durable: false,
    all: async () => [...held.values()].sort((a, b) => a.order - b.order),
    put: async (value) => void held.set(value.key, value),
    remove: async (key) => void held.delete(key),
    clear: async () => held.clear(),
  }
}
