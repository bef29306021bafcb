import { html, useState } from '../../lib.js'
import { useScope } from '../context.js'
import { Dialog } from '../dialog.js'
import { Face } from '../face.js'
import { Field } from '../field.js'
import { GreyRows } from '../grey-rows.js'
import { useList } from './use-list.js'

/** @typedef {import('../../protocol.js').User & {disabled?: boolean}} Person */

const ROLES = ['owner', 'admin', 'member', 'guest']

/** Everyone in this place, for admins: role, and whether they may sign in. @param {{onClose: () => void}} props */
export function People({ onClose }) {
  const { client, ui } = useScope()
  const [wanted, setWanted] = useState('')
  const me = client.store.me.value
  const { list, failed, reload } = useList(() => everyone(client, wanted.trim()), [wanted.trim()])

  /** @param {Person} person @param {{role?: string, disabled?: boolean}} change */
  async function change(person, change) {
    await ui.attempt(client.api.updateUser(person.user, change))
    reload()
  }

  const row = (/** @type {Person} */ person) => {
    const fixed = person.user === me?.user || (person.role === 'owner' && me?.role !== 'owner')
    const roles = ROLES.filter((role) => role !== 'owner' || me?.role === 'owner' || person.role === 'owner')
    return html`<div class="line-row" key=${person.user}>
      <${Face} user=${person} />
      <div class="grow"><div class="ellipsis"><bdi>${person.name}</bdi>${person.user === me?.user ? ' (you)' : ''}</div>
        <div class="faint ellipsis">@${person.handle}${person.bot ? ', bot' : ''}${person.disabled ? ', disabled' : ''}</div></div>
      <select class="input small" aria-label=${`Role of ${person.name}`} disabled=${fixed} value=${person.role}
        onChange=${(/** @type {any} */ event) => change(person, { role: event.currentTarget.value })}>
        ${roles.map((role) => html`<option value=${role} selected=${role === person.role}>${role}</option>`)}
      </select>
      <button type="button" class="button" disabled=${fixed} onClick=${() => change(person, { disabled: !person.disabled })}>
        ${person.disabled ? 'Enable' : 'Disable'}</button>
    </div>`
  }

  return html`<${Dialog} title="People" class="wide" onClose=${onClose}>
    <${Field} label="Name or handle" value=${wanted} onValue=${setWanted} autofocus autocomplete="off" />
    ${(failed || !list) && html`<${GreyRows} count=${3} failed=${failed} onRetry=${reload} />`}
    ${list?.length === 0 && html`<p class="secondary">Nobody by that name.</p>`}
    <div class="rows">${list?.map(row)}</div>
  <//>`
}

/** @param {import('../context.js').Client} client @param {string} q @returns {Promise<Person[]>} */
async function everyone(client, q) {
  /** @type {Person[]} */
  const all = []
  /** @type {string|undefined} */
  let after
  do {
    const page = await client.api.users({ q: q || undefined, after, limit: 200 })
    all.push(...page.list)
    after = page.next
  } while (after && all.length < 1000)
  return all
}
