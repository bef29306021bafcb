import { html, useState } from '../../lib.js'
import { day } from '../../format.js'
import { useScope } from '../context.js'
import { copyText } from '../copy.js'
import { Dialog } from '../dialog.js'
import { GreyRows } from '../grey-rows.js'
import { useList } from './use-list.js'

const DAY_S = 24 * 60 * 60
const LIVES = [[1, '1 day'], [7, '7 days'], [30, '30 days']]
const USES = [[1, '1 person'], [5, '5 people'], [25, '25 people'], [100, '100 people']]

/** Links that let people in; `made`: one that was made elsewhere, to be given away. @param {{made?: string, onClose: () => void}} props */
export function Invites({ made = '', onClose }) {
  const { client, ui } = useScope()
  const { list, failed, reload } = useList(() => client.api.invites().then((page) => page.list))
  const [uses, setUses] = useState(1)
  const [days, setDays] = useState(7)
  const [url, setUrl] = useState(made)

  async function make() {
    const invite = await ui.attempt(client.actions.invite({ uses, expires_s: days * DAY_S }))
    if (!invite) return
    setUrl(invite.url)
    reload()
  }
  async function copy() {
    ui.say(await copyText(url) ? 'Link copied' : 'Could not copy. Select the link and copy it by hand.')
  }
  /** @param {string} id */
  async function revoke(id) {
    await ui.attempt(client.api.deleteInvite(id))
    reload()
  }
  return html`<${Dialog} title="Invites" onClose=${onClose}>
    <div class="two invite-new">
      <${Pick} label="For" value=${uses} onPick=${setUses} options=${USES} />
      <${Pick} label="Good for" value=${days} onPick=${setDays} options=${LIVES} />
      <button type="button" class="button primary" onClick=${make}>Make a link</button></div>
    ${url && html`<div><div class="give">
      <input class="input" readonly aria-label="Invite link" value=${url} onFocus=${(/** @type {any} */ event) => event.currentTarget.select()} />
      <button type="button" class="button" onClick=${copy}>Copy</button></div><p class="faint">Copy it now: it is not shown again.</p></div>`}
    ${(failed || !list) && html`<${GreyRows} count=${2} failed=${failed} onRetry=${reload} />`}
    ${list?.length === 0 && html`<p class="secondary">No invite is open.</p>`}
    <div class="rows">${list?.map((invite) => html`<div class="line-row" key=${invite.id}>
      <div class="grow"><div class="ellipsis">${left(invite)}</div><div class="faint">until ${day(invite.expires_at)}</div></div>
      <button type="button" class="button danger" onClick=${() => revoke(invite.id)}>Revoke</button></div>`)}</div>
  <//>`
}

/** @param {{label: string, value: number, onPick: (n: number) => void, options: (number|string)[][]}} props */
function Pick({ label, value, onPick, options }) {
  return html`<div class="field"><label>${label}
    <select class="input" value=${value} onChange=${(/** @type {any} */ event) => onPick(Number(event.currentTarget.value))}>
      ${options.map(([n, words]) => html`<option value=${n} selected=${n === value}>${words}</option>`)}
    </select></label></div>`
}

/** @param {any} invite */
function left({ uses, used = 0 }) {
  const open = uses - used
  return open === 1 ? '1 person may still come' : `${open} people may still come`
}
