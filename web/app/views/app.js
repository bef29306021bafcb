import { html, useEffect, useErrorBoundary, useMemo, useState } from '../lib.js'
import { readLinkHash } from '../api.js'
import { ScopeContext } from './context.js'
import { Shell } from './shell.js'
import { Outline } from './outline.js'
import { SignIn } from './sign-in.js'
import { Arrive } from './arrive.js'
import { wordsOf } from './ui.js'

/**
 * The page: who is not signed in meets a form, everybody else the rooms.
 * @param {import('./context.js').Scope} props
 */
export function App({ client, ui }) {
  const scope = useMemo(() => ({ client, ui }), [client, ui])
  const [link, setLink] = useState(takeLink)
  const [unreachable, setUnreachable] = useState('')
  const [broken] = useErrorBoundary((error) => console.error(error))

  useEffect(() => {
    if (link || client.session.peek() !== 'unknown') return
    return resume(client, setUnreachable)
  }, [link])
  useTheme(client)

  return html`<${ScopeContext.Provider} value=${scope}>${broken ? html`<${Broken} />` : view()}<//>`

  function view() {
    if (link) return html`<${Arrive} link=${link} onDone=${() => setLink(null)} />`
    if (client.session.value === 'out') return html`<${SignIn} />`
    if (client.session.value === 'in') return html`<${Shell} />`
    if (unreachable) return html`<div class="blank" role="status"><p>${unreachable}</p><p>Trying again.</p></div>`
    return html`<${Outline} />`
  }
}

/** The token leaves the address bar, and with it the history, at once. */
function takeLink() {
  const link = readLinkHash(location.hash)
  if (link) history.replaceState(null, '', location.pathname + location.search)
  return link
}

/**
 * Asks who is signed in until the server answers.
 * @param {import('./context.js').Client} client
 * @param {(words: string) => void} tell
 */
function resume(client, tell) {
  let timer = 0
  let wait = 1000
  const ask = async () => {
    try {
      await client.resume()
      tell('')
    } catch (error) {
      tell(wordsOf(error))
      timer = window.setTimeout(ask, wait)
      wait = Math.min(wait * 2, 30000)
    }
  }
  void ask()
  return () => clearTimeout(timer)
}

/** @param {import('./context.js').Client} client */
function useTheme(client) {
  const theme = client.settings.theme.value
  useEffect(() => {
    if (theme === 'system') delete document.documentElement.dataset.theme
    else document.documentElement.dataset.theme = theme
  }, [theme])
}

function Broken() {
  return html`<div class="blank" role="alert">
    <p>This page stopped working. What you wrote is kept.</p>
    <button class="button primary" onClick=${() => location.reload()}>Reload</button>
  </div>`
}
