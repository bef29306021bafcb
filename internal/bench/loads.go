package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"minichat"
)

// padding makes a text of about 100 bytes, with the time in front.
var padding = strings.Repeat(" and so on", 8)

// marker stands before the time in each text.
const marker = `"text":"bench `

func (s *session) post(n int) string {
	return fmt.Sprintf(`{"type":"post","n":%d,"room":%q,"key":%q,"text":"bench %d%s"}`, n, s.room, minichat.NewID(32), time.Now().UnixNano(), padding)
}

// sentAt is when the text in an event's frame was posted.
func sentAt(b []byte) (time.Time, bool) {
	_, rest, ok := bytes.Cut(b, []byte(marker))
	digits, _, _ := bytes.Cut(rest, []byte(" "))
	ns, err := strconv.ParseInt(string(digits), 10, 64)
	return time.Unix(0, ns), ok && err == nil
}

// lone posts one message at a time.
func (s *session) lone(ctx context.Context) error {
	c, err := s.api.dial(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	pause := s.pause()
	var h histogram
	for end, n := time.Now().Add(s.o.For), 1; time.Now().Before(end); n++ {
		c.c.SetDeadline(time.Now().Add(patience))
		began := time.Now()
		if err := c.send(s.post(n)); err != nil {
			return err
		}
		if _, err := c.until("ok"); err != nil {
			return err
		}
		h.add(time.Since(began))
		if !sleep(ctx, pause) {
			return ctx.Err()
		}
	}
	s.report.Lone = h.latency()
	return nil
}

// pause keeps one connection below what the server lets a person post.
func (s *session) pause() time.Duration {
	if s.limits.PostsPerSecond == 0 {
		return 0
	}
	return time.Duration(float64(time.Second) / float64(s.limits.PostsPerSecond) * 1.1)
}

// posts keeps as many outstanding as the server takes from 16 busy clients.
func (s *session) posts(ctx context.Context) error {
	if s.limits.PostsPerSecond > 0 {
		s.note("The server lets a person post %d messages a second, so how many it could take was not measured. Lift that for a while with --limit posts_per_second=0.", s.limits.PostsPerSecond)
		return nil
	}
	g, err := s.gather(ctx, s.allowed(talkers), false)
	if err != nil {
		return err
	}
	defer g.end()
	g.talk()
	sleep(ctx, s.o.For)
	s.report.PostsPerSec = float64(g.acked.Load()) / s.o.For.Seconds()
	s.report.Posts = g.acks.latency()
	return g.end()
}

// deliveries lets many watch: first at the rate, then with as many posts as it takes.
func (s *session) deliveries(ctx context.Context) error {
	n := s.allowed(s.o.Connections)
	if n < s.o.Connections {
		s.note("The server allows a person %d connections, so %d were used instead of %d. Lift that for a while with --limit connections_per_user=0.", s.limits.ConnectionsPerUser, n, s.o.Connections)
	}
	rate := s.o.Rate
	if l := float64(s.limits.PostsPerSecond); l > 0 && rate > .9*l {
		rate = .9 * l
	}
	s.report.Connections, s.report.Rate = n, rate
	g, err := s.gather(ctx, n, true)
	if err != nil {
		return err
	}
	defer g.end()
	end := time.Now().Add(s.o.For)
	for k := 0; time.Now().Before(end); k++ {
		if err := g.clients[k%len(g.clients)].send(s.post(k + 1)); err != nil {
			return err
		}
		if !sleep(ctx, time.Duration(float64(time.Second)/rate)) {
			return ctx.Err()
		}
	}
	s.report.Deliver = g.delays.latency()
	if s.limits.PostsPerSecond == 0 {
		before := g.delivered.Load()
		g.talk()
		sleep(ctx, s.o.For)
		s.report.DeliveredSec = float64(g.delivered.Load()-before) / s.o.For.Seconds()
	}
	return g.end()
}

// idle looks at the server's memory without and with connections that are silent.
func (s *session) idle(ctx context.Context) error {
	before, told := s.api.memory(ctx)
	if !told {
		s.note("The server does not tell its memory: it does so to its own machine and to an admin's token.")
		return nil
	}
	g, err := s.gather(ctx, s.allowed(s.o.Connections), true)
	if err != nil {
		return err
	}
	defer g.end()
	if !sleep(ctx, 2*time.Second) {
		return ctx.Err()
	}
	after, _ := s.api.memory(ctx)
	if len(g.clients) < 500 {
		s.note("The memory of a silent connection is blurred by everything else with %d of them. Use --connections 1000 or more for it.", len(g.clients))
	}
	s.report.IdleBytes = max(0, after-before) / float64(len(g.clients))
	return g.end()
}

// gathering is a number of clients, each with a goroutine that reads.
type gathering struct {
	s                *session
	clients          []*client
	readers          sync.WaitGroup
	ending           atomic.Bool
	acked, delivered atomic.Int64
	acks, delays     histogram
	failed           atomic.Pointer[error]
	once             sync.Once
}

// gather connects n clients, which watch the room if they shall.
func (s *session) gather(ctx context.Context, n int, watch bool) (*gathering, error) {
	g := &gathering{s: s}
	for range n {
		c, err := s.api.dial(ctx)
		if err == nil && watch {
			err = errors.Join(c.send(fmt.Sprintf(`{"type":"watch","n":2,"room":%q}`, s.room)), c.await("synced"))
		}
		if err != nil {
			g.end()
			return nil, fmt.Errorf("connection %d of %d: %w", len(g.clients)+1, n, err)
		}
		g.clients = append(g.clients, c)
		g.readers.Go(func() { g.read(c) })
	}
	return g, nil
}

func (c *client) await(typ string) error {
	c.c.SetDeadline(time.Now().Add(patience))
	defer c.c.SetDeadline(time.Time{})
	_, err := c.until(typ)
	return err
}

// talk lets the first 16 keep posts outstanding until the end.
func (g *gathering) talk() {
	for _, c := range g.clients[:min(talkers, len(g.clients))] {
		for n := firstTalk; n < firstTalk+outstanding; n++ {
			if err := g.say(c, n); err != nil {
				return // its reader tells
			}
		}
	}
}

func (g *gathering) read(c *client) {
	for {
		b, err := c.next()
		if err != nil {
			g.fail(err)
			return
		}
		switch frameType(b) {
		case "event":
			if at, ok := sentAt(b); ok {
				g.delivered.Add(1)
				g.delays.add(time.Since(at))
			}
		case "error":
			g.fail(refusal(b))
			return
		case "ok":
			n, at := c.answered(b)
			if at == 0 {
				continue
			}
			g.acked.Add(1)
			g.acks.add(time.Since(epoch) - at)
			if err := g.say(c, n); err != nil {
				g.fail(err)
				return
			}
		}
	}
}

// firstTalk is the n of the first post of a talk: no other request has it.
const firstTalk = 1 << 30

// epoch is what times of posts are counted from.
var epoch = time.Now()

// say posts with this n, of which no answer is awaited.
func (g *gathering) say(c *client, n int) error {
	c.said[n-firstTalk].Store(int64(time.Since(epoch)))
	return c.send(g.s.post(n))
}

// answered is the n of an ok, and when it was said; 0 when talk did not.
func (c *client) answered(ok []byte) (n int, at time.Duration) {
	digits, _, _ := bytes.Cut(bytes.TrimPrefix(ok, []byte(`{"type":"ok","n":`)), []byte(","))
	n, err := strconv.Atoi(string(digits))
	if err != nil || n < firstTalk || n >= firstTalk+outstanding {
		return 0, 0
	}
	return n, time.Duration(c.said[n-firstTalk].Load())
}

func (g *gathering) fail(err error) {
	if !g.ending.Load() {
		g.failed.CompareAndSwap(nil, &err)
	}
}

// end closes all connections and returns what went wrong before.
func (g *gathering) end() error {
	g.ending.Store(true)
	g.once.Do(func() {
		for _, c := range g.clients {
			c.close()
		}
	})
	g.readers.Wait()
	if err := g.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// sleep reports false when the context ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
