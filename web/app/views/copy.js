/**
 * Puts text on the clipboard, also on a page without the clipboard API (plain http).
 * @param {string} text
 * @returns {Promise<boolean>}
 */
export async function copyText(text) {
  try {
    if (navigator.clipboard && window.isSecureContext) {
      await navigator.clipboard.writeText(text)
      return true
    }
  } catch { /* no leave: the old way may still work */ }
  return copyBySelection(text)
}

/** @param {string} text */
function copyBySelection(text) {
  const before = document.activeElement
  const box = document.createElement('textarea')
  box.value = text
  box.readOnly = true
  box.className = 'said'
  // Inside an open dialog only the dialog's own children can be selected.
  const home = document.querySelector('dialog[open]') ?? document.body
  home.append(box)
  box.select()
  let done = false
  try {
    done = document.execCommand('copy')
  } catch { /* stays false */ }
  box.remove()
  if (before instanceof HTMLElement) before.focus({ preventScroll: true })
  return done
}
