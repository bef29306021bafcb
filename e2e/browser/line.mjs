// A line between a browser and the server that a test rules: it can be cut, and
// the parts of uploads wait in it until they are let through.
import { once } from 'node:events'
import { createServer, request as ask } from 'node:http'
import { connect } from 'node:net'
import { atEnd } from './ending.mjs'

/** @param {import('node:test').TestContext} t @param {{port: number}} server */
export async function startLine(t, server) {
  const line = new Line(server.port)
  await line.start()
  atEnd(t, () => line.stop())
  return line
}

class Line {
  /** The numbers of the parts that the server has taken, in order. @type {number[]} */
  parts = []
  /** Parts that wait. @type {{number: number, go: () => void}[]} */
  waiting = []
  /** @type {Set<number>} */
  open = new Set()
  down = false
  /** @type {Set<import('node:net').Socket>} */
  sockets = new Set()

  /** @param {number} port of the server */
  constructor(port) {
    this.to = { host: '127.0.0.1', port }
    this.http = createServer((request, response) => this.pass(request, response))
    this.http.on('upgrade', (request, socket, head) => this.tunnel(request, socket, head))
    this.http.on('connection', (socket) => {
      if (this.down) return socket.destroy()
      this.sockets.add(socket)
      socket.on('error', () => {})
      socket.once('close', () => this.sockets.delete(socket))
    })
  }

  async start() {
    this.http.listen(0, '127.0.0.1')
    await once(this.http, 'listening')
    this.url = `http://127.0.0.1:${this.http.address().port}`
  }

  stop() {
    this.cut()
    return new Promise((resolve) => this.http.close(resolve))
  }

  /** Nothing gets through, and what is under way is torn, until `mend`. */
  cut() {
    this.down = true
    this.waiting = []
    for (const socket of this.sockets) socket.destroy()
  }

  mend() {
    this.down = false
  }

  /** As new: every part waits. */
  reset() {
    this.parts = []
    this.waiting = []
    this.open.clear()
  }

  /** Lets these parts through, those that wait and those to come. @param {number[]} numbers */
  let(...numbers) {
    for (const number of numbers) this.open.add(number)
    for (const one of this.waiting) if (this.open.has(one.number)) one.go()
    this.waiting = this.waiting.filter((one) => !this.open.has(one.number))
  }

  pass(request, response) {
    const part = request.method === 'PUT' && /\/api\/v1\/parts\/[^/]+\/(\d+)/.exec(request.url)
    const go = () => this.forward(request, response, part ? Number(part[1]) : 0)
    if (part && !this.open.has(Number(part[1]))) this.waiting.push({ number: Number(part[1]), go })
    else go()
  }

  forward(request, response, part) {
    const { method, url: path, rawHeaders: headers } = request
    const on = ask({ ...this.to, method, path, headers, setHost: false }, (answer) => {
      if (part && answer.statusCode < 300) this.parts.push(part)
      response.writeHead(answer.statusCode, answer.rawHeaders)
      answer.pipe(response)
    })
    on.on('error', () => response.destroy())
    response.on('close', () => on.destroy())
    request.pipe(on)
  }

  /** A WebSocket: the bytes both ways. */
  tunnel(request, socket, head) {
    const on = connect(this.to.port, this.to.host, () => {
      const { method, url, rawHeaders } = request
      const lines = rawHeaders.flatMap((one, i) => (i % 2 ? [] : [`${one}: ${rawHeaders[i + 1]}`]))
      on.write([`${method} ${url} HTTP/1.1`, ...lines, '', ''].join('\r\n'))
      on.write(head)
      socket.pipe(on).pipe(socket)
    })
    on.on('error', () => socket.destroy())
    socket.on('close', () => on.destroy())
    on.on('close', () => socket.destroy())
  }
}
