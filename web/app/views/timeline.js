import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from '../lib.js'
import { useScope } from './context.js'
import { Beginning } from './beginning.js'
import { Days } from './days.js'
import { GreyRows } from './grey-rows.js'
import { Icon } from './icons.js'
import { actionsOf } from './message-actions.js'
import { toSections } from './rows.js'
import { createHold, distance } from './scroll-hold.js'
import { useSeen } from './seen.js'
import { timelineKeys } from './timeline-keys.js'
import { TAIL, around, cutBelow, down, indexAt, sliceOf, up } from './timeline-window.js'
import { useAnnounce } from './announce.js'
import { wordsOf } from './ui.js'

const NEAR_PX = 800
const LIT_MS = 2000
const KEEP_ROWS = 1200
const MOST_MOVES = 20

/** @typedef {import('../log.js').Log} Log */

/**
 * The messages of a room.
 * @param {{room: import('../protocol.js').Room, log: Log|null, onScrolled: (scrolled: boolean) => void}} props
 */
export function Timeline({ room, log, onScrolled }) {
  if (!log?.ready) return html`<div class="timeline-box"><div class="timeline"><div class="inner"><${GreyRows} count=${8} /></div></div></div>`
  return html`<${Loaded} room=${room} log=${log} onScrolled=${onScrolled} />`
}

/** @param {{room: import('../protocol.js').Room, log: Log, onScrolled: (scrolled: boolean) => void}} props */
function Loaded({ room, log, onScrolled }) {
  const { client, ui } = useScope()
  const me = client.store.me.value?.user ?? ''
  const hold = useMemo(createHold, [])
  const [win, setWin] = useState(() => startWindow(log))
  const [away, setAway] = useState(false)
  const [failed, setFailed] = useState('')
  const inner = useRef(/** @type {HTMLElement|null} */ (null))
  const next = useRef(/** @type {{seq: number}|'new'|'end'|null} */ (log.newFrom === null ? 'end' : 'new'))
  // Seqs: up to where messages were here at the opening, and up to where the end was in view.
  const had = useRef(log.head)
  const endSeen = useRef(log.newFrom === null ? log.head : 0)
  const known = useRef(new Set(log.pending.map((p) => p.key)))
  const now = useRef({ log, win, settle: () => {} })
  const moves = useRef(0)
  now.current = { log, win, settle }

  const { rows } = log
  const slice = sliceOf(rows, win)
  const live = log.atEnd && win.last === Infinity
  const pending = live ? log.pending.filter((p) => !p.thread || p.in_room) : []
  const sections = toSections(rows, slice, pending, { newFrom: lineAt(log), me, plain: room.kind === 'direct' })
  const look = useSeen(room.room, room.read, hold, () => ({ end: isLive(now.current) ? now.current.log.to : null }))
  useAnnounce(room.room, rows)

  hold.capture()
  useLayoutEffect(() => { place() })
  useEffect(() => { edges(); look() })
  useLayoutEffect(watchSize, [])
  useLayoutEffect(goToTarget, [ui.target.value])
  useEffect(() => { if (rows.length > KEEP_ROWS && hold.pinned && live) client.actions.trim(room.room) }, [rows.length])

  /** After each drawing: where the reader wanted to go, or where he was. */
  function place() {
    if (ownSend()) return latest()
    if (hold.hidden()) return
    const goal = next.current
    if (goal === null) hold.restore()
    else if (goal === 'end') hold.toBottom()
    else if (goal === 'new') { if (!hold.toNewLine(live)) hold.toBottom() }
    else if (!hold.show(String(goal.seq))) return hold.restore()
    next.current = null
    if (hold.pinned && live) endSeen.current = log.to
    setAway(!hold.pinned || !live)
  }

  /** Whether a message of mine was sent since the last drawing. */
  function ownSend() {
    const fresh = log.pending.filter((p) => !known.current.has(p.key))
    for (const p of fresh) known.current.add(p.key)
    return fresh.some((p) => (!p.thread || p.in_room) && !(hold.pinned && live))
  }

  function watchSize() {
    const watch = new ResizeObserver(() => now.current.settle())
    watch.observe(/** @type {Element} */ (inner.current))
    watch.observe(/** @type {Element} */ (hold.box))
    return () => watch.disconnect()
  }

  /** After the window or the rows took another size, or came into view. */
  function settle() {
    if (next.current === null) hold.restore()
    else place()
    edges()
    look()
  }

  function scrolled() {
    moves.current = 0
    hold.moved(live)
    if (hold.pinned) endSeen.current = log.to
    setAway(!hold.pinned)
    // Following the end lets old rows go; a reader who has turned back keeps his.
    if (!hold.pinned && win.first === Infinity && rows[slice.start]) setWin({ ...win, first: rows[slice.start].seq })
    onScrolled((hold.box?.scrollTop ?? 0) > 0)
    edges()
    look()
  }

  /** Alt and a press: unread from here. @param {MouseEvent} event */
  function pressed(event) {
    const row = event.altKey && /** @type {Element} */ (event.target).closest('.message')
    const item = row instanceof HTMLElement && log.items.get(Number(row.dataset.seq))
    if (item) actionsOf({ client, ui, room }, item).find((action) => action.name === 'unread')?.run()
  }

  /** Near an edge of what is on show: more of what is loaded, or more from the server. */
  function edges() {
    const box = hold.box
    if (!box || failed || hold.hidden() || rows.length === 0 && log.atStart) return
    if (box.scrollTop < NEAR_PX) {
      if (slice.start > 0) return move(up(rows, win))
      if (!log.atStart && !log.loading.older) load(client.actions.loadOlder(room.room))
    }
    if (win.last === Infinity && log.atEnd) {
      if (!hold.pinned && rows.length - indexAt(rows, win.first) > 2 * KEEP_ROWS / 3) move(cutBelow(rows, win))
      return
    }
    if (distance(box) >= NEAR_PX) return
    if (slice.end < rows.length || log.atEnd) move(down(rows, win, log.atEnd))
    else if (!log.loading.newer) load(client.actions.loadNewer(room.room))
  }

  /**
   * A very high window could want more above and below for ever: only the reader's scrolling goes on.
   * @param {import('./timeline-window.js').Win} to
   */
  function move(to) {
    if (moves.current++ < MOST_MOVES) setWin(to)
  }

  /** @param {Promise<unknown>} work */
  function load(work) {
    Promise.resolve(work).catch((error) => setFailed(wordsOf(error)))
  }

  /** Nothing is drawn anew before the end is loaded: the end of what is here would be taken for it. */
  function latest() {
    if (now.current.log.atEnd) follow()
    else load(client.actions.jumpToEnd(room.room).then(follow))
  }

  function follow() {
    next.current = 'end'
    setWin({ ...TAIL })
  }

  function goToTarget() {
    const seq = ui.target.value
    if (seq === null) return
    ui.target.value = null
    void goTo(seq)
  }

  /** @param {number} seq */
  async function goTo(seq) {
    const loaded = log.rows.some((row) => row.seq === seq)
    const item = loaded ? log.items.get(seq) : await ui.attempt(client.actions.jump(room.room, seq))
    if (!item || item.body.deleted) return ui.say('That message is not here any more.')
    if (item.body.thread && !item.body.in_room) return ui.openPane({ kind: 'thread', root: item.body.thread })
    const current = client.store.log(room.room).peek() ?? log
    next.current = { seq }
    hold.pinned = false
    setWin(around(current.rows, seq, current.atEnd))
    ui.lit.value = seq
    setTimeout(() => { if (ui.lit.value === seq) ui.lit.value = null }, LIT_MS)
  }

  /** How many messages the reader has not come to. */
  function below() {
    const from = Math.max(endSeen.current, room.read) + 1
    if (!log.atEnd || log.from > from) return room.unread
    return rows.slice(indexAt(rows, from)).filter((row) => row.kind === 'message' && row.by !== me).length
  }

  const fresh = away ? below() : 0
  return html`<div class="timeline-box">
    <div class="timeline" role="log" aria-live="off" aria-label="Messages" tabindex="0" ref=${hold.setBox}
      onScroll=${scrolled} onClick=${pressed} onKeyDown=${(/** @type {KeyboardEvent} */ event) => timelineKeys(event, { client, ui, room, log, latest })}>
      <div class="inner" ref=${inner}>
        ${slice.start === 0 && log.atStart ? html`<${Beginning} room=${room} empty=${!rows.some((row) => row.kind === 'message')} />`
          : html`<${GreyRows} count=${2} failed=${failed} onRetry=${() => setFailed('')} />`}
        <${Days} sections=${sections} room=${room} arrivedAfter=${Math.max(had.current, endSeen.current)} />
        ${!live && html`<${GreyRows} count=${2} />`}
      </div>
    </div>
    ${away && (fresh > 0 || !live || far(hold.box)) && html`<${Jump} fresh=${fresh} onJump=${latest} />`}
  </div>`
}

/** @param {{fresh: number, onJump: () => void}} props */
function Jump({ fresh, onJump }) {
  const words = fresh > 0 ? `${fresh} new, jump to latest` : 'Jump to latest'
  return html`<button type="button" class=${`button jump ${fresh > 0 ? '' : 'quiet'}`} title=${words} onClick=${onJump}>
    <${Icon} name="latest" /><span class=${fresh > 0 ? '' : 'said'}>${words}</span></button>`
}

/** @param {Log} log */
function startWindow(log) {
  return log.newFrom === null && log.atEnd ? { ...TAIL } : around(log.rows, log.newFrom ?? log.to, log.atEnd)
}

/** Where the "New" line is drawn: not before it is known which row it belongs to. @param {Log} log */
function lineAt(log) {
  return log.newFrom !== null && (log.atStart || log.from <= log.newFrom) ? log.newFrom : null
}

/** @param {{log: Log, win: import('./timeline-window.js').Win}} now */
function isLive({ log, win }) {
  return log.atEnd && win.last === Infinity
}

/** @param {HTMLElement|null} box */
function far(box) {
  return box !== null && distance(box) > box.clientHeight
}
