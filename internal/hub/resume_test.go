package hub

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"minichat"
	"minichat/internal/protocol"
)

// raw is a client that sees what comes in one piece.
type raw struct {
	t  *testing.T
	nc net.Conn
}

// comeBack says hello with cursors, as JSON.
func (w *world) comeBack(t *testing.T, who Client, cursors string) raw {
	t.Helper()
	nc, err := net.Dial("tcp", w.ts.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	fmt.Fprint(nc, "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	r := raw{t, nc}
	r.piece()
	w.who <- who
	hello := `{"type":"hello","n":1,"epoch":"e1","cursors":[` + cursors + `]}`
	nc.Write(append([]byte{0x81, 0x80 | byte(len(hello)), 0, 0, 0, 0}, hello...))
	return r
}

// piece is what one read gives, within 20 s.
func (r raw) piece() string {
	r.t.Helper()
	r.nc.SetReadDeadline(time.Now().Add(20 * time.Second))
	b := make([]byte, 256<<10)
	n, err := r.nc.Read(b)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(b[:n])
}

// silent fails if anything is there, or comes within a moment.
func (r raw) silent() {
	r.t.Helper()
	r.nc.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	b := make([]byte, 4096)
	if n, _ := r.nc.Read(b); n > 0 {
		r.t.Errorf("got %q before the page was read, want nothing", b[:n])
	}
}

// inOrder fails unless s has all of words, in this order.
func inOrder(t *testing.T, s string, words ...string) {
	t.Helper()
	rest := s
	for _, word := range words {
		_, after, ok := strings.Cut(rest, word)
		if !ok {
			t.Fatalf("got %.2000q, want %q in this order", s, words)
		}
		rest = after
	}
}

// holding is a world whose welcomes wait as long as they must.
func holding(o *Options, _ *sockOptions) { o.Hold, o.Gather = time.Hour, time.Hour }

// missed is such a world, with a room in which ana has missed a message.
func missed(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, holding)
	w.addRoom("r", "ana")
	w.post("r", "ana", "missed")
	return w
}

// The welcome and what the first cursor brings are one piece.
func TestWelcomeWithTheFirstCursor(t *testing.T) {
	for _, row := range []struct {
		name, cursors string
		want          []string
	}{
		{"a page", `["r",2,"id2"]`, []string{`"welcome"`, `"events"`, `"synced"`}},
		{"at the head", `["r",3,"id3"]`, []string{`"welcome"`, `"synced"`}},
		{"another id", `["r",2,"other"]`, []string{`"welcome"`, `"reset"`, `"synced"`}},
		{"no such room", `["nowhere",2,"id2"]`, []string{`"welcome"`, `"reset"`}},
		{"two rooms", `["r",2,"id2"],["r2",1,"id1"]`, []string{`"welcome"`, `"events"`, `"synced"`}},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t, holding)
			w.addRoom("r", "ana")
			w.addRoom("r2", "ana")
			for range 3 {
				w.post("r", "ana", "missed")
				w.post("r2", "ana", "other room")
			}
			asked, on := make(chan bool), make(chan bool)
			w.judging = func() { asked <- true; <-on }
			c := w.comeBack(t, Client{User: "ana"}, row.cursors)
			<-asked
			c.silent()
			w.judging = nil
			close(on)
			first := c.piece()
			inOrder(t, first, row.want...)
			if row.name != "two rooms" {
				return
			}
			for !strings.Contains(first, `"r2","head":3`) {
				first += c.piece()
			}
			inOrder(t, first, row.want[2], `"events"`, "other room", `"synced","room":"r2"`)
		})
	}
}

// What is told between joining and starting, and while the cursor is looked at,
// comes behind the welcome, and nobody waits for the cursor's sake.
func TestNoticeWhileWelcomeWaits(t *testing.T) {
	w := missed(t)
	asked, on := make(chan bool), make(chan bool)
	w.feeding = func() { asked <- true; <-on }
	c := w.comeBack(t, Client{User: "ana"}, `["r",0,""]`)
	<-asked
	w.hub.person("ana").everySession(nil)[0].notice(appendFrame(nil, []byte(`{"type":"signal"}`)))
	inOrder(t, c.piece(), `"welcome"`, `"signal"`)
	close(on)
	inOrder(t, c.piece(), `"events"`, `"synced"`)
}

func TestNoticesBeforeStart(t *testing.T) {
	w := missed(t)
	w.joined = func(s *Session) { s.notice(appendFrame(nil, []byte(`{"type":"signal"}`))) }
	c := w.comeBack(t, Client{User: "ana"}, `["r",0,""]`)
	inOrder(t, c.piece(), `"welcome"`, `"signal"`, `"events"`, `"synced"`)
}

// A cursor that cannot be answered keeps no welcome back.
func TestWelcomeDoesNotWait(t *testing.T) {
	t.Run("slow", func(t *testing.T) {
		w := newWorld(t, func(o *Options, _ *sockOptions) { o.Hold = time.Millisecond })
		w.addRoom("r", "ana")
		w.post("r", "ana", "missed")
		on := make(chan bool)
		w.feeding = func() { <-on }
		c := w.comeBack(t, Client{User: "ana"}, `["r",0,""]`)
		if first := c.piece(); !strings.Contains(first, `"welcome"`) || strings.Contains(first, "missed") {
			t.Errorf("got %q, want the welcome alone", first)
		}
		close(on)
		inOrder(t, c.piece(), `"events"`, `"synced"`)
	})
	t.Run("broken", func(t *testing.T) {
		w := newWorld(t, holding, func(o *Options, _ *sockOptions) {
			feed, broken := o.Feed, true
			o.Feed = func(ctx context.Context, room string, after int64, limit int) (*protocol.Page, error) {
				if broken {
					broken = false
					return nil, errors.New("the disk is gone")
				}
				return feed(ctx, room, after, limit)
			}
		})
		w.addRoom("r", "ana")
		w.post("r", "ana", "missed")
		c := w.comeBack(t, Client{User: "ana"}, `["r",0,""]`)
		first := c.piece()
		for !strings.Contains(first, `"synced"`) {
			first += c.piece()
		}
		inOrder(t, first, `"welcome"`, `"events"`, `"synced"`)
	})
	t.Run("ended", func(t *testing.T) {
		w := missed(t)
		asked, on := make(chan bool), make(chan bool)
		w.feeding = func() { asked <- true; <-on }
		c := w.comeBack(t, Client{User: "ana"}, `["r",0,""]`)
		<-asked
		w.hub.End("ana", "", 4003, "disabled")
		inOrder(t, c.piece(), `"welcome"`, "\x88", "disabled")
		close(on)
	})
	t.Run("removed", func(t *testing.T) {
		w := missed(t)
		asked, on := make(chan bool), make(chan bool)
		w.feeding = func() { w.feeding = nil; asked <- true; <-on }
		c := w.comeBack(t, Client{User: "ana"}, `["r",0,""]`)
		<-asked
		w.member("r", "ana", minichat.Removed)
		close(on)
		all := c.piece()
		for !strings.Contains(all, `"gone"`) {
			all += c.piece()
		}
		inOrder(t, all, `"welcome"`, "missed", `"removed"`, `"gone"`)
	})
}
