import { useEffect, useState } from '../lib.js'
import { useScope } from './context.js'

/** @typedef {import('../protocol.js').User} User */

/**
 * The people of a room, asked for when `wanted` first holds, with what is known of them now; without me.
 * @param {string} room @param {boolean} wanted
 * @returns {User[]}
 */
export function usePeople(room, wanted) {
  const { client } = useScope()
  const [list, setList] = useState(/** @type {User[]|null} */ (null))
  const count = client.store.rooms.value.get(room)?.members
  useEffect(() => { setList(null) }, [count])
  useEffect(() => {
    if (!wanted || list) return
    let stale = false
    client.actions.members(room).then((page) => { if (!stale) setList(page.list) }, () => { /* the known ones are offered */ })
    return () => { stale = true }
  }, [room, wanted, list === null])
  const known = client.store.users.value
  const me = client.store.me.value?.user
  return (list ?? [...known.values()]).map((user) => known.get(user.user) ?? user).filter((user) => user.user !== me && user.handle)
}
