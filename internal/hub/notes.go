package hub

import (
	"context"
	"errors"
	"slices"
	"sync"

	"minichat"
	"minichat/internal/protocol"
)

// Kinds of notes.
const (
	noteRoom  = iota // a room as one user sees it
	noteRooms        // a room as each of its members here sees it
	noteSome         // a frame to some sessions
	noteAll          // a frame to every session but those of some
)

// note is something to tell that may take a read of the database, or many
// writes, and so must not be done while events are delivered.
type note struct {
	kind     int
	room     string
	user     string
	sessions []*Session
	except   map[string]bool // users
	data     []byte
	off      bool // the membership has ended since; notes.mu guards it
}

// notes are told one after the other, by a goroutine that is there only meanwhile.
type notes struct {
	mu      sync.Mutex
	list    []*note
	of      map[subject]*note // those of a room, not begun
	current *note
	working bool
}

// subject is what a note of a room is about; a second one would tell the same.
type subject struct{ room, user string }

func (n *notes) put(h *Hub, x note) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if key := (subject{x.room, x.user}); x.room != "" {
		if n.of[key] != nil {
			return // will be told, as it is by then
		}
		if n.of == nil {
			n.of = map[subject]*note{}
		}
		n.of[key] = &x
	}
	n.list = append(n.list, &x)
	if !n.working {
		n.working = h.run(h.tell)
	}
}

// cancel takes back what was to be told of a room to somebody who is out of it.
func (n *notes) cancel(room, user string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	key := subject{room, user}
	if x := n.of[key]; x != nil {
		x.off = true
		delete(n.of, key)
	}
	if x := n.current; x != nil && (subject{x.room, x.user}) == key {
		x.off = true
	}
}

func (n *notes) next() *note {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.list) == 0 {
		n.list, n.of, n.current, n.working = nil, nil, nil, false
		return nil
	}
	n.current = n.list[0]
	n.list = n.list[1:]
	if key := (subject{n.current.room, n.current.user}); n.of[key] == n.current {
		delete(n.of, key)
	}
	return n.current
}

func (n *notes) isOff(x *note) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return x.off
}

// tellRoom sends a room frame to all of a user's sessions.
func (h *Hub) tellRoom(room, user string) {
	h.notes.put(h, note{kind: noteRoom, room: room, user: user})
}

// tellMembers sends one to everybody here who is in the room.
func (h *Hub) tellMembers(r *room) { h.notes.put(h, note{kind: noteRooms, room: r.id}) }

func (h *Hub) tell() {
	for x := h.notes.next(); x != nil && h.ctx.Err() == nil; x = h.notes.next() {
		switch x.kind {
		case noteRoom:
			h.tellOne(x)
		case noteRooms:
			h.tellEach(x.room)
		case noteSome:
			h.tellSome(x.sessions, x.data)
		case noteAll:
			h.tellSome(slices.DeleteFunc(h.everySession(), func(s *Session) bool { return x.except[s.user.id] }), x.data)
		}
	}
}

// tellEach puts a note for each member, so that an end of membership finds it.
func (h *Hub) tellEach(id string) {
	r := h.find(id)
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for user := range r.members {
		h.tellRoom(id, user)
	}
}

func (h *Hub) tellOne(x *note) {
	u := h.person(x.user)
	if u == nil {
		return
	}
	r := h.hold(x.room)
	defer h.release(r)
	room, err := h.o.Room(h.ctx, x.user, x.room)
	if err != nil || room == nil {
		if minichat.CodeOf(err) == minichat.Internal && !errors.Is(err, context.Canceled) {
			h.o.Log.Warn("read a room to tell of it", "room", x.room, "err", err)
		}
		return
	}
	frame := appendFrame(nil, protocol.AppendRoom(nil, *room))
	r.lockKnown(room.Head)
	defer r.mu.Unlock()
	if h.notes.isOff(x) {
		return
	}
	r.floor, r.direct = room.Floor, room.Kind == minichat.Direct
	if m := r.members[u.id]; m != nil && m.joined {
		m.take(room)
	}
	var others []*Session
	for _, s := range u.everySession(nil) {
		if !s.postpone(r.id, frame) {
			others = append(others, s)
		}
	}
	h.tellSome(others, frame)
}

// postpone keeps a frame for behind the gone of an earlier membership, if that
// is still to come.
func (s *Session) postpone(room string, frame []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.watching(room)
	if w == nil || w.end == nil {
		return false
	}
	w.end.then = append(w.end.then, frame...)
	return true
}

func (h *Hub) tellSome(list []*Session, frame []byte) {
	for _, s := range list {
		if s.enc == nil && !s.notice(frame) {
			s.later(func(context.Context) { s.conn.Send(frame) })
		}
	}
}
