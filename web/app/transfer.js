// Moving bytes of files with what only a browser has.

import { ApiError } from './api.js'

/**
 * Sends one part. XMLHttpRequest, for fetch tells no progress of what goes up.
 * @param {string} url
 * @param {Blob} piece
 * @param {AbortSignal} signal
 * @param {(sent: number) => void} onProgress
 * @returns {Promise<void>}
 */
export function putPart(url, piece, signal, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    const abort = () => request.abort()
    const lost = async () => reject(await isReadable(piece) ? new ApiError({ code: 'offline', message: 'The upload was cut off.', definite: false }) : unreadable())
    request.open('PUT', url)
    request.upload.onprogress = (e) => onProgress(e.loaded)
    request.onerror = lost
    request.ontimeout = lost
    request.onabort = () => reject(new ApiError({ code: 'aborted', message: 'Cancelled.' }))
    request.onloadend = () => signal.removeEventListener('abort', abort)
    request.onload = () => {
      if (request.status >= 300) reject(refusal(request))
      else {
        onProgress(piece.size)
        resolve()
      }
    }
    if (signal.aborted) {
      reject(new ApiError({ code: 'aborted', message: 'Cancelled.' }))
      return
    }
    signal.addEventListener('abort', abort)
    request.send(piece)
  })
}

/** To a request, a file that was saved again since it was chosen is like a lost network. All of the piece: its beginning may lie in memory. @param {Blob} piece */
function isReadable(piece) {
  return piece.stream().pipeTo(new WritableStream()).then(() => true, () => false)
}

/** Bytes that this device has no more. */
export function unreadable() {
  return new ApiError({ code: 'unreadable', message: 'The file was changed or moved: choose it again.' })
}

/** @param {XMLHttpRequest} request */
function refusal(request) {
  let problem
  try {
    problem = JSON.parse(request.responseText)
  } catch {
    problem = {}
  }
  return new ApiError({
    code: problem.code ?? 'internal',
    message: problem.detail ?? `The store answered ${request.status}.`,
    status: request.status,
    definite: problem.definite ?? request.status < 500,
  })
}
