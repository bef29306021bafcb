package hub

import (
	"context"
	"slices"

	"minichat/internal/protocol"
)

// request is a keyed request that was not answered yet.
type request struct{ room, key string }

// Begin notes that a keyed request is on its way: its event goes to this
// session behind the answer. Answer must follow.
func (s *Session) Begin(room, key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, request{room, key})
}

// Answer sends the answer to a request that Begin noted, and lets its event go.
func (s *Session) Answer(room, key string, payload []byte) {
	frame := appendFrame(nil, payload)
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.watching(room)
	if w != nil && w.held != nil && s.answerWith(w, request{room, key}, frame) {
		return
	}
	if !s.conn.Write(frame) {
		s.mu.Unlock()
		s.conn.Send(frame) // ErrClosed: nobody waits any more
		s.mu.Lock()
	}
	s.forget(request{room, key})
	if w != nil && w.held != nil {
		held := w.held
		w.held = nil
		var sent tallied
		w.giveSome(held, &sent)
		s.hub.count.add(sent)
	}
}

// answerWith sends an answer and all that is held in one write, if none of it
// waits for another answer, or has an end. mu is held.
func (s *Session) answerWith(w *watch, q request, frame []byte) bool {
	b := w.held
	if w.until != 0 || b.private || len(frame)+len(b.buf) > piece {
		return false
	}
	for _, m := range b.marks {
		if m.key != "" && m.key != q.key && s.awaits(q.room, m.key) {
			return false
		}
	}
	if !s.conn.Write(append(frame, b.buf...)) {
		return false
	}
	s.forget(q)
	w.held, w.sent = nil, b.last
	s.hub.count.add(tallied{deliveries: b.events, writes: 1, bytes: int64(len(b.buf))})
	return true
}

// forget takes an answered request off. mu is held.
func (s *Session) forget(q request) {
	if i := slices.Index(s.asked, q); i >= 0 {
		if s.asked = slices.Delete(s.asked, i, i+1); len(s.asked) == 0 {
			s.asked = nil // an idle session holds nothing
		}
	}
	if s.answers != nil {
		close(s.answers)
		s.answers = nil
	}
}

// awaits reports whether a request has no answer yet. mu is held.
func (s *Session) awaits(room, key string) bool {
	return slices.Contains(s.asked, request{room, key})
}

// answered waits until every request that is on its way to the room now has its
// answer: a page read before may hold its event.
func (s *Session) answered(ctx context.Context, room string) bool {
	s.mu.Lock()
	waiting := slices.DeleteFunc(slices.Clone(s.asked), func(r request) bool { return r.room != room })
	for len(waiting) > 0 {
		if s.answers == nil {
			s.answers = make(chan struct{})
		}
		next := s.answers
		s.mu.Unlock()
		select {
		case <-next:
		case <-ctx.Done():
			return false
		case <-s.conn.Done():
			return false
		}
		s.mu.Lock()
		waiting = slices.DeleteFunc(waiting, func(r request) bool { return !slices.Contains(s.asked, r) })
	}
	s.mu.Unlock()
	return true
}

// Pong answers a ping with the heads of the watched rooms.
func (s *Session) Pong(n int64) {
	s.mu.Lock()
	rooms := make([]*room, 0, len(s.watches))
	for _, w := range s.watches {
		if w.judged {
			rooms = append(rooms, w.r)
		}
	}
	s.mu.Unlock()
	heads := make([]protocol.RoomHead, 0, len(rooms))
	for _, r := range rooms {
		r.mu.Lock()
		if r.known {
			heads = append(heads, protocol.RoomHead{Room: r.id, Head: max(r.head, r.want)})
		}
		r.mu.Unlock()
	}
	s.Send(protocol.AppendPong(nil, n, heads))
}
