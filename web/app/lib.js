// The one file that names the vendored libraries: everything else imports from here.
import { h, Component, htm } from '../vendor/preact.js'

export {
  h, render, Fragment, Component, createContext, createRef,
  useState, useEffect, useLayoutEffect, useRef, useMemo, useCallback, useContext, useErrorBoundary, useId,
  signal, computed, effect, batch, untracked, useSignal, useComputed, useSignalEffect,
} from '../vendor/preact.js'
export { Marked } from '../vendor/marked.js'
export { openDB } from '../vendor/idb.js'

export const html = htm.bind(h)

/**
 * A component that draws again only when its props change: preact/compat's memo without the rest of compat.
 * @template {object} P
 * @param {import('preact').FunctionComponent<P>} component
 * @param {(before: P, after: P) => boolean} [same]
 * @returns {import('preact').ComponentClass<P>}
 */
export function memo(component, same = shallowEqual) {
  return class Memo extends Component {
    /** @param {any} next */
    shouldComponentUpdate(next) {
      return !same(/** @type {any} */ (this.props), next)
    }
    render() {
      return h(/** @type {any} */ (component), this.props)
    }
  }
}

/**
 * @param {any} a
 * @param {any} b
 */
function shallowEqual(a, b) {
  for (const key in a) if (!(key in b)) return false
  for (const key in b) if (a[key] !== b[key]) return false
  return true
}
