// A static web server as simple as a bucket: files of a folder, nothing else.
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { atEnd } from './ending.mjs'

const TYPES = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.json': 'application/json', '.svg': 'image/svg+xml',
}

/** @param {import('node:test').TestContext} t @param {string} folder @returns {Promise<string>} its origin */
export async function serveFolder(t, folder) {
  return serve(t, async (path) => readFile(join(folder, normalize(path.endsWith('/') ? `${path}index.html` : path))))
}

/** One page at every address. @param {import('node:test').TestContext} t @param {string} html */
export async function servePage(t, html) {
  return serve(t, async (path) => (path === '/favicon.ico' ? '' : html))
}

/** @param {import('node:test').TestContext} t @param {(path: string) => Promise<Buffer|string>} read */
async function serve(t, read) {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(String(request.url), 'http://x')
    try {
      const body = await read(pathname)
      response.writeHead(200, { 'Content-Type': TYPES[extname(pathname)] ?? TYPES['.html'] }).end(body)
    } catch {
      response.writeHead(404).end()
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  atEnd(t, () => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return `http://127.0.0.1:${server.address().port}`
}
