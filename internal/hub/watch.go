package hub

import (
	"context"
	"time"

	"minichat"
	"minichat/internal/protocol"
)

// watch is one session's place in one room. It is either live, in which case
// flushes write to it, or being fed from the log.
type watch struct {
	s    *Session
	r    *room
	g    *group
	slot int32 // in g.list; the room's mu guards it

	// The session's mu guards these.
	sent    int64 // the last event that went out
	live    bool
	judged  bool    // the session may watch
	dead    bool    // nothing more may be sent for it
	synced  bool    // the client was told that replay is over
	counted bool    // in the room's member; the room's mu guards it
	held    *batch  // what waits for an answer to go first
	end     *ending // of the membership; nil: it goes on
}

// ending is how a membership ends while it is watched.
type ending struct {
	seq  int64  // its last event
	why  string // of the gone that follows it
	then []byte // frames that go behind the gone
}

// query is what a client asks a watch to begin with.
type query struct {
	n       *int64 // the request to answer; nil: a cursor of hello
	after   *int64
	id      string
	renewed bool // the client's epoch is another one
}

// Watch answers request n: with ok or an error, then what the log holds behind
// w.After, then synced, and live events from there on.
func (s *Session) Watch(ctx context.Context, n int64, w protocol.Watch) {
	place, err := s.enter(w.Room)
	if err != nil {
		s.Send(protocol.AppendError(nil, &n, err))
		return
	}
	s.begin(ctx, place, query{n: &n, after: w.After, id: w.ID})
}

// resume watches the rooms of a hello's cursors: the first at once, so that the
// welcome goes in one write with what it brings, and the others behind it. The
// connection is not read meanwhile. The welcome waits for no peer, and for the
// database as long as Options.Hold; whoever writes before that takes it along,
// and if nothing was written in the end, for whatever reason, it goes alone.
func (s *Session) resume(epoch string, cursors []protocol.Cursor) {
	enough := time.AfterFunc(s.hub.o.Hold, s.conn.Flush)
	defer func() {
		enough.Stop()
		s.conn.Flush()
	}()
	renewed := epoch != "" && epoch != s.hub.o.Epoch()
	for i, c := range cursors {
		watch := func(ctx context.Context) {
			if w, err := s.enter(c.Room); err == nil {
				s.begin(ctx, w, query{after: &c.Seq, id: c.ID, renewed: renewed})
			}
		}
		if i == 0 {
			watch(s.hub.ctx)
		} else {
			s.later(watch)
		}
	}
}

// Replay watches a room from behind after, without judging, answering or
// saying when it is done: for another encoding than v1.
func (s *Session) Replay(room string, after int64) {
	w, err := s.enter(room)
	if err != nil {
		return
	}
	s.mu.Lock()
	w.sent, w.synced, w.judged = after, true, true
	s.mu.Unlock()
	s.later(func(ctx context.Context) { s.catchUp(ctx, w) })
}

// Unwatch ends a watch and answers; nothing of the room follows the answer.
func (s *Session) Unwatch(n int64, room string) {
	s.mu.Lock()
	w := s.watching(room)
	if w != nil {
		s.drop(w)
	}
	s.mu.Unlock()
	if w != nil {
		w.leave()
	}
	s.Send(okFrame(n))
}

func okFrame(n int64) []byte { return protocol.AppendOK(nil, n, protocol.OK{}) }

// enter takes a place in the room, without being judged and without effect on
// others yet: from here on an event that ends the membership finds it.
func (s *Session) enter(id string) (*watch, error) {
	r := s.hub.hold(id)
	w := &watch{s: s, r: r}
	limit := s.hub.o.Limits.WatchedRooms
	r.mu.Lock()
	s.mu.Lock()
	old := s.watching(id)
	if old != nil {
		s.drop(old)
	}
	full := s.closed || limit > 0 && int64(len(s.watches)) >= limit
	if !full {
		s.watches = append(s.watches, w)
		w.g = r.group(s.enc)
		w.g.add(w)
	}
	s.mu.Unlock()
	r.mu.Unlock()
	if old != nil {
		old.leave()
	}
	if full {
		s.hub.release(r)
		return nil, minichat.FieldError(minichat.TooMany, "room", "A connection may watch at most %d rooms. Unwatch one first.", limit)
	}
	s.hub.count.watches.Add(1)
	return w, nil
}

// watching finds a watch by its room. mu is held.
func (s *Session) watching(room string) *watch {
	for _, w := range s.watches {
		if w.r.id == room {
			return w
		}
	}
	return nil
}

// drop takes w off the session: nothing more goes out for it. leave must
// follow, without mu. mu is held.
func (s *Session) drop(w *watch) {
	if w.dead {
		return
	}
	w.dead, w.live, w.held = true, false, nil
	for i, x := range s.watches {
		if x == w {
			last := len(s.watches) - 1
			s.watches[i] = s.watches[last]
			s.watches[last] = nil
			s.watches = s.watches[:last]
			return
		}
	}
}

// leave takes w off the room. It is called once, after drop.
func (w *watch) leave() {
	r := w.r
	r.mu.Lock()
	w.g.remove(w)
	if m := r.members[w.s.user.id]; m != nil && m.u == w.s.user && w.counted {
		w.counted = false
		m.watch--
		if w.s.all {
			m.near--
		}
		r.absent(m)
	}
	r.mu.Unlock()
	r.hub.release(r)
	r.hub.count.watches.Add(-1)
}
