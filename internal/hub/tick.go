package hub

import (
	"context"
	"sync"
	"time"

	"minichat/internal/protocol"
)

// headsShown is how many rooms a heads frame tells of.
const headsShown = 100

// dirtyRooms are those with something gathered that the next tick passes on.
type dirtyRooms struct {
	mu   sync.Mutex
	list []*room
}

// soil puts the room before the next tick. mu is held.
func (r *room) soil() {
	if r.dirty {
		return
	}
	r.dirty = true
	d := &r.hub.dirty
	d.mu.Lock()
	d.list = append(d.list, r)
	d.mu.Unlock()
}

func (d *dirtyRooms) take() []*room {
	d.mu.Lock()
	defer d.mu.Unlock()
	list := d.list
	d.list = nil
	return list
}

// tick passes on what is gathered: typing with every tick, presence and heads
// with every fourth.
func (h *Hub) tick() {
	t := time.NewTicker(h.o.Gather / 4)
	defer t.Stop()
	for n := 1; ; n++ {
		select {
		case <-h.ctx.Done():
			return
		case <-t.C:
		}
		h.pass(n%4 == 0)
	}
}

func (h *Hub) pass(all bool) {
	heads := map[*user][]protocol.Head{}
	for _, r := range h.dirty.take() {
		r.pass(all, heads)
	}
	for u, list := range heads {
		u.tellHeads(list)
	}
}

// pass hands on what gathered in one room, and adds its head to those of the
// users who are to be told.
func (r *room) pass(all bool, heads map[*user][]protocol.Head) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dirty = false
	r.tellTyping()
	if all {
		r.tellPresence()
		if r.moved {
			r.moved = false
			r.collect(heads)
		}
	} else if r.moved || len(r.changed) > 0 {
		r.soil()
	}
	r.outlive()
	r.wake()
}

// collect notes the room's head for those who do not watch it. mu is held.
func (r *room) collect(heads map[*user][]protocol.Head) {
	for _, m := range r.members {
		if m.joined && m.near < m.u.following.Load() {
			heads[m.u] = append(heads[m.u], m.head())
		}
	}
}

// tellHeads sends a user's sessions the heads of the rooms that they do not watch.
func (u *user) tellHeads(heads []protocol.Head) {
	for _, s := range u.everySession(nil) {
		if s.follows.Load() {
			s.tellHeads(heads)
		}
	}
}

func (s *Session) tellHeads(heads []protocol.Head) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.before != nil {
		return
	}
	var news []protocol.Head
	for _, h := range heads {
		if s.watching(h.Room) == nil {
			news = append(news, h)
		}
	}
	for len(news) > 0 {
		n := min(len(news), headsShown)
		if !s.conn.Write(appendFrame(nil, protocol.AppendHeads(nil, news[:n]))) {
			s.owe(news)
			return
		}
		news = news[n:]
	}
}

// owe notes rooms whose heads could not be told because the peer is behind, to
// tell them as they are when he has caught up. mu is held.
func (s *Session) owe(heads []protocol.Head) {
	e := s.busy()
	if e.owed == nil {
		e.owed = map[string]struct{}{}
		s.queue(job{work: s.settle})
	}
	for _, h := range heads {
		e.owed[h.Room] = struct{}{}
	}
}

func (s *Session) settle(ctx context.Context) {
	if !s.drained(ctx) {
		return
	}
	s.mu.Lock()
	e := s.errands // there while one works, as this does
	owed := e.owed
	e.owed = nil
	s.mu.Unlock()
	var heads []protocol.Head
	for id := range owed {
		r := s.hub.find(id)
		if r == nil {
			continue
		}
		r.mu.Lock()
		if m := r.members[s.user.id]; m != nil && m.joined {
			heads = append(heads, m.head())
		}
		r.mu.Unlock()
	}
	s.tellHeads(heads)
}
