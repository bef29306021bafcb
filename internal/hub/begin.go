package hub

import (
	"context"
	"errors"
	"time"

	"minichat"
	"minichat/internal/protocol"
)

// begin judges a watch, answers, and sets it going.
func (s *Session) begin(ctx context.Context, w *watch, q query) {
	seen, err := s.judge(ctx, w, q)
	if err != nil {
		s.refuse(w, q, err)
		return
	}
	why, err := s.compare(ctx, w, q, seen)
	if err != nil {
		s.refuse(w, q, err)
		return
	}
	start := seen.head
	if why == "" && q.after != nil {
		start = *q.after
	}
	first := s.opening(w, q, why, seen)
	s.mu.Lock()
	w.sent, w.judged = start, true
	s.mu.Unlock()
	if s.goLive(w, first) {
		return
	}
	if len(first) > 0 && s.conn.Send(first) != nil {
		return
	}
	if q.n == nil && s.firstPage(ctx, w, start) {
		return
	}
	s.later(func(ctx context.Context) { s.catchUp(ctx, w) })
}

// opening makes the frames before the replay: the answer, and a reset. From
// here on the others see the watcher.
func (s *Session) opening(w *watch, q query, why string, seen sight) []byte {
	r := w.r
	r.mu.Lock()
	dead, end := s.fate(w)
	if s.enc == nil && !dead {
		r.arrive(w)
	}
	ids, count := r.online(onlineShown)
	r.mu.Unlock()
	if end != nil { // what is there since is not for him
		seen.head, ids, count = min(seen.head, end.seq), nil, 0
	}
	var b []byte
	if q.n != nil {
		b = appendFrame(b, protocol.AppendOK(nil, *q.n, protocol.OK{Head: &seen.head, Online: ids, OnlineCount: &count}))
	}
	if why != "" {
		b = appendFrame(b, protocol.AppendReset(nil, r.id, why, seen.floor, seen.head))
	}
	return b
}

// arrive counts w among its user's watches. mu is held.
func (r *room) arrive(w *watch) {
	m := r.attend(w.s.user)
	if w.counted || m == nil {
		return
	}
	w.counted = true
	m.watch++
	if w.s.all {
		m.near++
	}
}

// fate is whether w is over, and whether its membership has ended.
func (s *Session) fate(w *watch) (dead bool, end *ending) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return w.dead, w.end
}

// refuse answers a watch that could not begin.
func (s *Session) refuse(w *watch, q query, err error) {
	s.mu.Lock()
	over := w.dead
	if !over && w.end != nil {
		s.expel(w) // if the peer is behind, the refusal tells him as much
	}
	s.drop(w)
	s.mu.Unlock()
	if !over {
		w.leave()
	}
	code := minichat.CodeOf(err)
	switch {
	case q.n != nil:
		if code == minichat.Internal && !errors.Is(err, context.Canceled) {
			s.hub.o.Log.Error("watch a room", "room", w.r.id, "err", err)
		}
		s.Send(protocol.AppendError(nil, q.n, err))
	case code == minichat.NotFound || code == minichat.Forbidden:
		s.Send(protocol.AppendReset(nil, w.r.id, protocol.ResetAccess, 0, 0))
	case !errors.Is(err, context.Canceled):
		// A cursor has no answer that says "later": ask again until it can be told.
		s.hub.o.Log.Warn("resume a room", "room", w.r.id, "err", err)
		s.later(func(ctx context.Context) {
			if !s.pause(ctx, time.Second) {
				return
			}
			if w, err := s.enter(w.r.id); err == nil {
				s.begin(ctx, w, q)
			}
		})
	}
}
