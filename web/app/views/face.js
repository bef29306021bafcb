import { html, useEffect, useState } from '../lib.js'
import { initials } from '../format.js'
import { useScope } from './context.js'
import { colorClass } from './colors.js'

const STATES = { active: 'active', away: 'away' }

/**
 * A person's picture, or the first letters of the name on the person's colour.
 * @param {{user: import('../protocol.js').User, size?: number, presence?: boolean}} props
 */
export function Face({ user, size = 36, presence = false }) {
  const { client } = useScope()
  const [source, drop] = useAvatar(user.avatar)
  const state = presence ? client.store.presence.value.get(user.user) : undefined
  const words = presence ? (state ? STATES[state] : 'offline') : ''
  // Drawn by the style sheet: letters that are neither read aloud nor copied.
  const letters = size < 24 ? initials(user.name).slice(0, 1) : initials(user.name)
  return html`<span class=${`face s${size} ${colorClass(user.color)}`} data-letters=${source ? undefined : letters}>
    ${source && html`<img src=${source} alt="" onError=${drop} />`}
    ${presence && !user.bot && html`<span class=${`dot ${state ?? ''}`} role="img" aria-label=${words} title=${words}></span>`}
  </span>`
}

/**
 * The picture's address, and what to call when it does not load.
 * @param {string|undefined} file
 * @returns {[string|null, () => void]}
 */
function useAvatar(file) {
  const { client } = useScope()
  const [source, setSource] = useState(/** @type {string|null} */ (null))
  useEffect(() => {
    let stale = false
    setSource(null)
    if (file) {
      client.actions.fileUrl({ file, name: 'avatar', size: 0, type: 'image/*' }).then(
        (url) => { if (!stale) setSource(url) },
        () => { /* the letters stay */ },
      )
    }
    return () => { stale = true }
  }, [file])
  return [source, () => setSource(null)]
}
