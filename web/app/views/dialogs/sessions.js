import { html } from '../../lib.js'
import { ago } from '../../format.js'
import { useScope } from '../context.js'
import { deviceName } from '../device.js'
import { Dialog } from '../dialog.js'
import { GreyRows } from '../grey-rows.js'
import { Icon } from '../icons.js'
import { useList } from './use-list.js'

/** Where I am signed in. @param {{onClose: () => void}} props */
export function Sessions({ onClose }) {
  const { client, ui } = useScope()
  const { list, failed, reload } = useList(() => client.api.sessions().then((page) => page.list))

  /** @param {any} session */
  async function end(session) {
    if (session.current) return ui.signOut()
    await ui.attempt(client.api.endSession(session.id))
    reload()
  }

  return html`<${Dialog} title="Sessions" onClose=${onClose}>
    <p class="secondary">Everywhere you are signed in. Ending one signs it out at once.</p>
    ${(failed || !list) && html`<${GreyRows} count=${2} failed=${failed} onRetry=${reload} />`}
    <div class="rows">${list?.map((session) => html`<div class="line-row" key=${session.id}>
      <${Icon} name="device" />
      <div class="grow"><div class="ellipsis"><bdi title=${session.device}>${deviceName(session.device)}</bdi>${session.current ? ', this one' : ''}</div>
        <div class="faint ellipsis">${when(session)}</div></div>
      <button type="button" class="button" onClick=${() => end(session)}>${session.current ? 'Sign out' : 'End'}</button></div>`)}</div>
  <//>`
}

/** @param {any} session */
function when(session) {
  const at = session.seen_at ?? session.last_at ?? session.created_at
  return at ? `last seen ${ago(at)}` : ''
}
