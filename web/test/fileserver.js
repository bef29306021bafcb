// A small server of files for the tests, and what sends parts to it.

import { once } from 'node:events'
import { createServer } from 'node:http'
import { ApiError } from '../app/api.js'

export const PART = 10

/** A server of files, as docs/protocol.md says. */
export class Files {
  /** @type {Map<string, {made: any, parts: Map<number, Buffer>, ready?: boolean}>} */
  files = new Map()
  /** @type {string[]} */
  calls = []
  /** What a PUT does instead. @type {((number: number) => number|'cut'|undefined)|null} */
  onPut = null
  life = 60_000

  async start() {
    this.http = createServer(async (request, response) => {
      const chunks = []
      for await (const c of request) chunks.push(c)
      const body = Buffer.concat(chunks)
      const path = /** @type {string} */ (request.url).replace('/api/v1', '')
      this.calls.push(`${request.method} ${path}`)
      const [status, answer] = this.answer(/** @type {string} */ (request.method), path, body) ?? [404, { code: 'not_found' }]
      if (status === 0) return void request.socket.destroy()
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(answer && JSON.stringify(answer))
    })
    this.http.listen(0, '127.0.0.1')
    await once(this.http, 'listening')
    this.url = `http://127.0.0.1:${/** @type {any} */ (this.http.address()).port}`
  }

  /** @param {string} method @param {string} path @param {Buffer} body @returns {[number, any?]|undefined} */
  answer(method, path, body) {
    const [, , id, verb, number] = path.split('/')
    const file = this.files.get(id)
    if (method === 'POST' && !id) return this.make(JSON.parse(String(body)))
    if (!file) return undefined
    if (method === 'PUT') return this.put(file, Number(number), body)
    if (verb === 'parts') return [200, { parts: JSON.parse(String(body)).numbers.map((/** @type {number} */ n) => this.part(id, n)) }]
    if (verb === 'complete') return this.complete(id, file)
    if (method === 'DELETE') return [this.files.delete(id) ? 204 : 404]
    return [200, { file: id, state: file.ready ? 'ready' : 'open', part_size: PART, have: [...file.parts].map(([n, b]) => ({ number: n, size: b.length })) }]
  }

  /** @param {any} made @returns {[number, any]} */
  make(made) {
    const id = `f${this.files.size + 1}`
    this.files.set(id, { made, parts: new Map() })
    const count = Math.min(2, Math.ceil(made.size / PART))
    return [201, { file: id, part_size: PART, parts: Array.from({ length: count }, (_, i) => this.part(id, i + 1)) }]
  }

  /** @param {string} id @param {number} n */
  part(id, n) {
    return { number: n, url: `/api/v1/files/${id}/part/${n}`, expires_at: Date.now() + this.life }
  }

  /** @param {any} file @param {number} number @param {Buffer} body @returns {[number, any?]} */
  put(file, number, body) {
    const done = this.onPut?.(number)
    if (done === 'cut') return [0]
    if (done) return [done, { code: 'x', detail: `refused with ${done}` }]
    file.parts.set(number, body)
    return [200]
  }

  /** @param {string} id @param {any} file @returns {[number, any]} */
  complete(id, file) {
    file.ready = true
    return [200, { file: id, ...file.made }]
  }

  /** @param {string} id */
  text(id) {
    const { parts } = /** @type {any} */ (this.files.get(id))
    return [...parts.keys()].sort((a, b) => a - b).map((n) => String(parts.get(n))).join('')
  }
}

/** What putPart does with an XMLHttpRequest. @type {typeof import('../app/transfer.js').putPart} */
export async function put(url, piece, signal, onProgress) {
  const response = await fetch(url, { method: 'PUT', body: piece, signal }).catch(() => {
    throw new ApiError({ code: 'offline', message: 'cut off', definite: false })
  })
  if (!response.ok) throw new ApiError({ code: 'x', message: `refused with ${response.status}`, status: response.status })
  onProgress(piece.size)
}
