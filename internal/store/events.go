package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"minichat"
)

// eventRow is one row of events.
type eventRow struct {
	seq     int64
	id      string
	kind    string
	author  string
	at      int64
	target  int64
	rev     int64
	thread  int64
	pinned  bool
	text    sql.NullString
	body    sql.NullString
	key     sql.NullString
	ordinal int64 // only when written
	counts  int64 // 1: a message outside threads
}

const eventColumns = `e.seq, e.id, e.kind, e.author, e.at, e.target, e.rev, e.thread, e.pinned, e.text, e.body, e.key`

// fields are where eventColumns go.
func (row *eventRow) fields() []any {
	return []any{&row.seq, &row.id, &row.kind, &row.author, &row.at, &row.target, &row.rev, &row.thread, &row.pinned,
		&row.text, &row.body, &row.key}
}

// message returns the present form of a message.
func (row *eventRow) message() (minichat.MessageBody, error) {
	b := minichat.MessageBody{Text: row.text.String, Thread: row.thread, Rev: row.rev, Pinned: row.pinned}
	if !row.body.Valid {
		return b, nil
	}
	return b, decodeRest(row.body.String, &b)
}

// event returns the row as it stands in a page that is true up to upto.
func (row *eventRow) event(upto int64) (*minichat.Event, error) {
	ev := &minichat.Event{Seq: row.seq, ID: row.id, Kind: row.kind, By: row.author, At: row.at, Key: row.key.String}
	var err error
	switch row.kind {
	case minichat.KindMessage:
		var b minichat.MessageBody
		b, err = row.message()
		b.UpTo = upto
		ev.Body = b
	case minichat.KindMember:
		var b minichat.MemberBody
		err = json.Unmarshal([]byte(row.body.String), &b)
		ev.Body = b
	case minichat.KindRoom:
		var b minichat.RoomBody
		err = json.Unmarshal([]byte(row.body.String), &b)
		ev.Body = b
	default:
		ev.Body = minichat.TargetBody{Target: row.target}
	}
	if err != nil {
		return nil, fmt.Errorf("read event %d: %w", row.seq, err)
	}
	return ev, nil
}

// KeyRow is the event that a key belongs to.
type KeyRow struct {
	Room   string
	Seq    int64
	ID     string
	At     int64
	Digest []byte
	Rev    int64
}

// FindKey returns the event that by made with key; nil: none.
func (r reads) FindKey(ctx context.Context, by, key string) (*KeyRow, error) {
	row := new(KeyRow)
	found, err := r.row(ctx, `SELECT room, seq, id, at, digest, rev FROM events WHERE author = $1 AND key = $2`,
		[]any{by, key}, &row.Room, &row.Seq, &row.ID, &row.At, &row.Digest, &row.Rev)
	if err != nil {
		return nil, fmt.Errorf("find key: %w", err)
	}
	if !found {
		return nil, nil
	}
	return row, nil
}

// GetMessageFromEnd returns the seq of the nth message outside threads of a room,
// counted from its end; 0: there are not so many. Each event keeps how many there are
// up to it, so a few rows are looked at.
func (r reads) GetMessageFromEnd(ctx context.Context, room string, n int64) (seq int64, err error) {
	from, to := int64(1), int64(0)
	var all int64
	_, err = r.row(ctx, `SELECT seq, ordinal FROM events WHERE room = $1 ORDER BY seq DESC LIMIT 1`, []any{room}, &to, &all)
	if err != nil {
		return 0, fmt.Errorf("get message from end: %w", err)
	}
	if all < n {
		return 0, nil
	}
	for from < to { // the first event with more than all - n
		middle := (from + to) / 2
		ordinal, err := r.ordinal(ctx, room, middle)
		if err != nil {
			return 0, fmt.Errorf("get message from end: %w", err)
		}
		if ordinal > all-n {
			to = middle
		} else {
			from = middle + 1
		}
	}
	return to, nil
}

// ordinal is how many messages outside threads the room has up to seq.
func (r reads) ordinal(ctx context.Context, room string, seq int64) (n int64, err error) {
	_, err = r.row(ctx, `SELECT ordinal FROM events WHERE room = $1 AND seq <= $2 ORDER BY seq DESC LIMIT 1`, []any{room, seq}, &n)
	return n, err
}

// GetEventID returns the id of the event at seq, "" when there is none.
func (r reads) GetEventID(ctx context.Context, room string, seq int64) (string, error) {
	var id string
	if _, err := r.row(ctx, `SELECT id FROM events WHERE room = $1 AND seq = $2`, []any{room, seq}, &id); err != nil {
		return "", fmt.Errorf("get event id: %w", err)
	}
	return id, nil
}

const (
	defaultPageBytes = 64 << 10
	eventOverhead    = 160 // bytes of an encoded event beside its text and body, about
)

// page gathers the events of one statement, which is one moment of the room.
type page struct {
	list        []*minichat.Event
	head, floor int64
	found       bool // the room is there
	room        int  // bytes left
}

// pageColumns are eventColumns where there may be no event.
const pageColumns = `r.head, r.floor, COALESCE(e.seq, 0), COALESCE(e.id, ''), COALESCE(e.kind, ''), COALESCE(e.author, ''),
	COALESCE(e.at, 0), COALESCE(e.target, 0), COALESCE(e.rev, 0), COALESCE(e.thread, 0), COALESCE(e.pinned, 0), e.text, e.body, e.key`

func (p *page) scan(rows *sql.Rows) error {
	var row eventRow
	if err := rows.Scan(append([]any{&p.head, &p.floor}, row.fields()...)...); err != nil {
		return err
	}
	p.found = true
	if row.seq == 0 {
		return errStop
	}
	size := len(row.text.String) + len(row.body.String) + eventOverhead
	if len(p.list) > 0 && size > p.room {
		return errStop
	}
	p.room -= size
	ev, err := row.event(p.head)
	p.list = append(p.list, ev)
	return err
}

// ListEvents returns, ascending and in present form, the first events after, or
// the last before a seq; with neither, the last of all. There are at most limit
// of them and about maxBytes (0: 64 KiB) of JSON, but at least one when there is
// one. Head and floor are of the same moment. ErrNoRoom when there is no room.
func (r reads) ListEvents(ctx context.Context, room string, after, before *int64, limit, maxBytes int) (list []*minichat.Event, head, floor int64, err error) {
	if maxBytes <= 0 {
		maxBytes = defaultPageBytes
	}
	p := page{room: maxBytes}
	if after != nil {
		err = r.rows(ctx, `SELECT `+pageColumns+` FROM rooms r LEFT JOIN events e ON e.room = r.id AND e.seq > $2
			WHERE r.id = $1 ORDER BY e.seq LIMIT $3`, []any{room, *after, limit}, p.scan)
	} else {
		var end int64 = math.MaxInt64
		if before != nil {
			end = *before
		}
		err = r.rows(ctx, `SELECT `+pageColumns+` FROM rooms r LEFT JOIN events e ON e.room = r.id AND e.seq < $2
			WHERE r.id = $1 ORDER BY e.seq DESC LIMIT $3`, []any{room, end, limit}, p.scan)
		slices.Reverse(p.list)
	}
	if err != nil {
		return nil, 0, 0, fmt.Errorf("list events: %w", err)
	}
	if !p.found {
		return nil, 0, 0, minichat.ErrNoRoom()
	}
	return p.list, p.head, p.floor, nil
}

// ListThread returns the root of a thread, when it is after, and its replies,
// ascending and in present form, at most limit and about 64 KiB.
func (r reads) ListThread(ctx context.Context, room string, root, after int64, limit int) (list []*minichat.Event, head int64, err error) {
	const query = `SELECT r.head, r.floor, ` + eventColumns + ` FROM rooms r JOIN events e ON e.room = r.id AND `
	return r.listSome(ctx, "list thread", query+`e.seq = $2 WHERE r.id = $1 AND e.seq > $3
		UNION ALL `+query+`e.thread = $2 AND e.thread > 0 AND e.seq > $3 WHERE r.id = $1
		ORDER BY 3 LIMIT $4`, room, root, after, limit)
}

// ListPinned returns the pinned messages after a seq, like ListThread.
func (r reads) ListPinned(ctx context.Context, room string, after int64, limit int) (list []*minichat.Event, head int64, err error) {
	return r.listSome(ctx, "list pinned", `SELECT r.head, r.floor, `+eventColumns+`
		FROM rooms r JOIN events e ON e.room = r.id AND e.pinned = 1 AND e.seq > $2
		WHERE r.id = $1 ORDER BY e.seq LIMIT $3`, room, after, limit)
}

func (r reads) listSome(ctx context.Context, what, query string, args ...any) ([]*minichat.Event, int64, error) {
	p := page{room: defaultPageBytes}
	if err := r.rows(ctx, query, args, p.scan); err != nil {
		return nil, 0, fmt.Errorf("%s: %w", what, err)
	}
	if p.found {
		return p.list, p.head, nil
	}
	place, err := r.GetRoom(ctx, args[0].(string))
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", what, err)
	}
	if place == nil {
		return nil, 0, minichat.ErrNoRoom()
	}
	return nil, place.Head, nil
}
