import { useEffect, useState } from '../lib.js'
import { useScope } from './context.js'

/** @typedef {import('../protocol.js').FileRef} FileRef */

/**
 * Where a file can be shown from. A link to another origin lives a minute: after an error a fresh one is asked for, once.
 * @param {FileRef} file
 */
export function useFileUrl(file) {
  const { client } = useScope()
  const [url, setUrl] = useState(client.actions.fileHref(file))
  const [tries, setTries] = useState(0)
  const [failed, setFailed] = useState(false)
  useEffect(() => {
    if (url && tries === 0) return
    let stale = false
    client.actions.fileUrl(file).then(
      (fresh) => { if (!stale) setUrl(tries && fresh === url ? `${fresh}#${tries}` : fresh) },
      () => { if (!stale) setFailed(true) },
    )
    return () => { stale = true }
  }, [file.file, tries])

  function onError() {
    if (tries === 0) setTries(1)
    else setFailed(true)
  }
  function again() {
    setFailed(false)
    setTries((n) => n + 1)
  }
  return { url, failed, onError, again }
}

/** A press on this downloads a file of another origin. @param {FileRef} file */
export function useDownload(file) {
  const { client, ui } = useScope()
  return async () => {
    const url = await ui.attempt(client.actions.fileUrl(file))
    if (!url) return
    const link = document.createElement('a')
    link.href = url
    link.download = file.name
    link.rel = 'noopener'
    link.click()
  }
}
