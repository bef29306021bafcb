/** A fresh key of 32 hex digits. Not crypto.randomUUID: a page on plain http has none. */
export function randomKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('')
}
