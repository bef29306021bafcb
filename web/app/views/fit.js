/** Makes a text box as high as its text, up to 40 % of the window. @param {HTMLTextAreaElement|null} box */
export function fit(box) {
  const parent = box?.parentElement
  if (!box || !parent) return
  // While it is measured the box is short: its parent stands firm, or the timeline above would scroll.
  parent.style.minHeight = `${parent.offsetHeight}px`
  box.style.height = 'auto'
  const edges = box.offsetHeight - box.clientHeight
  box.style.height = `${Math.min(box.scrollHeight + edges, Math.round(innerHeight * 0.4))}px`
  parent.style.minHeight = ''
}
