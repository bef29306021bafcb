import assert from 'node:assert/strict'
import { test } from 'node:test'
import { putPending, takeThread, trimLog } from '../app/log.js'
import { apply, emptyState, expireTyping, firstUnread, mergePage, present, readUpTo, watched, withLog } from '../app/state.js'
import { threadItems, typingIn } from '../app/logviews.js'
import { ev, live, msg, page, welcome } from './events.js'

/** A state in which r1 is open with messages 1..3. @param {any[]} [list] */
function opened(list = [msg(1, 'one'), msg(2, 'two'), msg(3, 'three')]) {
  const state = watched(apply(emptyState(), welcome, 0), 'r1', { head: list.at(-1).seq, online: ['u2'], online_count: 1 })
  return mergePage(state, 'r1', page(list), 'replace')
}
/** @param {any} state @returns {import('../app/log.js').Log} */
const log = (state) => state.logs.get('r1')
/** @param {any} state */
const texts = (state) => log(state).rows.map((r) => r.body.text ?? r.kind)
/** @param {any} state @param {any[]} frames @param {number} [now] */
const all = (state, frames, now = 0) => frames.reduce((s, f) => apply(s, f, now), state)
/** @param {any} state @param {string} [room] */
const room = (state, room = 'r1') => state.rooms.get(room)

test('welcome fills rooms with counts that are always numbers', () => {
  const state = apply(emptyState(), welcome, 0)
  assert.equal(state.me?.name, 'Ana')
  assert.equal(room(state).unread, 0)
  assert.equal(room(state, 'r2').mentions, 0)
  assert.equal(state.limits.text_bytes, 100)
  assert.deepEqual([...state.wanted], ['u2'])
})

test('a page opens the log, and live events go on from it', () => {
  const state = all(opened(), [live(msg(4, 'four'))])
  assert.deepEqual(texts(state), ['one', 'two', 'three', 'four'])
  assert.deepEqual(log(state).cursor, { seq: 4, id: 'e4' })
  assert.equal(log(state).atEnd && log(state).atStart, true)
})

test('apply is pure: the state before is as it was', () => {
  const before = opened()
  const rows = log(before).rows
  all(before, [live(msg(4, 'four')), live(ev(5, 'delete', { target: 1 }))])
  assert.deepEqual(log(before).rows, rows)
  assert.deepEqual(texts(before), ['one', 'two', 'three'])
})

test('an event that was seen is dropped', () => {
  const state = opened()
  assert.equal(all(state, [live(msg(2, 'again'))]), state)
})

test('beyond a hole events are held, and shown when it is filled', () => {
  const holed = all(opened(), [live(msg(6, 'six')), live(msg(5, 'five'))])
  assert.deepEqual(texts(holed), ['one', 'two', 'three'])
  assert.equal(log(holed).behind, true)
  const filled = mergePage(holed, 'r1', page([msg(4, 'four')], 6), 'extend')
  assert.deepEqual(texts(filled), ['one', 'two', 'three', 'four', 'five', 'six'])
  assert.equal(log(filled).behind, false)
})

test('a pong tells of a lost last event', () => {
  assert.equal(log(all(opened(), [{ type: 'pong', n: 1, heads: [['r1', 4]] }])).behind, true)
  assert.equal(log(all(opened(), [{ type: 'pong', n: 1, heads: [['r1', 3], ['r9', 7]] }])).behind, false)
})

test('live edits, reactions, pins and deletes change their message', () => {
  const state = all(opened(), [
    live(ev(4, 'edit', { target: 1, text: 'uno', rev: 2 })),
    live(ev(5, 'react', { target: 1, emoji: '👍', on: true })),
    live(ev(6, 'react', { target: 1, emoji: '👍', on: true }, { by: 'u1' })),
    live(ev(7, 'react', { target: 1, emoji: '👍', on: false })),
    live(ev(8, 'pin', { target: 1, on: true })),
    live(ev(9, 'delete', { target: 2 })),
  ])
  const [one, two] = log(state).rows
  assert.deepEqual({ text: one.body.text, rev: one.body.rev, edited_at: one.body.edited_at }, { text: 'uno', rev: 2, edited_at: 4000 })
  assert.deepEqual(one.body.reactions, [['👍', ['u1']]])
  assert.equal(one.body.pinned, true)
  assert.equal(two.body.deleted, true)
  assert.equal(two.body.text, '')
  assert.equal(log(state).rows.length, 3)
})

test('a change at or below upto of its target is ignored', () => {
  const state = opened([msg(1, 'one, edited', { body: { upto: 5, rev: 2 } }), msg(2, 'two'), msg(3, 'three')])
  const after = all(state, [live(ev(4, 'react', { target: 1, emoji: '👍', on: true })), live(ev(5, 'edit', { target: 1, text: 'old', rev: 2 }))])
  assert.equal(log(after).rows[0].body.text, 'one, edited')
  assert.equal(log(after).rows[0].body.reactions, undefined)
  const later = all(after, [live(ev(6, 'edit', { target: 1, text: 'newest', rev: 3 }))])
  assert.equal(log(later).rows[0].body.text, 'newest')
})

test('a live change is not lost when an older page of its target comes after it', () => {
  const state = watched(apply(emptyState(), welcome, 0), 'r1', { head: 3 })
  const changed = all(state, [live(ev(4, 'edit', { target: 2, text: 'dos', rev: 2 })), live(ev(5, 'delete', { target: 3 }))])
  const merged = mergePage(changed, 'r1', page([msg(1, 'one'), msg(2, 'two'), msg(3, 'three')], 3), 'replace')
  assert.deepEqual(texts(merged), ['one', 'dos', ''])
  assert.equal(log(merged).to, 5)
})

test('a replayed change names only its target: an older message is asked for again, one in the page is true already', () => {
  const list = [msg(4, 'four, edited', { body: { rev: 2 } }), ev(5, 'edit', { target: 4 }), ev(6, 'edit', { target: 1 }), ev(7, 'react', { target: 1 })]
  const state = all(opened(), [page(list)])
  assert.deepEqual([...log(state).stale], [1])
  const fresh = mergePage(state, 'r1', page([msg(1, 'uno')], 7), 'none')
  assert.equal(log(fresh).stale.size, 0)
  assert.deepEqual(texts(fresh), ['uno', 'two', 'three', 'four, edited'])
})

test('paging back extends the range; a page elsewhere replaces it; live events still count', () => {
  const list = Array.from({ length: 20 }, (_, i) => msg(i + 1, `m${i + 1}`))
  let state = watched(apply(emptyState(), welcome, 0), 'r1', { head: 20 })
  state = mergePage(state, 'r1', page(list.slice(15), 20), 'replace')
  assert.equal(log(state).atStart, false)
  state = mergePage(state, 'r1', page(list.slice(10, 15), 20), 'older')
  assert.equal(log(state).from, 11)
  state = mergePage(state, 'r1', page(list.slice(2, 5), 20), 'replace')
  assert.deepEqual([log(state).from, log(state).to, log(state).atEnd], [3, 5, false])
  state = all(state, [live(msg(21, 'new'))])
  assert.deepEqual([log(state).to, log(state).cursor.seq], [5, 21])
  state = mergePage(state, 'r1', page(list.slice(5, 10), 21), 'extend')
  assert.deepEqual([log(state).to, log(state).atEnd], [21, true], 'the held range and the live tail join')
})

test('an empty page before the range is its start', () => {
  const state = opened([msg(5, 'five')])
  assert.equal(log(state).atStart, false)
  const after = mergePage(state, 'r1', { room: 'r1', from: 5, to: 4, head: 5, list: [] }, 'older')
  assert.equal(log(after).atStart, true)
})

test('trim keeps the end and the cursor', () => {
  const list = Array.from({ length: 900 }, (_, i) => msg(i + 1, `m${i + 1}`))
  const state = withLog(opened(list), 'r1', (l) => trimLog(l))
  assert.equal(log(state).rows.length, 600)
  assert.deepEqual([log(state).to, log(state).cursor.seq, log(state).atEnd, log(state).atStart], [900, 900, true, false])
  assert.equal(log(state).items.size, 600)
})

test('trim lets go of what came live beyond the range, too; it is loaded again', () => {
  const list = Array.from({ length: 900 }, (_, i) => msg(i + 1, `m${i + 1}`))
  let state = mergePage(watched(apply(emptyState(), welcome, 0), 'r1', { head: 100 }), 'r1', page(list.slice(0, 50), 100), 'replace')
  state = all(mergePage(state, 'r1', page(list.slice(99, 100), 100), 'none'), list.slice(100).map(live))
  assert.deepEqual([log(state).to, log(state).items.size], [50, 851])
  state = withLog(state, 'r1', (l) => trimLog(l))
  assert.deepEqual([log(state).from, log(state).to, log(state).items.size, log(state).cursor.seq, log(state).behind, log(state).atEnd], [1, 50, 50, 900, false, false])
  state = mergePage(state, 'r1', page(list.slice(50, 100), 900), 'extend')
  assert.deepEqual([log(state).to, log(state).rows.length], [100, 100])
})

/** @param {any} more @returns {any} */
const pending = (more = {}) => ({ key: 'k1', room: 'r1', text: 'mine', files: [], created_at: 0, state: 'sending', ...more })

test('a message of mine: the event first, then the ok', () => {
  let state = withLog(opened(), 'r1', (l) => putPending(l, pending()))
  state = all(state, [live(msg(4, 'mine', { by: 'u1', key: 'k1' }))])
  assert.equal(log(state).pending.length, 0)
  state = withLog(state, 'r1', (l) => putPending(l, pending({ state: 'acked', seq: 4 })))
  assert.equal(log(state).pending.length, 0)
  assert.deepEqual(texts(state).slice(-1), ['mine'])
})

test('a message of mine: the ok first, then the event', () => {
  let state = withLog(opened(), 'r1', (l) => putPending(l, pending({ state: 'acked', seq: 4 })))
  assert.equal(log(state).pending.length, 1)
  state = all(state, [live(msg(4, 'mine', { by: 'u1', key: 'k1' }))])
  assert.equal(log(state).pending.length, 0)
})

test("another's message under my key leaves mine alone", () => {
  const state = all(withLog(opened(), 'r1', (l) => putPending(l, pending())), [live(msg(4, 'forged', { key: 'k1' }))])
  assert.equal(log(state).pending.length, 1)
})

test('counting: messages of others outside threads; mentions; mine reads all', () => {
  const mention = (/** @type {string} */ m) => ({ body: { mentions: [m] } })
  let state = all(opened(), [live(msg(4, 'a')), live(msg(5, 'b', mention('u1'))), live(msg(6, 'c', mention('u7'))), live(msg(7, 't', { body: { thread: 1 } })), live(ev(8, 'react', { target: 1, emoji: 'x', on: true }))])
  assert.deepEqual([room(state).unread, room(state).mentions, room(state).head], [3, 1, 8])
  state = all(state, [live(msg(9, 'mine', { by: 'u1' }))])
  assert.deepEqual([room(state).unread, room(state).mentions, room(state).read], [0, 0, 9])
})

test('a replay up to the head of welcome is not counted twice', () => {
  const resumed = { ...welcome, rooms: [{ ...welcome.rooms[0], head: 5, read: 3, unread: 2 }] }
  const state = all(opened(), [resumed, page([msg(4, 'a'), msg(5, 'b')]), live(msg(6, 'c'))])
  assert.equal(room(state).unread, 3)
})

test('reading: locally at once, and as the server says', () => {
  let state = all(opened(), [live(msg(4, 'a')), live(msg(5, 'b')), live(msg(6, 'c'))])
  assert.equal(firstUnread(state, 'r1'), 4)
  state = readUpTo(state, 'r1', 4)
  assert.deepEqual([room(state).read, room(state).unread], [4, 2])
  state = all(state, [{ type: 'signal', kind: 'read', room: 'r1', seq: 6 }])
  assert.deepEqual([room(state).read, room(state).unread, firstUnread(state, 'r1')], [6, 0, null])
})

test('heads move rooms that are not watched', () => {
  const state = all(opened(), [{ type: 'heads', list: [['r2', 12, 3, 3], ['r7', 1, 0, 0]] }])
  assert.deepEqual([room(state, 'r2').head, room(state, 'r2').unread, room(state, 'r2').mentions], [12, 3, 3])
  assert.equal(state.rooms.has('r7'), false)
})

test('reset drops the log and keeps what is still to be sent', () => {
  let state = withLog(opened(), 'r1', (l) => putPending(putPending(l, pending()), pending({ key: 'k2', state: 'acked', seq: 99 })))
  state = all(state, [{ type: 'reset', room: 'r1', why: 'epoch', head: 2 }])
  assert.deepEqual([log(state).ready, log(state).items.size, log(state).cursor.seq, log(state).gen], [false, 0, 2, 1])
  assert.deepEqual(log(state).pending.map((p) => p.key), ['k1'])
  state = all(state, [{ type: 'reset', room: 'r1', why: 'access', head: 0 }])
  assert.equal(state.logs.has('r1') || state.rooms.has('r1'), false)
})

test('rooms come, change and go', () => {
  let state = all(opened(), [{ type: 'room', room: 'r3', kind: 'private', name: 'plans', head: 1 }, live(ev(4, 'room', { name: 'lobby' }))])
  assert.equal(room(state, 'r3').unread, 0)
  assert.equal(/** @type {any} */ (room(state, 'r3')).type, undefined)
  assert.equal(room(state).name, 'lobby')
  state = all(state, [{ type: 'room', ...welcome.rooms[0], name: 'general again' }])
  assert.equal(room(state).watched, true)
  state = all(state, [{ type: 'gone', room: 'r1', why: 'removed' }])
  assert.equal(state.rooms.has('r1') || state.logs.has('r1'), false)
})

test('typing shows, ends with the message, with time, and is never mine', () => {
  const typing = (/** @type {string} */ by) => ({ type: 'signal', kind: 'typing', room: 'r1', by, ttl_ms: 5000 })
  let state = all(opened(), [typing('u1'), typing('u2'), typing('u3')], 100)
  assert.deepEqual(typingIn(state.typing, 'r1'), ['u2', 'u3'])
  state = all(state, [live(msg(4, 'done'))])
  assert.deepEqual(typingIn(state.typing, 'r1'), ['u3'])
  assert.deepEqual(typingIn(expireTyping(state, 5200).typing, 'r1'), [])
})

test('presence', () => {
  const state = all(opened(), [{ type: 'signal', kind: 'presence', room: 'r1', away: ['u2'], on: ['u3'], count: 2 }])
  assert.deepEqual([...state.presence], [['u2', 'away'], ['u3', 'active']])
  assert.equal(room(state).online, 2)
  assert.equal(all(state, [{ type: 'signal', kind: 'presence', room: 'r1', off: ['u2'] }]).presence.has('u2'), false)
})

test('who is here: one room tells nothing of another; a new connection begins with nobody', () => {
  let state = all(opened(), [{ type: 'signal', kind: 'presence', room: 'r1', away: ['u2'], on: ['u3'], count: 2 }])
  state = present(state, 'r1', { online: ['u1', 'u2'], online_count: 2 })
  assert.deepEqual([...state.presence], [['u2', 'away'], ['u3', 'active'], ['u1', 'active']])
  assert.equal(room(state).online, 2)
  assert.equal(all(state, [welcome]).presence.size, 0)
})

test('replies: counted at the root, listed in an opened thread, not in the room', () => {
  let state = withLog(opened(), 'r1', (l) => takeThread(l, 1, [], true))
  state = all(state, [live(msg(4, 'reply', { body: { thread: 1 } })), live(msg(5, 'both', { by: 'u3', body: { thread: 1, in_room: true } }))])
  assert.deepEqual(log(state).rows[0].body.replies, { count: 2, last_at: 5000, by: ['u3', 'u2'] })
  assert.deepEqual(texts(state), ['one', 'two', 'three', 'both'])
  assert.deepEqual(threadItems(log(state), 1).map((i) => i.body.text), ['reply', 'both'])
  state = all(state, [live(ev(6, 'delete', { target: 4 }))])
  assert.deepEqual([...log(state).stale], [1], 'the server knows what is left of the thread')
})

test('names that are not known are wanted', () => {
  const state = all(opened(), [live(msg(4, 'x', { by: 'u8', body: { mentions: ['u9', 'all'] } }))])
  assert.deepEqual([...state.wanted].sort(), ['u2', 'u8', 'u9'])
})

test('unknown frames, signals and kinds change nothing but the cursor', () => {
  const state = opened()
  for (const frame of [{ type: 'weather' }, { type: 'constructor' }, { type: '__proto__' }, { type: 'signal', kind: 'toString' }]) {
    assert.equal(apply(state, frame, 0), state)
  }
  const after = all(state, [live(ev(4, 'poll', { anything: 1 })), live(msg(5, 'five'))])
  assert.deepEqual(texts(after), ['one', 'two', 'three', 'five'])
  assert.equal(log(after).cursor.seq, 5)
})
