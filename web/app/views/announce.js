import { useEffect, useRef } from '../lib.js'
import { plainText } from '../markdown.js'
import { useScope } from './context.js'

/**
 * Tells the screen reader of each message of others that comes in while the room is open: "Ana: text".
 * @param {string} room
 * @param {import('../protocol.js').Item[]} rows
 */
export function useAnnounce(room, rows) {
  const { client, ui } = useScope()
  const last = useRef(rows.at(-1)?.seq ?? 0)
  const newest = rows.at(-1)
  useEffect(() => {
    if (!newest || newest.seq <= last.current) return
    const near = newest.seq - last.current < 20
    last.current = newest.seq
    if (!near || newest.kind !== 'message' || newest.by === client.store.me.value?.user) return
    const files = newest.body.files?.length ? `${newest.body.files.length} files` : ''
    ui.spoken.value = `${client.store.user(newest.by).name}: ${plainText(newest.body.text ?? '') || files}`
  }, [newest])
}
