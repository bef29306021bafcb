import { html, useEffect, useRef, useState } from '../lib.js'
import { canDraw } from '../firstpage.js'
import { useScope } from './context.js'
import { FileCard } from './file-card.js'
import { FileAction, FileTrouble, WORDS } from './file-link.js'
import { Icon } from './icons.js'
import { useNear } from './near.js'

/** @typedef {import('../protocol.js').FileRef} FileRef */
/** @typedef {import('./file-link.js').Trouble} Trouble */

/** The box of .first-page, less what lies around the page in it. */
const WIDE = 334
const HIGH = 228

/** @type {Record<import('../firstpage.js').Undrawable, string>} */
const UNDRAWABLE = { password: 'Protected by a password.', undrawn: 'The first page cannot be shown here.' }

/** The top of the first page, drawn when it comes near the view; a press opens the whole in a window of its own. @param {{file: FileRef}} props */
export function PdfLook({ file }) {
  return canDraw ? html`<div class="pdf-look"><${FirstPage} file=${file} /><${FileCard} file=${file} /></div>` : html`<${FileCard} file=${file} />`
}

/** @param {{file: FileRef}} props */
function FirstPage({ file }) {
  const box = useRef(/** @type {HTMLElement|null} */ (null))
  const [asked, setAsked] = useState(!saveData())
  const { page, trouble, again } = useFirstPage(file, useNear(box) && asked)
  const name = `First page of ${file.name}`
  return html`<div class="first-page" ref=${box}>
    ${page && 'url' in page ? html`<${FileAction} file=${file} act="open" class="sheet" label=${name}><img src=${page.url} alt=${name} /><//>`
      : page ? html`<span class="missing"><${Icon} name=${page.trouble === 'password' ? 'lock' : 'pdf'} /><span>${UNDRAWABLE[page.trouble]}</span></span>`
      : trouble ? html`<${FileTrouble} trouble=${trouble} words=${WORDS[trouble]} again=${again} name=${file.name} />`
      : asked ? html`<${FileAction} file=${file} act="open" class="sheet" label=${name}><${Icon} name="pdf" /><//>`
      : html`<span class="missing"><${Icon} name="pdf" /><button type="button" class="button" aria-label=${`Show the first page of ${file.name}`} onClick=${() => setAsked(true)}>Show first page</button></span>`}
  </div>`
}

/** @param {FileRef} file @param {boolean} wanted */
function useFirstPage(file, wanted) {
  const { client } = useScope()
  const [page, setPage] = useState(client.firstPages.known(file))
  const [tries, setTries] = useState(0)
  const [trouble, setTrouble] = useState(/** @type {Trouble|null} */ (null))
  const open = client.store.link.value.state === 'open'

  useEffect(() => {
    if (!wanted || page) return
    const left = new AbortController()
    const scale = Math.min(2, devicePixelRatio)
    client.firstPages.draw(file, { width: Math.round(WIDE * scale), height: Math.round(HIGH * scale) }, left.signal).then(setPage, async () => {
      const found = left.signal.aborted ? null : await client.actions.fileTrouble(file)
      if (!left.signal.aborted) setTrouble(found)
    })
    return () => left.abort()
  }, [wanted, tries])
  useEffect(() => { if (open && (trouble === 'offline' || trouble === 'unavailable')) again() }, [open])

  function again() {
    setTrouble(null)
    setTries((n) => n + 1)
  }
  return { page, trouble, again }
}

/** Who pays by the byte asks for it. */
function saveData() {
  return Boolean(/** @type {any} */ (navigator).connection?.saveData)
}
