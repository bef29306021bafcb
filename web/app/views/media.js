import { html, useRef } from '../lib.js'
import { FileCard } from './file-card.js'
import { FileTrouble, useFileUrl } from './file-link.js'
import { boxOf } from './picture.js'

/** @typedef {import('../protocol.js').FileRef} FileRef */

/**
 * What a player needs beyond an address: a link into a bucket dies after a minute, in the midst of a film too. The
 * player then gets a fresh one and goes on where it was.
 * @param {FileRef} file
 */
function usePlayer(file) {
  const link = useFileUrl(file)
  const at = useRef({ time: 0, playing: false })

  /** @param {any} event */
  function onError(event) {
    const player = event.currentTarget
    at.current = { time: player.currentTime || at.current.time, playing: !player.paused || at.current.playing }
    link.onError()
  }
  /** @param {any} event */
  function onLoadedMetadata(event) {
    const player = event.currentTarget
    const { time, playing } = at.current
    at.current = { time: 0, playing: false }
    link.onLoad()
    if (time > 0) player.currentTime = time
    if (playing) player.play().catch(() => {})
  }
  return { ...link, on: { onError, onLoadedMetadata } }
}

/** A film, in its place before it comes. @param {{file: FileRef}} props */
export function Video({ file }) {
  const { url, trouble, words, again, on } = usePlayer(file)
  const box = boxOf(file.width || 360, file.height || 202)
  return html`<div class="media"><div class="picture" style=${{ width: `${box.width}px`, aspectRatio: `${box.width} / ${box.height}` }}>
    ${trouble ? html`<${FileTrouble} trouble=${trouble} words=${words} again=${again} name=${file.name} />`
      : url && html`<video src=${url} poster=${file.preview} controls playsinline preload="metadata" aria-label=${file.alt || file.name} width=${box.width} height=${box.height} ...${on}></video>`}
  </div><${FileCard} file=${file} /></div>`
}

/** A sound. @param {{file: FileRef}} props */
export function Audio({ file }) {
  const { url, trouble, words, again, on } = usePlayer(file)
  return html`<div class="media"><div class="audio">
    ${trouble ? html`<${FileTrouble} trouble=${trouble} words=${words} again=${again} name=${file.name} />`
      : url && html`<audio src=${url} controls preload="metadata" aria-label=${file.name} ...${on}></audio>`}
  </div><${FileCard} file=${file} /></div>`
}
