import { html } from '../lib.js'
import { useScope } from './context.js'
import { Icon } from './icons.js'
import { IconButton } from './icon-button.js'
import { quoteWords } from './quote.js'

/** Above the composer: what the next message answers. @param {{scope: string}} props */
export function ReplyRow({ scope }) {
  const { client, ui } = useScope()
  const item = ui.replyTo.value.get(scope)
  if (!item) return null
  return html`<div class="row"><${Icon} name="reply" />
    <span class="grow ellipsis">Reply to <b><bdi>${client.store.user(item.by).name}</bdi></b>: <bdi>${quoteWords(item)}</bdi></span>
    <${IconButton} icon="close" label="Do not reply" onClick=${() => ui.reply(scope, null)} />
  </div>`
}
