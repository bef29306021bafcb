/** Makes a text box as high as its text, up to 40 % of the window. @param {HTMLTextAreaElement|null} box */
export function fit(box) {
  if (!box) return
  box.style.height = 'auto'
  const edges = box.offsetHeight - box.clientHeight
  box.style.height = `${Math.min(box.scrollHeight + edges, Math.round(innerHeight * 0.4))}px`
}
