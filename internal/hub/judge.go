package hub

import (
	"context"

	"minichat"
	"minichat/internal/protocol"
)

// onlineShown is up to how many people are told by name.
const onlineShown = 200

// sight is what a session sees of a room when it comes to watch it.
type sight struct{ head, floor int64 }

// judge asks whether the session may watch. Who follows the room, and is kept
// up to date by its member events, is not asked again; nor does what is known
// of the room's head take a read of the database.
func (s *Session) judge(ctx context.Context, w *watch, q query) (sight, error) {
	r := w.r
	r.mu.Lock()
	if m := r.members[s.user.id]; m != nil && m.joined && r.known && (q.after == nil || *q.after <= r.head) {
		seen := sight{r.head, r.floor}
		r.mu.Unlock()
		return seen, nil
	}
	r.mu.Unlock()
	head, floor, err := s.hub.o.Judge(ctx, s.user.id, r.id)
	if err != nil {
		return sight{}, err
	}
	r.lockKnown(head)
	defer r.mu.Unlock()
	r.floor = floor
	return sight{max(r.head, head), floor}, nil
}

// compare holds a cursor against the log: "" or why the client must start anew.
func (s *Session) compare(ctx context.Context, w *watch, q query, seen sight) (why string, err error) {
	switch {
	case q.renewed:
		return protocol.ResetEpoch, nil
	case q.after == nil:
		return "", nil
	case *q.after > seen.head:
		return protocol.ResetCursor, nil
	case seen.floor > 0 && *q.after < seen.floor-1:
		return protocol.ResetFloor, nil
	case *q.after == 0 || q.id == "":
		return "", nil
	}
	id := w.r.idOf(*q.after)
	if id == "" {
		if id, err = s.hub.o.EventID(ctx, w.r.id, *q.after); err != nil && minichat.CodeOf(err) != minichat.NotFound {
			return "", err
		}
		w.r.keepID(*q.after, id)
	}
	if id != q.id {
		return protocol.ResetCursor, nil
	}
	return "", nil
}

// idOf is the id of event seq if it is at hand.
func (r *room) idOf(seq int64) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.known && seq == r.head:
		return r.headID
	case seq == r.cursor.seq:
		return r.cursor.id
	}
	return ""
}

// keepID remembers the id of the event that was asked for last: those who were
// cut off together come back with the same cursor. The id of a seq never changes.
func (r *room) keepID(seq int64, id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if id != "" {
		r.cursor.seq, r.cursor.id = seq, id
	}
}
