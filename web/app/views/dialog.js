import { html, useId, useLayoutEffect, useRef } from '../lib.js'
import { giverBack, isTouch } from './focus.js'
import { IconButton } from './icon-button.js'

/**
 * A modal window: the browser keeps the focus inside; where it was, it is given back to.
 * @param {{title: string, onClose: () => void, children?: any, class?: string, tools?: any, onKeyDown?: (event: KeyboardEvent) => void}} props
 */
export function Dialog({ title, onClose, children, class: extra = '', tools, onKeyDown }) {
  const box = useRef(/** @type {HTMLDialogElement|null} */ (null))
  const id = useId()
  // At once, not after the next paint: a key that follows the press is meant for it.
  useLayoutEffect(() => {
    const dialog = /** @type {HTMLDialogElement} */ (box.current)
    // On a phone a field in focus would raise the keyboard over half of the window.
    if (isTouch()) for (const field of dialog.querySelectorAll('input[autofocus]')) field.removeAttribute('autofocus')
    const opener = document.activeElement
    const giveBack = giverBack(opener)
    dialog.showModal()
    if (!dialog.querySelector('[autofocus]')) dialog.focus()
    return () => {
      dialog.close()
      // The browser gives nothing back when the opener or the dialog itself is out of the page by now.
      const now = document.activeElement
      if (now === document.body || now === opener || dialog.contains(now)) giveBack()
    }
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

  return html`<dialog ref=${box} tabindex="-1" class=${extra} aria-labelledby=${id} onCancel=${cancel} onMouseDown=${press} onKeyDown=${onKeyDown}>
    <header><h2 id=${id}>${title}</h2>${tools}<${IconButton} icon="close" label="Close" onClick=${onClose} /></header>
    <div class="content">${children}</div>
  </dialog>`
}
