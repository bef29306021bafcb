// Text to a small tree that views draw with text nodes. Only what is listed here comes out; all else stays text as typed.

import { Marked } from './lib.js'

/**
 * @typedef {{t: 'text', text: string} | {t: 'b'|'i'|'del', c: Inline[]} | {t: 'code', text: string}
 *   | {t: 'link', href: string, c: Inline[]} | {t: 'br'} | {t: 'mention', handle: string}} Inline
 */
/**
 * @typedef {{t: 'p', c: Inline[]} | {t: 'code', lang: string, text: string} | {t: 'quote', c: Block[]}
 *   | {t: 'list', ordered: boolean, start: number, items: Block[][]}} Block
 */

const LONGEST = 20_000
/** Above this many, text made of marks costs more than a line's worth of time, and shows nobody anything. */
const MARKS = 1000
const DEEPEST = 12
const HANDLE = /(^|[^\p{L}\p{N}_@/.-])@([a-z0-9][a-z0-9._-]{0,31})/gu

/** Not a chat's business: headings, tables, rules, raw HTML, link definitions. Undefined means "no match", so they stay text. */
const NO = () => undefined
const marked = new Marked({ gfm: true, breaks: true })
marked.use({
  tokenizer: /** @type {any} */ ({ heading: NO, lheading: NO, hr: NO, table: NO, def: NO, html: NO, tag: NO, code: NO, reflink: NO }),
})

/** @param {string} text @returns {Block[]} */
export function parse(text) {
  if (tooMuch(text)) return [{ t: 'p', c: plain(text) }]
  try {
    return blocks(marked.lexer(text), 0)
  } catch {
    return [{ t: 'p', c: plain(text) }]
  }
}

/** @param {string} text */
function tooMuch(text) {
  if (text.length > LONGEST) return true
  const outside = text.replace(/^```[^]*?^```/gm, '')
  return (outside.match(/[*_~[\]!(`<\\]/g)?.length ?? 0) > MARKS || deep(outside)
}

/** Quotes and lists within each other, more than anybody writes. @param {string} text */
function deep(text) {
  return text.split('\n').some((line) => {
    const head = /^[\s>*+-]*/.exec(line)?.[0] ?? ''
    return head.replace(/\s/g, '').length > DEEPEST && /[>*+-]\s*[>*+-]/.test(head)
  }) || /^ {40,}\S/m.test(text)
}

/** @param {any[]} tokens @param {number} depth @returns {Block[]} */
function blocks(tokens, depth) {
  if (depth > DEEPEST) return [{ t: 'p', c: plain(tokens.map((t) => t.raw).join('')) }]
  return tokens.flatMap((token) => {
    const make = Object.hasOwn(BLOCKS, token.type) ? BLOCKS[token.type] : rawBlock
    return make(token, depth)
  })
}

/** @type {Record<string, (token: any, depth: number) => Block[]>} */
const BLOCKS = {
  space: () => [],
  paragraph: (token) => [{ t: 'p', c: inlines(token.tokens, 0) }],
  text: (token) => [{ t: 'p', c: token.tokens ? inlines(token.tokens, 0) : words(token.text) }],
  code: (token) => [{ t: 'code', lang: /^[\w+#.-]{1,30}/.exec(token.lang ?? '')?.[0] ?? '', text: token.text }],
  blockquote: (token, depth) => [{ t: 'quote', c: blocks(token.tokens, depth + 1) }],
  list: (token, depth) => [{
    t: 'list',
    ordered: token.ordered,
    start: Number(token.start) || 1,
    items: token.items.map((/** @type {any} */ item) => listItem(item.tokens, depth + 1)),
  }],
}

/** A task's box stays the text that it was. @param {any[]} tokens @param {number} depth @returns {Block[]} */
function listItem(tokens, depth) {
  if (tokens[0]?.type !== 'checkbox') return blocks(tokens, depth)
  const [box, ...rest] = tokens
  const out = blocks(rest, depth)
  if (out[0]?.t !== 'p') return [...rawBlock(box), ...out]
  return [{ t: 'p', c: [...plain(box.raw), ...out[0].c] }, ...out.slice(1)]
}

/** @param {any} token @returns {Block[]} */
function rawBlock(token) {
  const text = token.raw.replace(/\n+$/, '')
  return text ? [{ t: 'p', c: plain(text) }] : []
}

/** @param {any[]} tokens @param {number} depth @returns {Inline[]} */
function inlines(tokens, depth) {
  if (depth > DEEPEST) return plain(tokens.map((t) => t.raw).join(''))
  return joined(tokens.flatMap((token) => {
    const make = Object.hasOwn(INLINES, token.type) ? INLINES[token.type] : rawInline
    return make(token, depth)
  }))
}

/** @param {any} token @returns {Inline[]} */
function rawInline(token) {
  return plain(token.raw)
}

/** @type {Record<string, (token: any, depth: number) => Inline[]>} */
const INLINES = {
  // `text` is `raw` with the numbers of characters (&#60;) turned into them: what was typed is shown.
  text: (token, depth) => (token.tokens ? inlines(token.tokens, depth + 1) : plain(token.raw)),
  escape: (token) => [{ t: 'text', text: token.text }],
  br: () => [{ t: 'br' }],
  strong: (token, depth) => [{ t: 'b', c: inlines(token.tokens, depth + 1) }],
  em: (token, depth) => [{ t: 'i', c: inlines(token.tokens, depth + 1) }],
  del: (token, depth) => [{ t: 'del', c: inlines(token.tokens, depth + 1) }],
  codespan: (token) => [{ t: 'code', text: token.text }],
  link: (token) => link(token),
  image: (token) => link(token),
}

/** A link shows what was typed, never a link or a mention within it. @param {any} token @returns {Inline[]} */
function link(token) {
  const href = safeHref(token.href)
  return href && !pretends(token.text, href) ? [{ t: 'link', href, c: [{ t: 'text', text: token.text || token.href }] }] : plain(token.raw)
}

/** Whether the words of a link name another place than it leads to. @param {string} text @param {string} href */
function pretends(text, href) {
  const named = /^\s*(?:https?:\/\/|(?=www\.))((?:[\p{L}\p{N}-]+\.)+[\p{L}\p{N}-]{2,})(?=[:/?#\s]|$)/iu.exec(text ?? '')?.[1]
  if (!named) return false
  const place = (/** @type {string} */ host) => host.toLowerCase().replace(/^www\./, '')
  const host = safeHref(`http://${named}/`)
  return host === null || place(new URL(host).hostname) !== place(new URL(href).hostname)
}

/** Text with its line breaks. @param {string} text @returns {Inline[]} */
function plain(text) {
  return text.split('\n').flatMap((line, i) => {
    /** @type {Inline[]} */
    const out = i ? [{ t: 'br' }] : []
    if (line) out.push({ t: 'text', text: line })
    return out
  })
}

/** Neighbouring texts become one, so that a mention is found where marked had cut. @param {Inline[]} list @returns {Inline[]} */
function joined(list) {
  /** @type {Inline[]} */
  const out = []
  for (const one of list) {
    const last = out.at(-1)
    if (one.t === 'text' && last?.t === 'text') out[out.length - 1] = { t: 'text', text: last.text + one.text }
    else out.push(one)
  }
  return out.flatMap((one) => (one.t === 'text' ? words(one.text) : [one]))
}

/** Finds mentions. @param {string} text @returns {Inline[]} */
function words(text) {
  /** @type {Inline[]} */
  const out = []
  let at = 0
  for (const found of text.matchAll(HANDLE)) {
    const handle = found[2].replace(/[._-]+$/, '')
    const start = found.index + found[1].length
    if (start > at) out.push({ t: 'text', text: text.slice(at, start) })
    out.push({ t: 'mention', handle })
    at = start + 1 + handle.length
  }
  if (at < text.length) out.push({ t: 'text', text: text.slice(at) })
  return out
}

/** The address of a link that may be one: http or https, no sign-in hidden in it, no blanks. @param {string} url @returns {string|null} */
export function safeHref(url) {
  if (!/^https?:\/\/[^\s/\\]/i.test(url) || /[\s\p{Cc}\p{Cf}]/u.test(url)) return null
  const parsed = URL.canParse(url) ? new URL(url) : null
  return parsed && !parsed.username && !parsed.password && /^https?:$/.test(parsed.protocol) ? parsed.href : null
}

/** One line of text, for quotes and notices. @param {string} text */
export function plainText(text) {
  return parse(text).map(blockText).join(' ').replace(/\s+/g, ' ').trim()
}

/** @param {Block} block @returns {string} */
function blockText(block) {
  if (block.t === 'code') return block.text
  if (block.t === 'quote') return block.c.map(blockText).join(' ')
  if (block.t === 'list') return block.items.map((item) => item.map(blockText).join(' ')).join(' ')
  return block.c.map(inlineText).join('')
}

/** @param {Inline} one @returns {string} */
function inlineText(one) {
  if (one.t === 'br') return ' '
  if (one.t === 'mention') return `@${one.handle}`
  return 'c' in one ? one.c.map(inlineText).join('') : one.text
}

/** One to three emoji and nothing else. @param {string} text */
export function isEmojiOnly(text) {
  const one = String.raw`(?:\p{Regional_Indicator}{2}|[0-9#*]\uFE0F?\u20E3|\p{Emoji_Presentation}\p{Emoji_Modifier}?|\p{Extended_Pictographic}\uFE0F?\p{Emoji_Modifier}?)`
  return text.length < 100 && new RegExp(String.raw`^\s*(?:${one}(?:\u200D${one})*\s*){1,3}$`, 'u').test(text)
}
