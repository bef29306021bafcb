/** Makes a text box as high as its text, up to 40 % of the window. @param {HTMLTextAreaElement|null} box */
export function fit(box) {
  const parent = box?.parentElement
  if (!box || !parent) return
  // In a column that a narrow window does not show there is nothing to measure.
  if (box.offsetParent === null) {
    box.style.height = ''
    return
  }
  // While it is measured the box is short: its parent stands firm, or the timeline above would scroll.
  parent.style.minHeight = `${parent.offsetHeight}px`
  box.style.height = 'auto'
  const edges = box.offsetHeight - box.clientHeight
  box.style.height = `${Math.min(box.scrollHeight + edges, Math.round(innerHeight * 0.4))}px`
  parent.style.minHeight = ''
}

/** Does so again whenever the box takes another width, or comes into view. @param {HTMLTextAreaElement|null} box @returns {() => void} */
export function keepFit(box) {
  if (!box) return () => {}
  let width = box.clientWidth
  const watch = new ResizeObserver(() => {
    if (box.clientWidth === width) return
    width = box.clientWidth
    fit(box)
  })
  watch.observe(box)
  return () => watch.disconnect()
}
