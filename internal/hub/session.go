package hub

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"minichat"
	"minichat/internal/protocol"
	"minichat/internal/socket"
)

// ErrDraining is the answer to a Join while the server goes down.
var ErrDraining = errors.New("hub: draining")

// Client is who a session is for.
type Client struct {
	User     string
	ID       string    // of the sign-in session or token
	Token    bool      // ID is a token's
	Follow   bool      // wants to hear of all rooms that the user is in
	Encoding *Encoding // nil: v1
}

// Session is one connection that has said who it is. Its methods may be called
// by any goroutine, but Start once and first, and Leave once and last.
type Session struct {
	// What each delivery reads stands together.
	conn    *socket.Conn
	mu      sync.Mutex // errands to closed
	errands *errands   // nil: none
	watches []*watch
	before  *before // until Start
	closed  bool

	hub     *Hub
	user    *user
	enc     *Encoding
	id      string
	token   bool
	all     bool  // wants to hear of all rooms that the user is in
	place   int32 // in user.sessions; the user's mu guards it
	away    atomic.Bool
	ending  atomic.Bool // was told to go
	follows atomic.Bool // is counted in user.following
}

// errands are what a session has under way; an idle one holds none.
type errands struct {
	asked   []request           // keyed requests without an answer
	ready   []answer            // to some of them, about to be sent
	answers chan struct{}       // closed when some of asked have their answer; made when asked for
	jobs    []job               // for the goroutine that works on them
	working bool                // it is there
	owed    map[string]struct{} // rooms whose heads are to be told; nil: none
}

// busy returns the session's errands, to add to them. mu is held.
func (s *Session) busy() *errands {
	if s.errands == nil {
		s.errands = new(errands)
	}
	return s.errands
}

// rest lets go of the errands if they are done. mu is held.
func (s *Session) rest() {
	if e := s.errands; e != nil && len(e.asked) == 0 && len(e.ready) == 0 && !e.working && e.owed == nil {
		s.errands = nil
	}
}

// before is what came between Join and Start.
type before struct {
	notices [][]byte
	left    []departure
}

// departure is a membership that ended before the session started.
type departure struct {
	room string
	seq  int64
}

// Join makes a session of a connection. Nothing is sent before Start. The error
// is ErrDraining.
func (h *Hub) Join(c *socket.Conn, who Client) (*Session, error) {
	h.life.RLock()
	refused := h.life.draining || h.life.closed
	h.life.RUnlock()
	if refused {
		return nil, ErrDraining
	}
	s := &Session{hub: h, conn: c, enc: who.Encoding, id: who.ID, token: who.Token, all: who.Follow, before: new(before)}
	h.late.open()
	if extra := h.enroll(s, who.User); extra != nil {
		h.count.ends.Add(1)
		extra.end(4010, "too many connections")
	}
	h.count.sessions.Add(1)
	s.user.weigh() // somebody who was away is back
	return s, nil
}

// Start sends the welcome (a JSON payload, the caller's again afterwards; nil:
// none), then what was to be told since Join, follows rooms, which must have been
// read after Join, and watches the rooms of the cursors that came with the hello.
func (s *Session) Start(welcome []byte, rooms []minichat.Room, epoch string, cursors []protocol.Cursor) {
	if s.all {
		s.follow(rooms)
	}
	s.hub.late.close()
	s.greet(welcome, len(cursors) > 0)
	if len(cursors) > 0 {
		s.resume(epoch, cursors)
	}
}

// firstPageBytes is about what somebody missed who was away for a moment.
const firstPageBytes = 2 << 10

// greet sends the first frames, or holds them back: resume must follow then.
func (s *Session) greet(welcome []byte, hold bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	size := len(welcome) + socket.FrameOverhead
	if hold {
		size += firstPageBytes
	}
	b := make([]byte, 0, size)
	if welcome != nil {
		b = appendFrame(b, welcome)
	}
	for _, frame := range s.before.notices {
		b = append(b, frame...)
	}
	s.before = nil
	switch {
	case len(b) == 0:
	case hold:
		s.conn.Hold(b)
	case !s.conn.Write(b):
		s.conn.Close(4008, "too slow") // a new connection has room
	}
}

// Leave takes the session off everything. It belongs into the connection's
// Closed, and nowhere else.
func (s *Session) Leave() {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.closed = true
	if s.before != nil {
		s.hub.late.close()
	}
	all := append([]*watch(nil), s.watches...)
	for _, w := range all {
		s.drop(w)
	}
	if s.errands != nil {
		s.errands.jobs = nil
	}
	s.mu.Unlock()
	for _, w := range all {
		w.leave()
	}
	s.part(s.hub.strike(s))
	s.user.weigh()
	s.hub.count.sessions.Add(-1)
}

// part takes the user off those of his rooms that no session of his keeps.
func (s *Session) part(from []*member) {
	for _, m := range from {
		m.r.mu.Lock()
		if s.user.following.Load() == 0 {
			m.joined = false
		}
		m.r.absent(m)
		m.r.mu.Unlock()
	}
}

// User is the id of who it is for. What he is and may is read anew for each
// request: kept here, it would take more than all else of somebody who is silent.
func (s *Session) User() string { return s.user.id }

// Send sends one frame that somebody waits for. While the peer is behind it
// waits too, which is what holds a greedy client back.
func (s *Session) Send(payload []byte) {
	s.conn.Send(appendFrame(nil, payload)) // ErrClosed: nobody waits any more
}

// notice sends a ready frame that nobody asked for; false: it was not taken.
func (s *Session) notice(frame []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.before != nil {
		s.before.notices = append(s.before.notices, frame)
		return true
	}
	return s.conn.Write(frame)
}

// pause waits, and reports false when the session ends first.
func (s *Session) pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-s.conn.Done():
	case <-t.C:
		return true
	}
	return false
}
