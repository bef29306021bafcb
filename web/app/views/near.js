import { useEffect, useState } from '../lib.js'

/** Whether this has come near the view; from then on it stays so. @param {{current: Element|null}} box */
export function useNear(box) {
  const [near, setNear] = useState(false)
  useEffect(() => {
    const watch = new IntersectionObserver((entries) => { if (entries.some((entry) => entry.isIntersecting)) setNear(true) }, { rootMargin: '400px' })
    watch.observe(/** @type {Element} */ (box.current))
    return () => watch.disconnect()
  }, [])
  return near
}
