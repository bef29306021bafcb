// Choices of this device.

import { signal } from './lib.js'

/** @import { KeyStore } from './drafts.js' */
/** @typedef {'system'|'light'|'dark'} Theme */

const PREFIX = 'minichat.'

export class Settings {
  theme = signal(/** @type {Theme} */ ('system'))
  enterSends = signal(true)
  /** Photos go up without what they say of where and when they were taken. */
  cleanPhotos = signal(true)
  /** Questions that were answered with "do not ask again". */
  noConfirm = signal(/** @type {Set<string>} */ (new Set()))
  #store

  /** @param {KeyStore} store */
  constructor(store) {
    this.#store = store
    const theme = store.getItem(`${PREFIX}theme`)
    if (theme === 'light' || theme === 'dark') this.theme.value = theme
    this.enterSends.value = store.getItem(`${PREFIX}enterSends`) !== 'false'
    this.cleanPhotos.value = store.getItem(`${PREFIX}cleanPhotos`) !== 'false'
    this.noConfirm.value = new Set((store.getItem(`${PREFIX}noConfirm`) ?? '').split(' ').filter(Boolean))
  }

  /**
   * @template {'theme'|'enterSends'|'cleanPhotos'|'noConfirm'} N
   * @param {N} name
   * @param {Settings[N]['value']} value
   */
  set(name, value) {
    this[name].value = /** @type {any} */ (value)
    try {
      this.#store.setItem(PREFIX + name, value instanceof Set ? [...value].join(' ') : String(value))
    } catch {
      // A full store: the choice lives as long as the page.
    }
  }
}
