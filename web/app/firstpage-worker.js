// Draws the first page of one PDF, in a thread that ends with it. What strangers made is read here, where there is no
// page, no network and no eval: bytes come by message, a piece at a time, and a picture goes back.

import { getDocument, PDFDataRangeTransport } from '../vendor/pdf.js'

/** @typedef {{size: number, width: number, height: number}} Order how large the file is, and the picture at most, in points */
/** @typedef {{begin: number, end: number}} Ask */
/** @typedef {{begin: number, chunk: Uint8Array}} Piece */
/** @typedef {{ready: true}|{png: ArrayBuffer}|{trouble: 'password'|'undrawn'}} Answer */

const post = /** @type {(message: Ask|Answer, transfer?: Transferable[]) => void} */ (/** @type {any} */ (self).postMessage.bind(self))

// The work needs none of these, also where no header forbids them. Without the last pdf.js unpacks by itself, and knows when to stop.
const needless = ['fetch', 'XMLHttpRequest', 'WebSocket', 'WebSocketStream', 'WebTransport', 'EventSource', 'Worker', 'importScripts', 'FontFace', 'BroadcastChannel',
  'indexedDB', 'caches', 'cookieStore', 'DecompressionStream']
for (let at = /** @type {any} */ (self); at; at = Object.getPrototypeOf(at)) for (const name of needless) delete at[name]

/** Pictures in it, and what it lays over each other, are canvases too. */
const MOST_POINTS = 64 * 1024 * 1024
let points = 0
self.OffscreenCanvas = class extends OffscreenCanvas {
  /** @param {number} width @param {number} height */
  constructor(width, height) {
    points += width * height
    if (!(points <= MOST_POINTS)) throw new RangeError('too much to draw')
    super(width, height)
  }
}

/** What pdf.js draws on; a page's own factory would make elements. */
class Canvases {
  /** @param {number} width @param {number} height */
  create(width, height) {
    const canvas = new OffscreenCanvas(width, height)
    return { canvas, context: canvas.getContext('2d', { willReadFrequently: true }) }
  }
  /** @param {{canvas: OffscreenCanvas}} held @param {number} width @param {number} height */
  reset({ canvas }, width, height) {
    canvas.width = width
    canvas.height = height
  }
  /** @param {{canvas: OffscreenCanvas}} held */
  destroy({ canvas }) {
    canvas.width = canvas.height = 0
  }
  /** @param {OffscreenCanvas} canvas */
  getNoAlphaContext(canvas) {
    return canvas.getContext('2d', { alpha: false, willReadFrequently: true })
  }
}

/** Filters are elements too; pdf.js draws without them where they are 'none'. */
class Filters {
  addFilter = none
  addHCMFilter = none
  addAlphaFilter = none
  addLuminosityFilter = none
  addKnockoutFilter = none
  addHighlightHCMFilter = none
  addSelectionHCMFilter = none
  addSelectionFilter = none
  createSelectionStyle() { return null }
  destroy() {}
}

function none() { return 'none' }

/** Fonts and tables that pdf.js would fetch: the system's fonts stand in. */
class NoData {
  async fetch() { throw new Error('not kept') }
}

class Pieces extends PDFDataRangeTransport {
  /** @param {number} begin @param {number} end */
  requestDataRange(begin, end) { post({ begin, end }) }
}

/** @type {Pieces} */
let pieces

self.onmessage = ({ data }) => {
  if ('chunk' in data) return pieces.onDataRange(data.begin, data.chunk)
  pieces = new Pieces(data.size, null)
  draw(data).then(
    (png) => post({ png }, [png]),
    (e) => post({ trouble: e?.name === 'PasswordException' ? 'password' : 'undrawn' }),
  )
}

post({ ready: true })

/** @param {Order} order */
async function draw({ width, height }) {
  const pdf = await getDocument({
    range: pieces, rangeChunkSize: 128 * 1024, disableAutoFetch: true, disableStream: true,
    disableFontFace: true, useSystemFonts: false, useWasm: false, useWorkerFetch: false, disableWorkerRendering: true, maxImageSize: 16 * 1024 * 1024, verbosity: 0,
    CanvasFactory: Canvases, FilterFactory: Filters, BinaryDataFactory: NoData,
  }).promise
  const page = await pdf.getPage(1)
  const viewport = page.getViewport({ scale: width / page.getViewport({ scale: 1 }).width })
  const canvas = new OffscreenCanvas(width, Math.min(height, Math.ceil(viewport.height)))
  const brush = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext('2d', { alpha: false, willReadFrequently: true }))
  await page.render({ canvas: null, canvasContext: /** @type {any} */ (brush), viewport }).promise
  if (isEmpty(brush.getImageData(0, 0, canvas.width, canvas.height).data)) throw new Error('nothing on it')
  return (await canvas.convertToBlob()).arrayBuffer()
}

/** One colour all over: what is on the page could not be drawn, as with a scan in JBIG2. @param {Uint8ClampedArray} data */
function isEmpty(data) {
  const points = new Uint32Array(data.buffer)
  return points.every((point) => point === points[0])
}
