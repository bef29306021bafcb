import { html, useEffect, useRef, useState } from '../lib.js'
import { day } from '../format.js'
import { useScope } from './context.js'
import { copyText } from './copy.js'
import { wordsOf } from './ui.js'

/** @typedef {{id: string, url: string}} Kept */
/** @typedef {{url: string, uses: number, expires_at: number}} Offer */

const WEEK_S = 7 * 24 * 60 * 60
const USES = 25
const KEPT = 'minichat.invite'

/**
 * An invite's link to copy: made once for this tab, so that looking again does not make another. One that was kept is
 * shown when the server says that it still lets people in.
 */
export function InviteLink() {
  const { client } = useScope()
  const [invite, setInvite] = useState(/** @type {Offer|null} */ (null))
  const [failed, setFailed] = useState('')
  const [copied, setCopied] = useState(false)
  const box = useRef(/** @type {HTMLInputElement|null} */ (null))

  async function offer() {
    setFailed('')
    try {
      setInvite(await keptInvite(client) ?? await newInvite(client))
    } catch (error) {
      setFailed(wordsOf(error))
    }
  }
  useEffect(() => { void offer() }, [])

  async function copy() {
    const done = await copyText(invite?.url ?? '')
    setCopied(done)
    if (!done) box.current?.select()
  }

  if (failed) return html`<p role="alert"><span class="wrong">${failed}</span> <button type="button" class="link-button" onClick=${offer}>Try again</button></p>`
  return html`<div class="give"><input class="input" readonly aria-label="Invite link" value=${invite?.url ?? ''} ref=${box}
      onFocus=${(/** @type {any} */ event) => event.currentTarget.select()} />
    <button type="button" class="button primary" disabled=${!invite} onClick=${copy}>${copied ? 'Copied' : 'Copy'}</button></div>
    <p class="faint" role="status">${invite ? words(invite) : '\u00a0'}</p>`
}

/** @param {Offer} invite */
function words({ uses, expires_at }) {
  return `Good for ${uses === 1 ? '1 person' : `${uses} people`}, until ${day(expires_at)}.`
}

/** @param {import('./context.js').Client} client @returns {Promise<Offer|undefined>} */
async function keptInvite(client) {
  const kept = recall()
  if (!kept) return undefined
  const { list } = await client.api.invites()
  const open = list.find((invite) => invite.id === kept.id)
  return open && { ...open, url: kept.url }
}

/** @param {import('./context.js').Client} client @returns {Promise<Offer>} */
async function newInvite(client) {
  const invite = await client.actions.invite({ uses: USES, expires_s: WEEK_S })
  remember({ id: invite.id, url: invite.url })
  return invite
}

/** @returns {Kept|null} */
function recall() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? 'null')
    return typeof kept?.id === 'string' && typeof kept.url === 'string' ? kept : null
  } catch {
    return null
  }
}

/** @param {Kept} invite */
function remember(invite) {
  try {
    sessionStorage.setItem(KEPT, JSON.stringify(invite))
  } catch { /* another look makes another invite */ }
}
