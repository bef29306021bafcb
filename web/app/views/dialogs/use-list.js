import { useEffect, useState } from '../../lib.js'
import { wordsOf } from '../ui.js'

/**
 * A list from the server with its states: null while it is on its way.
 * @template T
 * @param {() => Promise<T[]>} ask
 * @param {unknown[]} [again] asks anew when one of these changes
 */
export function useList(ask, again = []) {
  const [list, setList] = useState(/** @type {T[]|null} */ (null))
  const [failed, setFailed] = useState('')
  const [round, setRound] = useState(0)
  useEffect(() => {
    let stale = false
    setFailed('')
    ask().then((found) => { if (!stale) setList(found) }, (error) => { if (!stale) setFailed(wordsOf(error)) })
    return () => { stale = true }
  }, [round, ...again])
  return { list, failed, reload: () => setRound((n) => n + 1) }
}
