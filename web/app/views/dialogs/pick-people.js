import { html, useEffect, useState } from '../../lib.js'
import { roomTitle } from '../../format.js'
import { useScope } from '../context.js'
import { Dialog } from '../dialog.js'
import { Face } from '../face.js'
import { Field } from '../field.js'
import { GreyRows } from '../grey-rows.js'
import { IconButton } from '../icon-button.js'
import { wordsOf } from '../ui.js'
import { useList } from './use-list.js'

/** @typedef {import('../../protocol.js').User} User */

const LOOK_MS = 150

/**
 * Choose people: for a direct conversation, or to add to a room.
 * @param {{purpose: 'direct'|'add', room?: import('../../protocol.js').Room, onClose: () => void}} props
 */
export function PickPeople({ purpose, room, onClose }) {
  const { client, ui } = useScope()
  const [wanted, setWanted] = useState('')
  const [chosen, setChosen] = useState(/** @type {User[]} */ ([]))
  const [busy, setBusy] = useState(false)
  const [wrong, setWrong] = useState('')
  const query = useLater(wanted.trim())
  const me = client.store.me.value?.user
  const { list, failed, reload } = useList(() => client.actions.people(query), [query])
  const there = useList(() => (room ? client.actions.members(room.room).then((page) => page.list) : Promise.resolve([])), [room?.room])
  const out = new Set([me, ...chosen.map((user) => user.user), ...(there.list ?? []).map((user) => user.user)])
  const found = (list ?? []).filter((user) => !out.has(user.user))

  /** @param {User} user */
  function choose(user) {
    setChosen([...chosen, user])
    setWanted('')
  }

  /** Enter takes the first of those found. @param {KeyboardEvent} event */
  function key(event) {
    if (event.key !== 'Enter' || !wanted.trim() || !found[0]) return
    event.preventDefault()
    choose(found[0])
  }

  async function go() {
    setBusy(true)
    try {
      if (purpose === 'direct') ui.open((await client.actions.direct(chosen.map((user) => user.user))).room)
      else for (const user of chosen) await client.actions.addMember(room?.room ?? '', user.user)
      onClose()
    } catch (error) {
      setWrong(wordsOf(error))
      setBusy(false)
    }
  }

  const title = purpose === 'direct' ? 'Start a direct conversation' : `Add people to ${room ? roomTitle(room, client.store) : 'this room'}`
  return html`<${Dialog} title=${title} onClose=${onClose}>
    ${chosen.length > 0 && html`<div class="chips">${chosen.map((user) => html`<span class="chip" key=${user.user}>
      <${Face} user=${user} size=${20} /><bdi>${user.name}</bdi>
      <${IconButton} icon="close" label=${`Not ${user.name}`} onClick=${() => setChosen(chosen.filter((one) => one !== user))} /></span>`)}</div>`}
    <${Field} label="Name or handle" value=${wanted} onValue=${setWanted} autofocus autocomplete="off"
      onKeyDown=${key} />
    <div class="pick">
      ${(failed || !list) && html`<${GreyRows} count=${2} failed=${failed} onRetry=${reload} />`}
      ${list && found.length === 0 && html`<p class="nothing">${wanted.trim() ? 'Nobody by that name.' : 'Nobody else is here yet.'}</p>`}
      ${found.map((user) => html`<button type="button" class="person-row" key=${user.user} onClick=${() => choose(user)}>
        <${Face} user=${user} size=${28} presence />
        <span class="grow"><span class="name ellipsis"><bdi>${user.name}</bdi></span><span class="faint ellipsis">@${user.handle}</span></span>
      </button>`)}
    </div>
    ${wrong && html`<p class="wrong" role="alert">${wrong}</p>`}
    <div class="buttons"><button type="button" class="button" onClick=${onClose}>Cancel</button>
      <button type="button" class="button primary" disabled=${busy || chosen.length === 0} onClick=${go}>${purpose === 'direct' ? 'Start' : 'Add'}</button></div>
  <//>`
}

/** The value once it has stood still for a moment. @param {string} value */
function useLater(value) {
  const [late, setLate] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setLate(value), LOOK_MS)
    return () => clearTimeout(timer)
  }, [value])
  return late
}
