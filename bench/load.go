package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// text is 100 bytes, the body that performance figures of chat servers agree on.
var text = strings.Repeat("0123456789", 10)

func (s *server) newRoom(name string) (string, error) {
	req, _ := http.NewRequest("POST", "http://"+s.addr+"/api/v1/rooms", strings.NewReader(fmt.Sprintf(`{"kind":"channel","name":%q}`, name)))
	req.Header.Set("Authorization", "Bearer "+s.token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var room struct{ Room, Detail string }
	if err := json.NewDecoder(resp.Body).Decode(&room); err != nil || room.Room == "" {
		return "", fmt.Errorf("make a room: %s %v", room.Detail, err)
	}
	return room.Room, nil
}

func postFrame(n int, room string) string {
	return fmt.Sprintf(`{"type":"post","n":%d,"room":%q,"key":"%s","text":%q}`, n, room, rand.Text(), text)
}

// lone: one post at a time, against a bare append + fdatasync of the same bytes.
func (r *run) lone(ctx context.Context) error {
	return r.with(ctx, func(s *server) error {
		room, err := s.newRoom("lone " + rand.Text()[:8])
		if err != nil {
			return err
		}
		cl, err := dial(s.addr, s.token)
		if err != nil {
			return err
		}
		defer cl.c.Close()
		f, err := os.Create(r.data + "-append")
		if err != nil {
			return err
		}
		defer f.Close()
		var acks, bare []time.Duration
		for i := range 1000 {
			began := time.Now()
			if err := cl.send(postFrame(i, room)); err != nil {
				return err
			}
			if err := cl.until("ok", nil); err != nil {
				return err
			}
			acks = append(acks, time.Since(began))
			began = time.Now()
			f.WriteString(text)
			if err := datasync(f); err != nil {
				return err
			}
			bare = append(bare, time.Since(began))
		}
		fmt.Printf("ack of a lone durable post: median %s, p99 %s; a bare append + fdatasync: median %s, p99 %s; ratio of medians %.1f\n",
			round(median(acks)), round(quantile(acks, .99)), round(median(bare)), round(quantile(bare, .99)), float64(median(acks))/float64(median(bare)))
		return nil
	})
}

// posts: 64 connections with 8 posts outstanding each, in 16 rooms that nobody watches.
func (r *run) posts(ctx context.Context) error {
	return r.with(ctx, func(s *server) error {
		rooms := make([]string, 16)
		for i := range rooms {
			var err error
			if rooms[i], err = s.newRoom(fmt.Sprintf("posts %d %s", i, rand.Text()[:8])); err != nil {
				return err
			}
		}
		var acked atomic.Int64
		stop, err := r.load(s, 64, 8, func(i int) string { return rooms[i%len(rooms)] }, &acked)
		if err != nil {
			return err
		}
		cpu, n, began := s.cpu(), acked.Load(), time.Now()
		time.Sleep(r.seconds)
		took, n2, cpu2 := time.Since(began), acked.Load(), s.cpu()
		if err := stop(); err != nil {
			return err
		}
		fmt.Printf("durable posts acked, 64 connections x 8 outstanding: %.0f/s, %.1f us of server CPU each\n",
			float64(n2-n)/took.Seconds(), float64((cpu2-cpu).Microseconds())/float64(n2-n))
		return nil
	})
}

// load keeps posts outstanding on each of n connections until stop is called.
func (r *run) load(s *server, n, outstanding int, room func(int) string, acked *atomic.Int64) (stop func() error, err error) {
	var wg sync.WaitGroup
	var ending atomic.Bool
	failed := make(chan error, n)
	conns := make([]*client, n)
	for i := range n {
		cl, err := dial(s.addr, s.token)
		if err != nil {
			return nil, err
		}
		conns[i] = cl
		wg.Go(func() {
			for k := range outstanding {
				cl.send(postFrame(k, room(i)))
			}
			buf := make([]byte, 2048)
			for {
				b, err := cl.next(buf)
				if err != nil {
					if !ending.Load() {
						failed <- err
					}
					return
				}
				switch frameType(b) {
				case "ok":
					acked.Add(1)
					cl.send(postFrame(1, room(i)))
				case "error":
					failed <- fmt.Errorf("refused: %s", b)
					return
				}
			}
		})
	}
	return func() error {
		ending.Store(true)
		for _, cl := range conns {
			cl.c.Close()
		}
		wg.Wait()
		close(failed)
		return <-failed
	}, nil
}

// watch opens n connections that watch the room and count what they are given.
func (r *run) watch(s *server, room string, n int, delivered *atomic.Int64) (closeAll func(), err error) {
	var conns []*client
	closeAll = func() {
		for _, cl := range conns {
			cl.c.Close()
		}
	}
	for range n {
		cl, err := dial(s.addr, s.token)
		if err != nil {
			closeAll()
			return nil, err
		}
		conns = append(conns, cl)
		if err := cl.send(fmt.Sprintf(`{"type":"watch","n":2,"room":%q}`, room)); err != nil {
			return nil, err
		}
		if err := cl.until("synced", nil); err != nil {
			return nil, err
		}
		go func() {
			buf := make([]byte, 2048)
			for {
				b, err := cl.next(buf)
				if err != nil {
					return
				}
				if frameType(b) == "event" {
					delivered.Add(1)
				}
			}
		}()
	}
	return closeAll, nil
}

// alone: 20 messages a second to a room of many: every message travels by itself.
func (r *run) alone(ctx context.Context) error {
	return r.fanout(ctx, "20 messages/s", func(s *server, room string) (func() error, error) {
		cl, err := dial(s.addr, s.token)
		if err != nil {
			return nil, err
		}
		ctx, cancel := context.WithCancel(ctx)
		done := make(chan error, 1)
		go func() {
			tick := time.NewTicker(50 * time.Millisecond)
			defer tick.Stop()
			for n := 0; ; n++ {
				select {
				case <-ctx.Done():
					done <- cl.c.Close()
					return
				case <-tick.C:
					cl.send(postFrame(n, room))
				}
			}
		}()
		return func() error { cancel(); return <-done }, nil
	})
}

// saturated: 80 posts outstanding all the time to the same room.
func (r *run) saturated(ctx context.Context) error {
	return r.fanout(ctx, "80 posts outstanding", func(s *server, room string) (func() error, error) {
		var acked atomic.Int64
		return r.load(s, 10, 8, func(int) string { return room }, &acked)
	})
}

func (r *run) fanout(ctx context.Context, what string, load func(*server, string) (func() error, error)) error {
	return r.with(ctx, func(s *server) error {
		room, err := s.newRoom("fan-out " + rand.Text()[:8])
		if err != nil {
			return err
		}
		var delivered atomic.Int64
		closeAll, err := r.watch(s, room, r.watchers, &delivered)
		if err != nil {
			return err
		}
		defer closeAll()
		stop, err := load(s, room)
		if err != nil {
			return err
		}
		time.Sleep(time.Second)
		cpu, n, began := s.cpu(), delivered.Load(), time.Now()
		time.Sleep(r.seconds)
		took, n2, cpu2 := time.Since(began), delivered.Load(), s.cpu()
		if err := stop(); err != nil {
			return err
		}
		fmt.Printf("%d watch one room, %s: %.0f deliveries/s, %.2f us of server CPU each, %.0f deliveries per second of server CPU\n", r.watchers, what,
			float64(n2-n)/took.Seconds(), float64((cpu2-cpu).Microseconds())/float64(n2-n), float64(n2-n)/(cpu2-cpu).Seconds())
		return nil
	})
}

func (r *run) idlers(ctx context.Context) error {
	return r.with(ctx, func(s *server) error {
		before := s.rss()
		var conns []*client
		for range r.idle {
			cl, err := dial(s.addr, s.token)
			if err != nil {
				return fmt.Errorf("connection %d: %w", len(conns), err)
			}
			conns = append(conns, cl)
		}
		time.Sleep(2 * time.Second)
		after := s.rss()
		fmt.Printf("%d idle connections: %.2f KB of resident memory each (%.1f MB before, %.1f MB with them)\n",
			len(conns), float64(after-before)/1024/float64(len(conns)), float64(before)/1e6, float64(after)/1e6)
		for _, cl := range conns {
			cl.c.Close()
		}
		return nil
	})
}
