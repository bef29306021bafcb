package e2e

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// weights are how often each kind of change is made.
var weights = []struct {
	kind   string
	weight int
}{{"post", 60}, {"thread", 8}, {"edit", 12}, {"react", 12}, {"delete", 4}, {"pin", 4}}

// act sends what waits, and now and then something new.
func (c *client) act(ctx context.Context) error {
	for room, ch := range c.outbox {
		due := ch.sent.IsZero() && time.Now().After(ch.not) || !ch.sent.IsZero() && !c.calm && time.Since(ch.sent) > resendAfter
		if due {
			if err := c.send(ctx, room, ch); err != nil {
				return err
			}
		}
	}
	defer c.settle()
	if !c.busy.Load() || c.pace == 0 {
		return nil
	}
	room := c.rooms[c.rnd.IntN(len(c.rooms))]
	if c.outbox[room] != nil {
		return nil
	}
	ch := c.invent(room)
	if ch == nil {
		return nil
	}
	c.outbox[room] = ch
	return c.send(ctx, room, ch)
}

func (c *client) send(ctx context.Context, room string, ch *change) error {
	ch.sent = time.Now()
	if ch.times++; ch.times == 2 {
		c.again.Add(1)
	}
	r := ch.r
	text := ""
	if r.Text != nil {
		text = *r.Text
	}
	at := c.rec.add(record{Op: opAsk, User: c.user, Conn: c.s.conn, Room: room, Kind: r.Type, Key: r.Key, Text: text, Target: r.Target, Rev: r.Rev})
	return c.ask(ctx, r, asked{kind: r.Type, room: room, change: ch, at: at})
}

// invent makes a change that makes sense by what is shown of the room; nil: none.
func (c *client) invent(room string) *change {
	roll, kind := c.rnd.IntN(100), ""
	for _, w := range weights {
		if kind = w.kind; roll < w.weight {
			break
		}
		roll -= w.weight
	}
	f := c.folds[room]
	r := request{Type: kind, Room: room}
	r.Key = fmt.Sprintf("%016x%016x", c.rnd.Uint64(), c.rnd.Uint64())
	switch kind {
	case "post":
		r.Text = ptr(c.text(room))
		if c.rnd.IntN(6) == 0 {
			r.ReplyTo = c.choose(f, func(int64, *body) bool { return true })
		}
	case "thread":
		r.Type, r.Text = "post", ptr(c.text(room))
		r.Thread = c.choose(f, func(_ int64, m *body) bool { return m.Thread == 0 && !m.Deleted })
		r.InRoom = r.Thread > 0 && c.rnd.IntN(2) == 0
	case "edit":
		r.Target = c.choose(f, func(seq int64, m *body) bool { return f.by[seq] == c.user && !m.Deleted && !f.stale[seq] })
		if m := f.messages[r.Target]; m != nil {
			r.Rev, r.Text = m.Rev, ptr(c.text(room))
		}
	case "delete":
		r.Target = c.choose(f, func(seq int64, m *body) bool { return f.by[seq] == c.user && !m.Deleted })
	case "react", "pin":
		r.Target = c.choose(f, func(_ int64, m *body) bool { return !m.Deleted })
		r.On = ptr(c.rnd.IntN(3) > 0)
		if kind == "react" {
			r.Emoji = []string{"👍", "🎉", "😀"}[c.rnd.IntN(3)]
		}
	}
	if r.Type != "post" && r.Target == 0 {
		return nil
	}
	return &change{r: r, kind: kind}
}

// choose picks one of the latest messages that suit; 0: none.
func (c *client) choose(f *fold, suits func(seq int64, m *body) bool) int64 {
	for range 30 {
		seq := f.seq - c.rnd.Int64N(60)
		if m := f.messages[seq]; m != nil && suits(seq, m) {
			return seq
		}
	}
	return 0
}

// text is a message that no other is equal to.
func (c *client) text(room string) string {
	c.made++
	text := fmt.Sprintf("%s says %d: <b>bold</b> \"ä\" → %d", c.name, c.made, c.rnd.IntN(1000))
	switch c.rnd.IntN(20) {
	case 0:
		text += "\n" + strings.Repeat("long ", 600)
	case 1, 2:
		text += " @p01 and @all"
	}
	if room == c.vow {
		text = canary + " " + text
	}
	return text
}
