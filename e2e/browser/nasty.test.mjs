import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually, newPerson, openBrowser, picture } from './people.mjs'
import { startServer } from './server.mjs'

const P = 'window.__pwned=1'
const LETTERS = [ // shown as they are
  `<img src=x onerror=${P}>`, `<img src=x onerror="${P}">`, `<script>${P}</script>`, `"><script>${P}</script>`, `</title><script>${P}</script>`,
  `<svg onload=${P}>`, `<svg/onload=${P}//`, `<svg><animate onbegin=${P} attributeName=x></svg>`, `<iframe src="javascript:${P}">`,
  `<iframe srcdoc="<script>parent.__pwned=1</script>">`, `<body onload=${P}>`, `<details open ontoggle=${P}>`, `<math><mtext><img src=x onerror=${P}></mtext></math>`,
  `<object data="javascript:${P}">`, `<base href="//evil.test/">`, `<meta http-equiv=refresh content="0;url=//evil.test/">`, `<link rel=stylesheet href=//evil.test/x.css>`,
  `<style>*{display:none}</style>`, `<form action="//evil.test"><button>x</button></form>`, `<a href="javascript:${P}">x</a>`, `<x onclick=${P}>`,
  `\${${P}}`, '{{7*7}}', `{{constructor.constructor('${P}')()}}`, '<%= 7*7 %>', '#{7*7}', `javascript:${P}`, `data:text/html,<script>${P}</script>`,
  `';${P};//`, '&lt;b&gt; &amp; &#60;script&#62;', 'constructor', '<!-- -->', ']]>', `<noscript><p title="</noscript><img src=x onerror=${P}>">`,
]
const LINKS = [ // what a link could hide
  `[a](javascript:${P})`, `[b](JaVaScRiPt:${P})`, `[c](java\tscript:${P})`, `[d](&#106;avascript:${P})`, `[e](javascript&colon;${P})`, `[f](data:text/html;base64,PHNjcmlwdD4=)`,
  `[g](vbscript:x)`, `[h](file:///etc/passwd)`, `[i](//evil.test/x)`, `[j]( javascript:${P})`, `![l](javascript:${P})`, `![m](http://evil.test/x.png)`,
  `<javascript:${P}>`, `[n][1]\n\n[1]: javascript:${P}`, `[o](https://ok.test "onmouseover=${P}")`, `[p](https://ok.test"onmouseover="${P})`, `https://ok.test/"onmouseover="${P}`,
  `https://ok.test/<script>${P}</script>`, `[https://good.test](https://evil.test)`, `[q](blob:x)`, `[r](ws://ok.test)`, `www.ok.test/'onload='${P}`,
]
const BIDI = '\u202Eevil\u202C \u2066x\u2069 \u200Fabc'

test('whatever is written anywhere: letters', async (t) => {
  const server = await startServer(t, { args: ['--limit', 'posts_per_second=0'] })
  const owner = await server.owner()
  const call = (method, path, body) => server.api(method, path, body, owner.token)
  const ana = await newPerson(t, await openBrowser(t))
  const { page } = ana
  await page.addInitScript(() => {
    window.violations = []
    document.addEventListener('securitypolicyviolation', (event) => window.violations.push(`${event.violatedDirective} ${event.blockedURI}`))
    for (const name of ['alert', 'confirm', 'prompt', 'open']) window[name] = () => { window.__pwned = name }
  })
  const away = []
  page.on('request', (request) => { if (!request.url().startsWith(server.url) && /^https?:/.test(request.url())) away.push(request.url()) })
  const { list: [general] } = await call('GET', '/rooms')

  await t.test('in messages', async () => {
    const all = [...LETTERS, ...LINKS, BIDI]
    for (const text of all) await call('POST', `/rooms/${general.room}/messages`, { text })
    await ana.signIn(server.url, owner.handle, owner.password)
    await ana.sent('evil').last().waitFor()
    const count = () => ana.timeline.evaluate((box) => {
      box.scrollTop = 0 // older ones come
      return box.querySelectorAll('article .text').length
    })
    await eventually(count, all.length, 'messages')
    const shown = await ana.timeline.locator('article .text').allInnerTexts()
    for (const text of LETTERS) assert.ok(shown.some((one) => one.trim() === text), `${text} is not shown as it is`)
    const links = await ana.timeline.locator('article a').evaluateAll((found) => found.map((a) => [a.protocol, a.rel, a.target, a.getAttributeNames().sort().join()]))
    assert.ok(links.length >= 4, 'the honest links are links')
    for (const link of links) {
      assert.match(link[0], /^https?:$/)
      assert.deepEqual(link.slice(1), ['noopener noreferrer', '_blank', 'href,rel,target'])
    }
    await clean(page, '.timeline')
  })

  await t.test('in names of rooms, topics, people and files', async () => {
    await call('PATCH', '/me', { name: `<img src=x onerror=${P}>` })
    const rooms = []
    for (const [i, text] of LETTERS.entries()) {
      const made = await call('POST', '/rooms', { kind: 'channel', name: `${text.slice(0, 55)} ${i}`, topic: `${text} ${i}` }).catch((error) => assert.match(error.message, /name_|bad_name|too_/))
      if (made) rooms.push(made)
    }
    assert.ok(rooms.length >= LETTERS.length - 5, `${rooms.length} rooms`)
    await page.reload()
    const rail = page.getByRole('navigation', { name: 'Rooms' })
    for (const room of rooms) await rail.getByRole('link', { name: room.name, exact: true }).waitFor()
    const last = rooms.find((room) => room.name.startsWith('<img'))
    await rail.getByRole('link', { name: last.name, exact: true }).click()
    await page.getByRole('heading', { level: 1, name: last.name }).waitFor()
    await eventually(() => page.title(), `#${last.name} · MiniChat`, 'the title')
    const names = LETTERS.slice(0, 10).map((text) => `${text}.png`)
    await ana.attach(names.map((name) => ({ name, mimeType: 'image/png', buffer: picture })))
    await eventually(() => page.getByRole('button', { name: /^Remove / }).count(), names.length, 'uploads')
    await ana.write('files')
    await eventually(() => ana.sent('files').getByRole('img').count() , names.length, 'pictures')
    await ana.act('files', 'Reply')
    await ana.composer.fill('')
    await ana.composer.pressSequentially('@')
    await page.getByRole('option').first().waitFor()
    await clean(page, 'body')
  })
  assert.deepEqual(away, [], 'nothing was asked for elsewhere')
})

/** Nothing ran, nothing was refused by the policy, no element was made of letters. @param {any} page @param {string} where */
async function clean(page, where) {
  assert.deepEqual(await page.evaluate(() => [window.__pwned, window.violations]), [undefined, []])
  const made = await page.locator(where).locator(':is(script, iframe, object, embed, base, meta, link, style, math, animate, form:not(.composer), [srcdoc], [onerror], [onload], [onclick])').evaluateAll((all) => all.map((one) => one.outerHTML))
  assert.deepEqual(made, [])
}
