import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isEmojiOnly, parse, plainText, safeHref } from '../app/markdown.js'

const t = (/** @type {string} */ text) => ({ t: 'text', text })
/** @param {...any} c */
const p = (...c) => ({ t: 'p', c })

const CASES = [
  ['bold, italic, code', '**b** _i_ `c<d`', [p({ t: 'b', c: [t('b')] }, t(' '), { t: 'i', c: [t('i')] }, t(' '), { t: 'code', text: 'c<d' })]],
  ['line breaks as typed', 'a\nb', [p(t('a'), { t: 'br' }, t('b'))]],
  ['fenced code', '```js\nlet a<b\n```', [{ t: 'code', lang: 'js', text: 'let a<b' }]],
  ['quote', '> q', [{ t: 'quote', c: [p(t('q'))] }]],
  ['lists', '- x\n- y', [{ t: 'list', ordered: false, start: 1, items: [[p(t('x'))], [p(t('y'))]] }]],
  ['a list that starts elsewhere', '7. a', [{ t: 'list', ordered: true, start: 7, items: [[p(t('a'))]] }]],
  ['a task stays as typed', '- [x] done', [{ t: 'list', ordered: false, start: 1, items: [[p(t('[x] '), t('done'))]] }]],
  ['raw HTML is text', '<img src=x onerror=alert(1)></script>{{7*7}}', [p(t('<img src=x onerror=alert(1)></script>{{7*7}}'))]],
  ['entities stay as typed', '&lt;b&gt;', [p(t('&lt;b&gt;'))]],
  ['numbers of characters too', 'a &#60;b&#x3e; &amp;', [p(t('a &#60;b&#x3e; &amp;'))]],
  ['a link that names another place', '[https://good.test](https://evil.test)', [p(t('[https://good.test](https://evil.test)'))]],
  ['a link that names its place', '[www.good.test/x](https://good.test/y)', [p({ t: 'link', href: 'https://good.test/y', c: [t('www.good.test/x')] })]],
  ['a link to a file of that name', '[README.md](https://x.com/)', [p({ t: 'link', href: 'https://x.com/', c: [t('README.md')] })]],
  ['no headings', '# a', [p(t('# a'))]],
  ['no link definitions', '[r]: x', [p(t('[r]: x'))]],
  ['links', '[a](https://x.com/y)', [p({ t: 'link', href: 'https://x.com/y', c: [t('a')] })]],
  ['bare links', 'see http://x.com.', [p(t('see '), { t: 'link', href: 'http://x.com/', c: [t('http://x.com')] }, t('.'))]],
  ['an image is a link', '![alt](https://x.com/i.png)', [p({ t: 'link', href: 'https://x.com/i.png', c: [t('alt')] })]],
  ['mail addresses are text', 'a@b.co', [p(t('a@b.co'))]],
  ['mentions', 'hi @ana.b. and @all', [p(t('hi '), { t: 'mention', handle: 'ana.b' }, t('. and '), { t: 'mention', handle: 'all' })]],
  ['no mention within code or a word', '`@ana` x@ana', [p({ t: 'code', text: '@ana' }, t(' x@ana'))]],
]
for (const [name, text, want] of CASES) {
  test(/** @type {string} */ (name), () => assert.deepEqual(parse(/** @type {string} */ (text)), want))
}

test('links to anything but http and https stay text', () => {
  for (const bad of ['javascript:alert(1)', 'java\tscript:alert(1)', ' javascript:x', 'data:text/html,x', '//evil', 'https://user:pass@evil', 'http://user@evil', 'https:/\\evil', 'ftp://x', 'vbscript:x', 'https://a\u202eb', 'file:///etc']) {
    assert.equal(safeHref(bad), null, bad)
    const tree = JSON.stringify(parse(`[click](${bad}) <${bad}> ${bad}`))
    assert.ok(!tree.includes('"t":"link"') || !/"href":"(?!https?:)/.test(tree), tree)
  }
  assert.equal(JSON.stringify(parse('[a](javascript:alert(1))')).includes('link'), false)
  assert.equal(JSON.stringify(parse('https://user:pass@evil.com')).includes('"link"'), false)
})

test('what it costs grows with the length', () => {
  const many = {
    parens: '('.repeat(10_000), stars: '*'.repeat(10_000), openings: '*a '.repeat(5000), brackets: '[a'.repeat(8000),
    quotes: '>'.repeat(16_000), lists: Array.from({ length: 100 }, (_, i) => `${' '.repeat(i * 2)}- a`).join('\n'), mentions: '@a '.repeat(5000),
    ticks: '`a'.repeat(8000), spaces: `${' '.repeat(16_000)}x`, dots: `http://a${'.'.repeat(16_000)}`, lines: '- a\n'.repeat(4000), images: '![a](b'.repeat(3000),
  }
  for (const [name, text] of Object.entries(many)) {
    const start = process.cpuUsage()
    parse(text)
    const { user } = process.cpuUsage(start)
    // Quadratic work on these takes seconds; linear takes milliseconds.
    assert.ok(user < 1_000_000, `${name}: ${user / 1000} ms`)
  }
  assert.deepEqual(parse('*'.repeat(10_000)), [p(t('*'.repeat(10_000)))])
})

test('one line of text', () => {
  assert.equal(plainText('**a** @b\n- c\n\n```\nd\n```'), 'a @b c d')
})

test('emoji only', () => {
  for (const yes of ['👍', '👍🏽 ❤️', '👩‍👩‍👧‍👦', '🇩🇪🎉✅']) assert.equal(isEmojiOnly(yes), true, yes)
  for (const no of ['', 'a', '12', '👍 ok', '👍👍👍👍']) assert.equal(isEmojiOnly(no), false, no)
})
