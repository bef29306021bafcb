// What the page shows and the server knows nothing of: which room, which pane, which dialog.
import { batch, effect, signal } from '../lib.js'
import { draftKey } from '../drafts.js'
import { isTouch } from './focus.js'
import { linkTo, readRoute } from './route.js'

/** @typedef {import('../protocol.js').Item} Item */
/** @typedef {{kind: 'people'|'pinned'} | {kind: 'thread', root: number}} Pane */
/** @typedef {{name: string, props?: any}} Open */
/** @typedef {{label: string, icon?: import('./icons.js').IconName, keys?: string, danger?: boolean, checked?: boolean, toggle?: boolean, run?: () => void, rule?: boolean}} MenuItem */
/** @typedef {{label: string, at: {left: number, right: number, top: number, bottom: number}, items: MenuItem[], top?: any, closed?: () => void}} OpenMenu */

/** `thread`: begun in the pane of this thread, where its box stands; `fresh`: the box has not had the focus yet. @typedef {{seq: number, thread?: number, fresh: boolean}} Edit */

/** @param {import('./context.js').Client} client */
export function createUI(client) {
  const start = readRoute(location.hash)
  const ui = {
    /** The room on show. */
    room: signal(/** @type {string|null} */ (start.room)),
    /** A message to go to, once. */
    target: signal(/** @type {number|null} */ (start.at)),
    /** The message that was gone to: shown lit for a moment. */
    lit: signal(/** @type {number|null} */ (null)),
    pane: signal(/** @type {Pane|null} */ (null)),
    /** Which column a narrow window shows. */
    column: signal(/** @type {'rail'|'room'} */ (history.state?.column ?? (start.room ? 'room' : 'rail'))),
    dialog: signal(/** @type {Open|null} */ (null)),
    menu: signal(/** @type {OpenMenu|null} */ (null)),
    toast: signal(/** @type {string|null} */ (null)),
    /** Polite words for the screen reader. */
    spoken: signal(''),
    /** The message whose text is being changed, by room. */
    editing: signal(/** @type {Map<string, Edit>} */ (new Map())),
    /** What was typed in edit boxes, by room and message: until it is saved or given up. */
    typed: /** @type {Map<string, string>} */ (new Map()),
    /** What the next message of a composer answers, by draft key. */
    replyTo: signal(/** @type {Map<string, Item>} */ (new Map())),
    /** A room that I marked unread and still look at: it stays so until I leave it. */
    keptUnread: signal(/** @type {string|null} */ (null)),
    /** The session ends because I said so: nobody need be told why. */
    signingOut: signal(false),
    focusComposer,
    edit,
    endEdit,
    open,
    openPane,
    closePane,
    back,
    say,
    attempt,
    reply,
    signOut,
  }

  /** Asks first when messages wait: they would go with the session. */
  function signOut() {
    const waiting = client.unsent()
    if (waiting === 0) return void leave()
    ui.dialog.value = {
      name: 'confirm', props: {
        title: 'Sign out', button: 'Sign out', danger: true, run: leave,
        words: waiting === 1 ? '1 message waits to be sent. It will not be sent.' : `${waiting} messages wait to be sent. They will not be sent.`,
      },
    }
  }

  async function leave() {
    ui.signingOut.value = true
    await attempt(client.signOut())
    // Whoever signs in next begins anew.
    ui.room.value = null
    history.replaceState(null, '', location.pathname + location.search)
  }

  /** @param {string} room @param {{at?: number|null, replace?: boolean}} [options] */
  function open(room, { at = null, replace = false } = {}) {
    const same = ui.room.value === room
    const fromList = ui.column.value === 'rail'
    batch(() => {
      ui.target.value = at
      ui.column.value = 'room'
      if (same) return
      ui.room.value = room
      ui.pane.value = null
    })
    if (same && at === null && !fromList) return
    history[replace || history.state?.over ? 'replaceState' : 'pushState']({ column: 'room' }, '', linkTo(room, at))
  }

  /** A narrow window goes one column back; a wide one has nothing to do. */
  function back() {
    if (ui.pane.value) return closePane()
    ui.column.value = 'rail'
    history.pushState({ column: 'rail' }, '')
  }

  /** @param {Pane} pane */
  function openPane(pane) {
    ui.pane.value = pane
  }

  function closePane() {
    ui.pane.value = null
    focusComposer()
  }

  /** @param {string} room @param {number} seq @param {number} [thread] */
  function edit(room, seq, thread) {
    ui.editing.value = new Map(ui.editing.peek()).set(room, { seq, thread, fresh: true })
  }

  /** It was saved, or given up. @param {string} room @param {number} seq */
  function endEdit(room, seq) {
    ui.typed.delete(draftKey(room, seq))
    const next = new Map(ui.editing.peek())
    if (next.get(room)?.seq === seq) next.delete(room)
    ui.editing.value = next
  }

  let timer = 0
  /** @param {string} words */
  function say(words) {
    ui.toast.value = words
    clearTimeout(timer)
    timer = window.setTimeout(() => { ui.toast.value = null }, 6000)
  }

  /**
   * Waits for work and tells of its failure; resolves to undefined then.
   * @template T
   * @param {Promise<T>} work
   * @returns {Promise<T|undefined>}
   */
  async function attempt(work) {
    try {
      return await work
    } catch (error) {
      say(wordsOf(error))
      return undefined
    }
  }

  /** @param {string} scope @param {Item|null} item */
  function reply(scope, item) {
    setReply(scope, item)
    client.afterUploads.takeBack(scope)
    focusComposer(scope)
  }

  /** @param {string} scope @param {Item|null} item */
  function setReply(scope, item) {
    const next = new Map(ui.replyTo.peek())
    if (item) next.set(scope, item)
    else next.delete(scope)
    ui.replyTo.value = next
  }

  client.afterUploads.gone.subscribe(({ scope }) => setReply(scope, null))
  // A message that waits since before a reload, or was begun in another tab, brings what it answers.
  client.uploads.list.subscribe((list) => {
    for (const { scope, message } of list) {
      if (!message?.answered || ui.replyTo.peek().has(scope)) continue
      setReply(scope, message.answered)
      client.actions.name(message.answered.by)
    }
  })

  // A pane and a dialog have each an entry of its own over the room's, so that Back closes them. One that is closed by
  // other means takes its entry with it, unless a room that was opened by it has taken the place: `open` replaces it.
  let unwinding = false
  const layers = () => Number(ui.pane.value !== null) + Number(ui.dialog.value !== null)
  function cover() {
    const over = history.state?.over ?? 0
    for (let i = over + 1; i <= layers(); i++) history.pushState({ ...history.state, over: i }, '')
    if (layers() < over) setTimeout(uncover)
  }
  function uncover() {
    const extra = (history.state?.over ?? 0) - layers()
    if (extra <= 0 || unwinding) return
    unwinding = true
    history.go(-extra)
  }
  // After a reload nothing is open.
  if (history.state?.over) history.replaceState({ ...history.state, over: 0 }, '')
  effect(cover)

  window.addEventListener('popstate', () => {
    if (unwinding) {
      unwinding = false
      return cover() // another may have been opened meanwhile
    }
    const { room, at } = readRoute(location.hash)
    const over = history.state?.over ?? 0
    const covered = layers() > over
    ui.menu.value = null
    if (covered) {
      ui.dialog.value = null
      if (over === 0 && ui.pane.value) closePane()
      if ((room ?? ui.room.value) === ui.room.value) return
    }
    batch(() => {
      if (room !== ui.room.value) ui.pane.value = null
      ui.room.value = room ?? ui.room.value
      ui.target.value = at
      ui.column.value = history.state?.column ?? (room ? 'room' : 'rail')
    })
  })
  client.session.subscribe((session) => {
    if (session === 'in') ui.signingOut.value = false
    if (session === 'out') {
      ui.typed.clear()
      batch(() => { ui.dialog.value = null; ui.menu.value = null; ui.pane.value = null; ui.editing.value = new Map() })
    }
  })
  return ui
}

/**
 * Puts the cursor into the composer of a room or thread, if there is one and no finger would raise a keyboard by it.
 * @param {string} [scope] its draft key; the room's without
 */
export function focusComposer(scope) {
  if (isTouch()) return
  requestAnimationFrame(() => {
    const box = document.querySelector(`${scope ? `.composer[data-scope="${scope}"]` : '.room .composer'} textarea`)
    if (box instanceof HTMLElement) box.focus({ preventScroll: true })
  })
}

/** @param {unknown} error @returns {string} */
export function wordsOf(error) {
  const message = error instanceof Error ? error.message : ''
  return message || 'That did not work. Try again.'
}
