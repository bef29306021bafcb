// What the keys of the composer do. Nothing is sent while an input method composes.
import { isTouch } from './focus.js'

/**
 * @typedef {object} At
 * @property {import('./complete.js').List} list
 * @property {boolean} enterSends
 * @property {() => void} send
 * @property {() => boolean} editLast
 * @property {() => void} replyToNewest
 * @property {(text: string) => void} change
 */

/** @param {KeyboardEvent} event @param {At} at */
export function composerKey(event, at) {
  if (event.isComposing || event.keyCode === 229) return
  if (at.list.key(event)) return
  const box = /** @type {HTMLTextAreaElement} */ (event.currentTarget)
  if (event.key === 'Enter') return enter(event, box, at)
  if (event.key === 'ArrowUp' && box.value === '') return up(event, at)
  const mark = (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey ? { b: '**', i: '*' }[event.key.toLowerCase()] : undefined
  if (mark) {
    event.preventDefault()
    wrap(box, mark, at.change)
  }
}

/** @param {KeyboardEvent} event @param {HTMLTextAreaElement} box @param {At} at */
function enter(event, box, at) {
  if (!enterSubmits(event, box, at.enterSends)) return
  event.preventDefault()
  at.send()
}

/** Whether this Enter is more than a new line. @param {KeyboardEvent} event @param {HTMLTextAreaElement} box @param {boolean} enterSends */
export function enterSubmits(event, box, enterSends) {
  if (event.ctrlKey || event.metaKey) return true
  return !event.shiftKey && !event.altKey && enterSends && !isTouch() && !inFence(box.value.slice(0, box.selectionStart))
}

/** @param {KeyboardEvent} event @param {At} at */
function up(event, at) {
  if (event.altKey) return
  if (event.shiftKey) {
    event.preventDefault()
    at.replyToNewest()
  } else if (at.editLast()) event.preventDefault()
}

/** Whether a code fence was opened and not closed. @param {string} before the text up to the cursor */
export function inFence(before) {
  let open = ''
  for (const line of before.split('\n')) {
    const fence = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1]
    if (!fence) continue
    if (open === '') open = fence
    else if (fence[0] === open[0] && fence.length >= open.length) open = ''
  }
  return open !== ''
}

/**
 * Puts marks round the selection, so that the browser's undo knows of it.
 * @param {HTMLTextAreaElement} box
 * @param {string} mark
 * @param {(text: string) => void} change
 */
function wrap(box, mark, change) {
  const { selectionStart: start, selectionEnd: end, value } = box
  insert(box, mark + value.slice(start, end) + mark)
  box.setSelectionRange(start + mark.length, end + mark.length)
  change(box.value)
}

/** @param {HTMLTextAreaElement} box @param {string} text */
export function insert(box, text) {
  box.focus()
  if (!document.execCommand('insertText', false, text)) box.setRangeText(text, box.selectionStart, box.selectionEnd, 'end')
}
