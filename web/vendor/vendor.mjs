// Rewrites the vendored modules from the packages that package-lock.json pins.
//   npm ci && node vendor/vendor.mjs           writes
//   npm ci && node vendor/vendor.mjs --check   compares, byte for byte
import { readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
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
]

async function bundle({ file, packages, source }) {
  const result = await build({
    stdin: { contents: source, resolveDir: web, sourcefile: file },
    bundle: true,
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
    const path = join(here, name)
    if (!check) {
      await writeFile(path, text)
    } else if ((await readFile(path, 'utf8').catch(() => '')) !== text) {
      console.error(`vendor/${name} differs from what package-lock.json makes`)
      differ++
    }
  }
  process.exitCode = differ ? 1 : 0
}

await main(process.argv.includes('--check'))
