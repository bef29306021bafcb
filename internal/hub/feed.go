package hub

import (
	"context"
	"time"

	"minichat/internal/protocol"
)

// pageLimit is how many events are read from the log at once.
const pageLimit = 200

// job is what a session has to do beside being live: to bring a watch up to
// date, or something else that may take its time.
type job struct {
	w    *watch
	work func(context.Context) // instead of w
}

func (s *Session) later(work func(context.Context)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue(job{work: work})
}

// queue adds a job; they are done one after the other, on a goroutine that is
// there only meanwhile. mu is held.
func (s *Session) queue(j job) {
	if s.closed {
		return
	}
	e := s.busy()
	e.jobs = append(e.jobs, j)
	if !e.working {
		e.working = s.hub.run(s.work)
	}
}

func (s *Session) work() {
	for {
		s.mu.Lock()
		e := s.errands // there while one works
		if len(e.jobs) == 0 {
			e.jobs, e.working = nil, false
			s.rest()
			s.mu.Unlock()
			return
		}
		j := e.jobs[0]
		e.jobs = e.jobs[1:]
		s.mu.Unlock()
		if j.work != nil {
			j.work(s.hub.ctx)
		} else {
			s.catchUp(s.hub.ctx, j.w)
		}
	}
}

// catchUp feeds a watch from the log, at the pace of its reader, until it is
// live again, or over.
func (s *Session) catchUp(ctx context.Context, w *watch) {
	for s.drained(ctx) && !s.goLive(w, nil) {
		s.mu.Lock()
		after, ended := w.sent, w.end != nil && w.sent >= w.end.seq
		s.mu.Unlock()
		if ended {
			continue // only the gone is missing
		}
		p, err := s.hub.page(ctx, w.r, after)
		switch {
		case err != nil:
			s.hub.o.Log.Warn("read the log for a session", "room", w.r.id, "err", err)
		case p.To > after:
			if !s.givePage(ctx, w, p) {
				return
			}
			continue
		case s.goLive(w, nil):
			return
		}
		// Nothing to be had: the database is away, or went back in time.
		if !s.pause(ctx, 250*time.Millisecond) {
			return
		}
	}
}

// firstPage sends the page behind after, without waiting for the peer, and
// reports whether that was all: nearly always, for who was away for a moment.
func (s *Session) firstPage(ctx context.Context, w *watch, after int64) (all bool) {
	p, err := s.hub.page(ctx, w.r, after)
	if err != nil || p.To <= after {
		return false // catchUp asks again, and says what is wrong
	}
	s.mu.Lock()
	asking := s.asking()
	s.mu.Unlock()
	if asking {
		return false // the page may hold the event of a request without an answer
	}
	taken, live := s.tryPage(w, p)
	return taken && live
}

// drained waits until the peer has taken all; false: the end of either.
func (s *Session) drained(ctx context.Context) bool {
	select {
	case <-s.conn.Drained():
	case <-ctx.Done():
	}
	return ctx.Err() == nil && !s.conn.Over()
}

// goLive has flushes take over, if what went out reaches to what they will
// write next; first goes out before. true: there is nothing more to do.
func (s *Session) goLive(w *watch, first []byte) (done bool) {
	done, over := s.tryLive(w, first)
	if over {
		w.leave()
	}
	return done
}

// tryLive is goLive; over: the watch was ended, leave must follow.
func (s *Session) tryLive(w *watch, first []byte) (done, over bool) {
	r := w.r
	r.mu.Lock()
	defer r.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case w.dead:
		return len(first) == 0, false // the answer still goes out
	case w.end != nil && w.sent >= w.end.seq && len(first) == 0:
		over = s.expel(w)
		return over, over
	case w.end != nil || !r.known || w.sent < w.g.after:
		return false, false
	}
	if !w.synced && s.enc == nil {
		first = appendFrame(first[:len(first):len(first)], protocol.AppendSynced(nil, r.id, w.sent))
	}
	if len(first) > 0 && !s.conn.Write(first) {
		return false, false
	}
	w.synced, w.live = true, true
	return true, false
}

// givePage sends a page and reports whether there is more to do: not after the last
// page, nor when the session ended.
func (s *Session) givePage(ctx context.Context, w *watch, p *page) (more bool) {
	if !s.answered(ctx, w.r.id) {
		return false
	}
	if taken, live := s.tryPage(w, p); taken {
		return !live
	}
	// It is read anew: it may show what was deleted meanwhile.
	return s.drained(ctx) && s.pause(ctx, 10*time.Millisecond)
}

// tryPage sends a page if there is room for it, and no hole that is being mended
// before its end: what the hub has not heard of may end the membership. With the
// last page flushes take over at once, and what says so goes in the same write.
func (s *Session) tryPage(w *watch, p *page) (taken, live bool) {
	r := w.r
	r.mu.Lock()
	defer r.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if w.dead {
		return true, false
	}
	if w.end == nil && r.known && p.Head > r.head && r.want > r.head {
		return false, false
	}
	last := w.end == nil && r.known && p.To >= w.g.after
	frame, to := p.frameFor(w, last && !w.synced && s.enc == nil)
	if len(frame) > 0 && !s.conn.Write(frame) {
		return false, false
	}
	if w.sent = to; last {
		w.synced, w.live = true, true
	}
	return true, last
}

// frameFor is the page as w may see it, and up to which event that goes; with the
// word that it was all if synced is set. It is nothing where the membership ended
// before the page was read: a message is there as it is now, with what was done to it
// since. The room's mu and the session's are held.
func (p *page) frameFor(w *watch, synced bool) (frame []byte, to int64) {
	switch {
	case w.end != nil && p.Head > w.end.seq:
		return nil, w.end.seq
	case synced:
		return p.last(w.r.id), p.To
	case w.g.enc == nil:
		return p.frame, p.To
	}
	return w.g.enc.Page(nil, p.Page), p.To
}
