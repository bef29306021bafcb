// Why a file cannot be taken. Pure.

import { bytes } from './format.js'

/**
 * In words; '' when it can.
 * @param {{name: string, size: number}} file
 * @param {import('./protocol.js').Limits} limits
 * @param {{free: number, attached: number}} now bytes that are left; files that the message has already
 */
export function refusal(file, { file_bytes, files_per_message }, { free, attached }) {
  if (file_bytes && file.size > file_bytes) return tooBig(file, file_bytes)
  if (file.size === 0) return `${file.name} is empty.`
  if (file.size > free) return `${file.name} has ${bytes(file.size)}; ${free > 0 ? `only ${bytes(free)} are` : 'nothing is'} left of the space for your files. Delete messages with files first.`
  if (files_per_message && attached >= files_per_message) return `A message may carry at most ${files_per_message} ${files_per_message === 1 ? 'file' : 'files'}.`
  return ''
}

/** @param {{name: string, size: number}} file @param {number} most */
function tooBig(file, most) {
  const size = bytes(file.size) === bytes(most) ? `a little more than ${bytes(most)}` : bytes(file.size)
  return `${file.name} has ${size}; a file may have at most ${bytes(most)} here.`
}
