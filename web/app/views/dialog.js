import { html, useEffect, useId, useRef } from '../lib.js'
import { IconButton } from './icon-button.js'

/**
 * A modal window: the browser keeps the focus inside and gives it back.
 * @param {{title: string, onClose: () => void, children?: any, class?: string}} props
 */
export function Dialog({ title, onClose, children, class: extra = '' }) {
  const box = useRef(/** @type {HTMLDialogElement|null} */ (null))
  const id = useId()
  useEffect(() => {
    const dialog = /** @type {HTMLDialogElement} */ (box.current)
    // On a phone a field in focus would raise the keyboard over half of the window.
    if (matchMedia('(pointer: coarse)').matches) for (const field of dialog.querySelectorAll('input[autofocus]')) field.removeAttribute('autofocus')
    dialog.showModal()
    if (!dialog.querySelector('[autofocus]')) dialog.focus()
    return () => dialog.close()
  }, [])

  /** @param {Event} event */
  function cancel(event) {
    event.preventDefault()
    onClose()
  }

  /** A press on the shade closes; a selection dragged out of the window does not. @param {MouseEvent} event */
  function press(event) {
    if (event.target === box.current) onClose()
  }

  return html`<dialog ref=${box} tabindex="-1" class=${extra} aria-labelledby=${id} onCancel=${cancel} onMouseDown=${press}>
    <header><h2 id=${id}>${title}</h2><${IconButton} icon="close" label="Close" onClick=${onClose} /></header>
    <div class="content">${children}</div>
  </dialog>`
}
