import { html, useEffect, useRef, useState } from '../lib.js'
import { useScope } from './context.js'
import { Icon } from './icons.js'

/** @typedef {import('../protocol.js').FileRef} FileRef */
/** @typedef {'gone'|'unavailable'|'offline'|'unknown'} Trouble */

/** @type {Record<Trouble, string>} */
export const WORDS = {
  gone: 'This file is not here any more.',
  unavailable: 'The storage does not answer.',
  offline: 'No connection.',
  unknown: 'Could not load.',
}

/**
 * Where a file can be shown from, and what is wrong when it does not come. A link to another origin, or into a bucket,
 * lives a minute: after an error a fresh one is asked for, once. With a new connection what had failed is tried again.
 * @param {FileRef} file
 */
export function useFileUrl(file) {
  const { client } = useScope()
  const [url, setUrl] = useState(client.actions.fileHref(file))
  const [tries, setTries] = useState(0)
  const [trouble, setTrouble] = useState(/** @type {Trouble|null} */ (null))
  const once = useRef(false)
  const open = client.store.link.value.state === 'open'

  useEffect(() => {
    if (url && tries === 0) return
    let stale = false
    client.actions.fileUrl(file).then(
      // The same address again would be the same failure: the part behind # makes it another for the browser.
      (fresh) => { if (!stale) setUrl(tries ? `${fresh}#${tries}` : fresh) },
      () => { if (!stale) look() },
    )
    return () => { stale = true }
  }, [file.file, tries])
  useEffect(() => { if (open && (trouble === 'offline' || trouble === 'unavailable')) again() }, [open])

  function look() {
    client.actions.fileTrouble(file).then(setTrouble)
  }
  function onError() {
    if (once.current) return look()
    once.current = true
    setTries((n) => n + 1)
  }
  function onLoad() {
    once.current = false
    setTrouble(null)
  }
  function again() {
    setTrouble(null)
    setTries((n) => n + 1)
  }
  return { url, trouble, words: trouble ? WORDS[trouble] : '', onError, onLoad, again }
}

/** What is wrong, and a way to try again where there is one. @param {{trouble: Trouble, words: string, again: () => void, name: string}} props */
export function FileTrouble({ trouble, words, again, name }) {
  return html`<span class="missing" role="status"><${Icon} name=${trouble === 'gone' ? 'file' : 'warn'} /><span>${words}</span>
    ${trouble !== 'gone' && html`<button type="button" class="button" aria-label=${`Retry ${name}`} onClick=${again}>Retry</button>`}</span>`
}

/** A press on this downloads a file of another origin. @param {FileRef} file */
export function useDownload(file) {
  const { client, ui } = useScope()
  return async () => {
    const url = await ui.attempt(client.actions.fileUrl(file))
    if (!url) return
    const link = document.createElement('a')
    link.href = url
    link.download = file.name
    link.rel = 'noopener'
    link.click()
  }
}

/** Opens a file of another origin in a window of its own; that one must be there before the address is. @param {FileRef} file */
export function useOpen(file) {
  const { client, ui } = useScope()
  return async () => {
    const view = window.open('', '_blank')
    const url = await ui.attempt(client.actions.fileUrl(file))
    if (!view) return
    view.opener = null
    if (url) view.location.replace(url)
    else view.close()
  }
}

/** A link where the file is of this origin, else a button: both do the same. @param {{file: FileRef, act: 'download'|'open', class?: string, label?: string, children?: any}} props */
export function FileAction({ file, act, class: extra = 'icon-button', label, children }) {
  const { client } = useScope()
  const href = client.actions.fileHref(file)
  const download = useDownload(file)
  const open = useOpen(file)
  const name = label ?? `${act === 'download' ? 'Download' : 'Open'} ${file.name}`
  const title = act === 'download' ? 'Download' : 'Open in a new tab'
  if (!href) return html`<button type="button" class=${extra} aria-label=${name} title=${title} onClick=${act === 'download' ? download : open}>${children}</button>`
  return act === 'download' ? html`<a class=${extra} href=${href} download=${file.name} aria-label=${name} title=${title}>${children}</a>`
    : html`<a class=${extra} href=${href} target="_blank" rel="noopener" aria-label=${name} title=${title}>${children}</a>`
}
