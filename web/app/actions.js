// What people do, in their words. Everything that a view may ask for.

import { shareable } from './api.js'
import { randomKey } from './keys.js'
import { takeThread, trimLog } from './log.js'
import { firstUnreadRow, readUpTo, wantUsers, withLog, withRooms, withUsers } from './state.js'
import { roomOf } from './protocol.js'
import { PAGE } from './sync.js'

/** @import { Api } from './api.js' */
/** @import { Connection } from './connection.js' */
/** @import { Draft, Outbox } from './outbox.js' */
/** @import { FileRef, Item, Room, User } from './protocol.js' */
/** @import { Store } from './store.js' */
/** @import { Sync } from './sync.js' */

const READ_EVERY = 300
const TYPING_EVERY = 3000
const LINK_LIVES = 50_000
const PATIENCE = 15_000

export class Actions {
  #store
  #connection
  #api
  #outbox
  #sync
  /** @type {Map<string, number>} room to seq */
  #reads = new Map()
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #readTimer
  /** @type {Map<string, number>} */
  #typed = new Map()
  /** @type {Map<string, {url: string, until: number}>} */
  #links = new Map()

  /** @param {{store: Store, connection: Connection, api: Api, outbox: Outbox, sync: Sync}} parts */
  constructor({ store, connection, api, outbox, sync }) {
    this.#store = store
    this.#connection = connection
    this.#api = api
    this.#outbox = outbox
    this.#sync = sync
  }

  /** @param {string} room */
  #log(room) {
    return this.#store.state.logs.get(room)
  }

  // Reading

  /** Resolves when there is loaded what the reader begins with: the message `at`, else the first unread one, else the end. @param {string} room @param {{at?: number}} [where] */
  async openRoom(room, { at } = {}) {
    const had = this.#log(room)
    await this.#sync.watch(room, had ? undefined : at)
    if (!this.#log(room)?.ready) await this.#sync.firstPage(room)
    // Without a connection the reader begins with what is here.
    if (this.#connection.open) {
      if (at === undefined) await this.#loadBeginning(room)
      else if (had) await this.jump(room, at)
    }
    this.#sync.markNew(room)
  }

  /** @param {string} room */
  async #loadBeginning(room) {
    const known = this.#store.state.rooms.get(room)
    if (!known?.unread) return this.jumpToEnd(room)
    await this.jump(room, Math.max(known.read + 1, this.#log(room)?.floor ?? 1))
    // Replies in threads are no rows: the first unread row may stand pages after the last one read.
    while (!firstUnreadRow(this.#store.state, room) && await this.loadNewer(room) > 0);
  }

  /** @param {string} room */
  closeRoom(room) {
    this.#sync.unshow(room)
    this.dropNewLine(room)
  }

  /** @param {string} room @returns {Promise<number>} */
  loadOlder(room) {
    return this.#sync.once(`older:${room}`, () => this.#load(room, 'older'))
  }

  /** @param {string} room @returns {Promise<number>} */
  loadNewer(room) {
    return this.#sync.once(`newer:${room}`, () => this.#load(room, 'newer'))
  }

  /** @param {string} room @param {'older'|'newer'} way */
  async #load(room, way) {
    const before = this.#log(room)?.rows.length ?? 0
    this.#mark(room, { [way]: true })
    try {
      // A page of nothing but reactions shows no row: the reader wants rows.
      for (let log = this.#log(room); log && log.ready && !(way === 'older' ? log.atStart : log.atEnd); log = this.#log(room)) {
        const range = way === 'older' ? { before: log.from, limit: PAGE } : { after: log.to, limit: PAGE }
        await this.#sync.pull(room, range, way === 'older' ? 'older' : 'extend')
        const now = this.#log(room)
        if (!now || now.rows.length > before || (now.from === log.from && now.to === log.to)) break
      }
    } finally {
      this.#mark(room, {})
    }
    return Math.max(0, (this.#log(room)?.rows.length ?? 0) - before)
  }

  /** @param {string} room @param {{older?: boolean, newer?: boolean}} loading */
  #mark(room, loading) {
    this.#store.update((s) => withLog(s, room, (log) => ({ ...log, loading })))
  }

  /** @param {string} room @param {number} seq @returns {Promise<Item|null>} */
  async jump(room, seq) {
    const log = this.#log(room)
    if (!log || seq < log.from || seq > log.to) {
      await this.#sync.pull(room, { after: Math.max(0, seq - PAGE / 2), limit: PAGE }, 'replace')
    }
    return this.#log(room)?.items.get(seq) ?? null
  }

  /** @param {string} room */
  async jumpToEnd(room) {
    const log = this.#log(room)
    if (!log || log.atEnd) return
    await this.#sync.pull(room, { before: log.cursor.seq + 1, limit: PAGE }, 'replace')
  }

  /** @param {string} room @param {number} [around] */
  trim(room, around) {
    this.#store.update((s) => withLog(s, room, (log) => trimLog(log, around)))
  }

  /** @param {string} room @param {number} root */
  async openThread(room, root) {
    this.#store.update((s) => withLog(s, room, (log) => takeThread(log, root, [], false)))
    let after = 0
    for (let more = true; more; ) {
      const { list } = await this.#api.thread(room, root, { after, limit: 200 })
      // A page may end at its bytes before its limit: only an empty one is the end.
      more = list.length > 0
      after = list.at(-1)?.seq ?? after
      this.#store.update((s) => withLog(s, room, (log) => takeThread(log, root, list, !more)))
    }
    if (!this.#log(room)?.items.has(root)) await this.#sync.pull(room, { after: root - 1, limit: 1 }, 'none')
  }

  /** Up to where I have read; it never goes back. @param {string} room @param {number} seq */
  read(room, seq) {
    const known = this.#store.state.rooms.get(room)
    if (!known || seq <= known.read) return
    this.#store.update((s) => readUpTo(s, room, seq))
    this.#sendRead(room, seq)
  }

  /** My own message moves my position, whether or not this page had already counted it. @param {string} room @param {number} seq */
  readOwn(room, seq) {
    this.#store.update((s) => ((s.rooms.get(room)?.read ?? seq) < seq ? readUpTo(s, room, seq) : s))
    this.#sendRead(room, seq)
  }

  /** @param {string} room @param {number} seq */
  #sendRead(room, seq) {
    this.#reads.set(room, Math.max(seq, this.#reads.get(room) ?? 0))
    this.#sync.readHere(room, seq)
    this.#readTimer ??= setTimeout(() => this.#flushReads(), READ_EVERY)
  }

  #flushReads() {
    this.#readTimer = undefined
    const reads = [...this.#reads]
    this.#reads.clear()
    for (const [room, seq] of reads) {
      // Lost with the connection: said again with the next.
      this.#sync.ask('read', { room, seq }).catch(() => {})
    }
  }

  /** The room is unread from this message on. @param {string} room @param {number} seq */
  async markUnread(room, seq) {
    this.#reads.delete(room)
    this.#sync.readHere(room, 0)
    await this.#sync.ask('read', { room, seq: seq - 1, back: true }, undefined, PATIENCE)
    this.#store.update((s) => readUpTo(s, room, seq - 1))
    this.#store.update((s) => withLog(s, room, (log) => ({ ...log, newFrom: seq })))
  }

  async markAllRead() {
    const unread = [...this.#store.state.rooms.values()].filter((r) => r.unread > 0 || r.mentions > 0)
    for (const r of unread) this.read(r.room, r.head)
  }

  /** @param {string} room */
  dropNewLine(room) {
    this.#store.update((s) => withLog(s, room, (log) => (log.newFrom === null ? log : { ...log, newFrom: null })))
  }

  // Writing

  /** @param {string} room @param {Draft} draft @returns {string} the key */
  post(room, draft) {
    this.stopTyping(room)
    return this.#outbox.post(room, draft)
  }

  /** @param {string} key */
  retry(key) {
    this.#outbox.retry(key)
  }

  /** @param {string} key @returns {boolean} false: it is on its way */
  discard(key) {
    return this.#outbox.discard(key)
  }

  /** @param {string} type @param {string} room @param {object} fields */
  #change(type, room, fields) {
    return this.#sync.ask(type, { room, key: randomKey(), ...fields }, undefined, PATIENCE)
  }

  /** @param {string} room @param {Item} item @param {string} text */
  edit(room, item, text) {
    return this.#change('edit', room, { target: item.seq, text, rev: item.body.rev ?? 1 })
  }

  /** @param {string} room @param {Item} item */
  remove(room, item) {
    return this.#change('delete', room, { target: item.seq })
  }

  /** A double click is one reaction. @param {string} room @param {Item} item @param {string} emoji @param {boolean} on */
  react(room, item, emoji, on) {
    return this.#sync.once(`react:${room}:${item.seq}:${emoji}`, () => this.#change('react', room, { target: item.seq, emoji, on }))
  }

  /** @param {string} room @param {Item} item @param {boolean} on */
  pin(room, item, on) {
    return this.#sync.once(`pin:${room}:${item.seq}`, () => this.#change('pin', room, { target: item.seq, on }))
  }

  /** @param {string} room @param {number} [thread] */
  typing(room, thread) {
    const now = Date.now()
    const name = `${room}:${thread ?? ''}`
    if (now - (this.#typed.get(name) ?? 0) < TYPING_EVERY) return
    this.#typed.set(name, now)
    this.#connection.tell('typing', thread ? { room, thread } : { room })
  }

  /** @param {string} room */
  stopTyping(room) {
    for (const name of this.#typed.keys()) if (name.startsWith(`${room}:`)) this.#typed.delete(name)
  }

  /** @param {'active'|'away'} state */
  async presence(state) {
    if (this.#connection.open) await this.#connection.request('presence', { state })
  }

  // Rooms and people

  /** @param {any} wire @returns {Room} */
  #keepRoom(wire) {
    const room = roomOf(wire)
    this.#store.update((s) => withRooms(s, [{ ...s.rooms.get(room.room), ...room }]))
    return room
  }

  /** @param {{name?: string, kind: 'channel'|'private', topic?: string, members?: string[]}} room */
  async createRoom(room) {
    return this.#keepRoom(await this.#api.createRoom(room))
  }

  /** @param {string[]} users the others */
  async direct(users) {
    return this.#keepRoom(await this.#api.createRoom({ kind: 'direct', members: users }))
  }

  /** @param {string} room */
  async joinRoom(room) {
    await this.#api.addMember(room, this.#me())
    return this.#keepRoom(await this.#api.room(room))
  }

  /** @param {string} room */
  leaveRoom(room) {
    return this.#api.removeMember(room, this.#me())
  }

  #me() {
    return this.#store.state.me?.user ?? ''
  }

  /** @param {string} room @param {string} user */
  addMember(room, user) {
    return this.#api.addMember(room, user)
  }

  /** @param {string} room @param {string} user */
  removeMember(room, user) {
    return this.#api.removeMember(room, user)
  }

  /** @param {string} room @param {{name?: string, topic?: string, archived?: boolean}} change */
  async updateRoom(room, change) {
    this.#keepRoom(await this.#api.updateRoom(room, change))
  }

  /** @param {string} room @param {{after?: string}} [page] @returns {Promise<{list: User[], next?: string}>} */
  async members(room, page) {
    return this.#keepPeople(await this.#api.members(room, { limit: 200, ...page }))
  }

  /** @param {string} q @returns {Promise<User[]>} */
  async people(q) {
    return this.#keepPeople(await this.#api.users({ q: q || undefined, limit: 50 })).list
  }

  /** Asks who this is, unless it is known. @param {string} user */
  name(user) {
    this.#store.update((s) => wantUsers(s, [user]))
  }

  /** @template {{list: User[]}} T @param {T} page @returns {T} */
  #keepPeople(page) {
    this.#store.update((s) => withUsers(s, page.list))
    return page
  }

  /** Channels that I may join. @returns {Promise<Room[]>} */
  async joinable() {
    const { list } = await this.#api.rooms({ all: 1, limit: 200 })
    return list.map(roomOf).filter((r) => !this.#store.state.rooms.has(r.room))
  }

  /** @param {{uses?: number, expires_s?: number}} [invite] */
  async invite(invite = {}) {
    const made = await this.#api.createInvite({ uses: 1, expires_s: 604_800, ...invite })
    return this.#api.sameOrigin ? { ...made, url: shareable(made.url) } : made
  }

  /** @param {{name?: string, color?: string, avatar?: string}} change */
  async updateMe(change) {
    const me = await this.#api.updateMe(change)
    this.#store.update((s) => withUsers(s, [{ ...s.me, ...me }]))
    return me
  }

  // Files

  /** @param {{file: string, name?: string}} file @returns {string|null} null: ask fileUrl */
  fileHref({ file, name = 'file' }) {
    return this.#api.sameOrigin ? `/files/${encodeURIComponent(file)}/${encodeURIComponent(name || 'file')}` : null
  }

  /**
   * Why a file does not come, asked of the server itself: a browser tells a page nothing of it.
   * @param {FileRef} file @returns {Promise<'gone'|'unavailable'|'offline'|'unknown'>}
   */
  async fileTrouble(file) {
    try {
      const answer = await fetch(await this.fileUrl(file), { method: 'HEAD' })
      if (answer.status === 404) return 'gone'
      return answer.status === 503 ? 'unavailable' : 'unknown'
    } catch (e) {
      const { code } = /** @type {any} */ (e)
      if (code === 'not_found') return 'gone'
      return code === 'files_unavailable' ? 'unavailable' : 'offline'
    }
  }

  /** The beginning of a file: `most` bytes, and whether that is all. @param {FileRef} file @param {number} most */
  async fileHead(file, most) {
    const answer = await fetch(await this.fileUrl(file), { headers: { Range: `bytes=0-${most - 1}` } })
    if (!answer.ok) throw new Error(`status ${answer.status}`)
    const bytes = new Uint8Array(await answer.arrayBuffer())
    return { bytes: bytes.subarray(0, most), whole: file.size <= most }
  }

  /** A piece out of a file. @param {FileRef} file @param {number} begin @param {number} end @param {AbortSignal} signal */
  async fileBytes(file, begin, end, signal) {
    const answer = await fetch(await this.fileUrl(file), { headers: { Range: `bytes=${begin}-${end - 1}` }, signal })
    if (answer.status !== 206) throw new Error(`status ${answer.status}`)
    const bytes = new Uint8Array(await answer.arrayBuffer())
    if (bytes.length !== end - begin) throw new Error(`${bytes.length} bytes for ${end - begin}`)
    return bytes
  }

  /** @param {FileRef|{file: string, name?: string}} file @returns {Promise<string>} */
  async fileUrl(file) {
    const href = this.fileHref(file)
    if (href) return href
    const held = this.#links.get(file.file)
    if (held && held.until > Date.now()) return held.url
    const { url } = await this.#sync.once(`link:${file.file}`, () => this.#api.fileLink(file.file))
    const whole = this.#api.url(url)
    this.#links.set(file.file, { url: whole, until: Date.now() + LINK_LIVES })
    return whole
  }
}
