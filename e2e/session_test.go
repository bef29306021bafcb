package e2e

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

func (c *client) hello(ctx context.Context) error {
	r := request{Type: "hello", N: 1, Token: c.token, Device: "checker", Epoch: c.epoch}
	if !c.list {
		r.Rooms = ptr(false)
	}
	var watch []string
	for _, room := range c.rooms {
		if c.rnd.IntN(3) == 0 {
			watch = append(watch, room)
			continue
		}
		f := c.folds[room]
		r.Cursors = append(r.Cursors, []any{room, f.seq, f.id})
		c.stream(room, f.seq)
	}
	asked := c.rec.len()
	if err := c.s.l.say(ctx, r); err != nil {
		return err
	}
	wait, stop := context.WithTimeout(ctx, 8*time.Second)
	defer stop()
	f, raw, err := c.s.l.next(wait)
	if err != nil {
		return err
	}
	c.unveil(&f, raw)
	if f.Type == "bye" {
		return errors.New("bye")
	}
	if f.Type != "welcome" {
		c.rec.add(record{Op: opLate, User: c.user, Conn: c.s.conn, Text: "instead of welcome: " + string(raw)})
		return errors.New("no welcome")
	}
	c.s.n, c.epoch = 1, f.Epoch
	c.rec.add(record{Op: opOpen, User: c.user, Conn: c.s.conn, Text: f.Epoch, Asked: asked})
	for _, room := range watch {
		if err := c.watch(ctx, room); err != nil {
			return err
		}
	}
	return nil
}

// stream notes that events of the room follow from behind seq.
func (c *client) stream(room string, seq int64) {
	c.s.streams[room] = false
	c.rec.add(record{Op: opWatch, User: c.user, Conn: c.s.conn, Room: room, Seq: seq})
}

func (c *client) watch(ctx context.Context, room string) error {
	f := c.folds[room]
	return c.ask(ctx, request{Type: "watch", Room: room, After: ptr(f.seq), ID: f.id}, asked{kind: "watch", room: room, after: f.seq, at: c.rec.len()})
}

// ask sends a request and remembers what its answer is to.
func (c *client) ask(ctx context.Context, r request, a asked) error {
	c.s.n++
	r.N = c.s.n
	c.s.asked[r.N] = a
	return c.s.l.say(ctx, r)
}

// beat pings, and looks whether the last ping was answered.
func (c *client) beat(ctx context.Context) error {
	if c.s.ping != 0 {
		if !c.calm && time.Since(c.s.pinged) > pongWithin {
			return errors.New("no pong")
		}
		return nil
	}
	c.s.pinged = time.Now()
	err := c.ask(ctx, request{Type: "ping"}, asked{kind: "ping", at: c.rec.len()})
	c.s.ping = c.s.n
	return err
}

// unveil notes when bytes hold what this person must not see.
func (c *client) unveil(f *frame, raw []byte) {
	if c.veil == "" || !strings.Contains(string(raw), canary) {
		return
	}
	c.rec.add(record{Op: opCanary, User: c.user, Conn: c.s.conn, Room: c.veil, Kind: f.Type, Seq: max(f.Seq, f.To)})
}

// settled says whether nothing waits any more. Others ask by idle and heads.
func (c *client) settle() {
	idle := len(c.outbox) == 0
	for room, f := range c.folds {
		c.heads[room].Store(f.seq)
		idle = idle && len(f.stale) == 0
	}
	c.idle.Store(idle && !slices.Contains(c.unsynced(), true))
}

// unsynced tells for each watched room whether its replay is still going on.
func (c *client) unsynced() []bool {
	list := []bool{}
	for _, synced := range c.s.streams {
		list = append(list, !synced)
	}
	return list
}
