// The frames that the server's tests hold too: what it says is understood here, what is said here it knows.

import assert from 'node:assert/strict'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { test } from 'node:test'
import { CLOSE_CODES } from '../app/closecodes.js'
import { CONNECTION_FRAMES, REQUESTS } from '../app/protocol.js'
import { EVENT_KINDS, FRAMES, SIGNALS, apply, emptyState, watched } from '../app/state.js'
import { welcome } from './events.js'

const FOLDER = new URL('../../internal/protocol/testdata/golden/', import.meta.url)

/** @param {'client'|'server'} side @returns {[string, any][]} */
function frames(side) {
  const folder = new URL(`${side}/`, FOLDER)
  assert.ok(existsSync(folder), 'there are no golden frames')
  return readdirSync(folder).filter((f) => f.endsWith('.json')).map((f) => [f, JSON.parse(readFileSync(new URL(f, folder), 'utf8'))])
}

/** @param {any} frame */
function stateFor(frame) {
  const state = apply(emptyState(), { ...welcome, rooms: ['r1', 'r2', 'r3'].map((room) => ({ room, kind: 'channel', name: room, head: 0 })) }, 0)
  const before = frame.type === 'event' ? frame.seq - 1 : (frame.from ?? 1) - 1
  return watched(state, 'r1', { head: before })
}

test('every frame of the server is understood', () => {
  const seen = new Set()
  for (const [file, frame] of frames('server')) {
    assert.ok(CONNECTION_FRAMES.has(frame.type) || Object.hasOwn(FRAMES, frame.type), `${file}: ${frame.type} is not known`)
    seen.add(frame.type)
    for (const event of frame.type === 'event' ? [frame] : frame.type === 'events' ? frame.list : []) {
      assert.ok(EVENT_KINDS.has(event.kind), `${file}: events of kind ${event.kind} are not known`)
    }
    if (frame.type === 'signal') assert.ok(Object.hasOwn(SIGNALS, frame.kind), `${file}: signal ${frame.kind}`)
    if (frame.type === 'bye') assert.ok(CLOSE_CODES.has(frame.code), `${file}: close ${frame.code}`)
    const before = stateFor(frame)
    const after = apply(before, frame, 0)
    // These move the cursor to their last event: it was really taken.
    if (frame.type === 'event') assert.equal(after.logs.get('r1')?.cursor.seq, frame.seq, file)
    if (frame.type === 'events') assert.equal(after.logs.get('r1')?.cursor.seq, frame.to, file)
    if (['welcome', 'room', 'gone', 'heads', 'reset'].includes(frame.type)) assert.notEqual(after, before, `${file} changed nothing`)
  }
  for (const type of [...Object.keys(FRAMES), ...CONNECTION_FRAMES]) assert.ok(seen.has(type), `no golden frame of type ${type}`)
})

test('every request of ours is one that the server knows, with its fields', () => {
  const golden = frames('client')
  for (const [type, fields] of Object.entries(REQUESTS)) {
    const examples = golden.filter(([, f]) => f.type === type).map(([, f]) => f)
    assert.ok(examples.length, `no golden frame of request ${type}`)
    const known = new Set(examples.flatMap(Object.keys))
    for (const field of Object.keys(fields)) assert.ok(known.has(field), `${type}: the server's frames have no ${field}`)
  }
})

test('every field of the golden requests is one of ours', () => {
  for (const [file, { type, n: _, ...rest }] of frames('client')) {
    assert.ok(Object.hasOwn(REQUESTS, type), `${file}: ${type}`)
    const fields = REQUESTS[type]
    for (const field of Object.keys(rest)) assert.ok(Object.hasOwn(fields, field), `${file}: ${field}`)
    for (const [field, must] of Object.entries(fields)) if (must) assert.ok(Object.hasOwn(rest, field), `${file} has no ${field}`)
  }
})
