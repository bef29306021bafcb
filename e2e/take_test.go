package e2e

import (
	"context"
	"fmt"
	"time"
)

// take handles one frame of the server.
func (c *client) take(ctx context.Context, f *frame, raw []byte) error {
	defer c.settle()
	c.unveil(f, raw)
	switch f.Type {
	case "event":
		return c.event(ctx, f.Room, &f.event, true)
	case "events":
		return c.page(ctx, f)
	case "synced":
		c.note(opSynced, f)
		if _, ok := c.s.streams[f.Room]; ok {
			c.s.streams[f.Room] = true
		}
	case "reset":
		c.note(opReset, f)
		delete(c.s.streams, f.Room)
		c.forget(f.Room)
	case "gone":
		c.note(opGone, f)
		delete(c.s.streams, f.Room)
		c.forget(f.Room)
	case "room":
		if _, watched := c.s.streams[f.Room]; !watched && c.folds[f.Room] != nil {
			return c.watch(ctx, f.Room)
		}
	case "ok", "error", "pong":
		return c.answer(ctx, f, raw)
	}
	return nil // heads, signal, bye, and what later versions bring
}

func (c *client) note(op string, f *frame) {
	c.rec.add(record{Op: op, User: c.user, Conn: c.s.conn, Room: f.Room, Head: f.Head, Text: f.Why})
}

// forget drops what is shown of a room; the outbox stays.
func (c *client) forget(room string) {
	if c.folds[room] == nil {
		return
	}
	c.folds[room] = newFold()
	delete(c.s.behind, room)
	c.rec.add(record{Op: opForget, User: c.user, Conn: c.s.conn, Room: room})
}

// event handles one event of a stream: the next is applied, what is there
// already is dropped, for what is missing the log is asked.
func (c *client) event(ctx context.Context, room string, ev *event, live bool) error {
	b, err := ev.body()
	if err != nil {
		return &protocolError{fmt.Sprintf("body of %s %d: %v", room, ev.Seq, err)}
	}
	rec := record{Op: opEvent, User: c.user, Conn: c.s.conn, Room: room, Seq: ev.Seq, ID: ev.ID, Kind: ev.Kind, By: ev.By, Key: ev.Key, Live: live}
	if live || ev.Kind == "message" {
		rec.Text, rec.Rev, rec.Deleted = b.Text, b.Rev, b.Deleted
	}
	c.rec.add(rec)
	f := c.folds[room]
	switch {
	case f == nil:
		return &protocolError{fmt.Sprintf("an event of %s, which was not watched", room)}
	case ev.Seq <= f.seq:
		return nil
	case ev.Seq > f.seq+1:
		return c.pull(ctx, room, f.seq, 200)
	}
	c.apply(room, f, ev, &b, live)
	return nil
}

func (c *client) apply(room string, f *fold, ev *event, b *body, live bool) {
	f.apply(ev, b, live)
	c.rec.add(record{Op: opApply, User: c.user, Room: room, Seq: ev.Seq})
}

func (c *client) pull(ctx context.Context, room string, after, limit int64) error {
	return c.ask(ctx, request{Type: "pull", Room: room, After: ptr(after), Limit: limit}, asked{kind: "pull", room: room, after: after, at: c.rec.len()})
}

// page handles a page: one of a stream, or the answer to a pull.
func (c *client) page(ctx context.Context, f *frame) error {
	list, err := f.events()
	if err != nil {
		return &protocolError{fmt.Sprintf("the list of a page: %v", err)}
	}
	if f.N == nil {
		c.rec.add(record{Op: opPage, User: c.user, Conn: c.s.conn, Room: f.Room, From: f.From, To: f.To, Head: f.Head})
		for i := range list {
			if err := c.event(ctx, f.Room, &list[i], false); err != nil {
				return err
			}
		}
		return c.freshen(ctx, f.Room)
	}
	a, ok := c.s.asked[*f.N]
	if !ok || a.kind != "pull" {
		return &protocolError{fmt.Sprintf("a page for %d, which was not asked for", *f.N)}
	}
	delete(c.s.asked, *f.N)
	c.rec.add(record{Op: opHead, User: c.user, Conn: c.s.conn, Room: f.Room, Kind: "pull", Head: f.Head, Asked: a.at})
	return c.pulled(f.Room, list)
}

// pulled takes in what a pulled page has that is new.
func (c *client) pulled(room string, list []event) error {
	fold := c.folds[room]
	if fold == nil {
		return nil
	}
	for i := range list {
		ev := &list[i]
		b, err := ev.body()
		switch {
		case err != nil:
			return &protocolError{fmt.Sprintf("body of %s %d: %v", room, ev.Seq, err)}
		case ev.Seq == fold.seq+1:
			c.apply(room, fold, ev, &b, false)
		case ev.Seq <= fold.seq && ev.Kind == "message":
			fold.refresh(ev, &b)
		}
	}
	return nil
}

// freshen pulls the messages that a page says were changed, without how.
func (c *client) freshen(ctx context.Context, room string) error {
	f := c.folds[room]
	if f == nil {
		return nil
	}
	for seq := range f.stale {
		if len(c.s.asked) > 40 {
			return nil // the next beat goes on
		}
		if err := c.pull(ctx, room, seq-1, 1); err != nil {
			return err
		}
	}
	return nil
}

// answer handles the answer to a request.
func (c *client) answer(ctx context.Context, f *frame, raw []byte) error {
	if f.N == nil {
		return &protocolError{fmt.Sprintf("an answer without n: %s", raw)}
	}
	a, ok := c.s.asked[*f.N]
	if !ok {
		return &protocolError{fmt.Sprintf("an answer to what was not asked: %s", raw)}
	}
	delete(c.s.asked, *f.N)
	switch {
	case f.code() == "internal":
		return &protocolError{fmt.Sprintf("%s %s: %s", a.kind, a.room, raw)}
	case f.Type == "pong":
		c.s.ping = 0
		return c.pong(ctx, f, a)
	case a.change != nil:
		c.changed(ctx, f, a)
	case a.kind == "watch" && f.Type == "ok":
		c.rec.add(record{Op: opHead, User: c.user, Conn: c.s.conn, Room: a.room, Kind: "watch", Head: f.Head, Asked: a.at})
		c.stream(a.room, a.after)
	case f.Type == "error" && c.veil == "" && !(c.fleeting && f.code() == "unauthenticated"):
		return &protocolError{fmt.Sprintf("%s %s: %s", a.kind, a.room, raw)}
	}
	return nil
}

// pong compares the heads with the cursors: what was behind already at the last
// pong was lost on the way.
func (c *client) pong(ctx context.Context, f *frame, a asked) error {
	for _, pair := range f.Heads {
		room, _ := pair[0].(string)
		number, _ := pair[1].(float64)
		head := int64(number)
		c.rec.add(record{Op: opHead, User: c.user, Conn: c.s.conn, Room: room, Kind: "pong", Head: head, Asked: a.at})
		fold := c.folds[room]
		if fold == nil {
			continue
		}
		if was := c.s.behind[room]; c.s.streams[room] && was > fold.seq {
			c.rec.add(record{Op: opBehind, User: c.user, Conn: c.s.conn, Room: room, Seq: fold.seq, Head: was})
			if err := c.pull(ctx, room, fold.seq, 200); err != nil {
				return err
			}
		}
		c.s.behind[room] = head
		if err := c.freshen(ctx, room); err != nil {
			return err
		}
	}
	return nil
}

// changed handles what became of a change.
func (c *client) changed(ctx context.Context, f *frame, a asked) {
	rec := record{Op: opOK, User: c.user, Conn: c.s.conn, Room: a.room, Kind: a.kind, Key: a.change.r.Key, Seq: f.Seq, ID: f.ID, Dup: f.Dup}
	if f.Type == "error" {
		rec.Op, rec.Code, rec.Definite = opFail, f.code(), f.Definite
	}
	c.rec.add(rec)
	waiting := c.outbox[a.room] == a.change
	switch {
	case !waiting:
	case f.Type == "ok":
		c.done(a.room)
		if c.rnd.IntN(10) == 0 && f.Seq > 0 {
			c.pull(ctx, a.room, f.Seq-1, 1) // a line that broke shows soon enough
		}
	case !f.Definite || passing(f.code()):
		a.change.sent = time.Time{}
		a.change.not = time.Now().Add(time.Duration(f.RetryMS)*time.Millisecond + 50*time.Millisecond)
	default:
		c.done(a.room)
	}
}

// done takes the change of a room out of the outbox.
func (c *client) done(room string) {
	if c.outbox[room].times > 1 {
		c.again.Add(-1)
	}
	delete(c.outbox, room)
}

// passing are the definite failures after which the same is tried again.
func passing(code string) bool {
	return code == "rate_limited" || code == "store_unavailable" || code == "storage_full"
}
