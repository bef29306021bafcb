package hub

import (
	"context"
	"math/rand/v2"
	"time"

	"minichat/internal/protocol"
)

// end closes the session's connection behind what waits for it.
func (s *Session) end(code int, reason string) {
	s.ending.Store(true)
	s.conn.Close(code, reason)
}

// Flood tells a client that sends nonsense too often to come back later.
func (s *Session) Flood(retryMS int64) {
	const reason = "Too many frames in too short a time."
	s.conn.Write(appendFrame(nil, protocol.AppendBye(nil, 4009, reason, retryMS))) // dropped if he reads nothing
	s.end(4009, "flood")
}

// End closes the connections of a user, of a sign-in session or token, or of
// both together; "" stands for any, but not twice. It returns how many.
func (h *Hub) End(user, session string, code int, reason string) int {
	var list []*Session
	switch {
	case user != "":
		if u := h.person(user); u != nil {
			list = u.everySession(nil)
		}
	case session != "":
		list = h.everySession()
	}
	n := 0
	for _, s := range list {
		if session == "" || s.id == session {
			s.end(code, reason)
			n++
		}
	}
	h.count.ends.Add(int64(n))
	return n
}

// Clients lists who is connected.
func (h *Hub) Clients() []Client {
	var list []Client
	for _, s := range h.everySession() {
		list = append(list, Client{User: s.User(), ID: s.id, Token: s.token, Follow: s.all, Encoding: s.enc})
	}
	return list
}

// A stop bids goodbye to one session every goodbyeEvery and has them come back
// one every returnEvery, so that neither makes a rush; few are not kept waiting.
const (
	goodbyeEvery = 2 * time.Millisecond
	returnEvery  = 5 * time.Millisecond
)

// Drain takes no new sessions, sends what has gathered, bids one after the other
// goodbye, for at most Options.Spread in all, closes with 1012 and waits until
// they are gone or ctx ends. They are told to come back when all have left, and
// not all at once.
func (h *Hub) Drain(ctx context.Context, reason string) {
	h.life.Lock()
	h.life.draining = true
	h.life.Unlock()
	t := time.NewTicker(time.Millisecond)
	defer t.Stop()
	for h.busy() && !over(ctx, t) {
	}
	list := h.everySession()
	leaving := min(time.Duration(len(list))*goodbyeEvery, h.o.Spread)
	coming := min(max(time.Duration(len(list))*returnEvery, time.Second), h.o.Spread)
	for i, start := 0, time.Now(); i < len(list); i++ {
		due := leaving * time.Duration(i) / time.Duration(len(list))
		for time.Since(start) < due && !over(ctx, t) {
		}
		back := leaving - due + rand.N(max(1, coming))
		list[i].goodbye(reason, back)
	}
	for h.count.sessions.Load() > 0 && !over(ctx, t) {
	}
}

func (s *Session) goodbye(reason string, back time.Duration) {
	if s.enc == nil {
		s.notice(appendFrame(nil, protocol.AppendBye(nil, 1012, reason, back.Milliseconds())))
	}
	s.end(1012, "restart")
}

// busy reports whether any room has something to write.
func (h *Hub) busy() bool {
	for _, r := range h.everyRoom() {
		r.mu.Lock()
		busy := r.flushing
		r.mu.Unlock()
		if busy {
			return true
		}
	}
	return false
}

// over waits for a tick; true: ctx ended.
func over(ctx context.Context, t *time.Ticker) bool {
	select {
	case <-ctx.Done():
		return true
	case <-t.C:
		return false
	}
}
