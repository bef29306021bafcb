import { html, useEffect, useRef, useState } from '../lib.js'
import { useScope } from './context.js'
import { copyText } from './copy.js'
import { wordsOf } from './ui.js'

const WEEK_S = 7 * 24 * 60 * 60
const USES = 25
const KEPT = 'minichat.invite'

/** An invite's link to copy: made once for this tab, so that looking again does not make another. */
export function InviteLink() {
  const { client } = useScope()
  const [url, setUrl] = useState(recall)
  const [failed, setFailed] = useState('')
  const [copied, setCopied] = useState(false)
  const box = useRef(/** @type {HTMLInputElement|null} */ (null))

  async function make() {
    setFailed('')
    try {
      const invite = await client.actions.invite({ uses: USES, expires_s: WEEK_S })
      remember(invite.url)
      setUrl(invite.url)
    } catch (error) {
      setFailed(wordsOf(error))
    }
  }
  useEffect(() => { if (!url) void make() }, [])

  async function copy() {
    const done = await copyText(url)
    setCopied(done)
    if (!done) box.current?.select()
  }

  if (failed) return html`<p role="alert"><span class="wrong">${failed}</span> <button type="button" class="link-button" onClick=${make}>Try again</button></p>`
  return html`<div class="give"><input class="input" readonly aria-label="Invite link" value=${url} ref=${box}
      onFocus=${(/** @type {any} */ event) => event.currentTarget.select()} />
    <button type="button" class="button primary" disabled=${!url} onClick=${copy}>${copied ? 'Copied' : 'Copy'}</button></div>
    <p class="faint" role="status">Good for ${USES} people, for a week.</p>`
}

function recall() {
  try {
    return sessionStorage.getItem(KEPT) ?? ''
  } catch {
    return ''
  }
}

/** @param {string} url */
function remember(url) {
  try {
    sessionStorage.setItem(KEPT, url)
  } catch { /* another look makes another invite */ }
}
