// Rewrites the vendored modules from the packages that package-lock.json pins.
//   npm ci && node vendor/vendor.mjs           writes
//   npm ci && node vendor/vendor.mjs --check   compares, byte for byte
// What is large is kept compressed, as NAME.gz, and compared unpacked.
import { readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync, gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const here = dirname(fileURLToPath(import.meta.url))
const web = dirname(here)

/** Each bundle: one ES module, and the packages whose licences it carries. */
const BUNDLES = [
  {
    file: 'preact.js',
    packages: ['preact', '@preact/signals', '@preact/signals-core', 'htm'],
    source: `
      export * from 'preact'
      export * from 'preact/hooks'
      export * from '@preact/signals'
      export { default as htm } from 'htm'`,
  },
  { file: 'marked.js', packages: ['marked'], source: `export { Marked, Lexer, lexer } from 'marked'` },
  { file: 'idb.js', packages: ['idb'], source: `export { openDB, deleteDB } from 'idb'` },
  {
    file: 'pdf.js.gz',
    packages: ['pdfjs-dist'],
    // The worker's half puts itself where the other half looks for it.
    source: `
      import 'pdfjs-dist/legacy/build/pdf.worker.mjs'
      export { getDocument, PDFDataRangeTransport } from 'pdfjs-dist/legacy/build/pdf.mjs'`,
    plugins: [{ name: 'cut', setup: (build) => build.onLoad({ filter: /build\/pdf(\.worker)?\.mjs$/ }, cut) }],
  },
]

/**
 * What of pdf.js no picture of a page needs, a third of it; the rest refers to these, so their names stay. And one line to a page
 * that it would open by itself: our worker speaks to ours.
 */
const CUT = {
  'pdf.mjs': ['class AltText', 'class AnnotationEditor', 'class AnnotationEditorLayer', 'class AnnotationEditorUIManager', 'class AnnotationElement',
    'class AnnotationLayer', 'class CanvasDependencyTracker', 'class ColorPicker', 'class DOMFilterFactory', 'class DrawLayer', 'class DrawingEditor',
    'class FreeDrawOutliner', 'class FreeTextEditor', 'class HighlightEditor', 'class InkDrawOutline', 'class InkEditor', 'class PopupElement',
    'class RendererWorker', 'class SignatureEditor', 'class SignatureExtractor', 'class StampEditor', 'class TextLayer', 'class TouchManager',
    'class XfaLayer', 'globalThis.pdfjsLib =', 'globalThis._pdfjsTestingUtils ='],
  'pdf.worker.mjs': ['class PDFEditor', 'class PsWasmCompiler', 'static initializeFromPort(port)', 'let makeBrotliDecode = () =>'],
}

/** @type {[string|RegExp, string|((part: string) => string)][]} */
const EDITS = [
  // What a stream unpacks to at most: a few bytes can stand for very many.
  ['let size = this.minBufferLength;', 'if (requested > 64 * 1024 * 1024) throw new RangeError("the stream is too long"); $&'],
  // XFA: forms of a kind that is drawn by making HTML. Notes ask it for HTML, too.
  [/^;\/\/ \.\/src\/core\/xfa\/[^]*?(?=^;\/\/ )/gm, (part) => part.replace(/^(class \w+)[^\n]*\{\n[^]*?^\}/gm, '$1 {}')],
  ['XFAFactory.getRichTextAsHtml', 'void '],
]

/** @param {{path: string}} file */
async function cut({ path }) {
  const name = basename(path)
  let text = await readFile(path, 'utf8')
  /** @param {string|RegExp} from @param {any} to */
  const edit = (from, to) => {
    const edited = text.replaceAll(from, to)
    if (edited === text) throw new Error(`${name} has no ${from} any more`)
    text = edited
  }
  for (const what of CUT[name]) edit(new RegExp(`^( *)${what.replace(/[.()]/g, '\\$&')}( [^\\n]*)?\\{\\n[^]*?^\\1\\}`, 'gm'), `$1${what} {}`)
  if (name === 'pdf.worker.mjs') for (const [from, to] of EDITS) edit(from, to)
  return { contents: text, loader: 'js' }
}

async function bundle({ file, packages, source, plugins }) {
  const result = await build({
    stdin: { contents: source, resolveDir: web, sourcefile: file },
    bundle: true,
    plugins,
    format: 'esm',
    target: 'es2022',
    minify: true,
    legalComments: 'none',
    charset: 'utf8',
    write: false,
    logLevel: 'error',
  })
  const names = await Promise.all(packages.map(describe))
  return `/* ${names.join(', ')}; licences in LICENSES.txt; made by vendor.mjs */\n${result.outputFiles[0].text}`
}

async function manifest(name) {
  return JSON.parse(await readFile(join(web, 'node_modules', name, 'package.json'), 'utf8'))
}

async function describe(name) {
  return `${name} ${(await manifest(name)).version}`
}

async function versions() {
  const lines = []
  for (const { file, packages } of BUNDLES) {
    for (const name of packages) {
      const { version, license } = await manifest(name)
      lines.push(`${file}\t${name}\t${version}\t${license}`)
    }
  }
  const esbuild = createRequire(import.meta.url)('esbuild/package.json').version
  lines.push(`(bundler)\tesbuild\t${esbuild}\tMIT`)
  return lines.join('\n') + '\n'
}

async function licence(name) {
  for (const file of ['LICENSE', 'LICENSE.md', 'license', 'LICENSE.txt']) {
    try {
      return (await readFile(join(web, 'node_modules', name, file), 'utf8')).trim()
    } catch {
      // the next spelling
    }
  }
  throw new Error(`no licence text in ${name}`)
}

async function licences() {
  const parts = []
  for (const name of BUNDLES.flatMap((b) => b.packages)) {
    parts.push(`${'='.repeat(72)}\n${await describe(name)}\n${'='.repeat(72)}\n\n${await licence(name)}\n`)
  }
  return parts.join('\n')
}

async function main(check) {
  const files = new Map([['VERSIONS', await versions()], ['LICENSES.txt', await licences()]])
  for (const b of BUNDLES) files.set(b.file, await bundle(b))
  let differ = 0
  for (const [name, text] of files) {
    const packed = name.endsWith('.gz')
    const path = join(here, name)
    const kept = await readFile(path).then((bytes) => String(packed ? gunzipSync(bytes) : bytes), () => '')
    // The same text packed by another zlib is no change.
    if (kept === text) continue
    if (!check) {
      await writeFile(path, packed ? gzipSync(text, { level: 9 }) : text)
    } else {
      console.error(`vendor/${name} differs from what package-lock.json makes`)
      differ++
    }
  }
  process.exitCode = differ ? 1 : 0
}

await main(process.argv.includes('--check'))
