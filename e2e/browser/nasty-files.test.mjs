import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newPerson, openBrowser } from './people.mjs'
import { startServer } from './server.mjs'

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
