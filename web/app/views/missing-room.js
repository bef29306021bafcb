import { draftKey } from '../drafts.js'
import { roomTitle } from '../format.js'

/**
 * Says why a room is not on show, or no more: he was removed, or a link leads to where he is not.
 * @param {import('./context.js').Scope} scope
 * @param {string} id
 * @param {number|null} at the message that the link names
 * @param {import('../protocol.js').Room|null} last what was on show last
 */
export async function sayMissing({ client, ui }, id, at, last) {
  if (last?.room === id) return sayGone({ client, ui }, last)
  const room = await client.api.room(id).catch(() => null)
  // A long list of rooms may have come to it by now.
  if (client.store.rooms.peek().has(id)) return ui.open(id, { at, replace: true })
  if (!room) return ui.say('The link leads to a room that is not there, or that you are not in. Ask somebody in it to add you.')
  ui.dialog.value = {
    name: 'confirm', props: {
      title: `Join ${room.name}`, words: 'The link leads to a channel that you have not joined.', button: 'Join',
      async run() {
        await client.actions.joinRoom(id)
        ui.open(id, { at })
      },
    },
  }
}

/** @param {import('./context.js').Scope} scope @param {import('../protocol.js').Room} room */
function sayGone({ client, ui }, room) {
  const title = roomTitle(room, client.store)
  const why = client.store.gone.get(room.room)
  if (why === 'left') return
  if (why === 'deleted') return ui.say(`${title} was deleted.`)
  const kept = client.drafts.keys.peek().has(draftKey(room.room)) ? ' What you were writing is kept in case you come back.' : ''
  ui.say(`You were removed from ${title}.${kept}`)
}
