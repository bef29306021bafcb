// Typedefs of the wire, protocol minichat.v1 (docs/protocol.md). Types, and the few names that are looked up at run time.

/** @typedef {'owner'|'admin'|'member'|'guest'} Role */
/**
 * @typedef {object} User
 * @property {string} user
 * @property {string} handle
 * @property {string} name
 * @property {string} color
 * @property {Role} role
 * @property {string} [avatar] a file's ID
 * @property {boolean} [bot]
 */
/**
 * A room as the wire has it.
 * @typedef {object} WireRoom
 * @property {string} room
 * @property {'channel'|'private'|'direct'} kind
 * @property {string} [name]
 * @property {string} [topic]
 * @property {number} [head]
 * @property {number} [floor]
 * @property {number} [read]
 * @property {number} [unread]
 * @property {number} [mentions]
 * @property {number} [members]
 * @property {string[]} [with] the people of a direct conversation
 * @property {Role} [role] mine in it, where it differs
 * @property {boolean} [archived]
 */
/**
 * A room as the client holds it: the counts are always there.
 * @typedef {WireRoom & {name: string, head: number, read: number, unread: number, mentions: number, watched?: boolean, online?: number}} Room
 */
/**
 * @typedef {object} FileRef
 * @property {string} file
 * @property {string} name
 * @property {number} size
 * @property {string} type
 * @property {number} [width]
 * @property {number} [height]
 * @property {string} [alt]
 * @property {string} [preview] a data: URL of a few points
 */

// Events

/** @typedef {{count: number, last_at: number, by: string[]}} Replies */
/**
 * The present form of a message.
 * @typedef {object} MessageBody
 * @property {string} [text]
 * @property {FileRef[]} [files]
 * @property {number} [thread]
 * @property {boolean} [in_room]
 * @property {number} [reply_to]
 * @property {string[]} [mentions]
 * @property {number} [rev]
 * @property {number} [edited_at]
 * @property {boolean} [deleted]
 * @property {[string, string[]][]} [reactions]
 * @property {boolean} [pinned]
 * @property {Replies} [replies]
 * @property {number} [upto] the seq up to which this form is true
 */
/** @typedef {{target: number, text?: string, mentions?: string[], rev?: number}} EditBody */
/** @typedef {{target: number}} DeleteBody */
/** @typedef {{target: number, emoji?: string, on?: boolean}} ReactBody */
/** @typedef {{target: number, on?: boolean}} PinBody */
/** @typedef {{user: User, change: 'joined'|'left'|'removed'|'role', role?: Role}} MemberBody */
/** @typedef {{name?: string, topic?: string, kind?: WireRoom['kind'], archived?: boolean}} RoomBody */
/**
 * An event as a page lists it. `body` is one of the bodies above, or that of a kind this client does not know.
 * @typedef {object} Item
 * @property {number} seq
 * @property {string} id
 * @property {string} kind
 * @property {string} by
 * @property {number} at
 * @property {string} [key]
 * @property {any} body
 */

// Frames, server to client

/** @typedef {Record<string, number>} Limits */
/** @typedef {{type: 'welcome', n?: number, v: number, conn: string, epoch: string, user: User, rooms?: WireRoom[], limits: Limits, heartbeat_ms: number, server: string}} WelcomeFrame */
/** @typedef {Item & {type: 'event', room: string}} EventFrame */
/** @typedef {{type: 'events', n?: number, room: string, from: number, to: number, head: number, list: Item[]}} EventsFrame */
/** @typedef {{type: 'synced', room: string, head: number}} SyncedFrame */
/** @typedef {{type: 'reset', room: string, why: 'epoch'|'cursor'|'floor'|'access', floor?: number, head: number}} ResetFrame */
/** @typedef {{type: 'room'} & WireRoom} RoomFrame */
/** @typedef {{type: 'gone', room: string, why: 'left'|'removed'|'deleted'}} GoneFrame */
/** @typedef {{type: 'heads', list: [string, number, number?, number?][]}} HeadsFrame */
/** @typedef {{type: 'signal', kind: 'typing', room: string, by: string, thread?: number, ttl_ms?: number}} TypingSignal */
/** @typedef {{type: 'signal', kind: 'presence', room: string, on?: string[], away?: string[], off?: string[], count?: number}} PresenceSignal */
/** @typedef {{type: 'signal', kind: 'read', room: string, seq: number, unread?: number, mentions?: number}} ReadSignal */
/** @typedef {{type: 'signal', kind: 'user', user: User}} UserSignal */
/** @typedef {TypingSignal|PresenceSignal|ReadSignal|UserSignal} SignalFrame */
/** @typedef {{type: 'ok', n: number, seq?: number, id?: string, at?: number, dup?: boolean, rev?: number, head?: number, online?: string[], online_count?: number}} OkFrame */
/** @typedef {{type: 'error', n?: number, code: string, message: string, field?: string, retry_ms?: number, definite?: boolean}} ErrorFrame */
/** @typedef {{type: 'pong', n?: number, heads?: [string, number][]}} PongFrame */
/** @typedef {{type: 'bye', code: number, reason?: string, retry_ms?: number}} ByeFrame */
/** @typedef {WelcomeFrame|EventFrame|EventsFrame|SyncedFrame|ResetFrame|RoomFrame|GoneFrame|HeadsFrame|SignalFrame|OkFrame|ErrorFrame|PongFrame|ByeFrame} ServerFrame */

// Requests, client to server

/** @typedef {[string, number, string]} Cursor room, last seq, its id */
/** @typedef {{token?: string, device?: string, epoch?: string, cursors?: Cursor[], rooms?: boolean}} Hello */
/** @typedef {{room: string, key: string, text: string, files?: string[], alts?: string[], thread?: number, in_room?: boolean, reply_to?: number}} Post */

/**
 * The fields of every request besides `type` and `n`; `true` marks those that must be there.
 * @type {Record<string, Record<string, boolean>>}
 */
export const REQUESTS = {
  hello: { token: false, device: false, epoch: false, cursors: false, rooms: false },
  watch: { room: true, after: false, id: false },
  unwatch: { room: true },
  post: { room: true, key: true, text: true, files: false, alts: false, thread: false, in_room: false, reply_to: false },
  edit: { room: true, key: true, target: true, text: true, rev: true },
  delete: { room: true, key: true, target: true },
  pin: { room: true, key: true, target: true, on: true },
  react: { room: true, key: true, target: true, emoji: true, on: true },
  read: { room: true, seq: true, back: false },
  typing: { room: true, thread: false },
  presence: { state: true },
  pull: { room: true, after: false, before: false, limit: false },
  ping: {},
}

/** Frames that answer or belong to the connection itself; all others go to the state. */
export const CONNECTION_FRAMES = new Set(['ok', 'error', 'pong', 'bye'])

/** What holds before the server has said its own. @type {Limits} */
export const DEFAULT_LIMITS = {
  frame_bytes: 65536, text_bytes: 16384, files_per_message: 10, mentions_per_message: 100,
  reactions_per_message: 50, watched_rooms: 1000, alt_bytes: 1000, file_bytes: 2 ** 30,
}

/** @param {WireRoom} wire @returns {Room} */
export function roomOf(wire) {
  const { ...room } = /** @type {any} */ (wire)
  delete room.type
  return { ...room, name: wire.name ?? '', head: wire.head ?? 0, read: wire.read ?? 0, unread: wire.unread ?? 0, mentions: wire.mentions ?? 0 }
}
