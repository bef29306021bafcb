import { useEffect } from '../lib.js'
import { useScope } from './context.js'

const IDLE_MS = 5 * 60 * 1000

/** Says "away" after five minutes without a touch, and "active" at the next one. */
export function useIdle() {
  const { client } = useScope()
  const open = client.store.link.value.state === 'open'
  useEffect(() => {
    if (!open) return
    let timer = 0
    let away = false
    const tell = (/** @type {'active'|'away'} */ state) => {
      away = state === 'away'
      Promise.resolve(client.actions.presence(state)).catch(() => { /* the next change tells again */ })
    }
    const touch = () => {
      if (document.visibilityState === 'hidden') return
      if (away) tell('active')
      clearTimeout(timer)
      timer = window.setTimeout(() => tell('away'), IDLE_MS)
    }
    const events = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'visibilitychange']
    for (const name of events) document.addEventListener(name, touch, { passive: true })
    touch()
    return () => {
      clearTimeout(timer)
      for (const name of events) document.removeEventListener(name, touch)
    }
  }, [open])
}
