package hub

import (
	"minichat/internal/protocol"
	"minichat/internal/socket"
)

// give writes a batch to a live watch: in one piece, for nearly everybody, by out,
// which has it.
func (w *watch) give(b *batch, out *socket.Burst, sent *tallied) {
	s := w.s
	if !s.mu.TryLock() {
		out.Send() // whoever has it may wait for a connection that out holds
		s.mu.Lock()
	}
	defer s.mu.Unlock()
	if !w.live {
		return
	}
	if w.sent != b.after || w.end != nil || w.held != nil || s.asking() || b.private || len(b.buf) > piece {
		out.Send() // giveSome waits for the connection
		w.giveSome(b, sent)
		return
	}
	if len(b.buf) > 0 && !out.Write(s.conn) {
		s.fall(w)
		return
	}
	w.sent = b.last
	sent.deliveries += b.events
	sent.bytes += int64(len(b.buf))
	sent.writes++
}

// giveSome writes what of b is for w: not what it has, not what it sent itself
// as a signal, nothing behind the end of its membership, and nothing from an
// event on whose request has not been answered yet. The session's mu is held.
func (w *watch) giveSome(b *batch, sent *tallied) {
	switch {
	case w.held != nil:
		w.hold(b, 0)
		return
	case b.last < w.sent:
		return // all of it was read from the log
	case b.after > w.sent:
		w.s.fall(w) // something is missing between: the log has it
		return
	}
	out := parcel{w: w, b: b, sent: sent}
	for i, m := range b.marks {
		switch {
		case m.to != 0 && m.to <= w.sent, m.to == 0 && m.by == w.s.user.id && m.by != "":
			out.flush(i)
			out.from = i + 1
			continue
		case w.end != nil && (m.to > w.end.seq || m.to == 0 && max(out.to, w.sent) >= w.end.seq) || m.from <= w.sent && m.to > w.sent:
			out.flush(i)
			w.s.fall(w) // the end, or a page known in part: a reader of the log sees to both
			return
		case m.key != "" && w.s.awaits(w.r.id, m.key):
			if out.flush(i) {
				w.hold(b, i)
			}
			return
		}
		if b.end(i)-b.marks[out.from].at > piece && !out.flush(i) {
			return
		}
		out.to = max(out.to, m.to)
	}
	if !out.flush(len(b.marks)) {
		return
	}
	w.sent = max(w.sent, b.last)
	if w.end != nil && w.sent >= w.end.seq {
		w.s.fall(w)
	}
}

// parcel is a run of marks that goes out in one write.
type parcel struct {
	w    *watch
	b    *batch
	sent *tallied
	from int
	to   int64 // the last event in it
}

// flush writes the marks before i. false: the watch fell behind.
func (p *parcel) flush(i int) bool {
	if p.from >= i {
		return true
	}
	b := p.b.buf[p.b.marks[p.from].at:p.b.end(i-1)]
	if len(b) > 0 && !p.w.s.conn.Write(b) {
		p.w.s.fall(p.w)
		return false
	}
	for _, m := range p.b.marks[p.from:i] {
		if m.to != 0 {
			p.sent.deliveries += m.to - m.from + 1
		}
	}
	p.sent.bytes += int64(len(b))
	p.sent.writes++
	p.from = i
	p.w.sent = max(p.w.sent, p.to)
	return true
}

// hold keeps b from mark i on until the answer has gone. The session's mu is held.
func (w *watch) hold(b *batch, i int) {
	if i >= len(b.marks) {
		return
	}
	if w.held == nil {
		w.held = &batch{after: w.sent}
	}
	if len(w.held.buf)+len(b.buf) > 2*piece {
		w.held = nil
		w.s.fall(w)
		return
	}
	w.held.add(b, i)
}

// fall takes a watch off the live ones; the log feeds it from now on. mu is held.
func (s *Session) fall(w *watch) {
	w.live, w.held = false, nil
	if w.end == nil || w.sent < w.end.seq {
		s.hub.count.behind.Add(1)
	}
	s.queue(job{w: w})
}

// expel ends a watch whose membership ended: the last event went out, gone
// follows it. false: the peer must take something first. mu is held; leave must
// follow.
func (s *Session) expel(w *watch) bool {
	if !s.conn.Write(append(appendFrame(nil, protocol.AppendGone(nil, w.r.id, w.end.why)), w.end.then...)) {
		return false
	}
	s.drop(w)
	return true
}
