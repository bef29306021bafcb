import { createContext, useContext } from '../lib.js'

/** @typedef {Awaited<ReturnType<typeof import('../client.js').createClient>>} Client */
/** @typedef {ReturnType<typeof import('./ui.js').createUI>} UI */
/** @typedef {{client: Client, ui: UI}} Scope */

export const ScopeContext = createContext(/** @type {Scope|null} */ (null))

/** @returns {Scope} */
export function useScope() {
  const scope = useContext(ScopeContext)
  if (!scope) throw new Error('a view stands outside of App')
  return scope
}
