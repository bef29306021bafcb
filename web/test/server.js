// A small server of the wire for the tests: one process, real sockets, a log for each room. It answers as docs/protocol.md says.

import { once } from 'node:events'
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'
import { REQUESTS } from '../app/protocol.js'

const USER = { user: 'u1', handle: 'ana', name: 'Ana', color: 'teal', role: 'member' }

export class TestServer {
  /** @type {Map<string, any[]>} */
  logs = new Map([['r1', []]])
  /** Who is online, where it is not the one who asks. @type {Map<string, string[]>} */
  here = new Map()
  epoch = 'ep1'
  heartbeat = 25_000
  /** Every request, in order. @type {any[]} */
  requests = []
  /** Those that the real server would refuse. @type {any[]} */
  wrong = []
  /** Answers that a test gives instead of the usual ones. @type {Map<string, (frame: any, socket: any) => boolean|void>} */
  instead = new Map()
  /** @type {Set<any>} */
  sockets = new Set()

  static async start() {
    const server = new TestServer()
    await server.listen()
    return server
  }

  async listen(port = 0) {
    this.http = createServer((request, response) => this.answer(request, response))
    this.wss = new WebSocketServer({ server: this.http, handleProtocols: () => 'minichat.v1' })
    this.wss.on('connection', (socket) => this.join(socket))
    this.http.listen(port, '127.0.0.1')
    await once(this.http, 'listening')
    this.port = /** @type {any} */ (this.http.address()).port
  }

  get url() {
    return `http://127.0.0.1:${this.port}`
  }

  async close() {
    for (const socket of this.sockets) socket.terminate()
    this.wss?.close()
    this.http?.close()
    this.http?.closeAllConnections()
    await once(/** @type {any} */ (this.http), 'close')
  }

  /** @param {any} request @param {any} response */
  answer(request, response) {
    const url = new URL(request.url, this.url)
    const ids = url.searchParams.get('ids')?.split(',') ?? []
    const body = url.pathname === '/api/v1/me' ? USER : { list: ids.map((id) => ({ user: id, handle: id, name: `Name of ${id}`, color: 'teal', role: 'member' })) }
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify(body))
  }

  /** @param {any} socket */
  join(socket) {
    this.sockets.add(socket)
    socket.watching = new Set()
    socket.on('close', () => this.sockets.delete(socket))
    socket.on('message', (/** @type {any} */ data) => this.take(JSON.parse(String(data)), socket))
  }

  /** @param {any} frame @param {any} socket */
  take(frame, socket) {
    this.requests.push(frame)
    this.check(frame)
    const special = this.instead.get(frame.type)
    if (special && special(frame, socket) !== false) return
    const method = /** @type {any} */ (this)[`on_${frame.type}`]
    method?.call(this, frame, socket)
  }

  /** As strict as the real one: no field too many, none missing. @param {any} frame */
  check({ type, n, ...fields }) {
    const known = REQUESTS[type]
    const wrong = !known || !Number.isInteger(n) || Object.keys(fields).some((f) => !Object.hasOwn(known, f))
      || Object.entries(known).some(([f, must]) => must && fields[f] === undefined)
    if (wrong) this.wrong.push({ type, n, ...fields })
  }

  /** @param {any} socket @param {any} frame */
  send(socket, frame) {
    socket.send(JSON.stringify(frame))
  }

  /** @param {any} frame @param {any} socket */
  on_hello(frame, socket) {
    const rooms = [...this.logs].map(([room, log]) => ({ room, kind: 'channel', name: room, head: log.length, read: log.length }))
    this.send(socket, { type: 'welcome', n: frame.n, v: 1, conn: 'c', epoch: this.epoch, user: USER, rooms, limits: { text_bytes: 16384 }, heartbeat_ms: this.heartbeat, server: 'test' })
    for (const [room, after, id] of frame.cursors ?? []) this.resume(socket, room, after, id, frame.epoch)
  }

  /** @param {any} socket @param {string} room @param {number} after @param {string} id @param {string} epoch */
  resume(socket, room, after, id, epoch) {
    const log = this.logs.get(room) ?? []
    socket.watching.add(room)
    if (epoch !== this.epoch || after > log.length || log[after - 1]?.id !== id) {
      this.send(socket, { type: 'reset', room, why: epoch === this.epoch ? 'cursor' : 'epoch', head: log.length })
    } else if (log.length > after) {
      this.send(socket, this.page(room, after, log.length))
    }
    this.send(socket, { type: 'synced', room, head: log.length })
  }

  /** The page of after+1…to, in present form. @param {string} room @param {number} after @param {number} to */
  page(room, after, to) {
    const log = this.logs.get(room) ?? []
    return { type: 'events', room, from: after + 1, to, head: log.length, list: log.slice(after, to).map((e) => this.present(e, log)) }
  }

  /** @param {any} event @param {any[]} log */
  present(event, log) {
    if (event.kind !== 'message') return { ...event, body: { target: event.body.target } }
    const edits = log.filter((e) => e.kind === 'edit' && e.body.target === event.seq)
    const last = edits.at(-1)
    return { ...event, body: { ...event.body, ...(last && { text: last.body.text, rev: last.body.rev, edited_at: last.at }), upto: log.length } }
  }

  /** @param {any} frame @param {any} socket */
  on_watch(frame, socket) {
    const log = this.logs.get(frame.room) ?? []
    socket.watching.add(frame.room)
    const online = this.here.get(frame.room) ?? ['u1']
    this.send(socket, { type: 'ok', n: frame.n, head: log.length, online, online_count: online.length })
    if (frame.after !== undefined && frame.after < log.length) this.send(socket, this.page(frame.room, frame.after, log.length))
    this.send(socket, { type: 'synced', room: frame.room, head: log.length })
  }

  /** @param {any} frame @param {any} socket */
  on_pull(frame, socket) {
    const log = this.logs.get(frame.room) ?? []
    const limit = frame.limit ?? 50
    const after = frame.after ?? Math.max(0, frame.before - 1 - limit)
    const to = Math.min(log.length, frame.after === undefined ? frame.before - 1 : after + limit)
    this.send(socket, { ...this.page(frame.room, after, to), n: frame.n })
  }

  /** @param {any} frame @param {any} socket */
  on_post(frame, socket) {
    const log = /** @type {any[]} */ (this.logs.get(frame.room))
    const had = log.find((e) => e.key === frame.key)
    const { room, key, type: _, n, ...body } = frame
    const event = had ?? this.add(room, { kind: 'message', by: 'u1', key, body: { ...body, rev: 1 } }, true)
    this.send(socket, { type: 'ok', n, seq: event.seq, id: event.id, at: event.at, ...(had && { dup: true }) })
    if (!had) this.tell(room, event)
  }

  /** @param {any} frame @param {any} socket */
  on_ping(frame, socket) {
    this.send(socket, { type: 'pong', n: frame.n, heads: [...socket.watching].map((r) => [r, this.logs.get(r)?.length]) })
  }

  /** @param {any} frame @param {any} socket */
  on_read(frame, socket) {
    this.send(socket, { type: 'ok', n: frame.n })
  }

  /** Adds an event to a log and, unless quiet, tells those who watch. @param {string} room @param {any} event @param {boolean} [quiet] */
  add(room, event, quiet = false) {
    const log = /** @type {any[]} */ (this.logs.get(room))
    const seq = log.length + 1
    const whole = { seq, id: `e${this.epoch}${seq}`, at: 1000 * seq, by: 'u2', ...event }
    log.push(whole)
    if (!quiet) this.tell(room, whole)
    return whole
  }

  /** @param {string} room @param {string} text @param {boolean} [quiet] */
  say(room, text, quiet) {
    return this.add(room, { kind: 'message', body: { text, rev: 1 } }, quiet)
  }

  /** @param {string} room @param {any} event */
  tell(room, event) {
    for (const socket of this.sockets) if (socket.watching.has(room)) this.send(socket, { type: 'event', room, ...event })
  }
}

/** Waits until a condition holds; the test's own timeout is the limit. @param {() => unknown} holds */
export async function until(holds) {
  while (!(await holds())) await new Promise((r) => setTimeout(r, 5))
}
