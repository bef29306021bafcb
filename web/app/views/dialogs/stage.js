import { html, useEffect, useLayoutEffect, useRef, useState } from '../../lib.js'
import { FIT, fitSize, hold, mostScale, pan, zoomAt } from '../../zoom.js'
import { FileTrouble, useFileUrl } from '../file-link.js'
import { Preview } from '../picture.js'

/** @typedef {{zoom: (factor: number) => void, pan: (dx: number, dy: number) => void}} StageControl zoom by 0: as large as fits */

const SWIPE = 60
const MIDDLE = { x: 0, y: 0 }

/**
 * One picture, to be enlarged and moved by wheel, fingers, double click and, through `control`, by keys.
 * @param {{file: import('../../protocol.js').FileRef, deleted: boolean, control: {current: StageControl|null}, onSwipe: (step: -1|1) => void}} props
 */
export function Stage({ file, deleted, control, onSwipe }) {
  const { url, trouble, words, onError, onLoad, again } = useFileUrl(file)
  const [loaded, setLoaded] = useState(false)
  const [view, setView] = useState(FIT)
  const [stage, setStage] = useState({ width: 0, height: 0 })
  const box = useRef(/** @type {HTMLElement|null} */ (null))
  const picture = { width: file.width || 1, height: file.height || 1 }
  const fit = fitSize(picture, stage)
  const room = { fit, stage, most: mostScale(picture, fit) }
  const now = useRef({ room, view })
  now.current = { room, view }
  const bad = deleted ? 'gone' : trouble

  /** @param {number} factor @param {{x: number, y: number}} [at] */
  const zoom = (factor, at = MIDDLE) => setView((old) => (factor === 0 ? FIT : zoomAt(old, factor, at, now.current.room)))
  const move = (/** @type {number} */ dx, /** @type {number} */ dy) => setView((old) => pan(old, dx, dy, now.current.room))
  useEffect(() => {
    const mine = { zoom, pan: move }
    control.current = mine
    // The next picture's may be there before this one has gone.
    return () => { if (control.current === mine) control.current = null }
  }, [])

  useLayoutEffect(() => {
    const element = /** @type {HTMLElement} */ (box.current)
    const measure = () => setStage({ width: element.clientWidth, height: element.clientHeight })
    measure()
    const watch = new ResizeObserver(measure)
    watch.observe(element)
    const wheel = (/** @type {WheelEvent} */ event) => {
      event.preventDefault()
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : 1
      zoom(Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.002)), pointOf(event, element))
    }
    element.addEventListener('wheel', wheel, { passive: false })
    return () => {
      watch.disconnect()
      element.removeEventListener('wheel', wheel)
    }
  }, [])
  useEffect(() => { setView((old) => hold(old, now.current.room)) }, [stage.width, stage.height])

  /** @param {MouseEvent} event */
  function twice(event) {
    const natural = picture.width / fit.width
    zoom(view.scale > 1 ? 0 : Math.max(2, natural), pointOf(event, /** @type {HTMLElement} */ (box.current)))
  }

  const fingers = useFingers({ box, scale: () => now.current.view.scale, zoom, move, onSwipe })
  const style = { width: `${fit.width}px`, height: `${fit.height}px`, transform: `translate(${view.x}px, ${view.y}px) scale(${view.scale})` }
  return html`<div class=${view.scale > 1 ? 'stage moved' : 'stage'} ref=${box} data-scale=${view.scale.toFixed(2)} onDblClick=${twice} ...${fingers}>
    ${bad ? html`<${FileTrouble} trouble=${bad} words=${deleted ? 'This picture was deleted.' : words} again=${again} name=${file.name} />`
      : stage.width > 0 && html`<div class="shown" style=${style} aria-busy=${!loaded}>
        ${!loaded && html`<${Preview} file=${file} />`}
        ${url && html`<img src=${url} alt=${file.alt || file.name} draggable=${false} onError=${onError} onLoad=${() => { onLoad(); setLoaded(true) }} />`}</div>`}
  </div>`
}

/** @param {MouseEvent} event @param {HTMLElement} box */
function pointOf(event, box) {
  const { left, top, width, height } = box.getBoundingClientRect()
  return { x: event.clientX - left - width / 2, y: event.clientY - top - height / 2 }
}

/**
 * One finger moves what is enlarged, else it turns the page; two enlarge.
 * @param {{box: {current: HTMLElement|null}, scale: () => number, zoom: (factor: number, at: {x: number, y: number}) => void, move: (dx: number, dy: number) => void, onSwipe: (step: -1|1) => void}} how
 */
function useFingers({ box, scale, zoom, move, onSwipe }) {
  const down = useRef(/** @type {Map<number, {x: number, y: number, fromX: number}>} */ (new Map()))
  const pinched = useRef(false)

  /** @param {PointerEvent} event */
  function onPointerDown(event) {
    if (event.button !== 0 || /** @type {Element} */ (event.target).closest('button')) return
    const { x, y } = pointOf(event, /** @type {HTMLElement} */ (box.current))
    if (down.current.size === 0) pinched.current = false
    down.current.set(event.pointerId, { x, y, fromX: x })
    box.current?.setPointerCapture(event.pointerId)
  }
  /** @param {PointerEvent} event */
  function onPointerMove(event) {
    const finger = down.current.get(event.pointerId)
    if (!finger) return
    const to = pointOf(event, /** @type {HTMLElement} */ (box.current))
    const other = [...down.current].find(([id]) => id !== event.pointerId)?.[1]
    if (other) {
      pinched.current = true
      const was = Math.hypot(finger.x - other.x, finger.y - other.y)
      if (was > 0) zoom(Math.hypot(to.x - other.x, to.y - other.y) / was, { x: (to.x + other.x) / 2, y: (to.y + other.y) / 2 })
    } else if (scale() > 1) move(to.x - finger.x, to.y - finger.y)
    Object.assign(finger, to)
  }
  /** @param {PointerEvent} event */
  function onPointerUp(event) {
    const finger = down.current.get(event.pointerId)
    down.current.delete(event.pointerId)
    if (!finger || pinched.current || scale() > 1 || event.pointerType === 'mouse') return
    const way = finger.x - finger.fromX
    if (Math.abs(way) > SWIPE) onSwipe(way > 0 ? -1 : 1)
  }
  const onPointerCancel = (/** @type {PointerEvent} */ event) => { down.current.delete(event.pointerId) }
  return { onPointerDown, onPointerMove, onPointerUp, onPointerCancel }
}
