package hub

import (
	"minichat"
	"minichat/internal/protocol"
)

// follow makes a session hear of its user's rooms. rooms were read after Join,
// so whatever is not in them comes, or came, by an event.
func (s *Session) follow(rooms []minichat.Room) {
	s.follows.Store(true)
	s.user.following.Add(1)
	for i := range rooms {
		s.followRoom(&rooms[i])
	}
}

func (s *Session) followRoom(room *minichat.Room) {
	h := s.hub
	r := h.hold(room.ID)
	defer h.release(r)
	if s.wasRemoved(room) {
		return // its head is no news
	}
	r.lockKnown(room.Head)
	defer r.mu.Unlock()
	if s.wasRemoved(room) {
		return // meanwhile
	}
	if seq := h.late.heard(r.id); seq > r.head {
		r.want = max(r.want, seq)
		h.heal(r)
	}
	r.floor, r.direct = room.Floor, room.Kind == minichat.Direct
	if m := r.attend(s.user); m != nil {
		m.joined = true
		m.take(room)
	}
	if r.head > room.Head && !r.moved {
		r.moved = true
		r.soil()
	}
}

// wasRemoved reports whether the membership ended after room was read.
func (s *Session) wasRemoved(room *minichat.Room) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.before == nil {
		return false
	}
	for _, d := range s.before.left {
		if d.room == room.ID && d.seq > room.Head {
			return true
		}
	}
	return false
}

// memberChanged follows a member event. mu is held.
func (r *room) memberChanged(seq int64, body minichat.MemberBody) {
	u := r.hub.person(body.User.ID)
	if u == nil {
		return
	}
	switch body.Change {
	case minichat.Left, minichat.Removed:
		r.end(u, seq, body.Change)
		return
	case minichat.Joined:
		if u.following.Load() > 0 {
			if m := r.attend(u); m != nil {
				m.joined = true
			}
		}
	}
	r.hub.tellRoom(r.id, u.id)
}

// end makes event seq the last that u's sessions receive of the room. mu is held.
func (r *room) end(u *user, seq int64, why string) {
	if m := r.members[u.id]; m != nil {
		m.joined = false
		r.absent(m)
	}
	var others []*Session
	for _, s := range u.everySession(nil) {
		if !s.endWatch(r, seq, why) {
			others = append(others, s)
		}
	}
	r.hub.notes.cancel(r.id, u.id)
	r.hub.notes.put(r.hub, note{kind: noteSome, sessions: others, data: appendFrame(nil, protocol.AppendGone(nil, r.id, why))})
}

// endWatch reports whether the session watches the room, or is about to, and so
// is told behind the last event.
func (s *Session) endWatch(r *room, seq int64, why string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.before != nil {
		s.before.left = append(s.before.left, departure{r.id, seq})
	}
	w := s.watching(r.id)
	if w == nil {
		return false
	}
	if w.end == nil {
		w.end = &ending{seq: seq, why: why}
	}
	w.end.then = nil // he was back meanwhile, and is not any more
	return true
}
