package hub

import (
	"context"
	"encoding/json"
	"time"

	"minichat"
)

const (
	healFirst = 50 * time.Millisecond // before asking the log again
	healLast  = 2 * time.Second
	healTries = 20 // without anything new: the announcement was wrong
)

// heal reads from the log what the bus did not bring. mu is held.
func (h *Hub) heal(r *room) {
	if r.healing || r.want <= r.head {
		return
	}
	h.count.holes.Add(1)
	h.hold(r.id)
	if r.healing = h.run(func() { h.mend(r) }); !r.healing {
		h.release(r)
	}
}

// mend enters pages of the log until nothing is known to be missing.
func (h *Hub) mend(r *room) {
	defer h.release(r)
	wait, tries := healFirst, 0
	for {
		after, done := r.missing(tries >= healTries)
		if done {
			return
		}
		p, err := h.page(h.ctx, r, after)
		if err == nil && p.To > after {
			r.enterPage(p)
			wait, tries = healFirst, 0
			continue
		}
		if err != nil {
			h.o.Log.Warn("read the log to close a hole", "room", r.id, "err", err)
		} else {
			tries++
		}
		if !h.sleep(wait) {
			return
		}
		wait = min(2*wait, healLast)
	}
}

// missing is behind which event something is missing; done: nothing is.
func (r *room) missing(giveUp bool) (after int64, done bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if giveUp {
		r.want = r.head
	}
	if r.head >= r.want {
		r.healing = false
	}
	return r.head, !r.healing
}

// pageEvent is what the hub must know of an event in a page.
type pageEvent struct {
	Seq  int64           `json:"seq"`
	ID   string          `json:"id"`
	Kind string          `json:"kind"`
	By   string          `json:"by"`
	Body json.RawMessage `json:"body"`
}

// enterPage hands a page to all that it concerns, as enter does an event.
func (r *room) enterPage(p *page) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p.From <= r.head || p.To <= r.head {
		return // the bus was faster: ask again
	}
	for _, g := range r.groups {
		if !g.empty() {
			g.page(r, p)
		}
		g.last = p.To
		if g.next == nil {
			g.after = p.To
		} else {
			g.next.last = p.To
		}
	}
	r.head, r.headID, r.kept = p.To, "", nil
	for _, raw := range p.List {
		var ev pageEvent
		if json.Unmarshal(raw, &ev) == nil { // it is our own
			r.headID = ev.ID
			r.consider(ev.event())
		}
	}
	r.wake()
}

func (g *group) page(r *room, p *page) {
	b := g.open(r.hub)
	at := len(b.buf)
	if g.enc == nil {
		b.buf = append(b.buf, p.frame...)
	} else {
		b.buf = g.enc.Page(b.buf, p.Page)
	}
	b.events += p.To - p.From + 1
	b.marks = append(b.marks, mark{at: at, from: p.From, to: p.To})
}

// event makes of a page's event one that consider understands.
func (e pageEvent) event() *minichat.Event {
	ev := &minichat.Event{Seq: e.Seq, ID: e.ID, Kind: e.Kind, By: e.By}
	switch e.Kind {
	case minichat.KindMessage:
		body := new(minichat.MessageBody)
		if json.Unmarshal(e.Body, &struct {
			*minichat.MessageBody
			Reactions json.RawMessage `json:"reactions"` // of no concern here
		}{MessageBody: body}) == nil {
			ev.Body = body
		}
	case minichat.KindMember:
		body := new(minichat.MemberBody)
		if json.Unmarshal(e.Body, body) == nil {
			ev.Body = body
		}
	}
	return ev
}

// Sweep brings what another process wrote into the rooms that are known here:
// heads are the rooms' heads in the database.
func (h *Hub) Sweep(ctx context.Context, heads map[string]int64) {
	for _, r := range h.everyRoom() {
		if ctx.Err() != nil {
			return
		}
		r.mu.Lock()
		if head := heads[r.id]; r.known && head > r.head {
			r.want = max(r.want, head)
			h.heal(r)
		}
		r.mu.Unlock()
	}
}
