package hub

import (
	"minichat"
	"minichat/internal/bus"
)

// entry is one event on its way to the groups.
type entry struct {
	ev   *minichat.Event
	data []byte // v1, without a header
}

// deliver takes one committed event. Events of a room come in seq order; what
// is missing before one is read from the log, what was delivered is dropped.
func (h *Hub) deliver(m bus.Message) {
	if m.Event == nil {
		return
	}
	r := h.find(m.Room)
	if r == nil {
		h.late.note(m.Room, m.Event.Seq)
		if m.Event.Kind != minichat.KindMember {
			return
		}
		r = h.hold(m.Room) // somebody who is connected may be the member
		defer h.release(r)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	ev := m.Event
	if !r.known {
		r.begin(ev.Seq - 1)
	}
	switch {
	case ev.Seq <= r.head:
	case ev.Seq > r.head+1:
		r.want = max(r.want, ev.Seq)
		h.heal(r)
	default:
		r.enter(entry{ev, m.Data})
	}
}

// enter hands the next event to all that it concerns. mu is held.
func (r *room) enter(e entry) {
	r.head, r.headID, r.kept = e.ev.Seq, e.ev.ID, nil
	for _, g := range r.groups {
		if !g.empty() {
			g.event(r.hub, e)
		}
		g.last = r.head
		if g.next == nil {
			g.after = r.head
		} else {
			g.next.last = r.head
		}
	}
	r.consider(e.ev)
	r.wake()
}

// event encodes one event, once for all.
func (g *group) event(h *Hub, e entry) {
	b := g.open(h)
	at := len(b.buf)
	if g.enc == nil {
		b.buf = appendFrame(b.buf, e.data)
	} else {
		b.buf = g.enc.Event(b.buf, e.ev)
	}
	b.events++
	b.marks = append(b.marks, mark{at: at, from: e.ev.Seq, to: e.ev.Seq, key: e.ev.Key})
}

// consider draws the consequences of an event. mu is held.
func (r *room) consider(ev *minichat.Event) {
	switch ev.Kind {
	case minichat.KindMessage:
		if body, ok := bodyOf[minichat.MessageBody](ev.Body); ok {
			r.countMessage(ev, body)
		}
		r.stopTyping(ev.By)
	case minichat.KindMember:
		if body, ok := bodyOf[minichat.MemberBody](ev.Body); ok {
			r.memberChanged(ev.Seq, body)
		}
	case minichat.KindRoom:
		r.hub.tellMembers(r)
	}
	if !r.moved {
		r.moved = true
		r.soil()
	}
}

// bodyOf is an event's body, whether it is kept by value or by pointer.
func bodyOf[T any](body any) (T, bool) {
	if p, ok := body.(*T); ok && p != nil {
		return *p, true
	}
	v, ok := body.(T)
	return v, ok
}
