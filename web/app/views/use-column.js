import { useEffect, useState } from '../lib.js'
import { useScope } from './context.js'

/** Below this width one column is on show, above it all of them: as in shell.css. */
const NARROW = '(max-width: 767px)'

/** Whether a column is on show. @param {'rail'|'room'} column */
export function useColumn(column) {
  const { ui } = useScope()
  const [narrow, setNarrow] = useState(() => matchMedia(NARROW).matches)
  useEffect(() => {
    const query = matchMedia(NARROW)
    const hear = () => setNarrow(query.matches)
    query.addEventListener('change', hear)
    return () => query.removeEventListener('change', hear)
  }, [])
  return ui.column.value === column || !narrow
}
