// A real server that speaks S3 (versitygw) with one bucket, and a line to it that a test rules. The Go tests have the
// same server in tools/testbucket.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { createHash, createHmac } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { atEnd } from './ending.mjs'

const KEYS = { access: 'owner', secret: 'the owner of the bucket' }
const REGION = 'us-east-1'
const tools = fileURLToPath(new URL('../../tools/versitygw', import.meta.url))

/** What the server needs to find the keys, and nothing else of this machine. */
export const BUCKET_ENV = {
  AWS_ACCESS_KEY_ID: KEYS.access, AWS_SECRET_ACCESS_KEY: KEYS.secret, AWS_SESSION_TOKEN: '', AWS_PROFILE: '',
  AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null', AWS_EC2_METADATA_DISABLED: 'true',
}

/**
 * An empty bucket that pages of these origins may use, at the end of a line.
 * @param {import('node:test').TestContext} t @param {...string} origins
 */
export async function startBucket(t, ...origins) {
  const { stdout } = await promisify(execFile)('go', ['tool', '-n', 'versitygw'], { cwd: tools, env: { ...process.env, CGO_ENABLED: '0' } })
  const folder = await mkdtemp(join(tmpdir(), 'minichat-bucket-'))
  for (const name of ['disk', 'meta', 'iam']) await mkdir(join(folder, name))
  const bucket = new Bucket(stdout.trim(), folder, await freePort())
  atEnd(t, async () => {
    await bucket.stop()
    await rm(folder, { recursive: true, force: true })
  })
  await bucket.start()
  await bucket.ask('PUT', '')
  await bucket.ask('PUT', 'cors=', `<CORSConfiguration>
    <CORSRule>${origins.map((one) => `<AllowedOrigin>${one}</AllowedOrigin>`).join('')}<AllowedMethod>PUT</AllowedMethod><AllowedHeader>*</AllowedHeader><ExposeHeader>ETag</ExposeHeader></CORSRule>
    <CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod><AllowedMethod>HEAD</AllowedMethod><AllowedHeader>range</AllowedHeader></CORSRule>
  </CORSConfiguration>`)
  bucket.line = await startTunnel(t, bucket.port)
  return bucket
}

class Bucket {
  /** @param {string} program @param {string} folder @param {number} port */
  constructor(program, folder, port) {
    Object.assign(this, { program, folder, port, said: '' })
  }

  /** What --files says to use it. */
  get address() {
    return `s3://bucket/chat?region=${REGION}&endpoint=${this.line.url}&path_style=true`
  }

  /** Starts, or starts again with what it held. */
  async start() {
    const in_ = (name) => join(this.folder, name)
    this.child = spawn(this.program, ['--access', KEYS.access, '--secret', KEYS.secret, '--region', REGION, '--port', `127.0.0.1:${this.port}`, '--quiet',
      '--iam-dir', in_('iam'), 'posix', '--sidecar', in_('meta'), in_('disk')], { env: { HOME: this.folder }, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.child.stdout, this.child.stderr]) stream.on('data', (data) => { this.said += data })
    this.exited = once(this.child, 'exit')
    while (!(await fetch(`http://127.0.0.1:${this.port}/`).then(() => true, () => false))) {
      assert.equal(this.child.exitCode, null, this.said)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  async stop() {
    if (!this.child || this.child.exitCode !== null || this.child.signalCode !== null) return
    this.child.kill('SIGKILL')
    await this.exited
  }

  /** A call with all rights, signed as AWS asks (Signature Version 4). @param {string} method @param {string} query @param {string} [body] */
  async ask(method, query, body = '') {
    const host = `127.0.0.1:${this.port}`
    const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '')
    const sum = sha256(body)
    const scope = `${time.slice(0, 8)}/${REGION}/s3/aws4_request`
    const names = 'host;x-amz-content-sha256;x-amz-date'
    const request = [method, '/bucket', query, `host:${host}`, `x-amz-content-sha256:${sum}`, `x-amz-date:${time}`, '', names, sum].join('\n')
    const key = [time.slice(0, 8), REGION, 's3', 'aws4_request'].reduce((k, part) => hmac(k, part), `AWS4${KEYS.secret}`)
    const signature = hmac(key, ['AWS4-HMAC-SHA256', time, scope, sha256(request)].join('\n')).toString('hex')
    const answer = await fetch(`http://${host}/bucket${query && `?${query}`}`, {
      method, body: body || undefined,
      headers: { 'Content-MD5': createHash('md5').update(body).digest('base64'), 'x-amz-content-sha256': sum, 'x-amz-date': time, Authorization: `AWS4-HMAC-SHA256 Credential=${KEYS.access}/${scope}, SignedHeaders=${names}, Signature=${signature}` },
    })
    assert.equal(answer.status, 200, await answer.text())
  }
}

const sha256 = (text) => createHash('sha256').update(text).digest('hex')
const hmac = (key, text) => createHmac('sha256', key).update(text).digest()

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** A line for any bytes to a port of this machine. @param {import('node:test').TestContext} t @param {number} port */
export async function startTunnel(t, port) {
  const tunnel = new Tunnel(port)
  tunnel.server.listen(0, '127.0.0.1')
  await once(tunnel.server, 'listening')
  tunnel.port = tunnel.server.address().port
  tunnel.url = `http://127.0.0.1:${tunnel.port}`
  atEnd(t, () => {
    tunnel.cut()
    return new Promise((resolve) => tunnel.server.close(resolve))
  })
  return tunnel
}

class Tunnel {
  /** Bytes that went in, and how many may. */
  sent = 0
  most = Infinity
  down = false
  sockets = new Set()

  /** @param {number} port */
  constructor(port) {
    this.server = createServer((socket) => this.pass(socket, port))
  }

  pass(socket, port) {
    if (this.down) return socket.destroy()
    const on = connect(port, '127.0.0.1')
    for (const [one, other] of [[socket, on], [on, socket]]) {
      this.sockets.add(one)
      one.on('error', () => {})
      one.once('close', () => { this.sockets.delete(one); other.destroy() })
    }
    on.pipe(socket)
    socket.on('data', (data) => {
      this.sent += data.length
      if (!on.write(data)) {
        socket.pause()
        on.once('drain', () => { if (this.sent < this.most) socket.resume() })
      }
      if (this.sent >= this.most) socket.pause()
    })
    if (this.sent >= this.most) socket.pause()
    socket.on('end', () => on.end())
  }

  /** What is sent stops when this many bytes more have gone in. @param {number} bytes */
  holdAfter(bytes) {
    this.most = this.sent + bytes
  }

  get held() {
    return this.sent >= this.most
  }

  release() {
    this.most = Infinity
    for (const socket of this.sockets) socket.resume()
  }

  /** Nothing gets through, and what is under way is torn, until `mend`. */
  cut() {
    this.down = true
    for (const socket of this.sockets) socket.destroy()
  }

  mend() {
    this.down = false
    this.release()
  }
}
