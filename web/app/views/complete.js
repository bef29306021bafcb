import { html, useId, useLayoutEffect, useRef, useState } from '../lib.js'
import { matchCommands } from '../commands.js'
import { insert } from './composer-keys.js'
import { useScope } from './context.js'
import { Face } from './face.js'
import { usePeople } from './use-people.js'

/** @typedef {{key: string, insert: string, label: string, more: string, user?: import('../protocol.js').User}} Choice */
/** @typedef {ReturnType<typeof useComplete>} List */

const MOST = 8

/**
 * The list under an @name or a /command that is being typed.
 * @param {{room: import('../protocol.js').Room, box: {current: HTMLTextAreaElement|null}, text: string, change: (text: string) => void}} at
 */
export function useComplete({ room, box, text, change }) {
  const { client } = useScope()
  const id = useId()
  const [word, setWord] = useState(/** @type {{start: number, text: string}|null} */ (null))
  const [index, setIndex] = useState(0)
  const dismissed = useRef(-1)
  const people = usePeople(room.room, word !== null)
  const choices = word ? choicesFor(word, people, room, client.store.log(room.room).peek()?.rows ?? []) : []
  const open = choices.length > 0 && text !== ''
  const at = Math.min(index, choices.length - 1)

  /** Sees what is being typed before the cursor. */
  function look() {
    const area = box.current
    if (!area || area.selectionStart !== area.selectionEnd) return setWord(null)
    const next = wordBefore(area.value, area.selectionStart)
    if (next?.text === word?.text && next?.start === word?.start) return
    if (next && next.start === dismissed.current) return
    dismissed.current = -1
    setWord(next)
    setIndex(0)
  }

  const close = () => setWord(null)

  /** Closed by hand: this word opens it no more. */
  function dismiss() {
    dismissed.current = word?.start ?? -1
    close()
  }

  /** @param {Choice} choice */
  function accept(choice) {
    const area = box.current
    if (!area || !word) return
    area.setSelectionRange(word.start, area.selectionStart)
    insert(area, choice.insert)
    change(area.value)
    close()
  }

  /** True when the list took the key. @param {KeyboardEvent} event */
  function key(event) {
    if (!open) return false
    // A name that stands there in full needs no choice: Enter sends.
    if (event.key === 'Enter' && choices[at].insert.trim() === word?.text) return false
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step) setIndex((at + step + choices.length) % choices.length)
    else if (event.key === 'Escape') dismiss()
    else if ((event.key === 'Enter' || event.key === 'Tab') && !event.shiftKey && !event.ctrlKey && !event.metaKey) accept(choices[at])
    else return false
    event.preventDefault()
    event.stopPropagation()
    return true
  }

  return { id, open, choices, at, active: open ? `${id}-${at}` : undefined, look, close, key, accept }
}

/** @param {{list: List}} props */
export function Complete({ list }) {
  useLayoutEffect(() => { if (list.active) document.getElementById(list.active)?.scrollIntoView({ block: 'nearest' }) }, [list.active])
  if (!list.open) return null
  return html`<ul class="complete" role="listbox" id=${list.id} aria-label="Suggestions">
    ${list.choices.map((choice, i) => html`<li key=${choice.key} id=${`${list.id}-${i}`} role="option" aria-selected=${i === list.at}
      onPointerDown=${(/** @type {Event} */ event) => { event.preventDefault(); list.accept(choice) }}>
      ${choice.user && html`<${Face} user=${choice.user} size=${24} />`}
      <span class="ellipsis"><bdi>${choice.label}</bdi></span><span class="faint ellipsis">${choice.more}</span>
    </li>`)}
  </ul>`
}

/** @param {string} text @param {number} cursor */
function wordBefore(text, cursor) {
  const before = text.slice(0, cursor)
  const call = /(^|[\s([{"'])(@[\p{L}\p{N}._-]{0,32})$/u.exec(before)
  if (call) return { start: cursor - call[2].length, text: call[2] }
  if (/^\/[\w-]*$/.test(before)) return { start: 0, text: before }
  return null
}

/**
 * @param {{text: string}} word
 * @param {import('../protocol.js').User[]} people
 * @param {import('../protocol.js').Room} room
 * @param {import('../protocol.js').Item[]} rows of the room
 * @returns {Choice[]}
 */
function choicesFor(word, people, room, rows) {
  if (word.text.startsWith('/')) {
    return matchCommands(word.text).slice(0, MOST).map((command) => ({
      key: command.name, insert: `/${command.name} `, label: command.usage, more: command.help,
    }))
  }
  const wanted = fold(word.text.slice(1))
  /** @type {Choice[]} */
  const found = inOrder(people.filter((user) => matches(user, wanted)), rows).map((user) => ({
    key: user.user, insert: `@${user.handle} `, label: user.name, more: `@${user.handle}`, user,
  }))
  const everyone = [
    { key: '@all', insert: '@all ', label: '@all', more: `everyone in this room, ${room.members ?? people.length}` },
    { key: '@here', insert: '@here ', label: '@here', more: 'those who are here now' },
  ].filter((choice) => room.kind !== 'direct' && choice.label.slice(1).startsWith(wanted))
  return [...found.slice(0, MOST - everyone.length), ...everyone]
}

/**
 * Who wrote here last comes first; behind them the others, by name.
 * @param {import('../protocol.js').User[]} people @param {import('../protocol.js').Item[]} rows
 */
function inOrder(people, rows) {
  const last = new Map(rows.filter((row) => row.kind === 'message').map((row) => [row.by, row.seq]))
  const lastOf = (/** @type {import('../protocol.js').User} */ user) => last.get(user.user) ?? 0
  return people.sort((a, b) => lastOf(b) - lastOf(a) || a.name.localeCompare(b.name))
}

/** @param {import('../protocol.js').User} user @param {string} wanted */
function matches(user, wanted) {
  return fold(user.handle).startsWith(wanted) || fold(user.name).split(/[\s-]+/).some((part) => part.startsWith(wanted))
}

/** @param {string} text */
function fold(text) {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
}
