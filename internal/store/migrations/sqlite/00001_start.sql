-- +goose Up
CREATE TABLE settings (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    id         TEXT    NOT NULL PRIMARY KEY,
    handle     TEXT    NOT NULL UNIQUE,
    name       TEXT    NOT NULL,
    folded     TEXT    NOT NULL, -- handle and name, case folded, for searching
    skeleton   TEXT    UNIQUE,   -- of the name: two that look alike are one
    color      TEXT    NOT NULL,
    avatar     TEXT    NOT NULL,
    role       TEXT    NOT NULL,
    bot        INTEGER NOT NULL,
    disabled   INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE passwords (
    user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    hash    TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    id         TEXT    NOT NULL PRIMARY KEY,
    hash       BLOB    NOT NULL UNIQUE,
    user_id    TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    device     TEXT    NOT NULL,
    addr       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_user ON sessions (user_id);

CREATE TABLE tokens (
    id         TEXT    NOT NULL PRIMARY KEY,
    hash       BLOB    NOT NULL UNIQUE,
    user_id    TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_user ON tokens (user_id);

CREATE TABLE invites (
    id         TEXT    NOT NULL PRIMARY KEY,
    hash       BLOB    NOT NULL UNIQUE,
    by_user    TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role       TEXT    NOT NULL,
    uses       INTEGER NOT NULL, -- left
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE rooms (
    id         TEXT    NOT NULL PRIMARY KEY,
    kind       TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    folded     TEXT    NOT NULL, -- the name, case folded
    topic      TEXT    NOT NULL,
    archived   INTEGER NOT NULL,
    head       INTEGER NOT NULL, -- seq of the last event
    floor      INTEGER NOT NULL, -- first seq still held; 0: nothing was removed
    messages   INTEGER NOT NULL, -- how many messages outside threads there ever were
    members    INTEGER NOT NULL,
    direct_key TEXT    UNIQUE,   -- of a direct conversation: a digest of its people
    created_by TEXT    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX rooms_folded ON rooms (folded);

CREATE TABLE members (
    room         TEXT    NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    user_id      TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role         TEXT    NOT NULL,
    read         INTEGER NOT NULL, -- seq up to which the person has read
    read_ordinal INTEGER NOT NULL, -- events.ordinal there: unread = rooms.messages - this
    joined_at    INTEGER NOT NULL,
    PRIMARY KEY (room, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_user ON members (user_id, room);

-- The log, append-only but for what a message shows now: the row of a message
-- is its present form, so that a page is one range of one table.
CREATE TABLE events (
    room    TEXT    NOT NULL,
    seq     INTEGER NOT NULL,
    id      TEXT    NOT NULL,
    kind    TEXT    NOT NULL,
    author  TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    ordinal INTEGER NOT NULL, -- how many messages outside threads the room had with this event
    target  INTEGER NOT NULL, -- seq of the message that an edit, delete, react or pin changed
    rev     INTEGER NOT NULL, -- of a message: its present one; of an edit: the one it made
    thread  INTEGER NOT NULL, -- root of the thread that the message stands in
    pinned  INTEGER NOT NULL,
    text    TEXT,             -- of a message
    body    TEXT,             -- JSON: the rest of a message; all of a member or room event
    key     TEXT,
    digest  BLOB,             -- of the request that came with key
    PRIMARY KEY (room, seq)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX events_key ON events (author, key) WHERE key IS NOT NULL;
CREATE INDEX events_thread ON events (room, thread, seq) WHERE thread > 0;
CREATE INDEX events_pinned ON events (room, seq) WHERE pinned = 1;

-- Who is to be told of a message; user_id may also be 'all' or 'here'.
CREATE TABLE mentions (
    room    TEXT    NOT NULL,
    user_id TEXT    NOT NULL,
    seq     INTEGER NOT NULL,
    PRIMARY KEY (room, user_id, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE files (
    id         TEXT    NOT NULL PRIMARY KEY,
    key        TEXT    NOT NULL UNIQUE, -- in the store of bytes
    name       TEXT    NOT NULL,
    size       INTEGER NOT NULL,
    type       TEXT    NOT NULL,
    width      INTEGER NOT NULL,
    height     INTEGER NOT NULL,
    alt        TEXT    NOT NULL,
    preview    INTEGER NOT NULL,
    uploader   TEXT    NOT NULL,
    state      TEXT    NOT NULL, -- open, ready, gone
    upload     TEXT    NOT NULL,
    part_size  INTEGER NOT NULL,
    room       TEXT    NOT NULL, -- '': in no message
    seq        INTEGER NOT NULL,
    avatar     INTEGER NOT NULL,
    base       TEXT    NOT NULL, -- scheme://host that the upload came to
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL  -- 0: never
) STRICT, WITHOUT ROWID;
CREATE INDEX files_uploader ON files (uploader);
CREATE INDEX files_expires ON files (expires_at) WHERE expires_at > 0;

-- What a grown database looks like. SQLite plans by it; without it, it takes a
-- room's whole log for ten rows and walks through it to find a thread.
ANALYZE;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('events', 'events', '10000000 10000 1'),
    ('events', 'events_key', '10000000 10000 1'),
    ('events', 'events_thread', '1000000 1000 10 1'),
    ('events', 'events_pinned', '10000 10 1'),
    ('mentions', 'mentions', '1000000 1000 10 1'),
    ('members', 'members', '100000 100 1'),
    ('members', 'members_user', '100000 100 1');
ANALYZE sqlite_schema;
