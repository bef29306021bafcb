package hub

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"minichat"
	"minichat/internal/bus"
	"minichat/internal/protocol"
	"minichat/internal/socket"
)

// The poster's own event never comes before the ok, however many posts are out.
func TestOwnEventBehindTheAnswer(t *testing.T) {
	const posters, each, outstanding = 8, 200, 8
	w := newWorld(t)
	w.addRoom("r", "ana")
	var wg sync.WaitGroup
	for p := range posters {
		c := w.dial("ana")
		if p%2 == 0 {
			c.watch("r", "")
		} else { // is being fed from the log while it posts
			c.say(`{"type":"watch","n":900000,"room":"r","after":0}`)
		}
		wg.Go(func() {
			answered, own, at := map[string]bool{}, 0, int64(-1)
			sent, oks := 0, 0
			for own < each {
				for sent < each && sent < oks+outstanding {
					sent++
					c.say(`{"type":"post","n":%d,"room":"r","key":"%d-aaaaaaaaaaaaaaaa-%d","text":"x"}`, sent, p, sent)
				}
				m := c.next("ok", "event", "events", "synced")
				var list []struct {
					Key string
					Seq int64
				}
				switch m.Type {
				case "ok":
					if m.N < 900000 {
						oks++
						answered[fmt.Sprintf("%d-aaaaaaaaaaaaaaaa-%d", p, m.N)] = true
					}
				case "event":
					json.Unmarshal([]byte("["+m.Raw+"]"), &list)
				case "events":
					json.Unmarshal(m.List, &list)
				}
				for _, ev := range list {
					if at >= 0 && ev.Seq != at+1 {
						t.Errorf("got %d after %d", ev.Seq, at)
						return
					}
					at = ev.Seq
					if strings.HasPrefix(ev.Key, fmt.Sprint(p, "-")) {
						own++
						if !answered[ev.Key] {
							t.Errorf("own event %s came before its answer", ev.Key)
							return
						}
					}
				}
			}
		})
	}
	wg.Wait()
}

func TestPong(t *testing.T) {
	w := newWorld(t)
	w.addRoom("r", "ana")
	c := w.dial("ana")
	w.post("r", "ana", "x")
	c.watch("r", "")
	c.say(`{"type":"ping","n":5}`)
	if m := c.next("pong"); string(m.Heads) != `[["r",1]]` || m.N != 5 {
		t.Errorf("got %s, want head 1", m.Raw)
	}
}

func TestConnectionsPerUser(t *testing.T) {
	w := newWorld(t, func(o *Options, _ *sockOptions) { o.Limits.ConnectionsPerUser = 2 })
	silent, busy := w.dial("ana"), w.dial("ana")
	for silent.idle(w) < 20 || busy.idle(w) >= silent.idle(w) {
		busy.fence()
	}
	third := w.dial("ana")
	if code := silent.closed(); code != 4010 {
		t.Errorf("got close %d, want 4010", code)
	}
	busy.fence()
	third.fence()
}

// idle is how long the server has not heard of the client whose session has the
// place that it dialled in.
func (c *client) idle(w *world) int64 {
	for i, s := range w.hub.person("ana").everySession(nil) {
		if c.place(w) == i {
			return s.conn.IdleMS()
		}
	}
	return -1
}

func (c *client) place(w *world) int { return slices.Index(w.dialled, c) }

func TestEnd(t *testing.T) {
	w := newWorld(t)
	one := w.dial("ana")
	two := w.dial("ana", func(c *Client) { c.ID = "token" })
	bo := w.dial("bo")
	if n := w.hub.End("", "token", 4004, "signed out"); n != 1 {
		t.Errorf("got %d, want 1", n)
	}
	if code := two.closed(); code != 4004 {
		t.Errorf("got close %d, want 4004", code)
	}
	w.bus.Publish(bus.Message{Kind: bus.End, User: "ana", Code: 4003, Reason: "disabled"})
	if code := one.closed(); code != 4003 {
		t.Errorf("got close %d, want 4003", code)
	}
	if n := w.hub.End("", "", 4003, ""); n != 0 {
		t.Errorf("nobody: got %d, want 0", n)
	}
	bo.fence()
}

func TestDrain(t *testing.T) {
	w := newWorld(t)
	w.addRoom("r", "ana")
	c := w.dial("ana")
	c.watch("r", "")
	w.post("r", "ana", "x")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	gone := make(chan struct{})
	go func() { w.hub.Drain(ctx, "update"); close(gone) }()
	c.collect(1, 1)
	m := c.next("bye")
	if code := c.closed(); code != 1012 || !strings.Contains(m.Raw, `"code":1012,"reason":"update"`) {
		t.Errorf("got %s, close %d; want bye and 1012", m.Raw, code)
	}
	<-gone
	if ctx.Err() != nil {
		t.Error("Drain waited for nobody")
	}
	if s := w.hub.Stats(); s.Sessions != 0 || s.Rooms != 0 || s.Users != 0 || s.Watches != 0 {
		t.Errorf("got %+v, want nothing left", s)
	}
}

// Many are bid goodbye one after the other and called back later, not all at once.
func TestDrainSpreads(t *testing.T) {
	const spread, many = 60 * time.Millisecond, 60
	w := newWorld(t, func(o *Options, _ *socket.Options) { o.Spread, o.Limits.ConnectionsPerUser = spread, 0 })
	clients := make([]*client, many)
	for i := range clients {
		clients[i] = w.dial("ana")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	began := time.Now()
	gone := make(chan struct{})
	go func() { w.hub.Drain(ctx, "update"); close(gone) }()
	waits := map[int64]bool{}
	for _, c := range clients {
		var bye struct {
			RetryMS int64 `json:"retry_ms"`
		}
		if err := json.Unmarshal([]byte(c.next("bye").Raw), &bye); err != nil {
			t.Fatal(err)
		}
		if most := (2 * spread).Milliseconds(); bye.RetryMS < 0 || bye.RetryMS > most {
			t.Errorf("come back after %d ms, want at most %d", bye.RetryMS, most)
		}
		waits[bye.RetryMS] = true
		if code := c.closed(); code != 1012 {
			t.Errorf("closed with %d, want 1012", code)
		}
	}
	<-gone
	if took := time.Since(began); took < spread*9/10 {
		t.Errorf("all were bid goodbye within %v, want it spread over %v", took, spread)
	}
	if len(waits) < 5 {
		t.Errorf("only %d different times to come back", len(waits))
	}
}

func TestLabEncoding(t *testing.T) {
	w := newWorld(t)
	w.addRoom("r", "ana")
	for i := range 300 {
		w.post("r", "ana", fmt.Sprint("old", i))
	}
	frames := func(dst []byte, body minichat.MessageBody) []byte {
		return socket.AppendText(socket.AppendText(dst, []byte("1 "+body.Text)), []byte("2 "+body.Text))
	}
	enc := &Encoding{
		Event: func(dst []byte, ev *minichat.Event) []byte {
			if body, ok := ev.Body.(minichat.MessageBody); ok {
				return frames(dst, body)
			}
			return dst
		},
		Page: func(dst []byte, p *protocol.Page) []byte {
			for _, raw := range p.List {
				var ev struct {
					Kind string
					Body minichat.MessageBody
				}
				if json.Unmarshal(raw, &ev) == nil && ev.Kind == "message" {
					dst = frames(dst, ev.Body)
				}
			}
			return dst
		},
	}
	lab := w.dial(minichat.LabUser, func(c *Client) { c.Encoding = enc })
	v1 := w.dial("ana")
	expect := func(text string) {
		t.Helper()
		for _, part := range []string{"1 ", "2 "} {
			if m, _ := lab.read(); m.Raw != part+text {
				t.Fatalf("got %q, want %q", m.Raw, part+text)
			}
		}
	}
	for i := range 300 {
		expect(fmt.Sprint("old", i))
	}
	v1.watch("r", "")
	w.member("r", "bo", minichat.Joined) // nothing for the lab
	w.post("r", "ana", "live")
	w.bus.Publish(bus.Message{Kind: bus.User, Data: []byte(`{"type":"signal","kind":"user"}`)})
	w.post("r", "ana", "more")
	expect("live")
	expect("more")
	v1.collect(301, 303)
	w.lose = func(seq int64) bool { return seq == 304 }
	w.post("r", "ana", "lost")
	w.post("r", "ana", "found")
	expect("lost")
	expect("found")
}
