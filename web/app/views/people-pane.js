import { html, useEffect, useState } from '../lib.js'
import { canManage } from '../state.js'
import { useScope } from './context.js'
import { GreyRows } from './grey-rows.js'
import { Icon } from './icons.js'
import { Pane } from './pane.js'
import { PersonRow } from './person-row.js'
import { wordsOf } from './ui.js'

/** @typedef {import('../protocol.js').User} User */

/** Who is in the room. @param {{room: import('../protocol.js').Room}} props */
export function PeoplePane({ room }) {
  const { client, ui } = useScope()
  const [list, setList] = useState(/** @type {User[]|null} */ (null))
  const [failed, setFailed] = useState('')
  const me = client.store.me.value
  const presence = client.store.presence.value
  const manage = Boolean(me && room.kind !== 'direct' && canManage(me, room))

  function load() {
    setFailed('')
    client.actions.members(room.room).then((page) => setList(page.list), (error) => setFailed(wordsOf(error)))
  }
  useEffect(load, [room.room, room.members])

  const people = (list ?? []).map((user) => client.store.users.value.get(user.user) ?? user)
    .sort((a, b) => a.name.localeCompare(b.name))
  const here = people.filter((user) => presence.has(user.user))
  const others = people.filter((user) => !presence.has(user.user))
  const row = (/** @type {User} */ user) => {
    const removable = manage && user.user !== me?.user
    return html`<${PersonRow} key=${user.user} user=${user} onRemove=${removable ? () => remove(user) : undefined} />`
  }
  const add = () => { ui.dialog.value = { name: 'pickPeople', props: { purpose: 'add', room } } }

  /** @param {User} user */
  function remove(user) {
    ui.dialog.value = { name: 'confirm', props: {
      title: `Remove ${user.name}`, words: `${user.name} no longer sees this room. What was written stays.`, button: 'Remove', danger: true,
      run: async () => { await client.actions.removeMember(room.room, user.user); load() },
    } }
  }

  return html`<${Pane} title="People"><div class="scroll">
    ${room.kind !== 'direct' && !room.archived && me?.role !== 'guest' && html`<section>
      <button type="button" class="button" onClick=${add}><${Icon} name="invite" />Add people</button></section>`}
    ${failed && html`<${GreyRows} count=${0} failed=${failed} onRetry=${load} />`}
    ${!list && !failed && html`<${GreyRows} count=${3} />`}
    ${here.length > 0 && html`<section><div class="part-head"><h3>Here, ${here.length}</h3></div>${here.map(row)}</section>`}
    ${others.length > 0 && html`<section><div class="part-head"><h3>Not here, ${others.length}</h3></div>${others.map(row)}</section>`}
  </div><//>`
}
