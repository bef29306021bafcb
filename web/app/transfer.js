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
    const lost = () => reject(new ApiError({ code: 'offline', message: 'The upload was cut off.', definite: false }))
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
