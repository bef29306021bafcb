package hub

import (
	"context"
	"runtime"
	"slices"

	"minichat/internal/protocol"
	"minichat/internal/socket"
)

// request is a keyed request that was not answered yet.
type request struct{ room, key string }

// Begin notes that a keyed request is on its way: its event goes to this
// session behind the answer. Answer must follow.
func (s *Session) Begin(room, key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.busy()
	e.asked = append(e.asked, request{room, key})
}

// answer is what a request gets.
type answer struct {
	request
	payload []byte
}

// Answer sends the answer to a request that Begin noted, and lets its event go.
// A commit answers many: those of this session share one write, and their events
// too where they are here already. So whoever comes first lets all go first that
// can run now; nobody waits for a clock.
func (s *Session) Answer(room, key string, payload []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.busy()
	e.ready = append(e.ready, answer{request{room, key}, payload})
	if len(e.ready) > 1 {
		return
	}
	s.mu.Unlock()
	runtime.Gosched()
	s.mu.Lock()
	s.answer()
}

// answer sends the answers that are ready. mu is held.
func (s *Session) answer() {
	list := s.errands.ready
	s.errands.ready = nil
	size := 0
	for _, a := range list {
		size += len(a.payload) + socket.FrameOverhead
	}
	if w := s.watching(list[0].room); w != nil && w.held != nil {
		size += min(len(w.held.buf), piece) // goes behind them
	}
	frames := make([]byte, 0, size)
	for _, a := range list {
		frames = appendFrame(frames, a.payload)
	}
	if s.answerWith(list, frames) {
		return
	}
	if !s.conn.Write(frames) {
		s.mu.Unlock()
		s.conn.Send(frames) // ErrClosed: nobody waits any more
		s.mu.Lock()
	}
	s.forget(list)
	var sent tallied
	for _, a := range list {
		if w := s.watching(a.room); w != nil && w.held != nil {
			held := w.held
			w.held = nil
			w.giveSome(held, &sent)
		}
	}
	s.hub.count.add(sent)
}

// answerWith sends answers of one room and all that is held of it in one write,
// if none of it waits for another answer, or has an end. mu is held.
func (s *Session) answerWith(list []answer, frames []byte) bool {
	room := list[0].room
	w := s.watching(room)
	if w == nil || w.held == nil || slices.ContainsFunc(list, func(a answer) bool { return a.room != room }) {
		return false
	}
	b := w.held
	if w.end != nil || b.private || len(frames)+len(b.buf) > piece {
		return false
	}
	for _, m := range b.marks {
		if m.key != "" && !answers(list, m.key) && s.awaits(room, m.key) {
			return false
		}
	}
	if !s.conn.Write(append(frames, b.buf...)) {
		return false
	}
	s.forget(list)
	w.held, w.sent = nil, b.last
	s.hub.count.add(tallied{deliveries: b.events, writes: 1, bytes: int64(len(b.buf))})
	return true
}

// answers reports whether one of list is for the request with key.
func answers(list []answer, key string) bool {
	return slices.ContainsFunc(list, func(a answer) bool { return a.key == key })
}

// forget takes answered requests off. mu is held.
func (s *Session) forget(list []answer) {
	e := s.busy()
	for _, a := range list {
		if i := slices.Index(e.asked, a.request); i >= 0 {
			e.asked = slices.Delete(e.asked, i, i+1)
		}
	}
	if e.answers != nil {
		close(e.answers)
		e.answers = nil
	}
	s.rest()
}

// asking reports whether any request has no answer yet. mu is held.
func (s *Session) asking() bool { return s.errands != nil && len(s.errands.asked) > 0 }

// awaits reports whether a request has no answer yet. mu is held.
func (s *Session) awaits(room, key string) bool {
	return s.asking() && slices.Contains(s.errands.asked, request{room, key})
}

// answered waits until every request that is on its way to the room now has its
// answer: a page read before may hold its event.
func (s *Session) answered(ctx context.Context, room string) bool {
	s.mu.Lock()
	var waiting []request
	if s.asking() {
		waiting = slices.DeleteFunc(slices.Clone(s.errands.asked), func(r request) bool { return r.room != room })
	}
	for len(waiting) > 0 {
		e := s.busy()
		if e.answers == nil {
			e.answers = make(chan struct{})
		}
		next := e.answers
		s.mu.Unlock()
		select {
		case <-next:
		case <-ctx.Done():
			return false
		case <-s.conn.Done():
			return false
		}
		s.mu.Lock()
		waiting = slices.DeleteFunc(waiting, func(r request) bool { return !s.awaits(r.room, r.key) })
	}
	s.mu.Unlock()
	return true
}

// Pong answers a ping with the heads of the watched rooms.
func (s *Session) Pong(n int64) {
	s.mu.Lock()
	watches := make([]*watch, 0, len(s.watches))
	for _, w := range s.watches {
		if w.judged {
			watches = append(watches, w)
		}
	}
	s.mu.Unlock()
	heads := make([]protocol.RoomHead, 0, len(watches))
	for _, w := range watches {
		r := w.r
		r.mu.Lock()
		if dead, end := s.fate(w); r.known && !dead && end == nil {
			heads = append(heads, protocol.RoomHead{Room: r.id, Head: max(r.head, r.want)})
		}
		r.mu.Unlock()
	}
	s.Send(protocol.AppendPong(nil, n, heads))
}
