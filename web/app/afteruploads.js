// Messages that go when their files are up, whatever room is open then. Each is kept with one of its files: over a reload,
// and for the tab that takes them over.

import { effect, signal, untracked } from './lib.js'
import { randomKey } from './keys.js'

/** @import { Drafts, KeyStore } from './drafts.js' */
/** @import { Draft } from './outbox.js' */
/** @import { Uploads } from './uploads.js' */
/** @import { Item } from './protocol.js' */
/** `answered`: what it answers, to be shown. @typedef {{room: string, text: string, reply_to?: number, thread?: number, answered?: Item}} Message */
/** `uploads`: those that it waits for; `names`: of their files. @typedef {Message & {key: string, uploads: string[], names: Record<string, string>}} Waiting */

/** The keys of what was taken back last. */
const TAKEN_BACK = 'minichat.takenback'
const REMEMBERED = 50

export class AfterUploads {
  /** Whose message has gone at last. */
  gone = signal({ scope: '' })
  #uploads
  #drafts
  #post
  #keys
  /** Keys of messages that came from the device. @type {Set<string>} */
  #inherited = new Set()

  /** @param {{uploads: Uploads, drafts: Drafts, post: (room: string, draft: Draft) => void, keys: KeyStore}} parts */
  constructor({ uploads, drafts, post, keys }) {
    this.#uploads = uploads
    this.#drafts = drafts
    this.#post = post
    this.#keys = keys
    effect(() => {
      for (const scope of this.scopes()) untracked(() => this.#look(scope))
    })
    uploads.adopted.subscribe(({ messages, kept }) => {
      const all = uploads.list.value
      for (const key of messages) this.#inherited.add(key)
      for (const scope of new Set(all.map((u) => u.scope))) this.#miss(scope, new Set([...kept, ...all.map((u) => u.id)]))
    })
  }

  /** The scopes in which a message waits. */
  scopes() {
    return new Set(this.#uploads.list.value.filter((u) => u.message).map((u) => u.scope))
  }

  /** @param {string} scope @returns {Waiting|undefined} */
  of(scope) {
    return this.#uploads.messageOf(scope)
  }

  /** @param {string} scope @param {Message} message */
  wait(scope, message) {
    const all = this.#uploads.of(scope)
    const names = Object.fromEntries(all.map((u) => [u.id, u.name]))
    this.#uploads.setMessage(scope, { ...message, key: randomKey(), uploads: all.map((u) => u.id), names })
  }

  /** It is a draft again. @param {string} scope */
  takeBack(scope) {
    const message = this.of(scope)
    if (!message) return
    this.#drafts.putBack(scope, message.text) // another tab may have begun it
    this.#uploads.setMessage(scope)
    this.#noteTakenBack(message.key)
  }

  /**
   * A file that went with its page, still being read or too large for the device, does not come any more: the message
   * is a draft again, and says which is to be chosen anew.
   * @param {string} scope @param {Set<string>} there
   */
  #miss(scope, there) {
    const message = this.of(scope)
    if (!message || !this.#inherited.has(message.key)) return
    const lost = message.uploads.filter((id) => !there.has(id))
    if (!lost.length) return
    this.takeBack(scope)
    void this.#uploads.putBack(scope, lost.map((id) => ({ file: '', name: message.names[id], size: 0, type: '' })))
  }

  #takenBack() {
    return (this.#keys.getItem(TAKEN_BACK) ?? '').split(' ').filter(Boolean)
  }

  /**
   * Without locks (plain http) several tabs wait with the same message, and each writes it to the device again with the
   * progress of its files: that it was taken back has to stand apart from it.
   * @param {string} key
   */
  #noteTakenBack(key) {
    try {
      this.#keys.setItem(TAKEN_BACK, [...this.#takenBack(), key].slice(-REMEMBERED).join(' '))
    } catch {
      // A full store: only this tab knows.
    }
  }

  /** @param {string} scope */
  #look(scope) {
    const message = /** @type {Waiting} */ (this.of(scope))
    if (this.#takenBack().includes(message.key)) this.#follow(scope, message)
    else if (!this.#uploads.busy(scope)) this.#end(scope, message)
  }

  /** It was taken back in another tab, and may have been changed there. @param {string} scope @param {Waiting} message */
  #follow(scope, { text }) {
    this.#uploads.setMessage(scope)
    this.#drafts.follow(scope, text)
  }

  /** No upload is under way any more: what failed stays, with its own Retry, and the text with it. @param {string} scope @param {Waiting} message */
  #end(scope, message) {
    const all = this.#uploads.of(scope)
    if (all.some((u) => u.state === 'failed')) return this.takeBack(scope)
    // After a reload the tab gets its uploads one by one.
    if (!message.uploads.every((id) => all.some((u) => u.id === id))) return
    const { room, key, text, reply_to, thread } = message
    this.#post(room, { key, text, reply_to, thread, files: this.#uploads.take(scope) })
    this.#drafts.sent(scope, text)
    this.gone.value = { scope }
  }
}
