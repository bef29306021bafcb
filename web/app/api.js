// The HTTP calls. Same origin: the cookie; another origin: a bearer token.

/** @import { FileRef, Item, User, WireRoom } from './protocol.js' */
/** @typedef {{user: User, token?: string, expires_at: number}} Signed */
/** @typedef {{room: string, from: number, to: number, head: number, list: Item[]}} EventsPage */
/** @typedef {{number: number, url: string, expires_at: number}} PartUrl */
/** @typedef {{handle: string, password: string, name?: string, token?: string}} Credentials */

/** An answer that is no success, or no answer (`code: 'offline'`). */
export class ApiError extends Error {
  /** @param {{code: string, message: string, status?: number, field?: string, retry_ms?: number, definite?: boolean}} e */
  constructor({ code, message, status = 0, field, retry_ms, definite = true }) {
    super(message)
    this.name = 'ApiError'
    this.code = code
    this.status = status
    this.field = field
    this.retry_ms = retry_ms
    this.definite = definite
  }
}

/** @param {Response} response */
async function problem(response) {
  const p = await response.json().catch(() => ({}))
  const wait = Number(response.headers.get('Retry-After')) * 1000
  return new ApiError({
    code: p.code ?? (response.status === 401 ? 'unauthenticated' : 'internal'),
    message: p.detail ?? p.title ?? `The server answered ${response.status}.`,
    status: response.status,
    field: p.field,
    retry_ms: p.retry_ms ?? (wait || undefined),
    definite: p.definite ?? response.status < 500,
  })
}

/** @param {Record<string, string|number|undefined>} values */
function query(values) {
  const set = Object.entries(values).filter(([, v]) => v !== undefined && v !== '')
  return set.length ? `?${new URLSearchParams(set.map(([k, v]) => [k, String(v)]))}` : ''
}

const part = encodeURIComponent

export class Api {
  #server
  #token
  #fetch

  /** @param {{server?: string, token?: () => string|undefined, fetch?: typeof globalThis.fetch}} [options] */
  constructor({ server = '', token = () => undefined, fetch: ask } = {}) {
    this.#server = server.replace(/\/$/, '')
    this.#token = token
    // Called as a plain function: a browser's fetch refuses any other `this`.
    this.#fetch = ask ?? ((/** @type {Parameters<typeof fetch>} */ ...args) => fetch(...args))
  }

  get sameOrigin() {
    return this.#server === ''
  }

  /** @param {string} path at the root of the host */
  url(path) {
    return new URL(path, this.#server || globalThis.location?.href).href
  }

  /**
   * @param {string} method
   * @param {string} path below /api/v1
   * @param {{body?: object, signal?: AbortSignal}} [options]
   * @returns {Promise<any>}
   */
  async call(method, path, { body, signal } = {}) {
    /** @type {Record<string, string>} */
    const headers = {}
    const token = this.#token()
    if (token) headers.Authorization = `Bearer ${token}`
    if (body !== undefined) headers['Content-Type'] = 'application/json'
    /** @type {RequestInit} */
    const init = { method, headers, signal, body: body && JSON.stringify(body), credentials: this.sameOrigin ? 'same-origin' : 'omit' }
    const response = await this.#fetch(`${this.#server}/api/v1${path}`, init).catch((e) => {
      if (signal?.aborted) throw e
      throw new ApiError({ code: 'offline', message: 'The server cannot be reached.', definite: false })
    })
    if (!response.ok) throw await problem(response)
    const text = await response.text()
    return text ? JSON.parse(text) : undefined
  }

  /** @param {string} path @param {Credentials} c @returns {Promise<Signed>} */
  #sign(path, c) {
    return this.call('POST', path, { body: this.sameOrigin ? { ...c, cookie: true } : c })
  }
  /** @param {Credentials} c */
  setup(c) { return this.#sign('/setup', c) }
  /** @param {Credentials} c */
  join(c) { return this.#sign('/join', c) }
  /** @param {Credentials} c */
  signIn(c) { return this.#sign('/sessions', c) }
  /** @param {AbortSignal} [signal] */
  signOut(signal) { return this.call('DELETE', '/sessions/current', { signal }) }
  /** @returns {Promise<{list: any[]}>} */
  sessions() { return this.call('GET', '/sessions') }
  /** @param {string} id */
  endSession(id) { return this.call('DELETE', `/sessions/${part(id)}`) }

  /** @param {AbortSignal} [signal] @returns {Promise<User & {files?: {bytes: number, limit?: number}}>} */
  me(signal) { return this.call('GET', '/me', { signal }) }
  /** @param {{name?: string, color?: string, avatar?: string}} change @returns {Promise<User>} */
  updateMe(change) { return this.call('PATCH', '/me', { body: change }) }
  /** @param {string} old @param {string} fresh */
  password(old, fresh) { return this.call('POST', '/me/password', { body: { old, new: fresh } }) }

  /** @param {{ids?: string[], q?: string, after?: string, limit?: number}} by @returns {Promise<{list: User[], next?: string}>} */
  users({ ids, ...by }) { return this.call('GET', `/users${query({ ...by, ids: ids?.join(',') })}`) }
  /** @param {string} user @param {{role?: string, disabled?: boolean}} change */
  updateUser(user, change) { return this.call('PATCH', `/users/${part(user)}`, { body: change }) }

  /** @param {{all?: number, after?: string, limit?: number}} [by] @returns {Promise<{list: WireRoom[], next?: string}>} */
  rooms(by = {}) { return this.call('GET', `/rooms${query(by)}`) }
  /** @param {{name?: string, kind: string, topic?: string, members?: string[]}} room @returns {Promise<WireRoom>} */
  createRoom(room) { return this.call('POST', '/rooms', { body: room }) }
  /** @param {string} room @returns {Promise<WireRoom>} */
  room(room) { return this.call('GET', `/rooms/${part(room)}`) }
  /** @param {string} room @param {{name?: string, topic?: string, archived?: boolean}} change @returns {Promise<WireRoom>} */
  updateRoom(room, change) { return this.call('PATCH', `/rooms/${part(room)}`, { body: change }) }
  /** @param {string} room @param {{after?: string, limit?: number}} [by] */
  members(room, by = {}) { return this.call('GET', `/rooms/${part(room)}/members${query(by)}`) }
  /** @param {string} room @param {string} user */
  addMember(room, user) { return this.call('PUT', `/rooms/${part(room)}/members/${part(user)}`) }
  /** @param {string} room @param {string} user */
  removeMember(room, user) { return this.call('DELETE', `/rooms/${part(room)}/members/${part(user)}`) }
  /** @param {string} room @param {{after?: number, before?: number, limit?: number}} by @returns {Promise<EventsPage>} */
  events(room, by) { return this.call('GET', `/rooms/${part(room)}/events${query(by)}`) }
  /** @param {string} room @param {number} root @param {{after?: number, limit?: number}} [by] @returns {Promise<{list: Item[]}>} */
  thread(room, root, by = {}) { return this.call('GET', `/rooms/${part(room)}/messages/${root}/thread${query(by)}`) }

  /** @param {{name: string, size: number, type: string, width?: number, height?: number, preview?: string}} file @param {AbortSignal} [signal] @returns {Promise<{file: string, part_size: number, parts: PartUrl[]}>} */
  createFile(file, signal) { return this.call('POST', '/files', { body: file, signal }) }
  /** @param {string} file @param {number[]} numbers @param {AbortSignal} [signal] @returns {Promise<{parts: PartUrl[]}>} */
  fileParts(file, numbers, signal) { return this.call('POST', `/files/${part(file)}/parts`, { body: { numbers }, signal }) }
  /** @param {string} file @param {AbortSignal} [signal] @returns {Promise<{file: string, state: 'open'|'ready', have?: {number: number, size: number}[], part_size?: number}>} */
  fileState(file, signal) { return this.call('GET', `/files/${part(file)}`, { signal }) }
  /** @param {string} file @param {AbortSignal} [signal] @returns {Promise<FileRef>} */
  completeFile(file, signal) { return this.call('POST', `/files/${part(file)}/complete`, { body: {}, signal }) }
  /** @param {string} file */
  deleteFile(file) { return this.call('DELETE', `/files/${part(file)}`) }
  /** @param {string} file @returns {Promise<{url: string, expires_at: number}>} */
  fileLink(file) { return this.call('GET', `/files/${part(file)}/link`) }

  /** @param {{uses?: number, expires_s?: number}} invite @returns {Promise<{id: string, url: string, uses: number, expires_at: number}>} */
  createInvite(invite) { return this.call('POST', '/invites', { body: invite }) }
  /** @returns {Promise<{list: any[]}>} */
  invites() { return this.call('GET', '/invites') }
  /** @param {string} id */
  deleteInvite(id) { return this.call('DELETE', `/invites/${part(id)}`) }
}

/**
 * A link for others. A server that was not told its public URL calls itself localhost, which nobody else
 * can open: the address under which this page itself was reached can be.
 * @param {string} url @param {{hostname: string, origin: string}} [here]
 */
export function shareable(url, here = globalThis.location) {
  const link = new URL(url)
  if (!here || link.hostname !== 'localhost' || isLoopback(here.hostname)) return url
  return here.origin + link.pathname + link.search + link.hash
}

/** @param {string} host */
function isLoopback(host) {
  return host === 'localhost' || host === '[::1]' || /^127\./.test(host)
}

/** What a link for people asks for: BASE/#join=T or BASE/#setup=T. @param {string} hash @returns {{kind: 'setup'|'join', token: string}|null} */
export function readLinkHash(hash) {
  const found = /^#(setup|join)=([A-Za-z0-9_.~-]+)$/.exec(hash)
  return found ? { kind: /** @type {'setup'|'join'} */ (found[1]), token: found[2] } : null
}
