import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually, newPerson, openBrowser } from './people.mjs'
import { startServer } from './server.mjs'

const HOSTILE = [
  '<img src=x onerror="window.hit=1">', '</script><script>window.hit=1</script>', '<svg onload=window.hit=1>',
  '[x](javascript:window.hit=1)', '[x](java\tscript:window.hit=1)', '[x](data:text/html,<script>window.hit=1</script>)',
  '<javascript:window.hit=1>', '![x](x" onerror="window.hit=1)', '`<img src=x onerror=window.hit=1>`',
  '```html\n<script>window.hit=1</script>\n```', '{{constructor.constructor("window.hit=1")()}}', '"><iframe srcdoc="<script>parent.hit=1</script>">',
]

test('what others write is letters: nothing of it runs or becomes an element', async (t) => {
  const server = await startServer(t)
  const owner = await server.owner()
  const name = '<img src=x onerror=window.hit=1>'
  const room = await server.api('POST', '/rooms', { name, kind: 'channel', topic: '<script>window.hit=1</script>' }, owner.token)
  for (const text of HOSTILE) await server.api('POST', `/rooms/${room.room}/messages`, { text }, owner.token)

  const ana = await newPerson(t, await openBrowser(t))
  await ana.signIn(server.url, owner.handle, owner.password)
  await ana.page.getByRole('link', { name }).click()
  await ana.page.getByRole('heading', { name, level: 1 }).waitFor()
  await eventually(() => ana.timeline.locator('article').count(), HOSTILE.length, 'messages')
  assert.equal(await ana.timeline.locator('article :is(img, script, iframe, svg:not(.icon), [onerror], [onload])').count(), 0)
  const links = await ana.timeline.locator('article a').evaluateAll((all) => all.map((a) => a.protocol))
  assert.deepEqual(links.filter((protocol) => protocol !== 'http:' && protocol !== 'https:'), [])
  assert.equal(await ana.page.evaluate('window.hit'), undefined)
})

test('a page or drawing that was sent as a file never runs on the server\'s origin', async (t) => {
  const server = await startServer(t)
  const owner = await server.owner()
  const ana = await newPerson(t, await openBrowser(t))
  await ana.signIn(server.url, owner.handle, owner.password)
  const script = '<script>document.title="hit"</script>'
  const files = {
    'evil.html': ['text/html', `<!doctype html><title>x</title>${script}`],
    'evil.svg': ['image/svg+xml', `<svg xmlns="http://www.w3.org/2000/svg">${script}</svg>`],
    'evil.png': ['image/png', `<!doctype html><title>x</title>${script}`],
    'evil.pdf': ['application/pdf', `<!doctype html><title>x</title>${script}`],
  }
  await ana.attach(Object.entries(files).map(([name, [mimeType, text]]) => ({ name, mimeType, buffer: Buffer.from(text) })))
  await ana.write('have a look')
  await ana.sent('have a look').waitFor()
  for (const name of Object.keys(files)) {
    const href = await ana.sent('have a look').getByLabel(`Download ${name}`).getAttribute('href')
    const tab = await ana.context.newPage()
    const [download] = await Promise.all([tab.waitForEvent('download'), tab.goto(`${server.url}${href}`).catch(() => {})])
    assert.equal(download.suggestedFilename(), name, 'given as a download, not opened')
    assert.notEqual(await tab.title(), 'hit')
    await tab.close()
  }
})
