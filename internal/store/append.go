package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"minichat"
)

// ErrKeyUsed is the answer to an event whose key its author has used before.
var ErrKeyUsed = errors.New("store: the key was used before")

// Append puts an event at the end of its room's log: it takes the next seq,
// fills Seq, ID and, when 0, At, and does what the event says to what the log
// shows: a message appears with its files, mentions and place in a thread, an
// edit, delete, react or pin changes its target. What an event of a member or
// a room says about those tables is done by InsertMember, UpdateRoom and so on.
//
// digest is kept with a Key. A message's Rev is 1 when left out. The caller has
// judged: the room is there, the target is a message that is not deleted, the
// files are ready and unused. A key that its author has used before is
// ErrKeyUsed, and nothing was done: FindKey tells for what.
func (tx *Tx) Append(ctx context.Context, ev *minichat.Event, digest []byte) error {
	if b, ok := ev.Body.(minichat.MessageBody); ok && b.Rev == 0 {
		b.Rev = 1
		ev.Body = b
	}
	row := eventRow{kind: ev.Kind, author: ev.By, at: ev.At}
	if err := row.fill(ev.Body); err != nil {
		return fmt.Errorf("append event: %w", err)
	}
	if row.at == 0 {
		row.at = tx.now()
	}
	end, err := tx.end(ctx, ev.Room)
	if err != nil {
		return fmt.Errorf("find the next seq: %w", err)
	}
	row.seq, row.ordinal, row.id = end.head+1, end.messages+row.counts, minichat.NewID(16)
	ev.Seq, ev.ID, ev.At = row.seq, row.id, row.at
	if err := tx.insertEvent(ctx, ev, &row, digest); err != nil {
		return err
	}
	end.head, end.messages, end.dirty = row.seq, row.ordinal, true
	if err := tx.apply(ctx, ev); err != nil {
		return fmt.Errorf("append %s: %w", ev.Kind, err)
	}
	tx.events = append(tx.events, ev)
	return nil
}

func (tx *Tx) insertEvent(ctx context.Context, ev *minichat.Event, row *eventRow, digest []byte) error {
	var key any
	if ev.Key != "" {
		key = ev.Key
	}
	n, err := tx.exec(ctx, `INSERT INTO events
		(room, seq, id, kind, author, at, ordinal, target, rev, thread, pinned, text, body, key, digest)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, $11, $12, $13, $14)
		ON CONFLICT (author, key) WHERE key IS NOT NULL DO NOTHING`,
		ev.Room, row.seq, row.id, row.kind, row.author, row.at, row.ordinal, row.target, row.rev, row.thread,
		row.text, row.body, key, digest)
	if err != nil {
		return fmt.Errorf("insert event: %w", err)
	}
	if n == 0 {
		return ErrKeyUsed
	}
	return nil
}

// fill takes what is kept of a body into the row.
func (row *eventRow) fill(body any) (err error) {
	kind := ""
	switch b := body.(type) {
	case minichat.MessageBody:
		kind = minichat.KindMessage
		row.text = sql.NullString{String: b.Text, Valid: true}
		row.rev, row.thread = b.Rev, b.Thread
		if b.Thread == 0 || b.InRoom {
			row.counts = 1
		}
		row.body, err = encodeRest(&b)
	case minichat.EditBody:
		kind, row.target, row.rev = minichat.KindEdit, b.Target, b.Rev
	case minichat.TargetBody:
		kind, row.target = minichat.KindDelete, b.Target
	case minichat.ReactBody:
		kind, row.target = minichat.KindReact, b.Target
	case minichat.PinBody:
		kind, row.target = minichat.KindPin, b.Target
	case minichat.MemberBody:
		kind = minichat.KindMember
		row.body, err = encodeBody(b)
	case minichat.RoomBody:
		kind = minichat.KindRoom
		row.body, err = encodeBody(b)
	}
	if err == nil && kind != row.kind {
		err = fmt.Errorf("an event of kind %q has no body of type %T", row.kind, body)
	}
	return err
}

func encodeBody(body any) (sql.NullString, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return sql.NullString{}, fmt.Errorf("encode body: %w", err)
	}
	return sql.NullString{String: string(text), Valid: true}, nil
}
