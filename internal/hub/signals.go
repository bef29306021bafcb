package hub

import (
	"slices"
	"time"

	"minichat"
	"minichat/internal/bus"
	"minichat/internal/protocol"
)

const (
	typingEvery = 3 * time.Second // that one person's typing in a room is passed on
	typists     = 32              // of a room, told at once
	pressure    = 8 << 10         // bytes waiting in a room's batch above which signals are dropped
)

// typist is somebody's typing that waits to be told.
type typist struct {
	by    string
	frame []byte
}

// typing notes that somebody writes; it is told with the next tick.
func (h *Hub) typing(m bus.Message) {
	r := h.find(m.Room)
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if last, ok := r.typed[m.By]; ok && now.Sub(last) < typingEvery {
		return
	}
	if r.typed == nil {
		r.typed = map[string]time.Time{}
	}
	for by, last := range r.typed {
		if now.Sub(last) >= typingEvery {
			delete(r.typed, by)
		}
	}
	r.typed[m.By] = now
	if len(r.pending) >= typists {
		h.count.dropped.Add(1)
		return
	}
	r.pending = append(r.pending, typist{m.By, appendFrame(nil, m.Data)})
	r.soil()
}

// stopTyping forgets that somebody writes, once the message is there: what was
// not told yet would be wrong, and the next message is announced anew. mu is held.
func (r *room) stopTyping(by string) {
	delete(r.typed, by)
	r.pending = slices.DeleteFunc(r.pending, func(t typist) bool { return t.by == by })
}

// read notes what somebody has read, and tells his own sessions.
func (h *Hub) read(m bus.Message) {
	u := h.person(m.User)
	if u == nil {
		return
	}
	if r := h.find(m.Room); r != nil {
		r.mu.Lock()
		if at := r.members[m.User]; at != nil {
			at.take(&minichat.Room{Head: m.Head, Unread: m.Unread, Mentions: m.Mentions})
		}
		r.mu.Unlock()
	}
	frame := appendFrame(nil, m.Data)
	for _, s := range u.everySession(nil) {
		if !s.notice(frame) {
			h.count.dropped.Add(1)
		}
	}
}

// presence notes that somebody came, went or changed. mu is held.
func (r *room) presence(user string) {
	if len(r.changed) > onlineShown {
		return // they will only be counted
	}
	if r.changed == nil {
		r.changed = map[string]struct{}{}
	}
	r.changed[user] = struct{}{}
	r.soil()
}

// signal adds a frame to what the watchers of v1 get next. It is not for by.
// false: nobody, or too much is waiting. mu is held.
func (r *room) signal(frame []byte, by string) bool {
	for _, g := range r.groups {
		if g.enc != nil || g.empty() {
			continue
		}
		b := g.open(r.hub)
		if len(b.buf) > pressure {
			r.hub.count.dropped.Add(1)
			return false
		}
		b.marks = append(b.marks, mark{at: len(b.buf), by: by})
		b.buf = append(b.buf, frame...)
		b.private = b.private || by != ""
		return true
	}
	return false
}

// tellTyping passes on who writes. mu is held.
func (r *room) tellTyping() {
	for _, t := range r.pending {
		r.signal(t.frame, t.by)
	}
	r.pending = nil
}

// tellPresence passes on who came and went. mu is held.
func (r *room) tellPresence() {
	if len(r.changed) == 0 {
		return
	}
	p := protocol.PresenceSignal{Room: r.id, Count: int64(len(r.members))}
	if len(r.changed) <= onlineShown {
		for id := range r.changed {
			switch m := r.members[id]; {
			case m == nil:
				p.Off = append(p.Off, id)
			case m.u.away.Load():
				p.Away = append(p.Away, id)
			default:
				p.On = append(p.On, id)
			}
		}
	}
	r.changed = nil
	r.signal(appendFrame(nil, protocol.AppendSignalPresence(nil, p)), "")
}
