// Starts the real program for a test, kills it, starts it again. test.sh has
// built it and names it in MINICHAT_BINARY; without that it is built here.
import { spawn, execFile } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { atEnd } from './ending.mjs'

const root = fileURLToPath(new URL('../../', import.meta.url))
const run = promisify(execFile)

/** The program of this checkout: MINICHAT_BINARY, or built once. */
let building
function binary() {
  building ??= process.env.MINICHAT_BINARY ? Promise.resolve(process.env.MINICHAT_BINARY) : build()
  return building
}

async function build() {
  const folder = await mkdtemp(join(tmpdir(), 'minichat-e2e-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const to = join(folder, 'minichat')
  await run('go', ['build', '-o', to, './cmd/minichat'], { cwd: root, env: { ...process.env, CGO_ENABLED: '0' } })
  return to
}

/** Runs a command of the program to its end: `{stdout, stderr}`. @param {string[]} args */
export async function minichat(...args) {
  return run(await binary(), args, { env: cleanEnv() })
}

/** Settings of whoever runs the tests must not reach the program. */
function cleanEnv() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MINICHAT_')))
}

/**
 * A server on a folder of its own, stopped and removed when the test ends.
 * @param {import('node:test').TestContext} t
 * @param {{args?: string[], port?: number, env?: Record<string, string>}} [options] env: besides that of the tests
 */
export async function startServer(t, { args = [], port = 0, env = {} } = {}) {
  const data = await mkdtemp(join(tmpdir(), 'minichat-data-'))
  const server = new Server(data, args, port, env)
  atEnd(t, async () => {
    await server.kill()
    await rm(data, { recursive: true, force: true })
  })
  await server.start()
  await server.greeted()
  return server
}

class Server {
  /** @param {string} data @param {string[]} args @param {number} port @param {Record<string, string>} env */
  constructor(data, args, port, env) {
    Object.assign(this, { data, args, port, env, url: '', setupLink: '', said: '' })
  }

  /** Starts, or starts again on the same port; resolves when it has said where it is. */
  async start() {
    const child = spawn(await binary(), ['serve', '--listen', `127.0.0.1:${this.port}`, '--data', this.data, ...this.args], {
      stdio: ['ignore', 'pipe', 'pipe'], env: { ...cleanEnv(), ...this.env },
    })
    this.child = child
    this.exited = once(child, 'exit')
    this.url = ''
    await new Promise((resolve, reject) => {
      const hear = (line) => {
        this.said += line + '\n'
        this.setupLink = line.match(/(http\S+#setup=\S+)/)?.[1] ?? this.setupLink
        const at = line.match(/^MiniChat .* is at (http\S+)$/)?.[1]
        if (!at) return
        this.url = at
        this.port = Number(new URL(at).port)
        // The setup link is printed after the address; readiness is what is asked for here.
        this.ready().then(resolve, reject)
      }
      createInterface(child.stdout).on('line', hear)
      createInterface(child.stderr).on('line', hear)
      child.once('exit', (code) => reject(new Error(`the server ended with ${code}:\n${this.said}`)))
    })
  }

  async ready() {
    for (;;) {
      const answer = await fetch(`http://127.0.0.1:${this.port}/readyz`).catch(() => null)
      if (answer?.ok) return
      await new Promise((resolve) => setTimeout(resolve, 20))
      if (this.child.exitCode !== null) throw new Error(`the server ended:\n${this.said}`)
    }
  }

  /** A new server prints its setup link behind the address, perhaps when it is ready already. */
  async greeted() {
    while (!this.setupLink) {
      if (this.child.exitCode !== null) throw new Error(`the server ended:\n${this.said}`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  /** kill -9: no goodbye, nothing flushed. */
  async kill() {
    if (!this.child || this.child.exitCode !== null || this.child.signalCode !== null) return
    this.child.kill('SIGKILL')
    await this.exited
  }

  /** A command beside the running server. @param {string[]} args */
  command(...args) {
    return minichat(...args, '--data', this.data)
  }

  /** An invite's link to this server. */
  async invite() {
    const { stdout } = await this.command('invite', 'new')
    return `${this.url}/${new URL(stdout.trim()).hash}` // the command cannot know the port of a test
  }

  /**
   * A call of the HTTP API; throws on anything but 2xx.
   * @param {string} method @param {string} path @param {unknown} [body] @param {string} [token]
   */
  async api(method, path, body, token) {
    const answer = await fetch(`http://127.0.0.1:${this.port}/api/v1${path}`, {
      method,
      headers: { ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...(token ? { Authorization: `Bearer ${token}` } : {}) },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    return text ? JSON.parse(text) : null
  }

  /** The owner, made over the API: `{token, user}`. For tests that are not about arriving. */
  async owner(handle = 'ana', name = 'Ana', password = 'correct horse battery') {
    const token = new URL(this.setupLink).hash.replace('#setup=', '')
    const made = await this.api('POST', '/setup', { token, handle, name, password })
    return { ...made, handle, password }
  }
}
