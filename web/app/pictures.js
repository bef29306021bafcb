// What is made of a picture or a film before it goes up: cleaned of what it says besides, measured, and drawn small.

import { HEAD, barest, clean, photoKind } from './exif.js'

/** What became of the place and the other details in a photo. @typedef {'location'|'details'|'kept'} PhotoNote */
/** @typedef {{width?: number, height?: number, preview?: string}} Seen */

const PICTURE = /^image\/(png|jpeg|gif|webp|avif)$/
const VIDEO = /^video\/(mp4|webm|ogg|quicktime)$/
/** Kinds of photos and films that may hold a place, and that nothing here can take it out of. */
const UNCLEANED = /^(image\/(hei[cf]|avif|tiff|x-adobe-dng)|video\/(mp4|quicktime|3gpp))/
/** What is unpacked into memory at most, and how much is read to be cleaned. */
const DECODED = 50 * 2 ** 20
const CLEANED = 256 * 2 ** 20
const SMALL_SIDE = 32
/** One with holes is a PNG, which takes more. */
const HOLED_SIDE = 16
const PREVIEW_MOST = 2048
const PATIENCE = 5000

/**
 * A photo without its place and its other details. `kept` says that they could not be taken out.
 * @param {File} file
 * @returns {Promise<{blob: Blob, note?: PhotoNote}>}
 */
export async function cleaned(file) {
  if (!photoKind(new Uint8Array(await file.slice(0, HEAD).arrayBuffer()))) return { blob: file, note: UNCLEANED.test(file.type) ? 'kept' : undefined }
  const answer = file.size <= CLEANED && clean(new Uint8Array(await file.arrayBuffer()))
  if (!answer) return { blob: file, note: 'kept' }
  if (!answer.removed) return { blob: file }
  const pieces = answer.pieces.map((piece) => (piece instanceof Uint8Array ? piece : file.slice(...piece)))
  return { blob: new Blob(pieces, { type: file.type }), note: answer.location ? 'location' : 'details' }
}

/** Size and preview of what can be seen; nothing where this browser cannot. @param {Blob} blob @returns {Promise<Seen>} */
export async function look(blob) {
  try {
    if (PICTURE.test(blob.type) && blob.size <= DECODED && globalThis.document) return await lookAtPicture(blob)
    if (VIDEO.test(blob.type) && globalThis.document) return await lookAtVideo(blob)
  } catch {
    // Torn, or of a kind that only its name has: it goes up as a file like any other.
  }
  return {}
}

/** @param {Blob} blob @returns {Promise<Seen>} */
async function lookAtPicture(blob) {
  const image = await createImageBitmap(blob)
  try {
    const { width, height } = image
    return { width, height, ...(await preview(image, width, height)) }
  } finally {
    image.close()
  }
}

/** @param {Blob} blob @returns {Promise<Seen>} */
async function lookAtVideo(blob) {
  const video = document.createElement('video')
  video.muted = true
  video.preload = 'auto'
  video.src = URL.createObjectURL(blob)
  try {
    await happens(video, 'loadeddata')
    const { videoWidth: width, videoHeight: height, duration } = video
    if (!width || !height) return {}
    // The very first picture of a film is often black.
    if (Number.isFinite(duration)) {
      video.currentTime = Math.min(1, duration / 4)
      await happens(video, 'seeked').catch(() => {})
    }
    return { width, height, ...(await preview(video, width, height)) }
  } finally {
    URL.revokeObjectURL(video.src)
    video.removeAttribute('src')
    video.load()
  }
}

/** @param {HTMLVideoElement} video @param {string} name */
function happens(video, name) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${name}`)), PATIENCE)
    const end = (/** @type {(value: any) => void} */ how) => () => { clearTimeout(timer); how(undefined) }
    video.addEventListener(name, end(resolve), { once: true })
    video.addEventListener('error', end(reject), { once: true })
  })
}

/** @param {CanvasImageSource} source @param {number} width @param {number} height @returns {Promise<{preview?: string}>} */
async function preview(source, width, height) {
  const small = draw(source, width, height, SMALL_SIDE)
  if (!hasHoles(small)) {
    const bytes = new Uint8Array(await (await toBlob(small, 'image/jpeg')).arrayBuffer())
    const bare = barest(bytes)?.pieces.map((piece) => (piece instanceof Uint8Array ? piece : bytes.slice(...piece))) ?? [bytes]
    return asUrl(new Blob(bare, { type: 'image/jpeg' }))
  }
  return asUrl(await toBlob(draw(source, width, height, HOLED_SIDE), 'image/png'))
}

/** @param {CanvasImageSource} source @param {number} width @param {number} height @param {number} side */
function draw(source, width, height, side) {
  const scale = Math.min(1, side / Math.max(width, height))
  const canvas = document.createElement('canvas')
  canvas.width = Math.max(1, Math.round(width * scale))
  canvas.height = Math.max(1, Math.round(height * scale))
  const brush = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d', { willReadFrequently: true }))
  brush.imageSmoothingQuality = 'high'
  brush.drawImage(source, 0, 0, canvas.width, canvas.height)
  return canvas
}

/** @param {HTMLCanvasElement} canvas */
function hasHoles(canvas) {
  const { data } = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d')).getImageData(0, 0, canvas.width, canvas.height)
  for (let i = 3; i < data.length; i += 4) if (data[i] < 255) return true
  return false
}

/** @param {HTMLCanvasElement} canvas @param {string} type @returns {Promise<Blob>} */
function toBlob(canvas, type) {
  return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('no picture'))), type, 0.5))
}

/** @param {Blob} blob @returns {Promise<{preview?: string}>} */
async function asUrl(blob) {
  if (blob.size > PREVIEW_MOST) return {}
  const letters = Array.from(new Uint8Array(await blob.arrayBuffer()), (byte) => String.fromCharCode(byte)).join('')
  return { preview: `data:${blob.type};base64,${btoa(letters)}` }
}
