import { useEffect } from '../lib.js'
import { roomTitle } from '../format.js'
import { useScope } from './context.js'

/** The window's title and icon: the count of mentions, a dot for unread, the room. */
export function useTitle() {
  const { client, ui } = useScope()
  const { unread, mentions } = client.store.totals.value
  const room = ui.room.value ? client.store.rooms.value.get(ui.room.value) : undefined
  const name = room ? `${room.kind === 'channel' ? '#' : ''}${roomTitle(room, client.store)} · ` : ''
  useEffect(() => {
    const count = mentions ? `(${mentions}) ` : unread ? '• ' : ''
    document.title = `${count}${name}MiniChat`
    const icon = /** @type {HTMLLinkElement|null} */ (document.getElementById('favicon'))
    const wanted = mentions ? 'icons/icon-mention.svg' : 'icons/icon.svg'
    if (icon && icon.getAttribute('href') !== wanted) icon.setAttribute('href', wanted)
  }, [mentions, unread, name])
  useEffect(() => () => { document.title = 'MiniChat' }, [])
}
