// Makers of frames for the tests.

/** @param {number} seq @param {string} kind @param {any} body @param {any} [more] @returns {any} */
export function ev(seq, kind, body, more = {}) {
  return { seq, id: `e${seq}`, kind, by: 'u2', at: 1000 * seq, body, ...more }
}

/** @param {number} seq @param {string} text @param {any} [more] */
export function msg(seq, text, more = {}) {
  const { body, ...rest } = more
  return ev(seq, 'message', { text, rev: 1, ...body }, rest)
}

/** @param {any[]} list @param {number} [head] @param {any} [more] */
export function page(list, head = list.at(-1).seq, more = {}) {
  const present = list.map((e) => (e.kind === 'message' ? { ...e, body: { ...e.body, upto: e.body.upto ?? head } } : e))
  return { type: 'events', room: 'r1', from: list[0].seq, to: list.at(-1).seq, head, list: present, ...more }
}

/** @param {any} e */
export function live(e) {
  return { type: 'event', room: 'r1', ...e }
}

export const welcome = {
  type: 'welcome', n: 1, v: 1, conn: 'c1', epoch: 'ep1', heartbeat_ms: 25000, server: 'minichat/test', limits: { text_bytes: 100 },
  user: { user: 'u1', handle: 'ana', name: 'Ana', color: 'teal', role: 'member' },
  rooms: [
    { room: 'r1', kind: 'channel', name: 'general', head: 3, read: 3, members: 2 },
    { room: 'r2', kind: 'direct', with: ['u2'], head: 9, read: 9 },
  ],
}
