package main

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// idleTLS is idle over TLS, with a goroutine a handshake: only the server's
// memory is looked at, so what the generator spends does not matter.
func idleTLS(o *options, r *result) {
	if o.mode != "idle" {
		fatal("-tls goes with idle only")
	}
	rss0, _ := rssOf(o.pids)
	k0, a := kernelMem(), mark(o.pids)
	conns := make([]*tls.Conn, o.n)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var first error
	next := 0
	for range 16 {
		wg.Go(func() {
			for {
				mu.Lock()
				i := next
				next++
				failed := first != nil
				mu.Unlock()
				if i >= o.n || failed {
					return
				}
				c, err := joinTLS(o, i)
				mu.Lock()
				conns[i] = c
				if err != nil && first == nil {
					first = fmt.Errorf("connection %d: %w", i, err)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	must(first)
	r.connected(a, mark(o.pids))
	time.Sleep(o.dur)
	r.memory(o, rss0, k0)
	r.Verdict = "TLS"
	for _, c := range conns {
		c.NetConn().Close()
	}
}

func joinTLS(o *options, i int) (*tls.Conn, error) {
	c, err := tls.Dial("tcp", o.addr, &tls.Config{InsecureSkipVerify: true}) // a certificate of this run, on loopback
	if err != nil {
		return nil, err
	}
	c.SetDeadline(time.Now().Add(20 * time.Second))
	defer c.SetDeadline(time.Time{})
	d, m := dialects[o.dialect](), o.member(i)
	fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n", d.Target(&m), o.addr, d.Headers(&m))
	b := bufio.NewReaderSize(c, 4096)
	res, err := http.ReadResponse(b, nil)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusSwitchingProtocols {
		return nil, fmt.Errorf("handshake: %s", res.Status)
	}
	var frames engine
	for in := []byte(nil); ; {
		out, joined, err := d.Join(&m, in)
		if err != nil {
			return nil, err
		}
		if len(out) > 0 {
			if _, err := c.Write(frames.frame(nil, 1, out)); err != nil {
				return nil, err
			}
		}
		if joined {
			return c, nil
		}
		if in, err = nextFrame(b); err != nil {
			return nil, err
		}
	}
}

func nextFrame(b *bufio.Reader) ([]byte, error) {
	var h [10]byte
	if _, err := io.ReadFull(b, h[:2]); err != nil {
		return nil, err
	}
	n := uint64(h[1] & 127)
	switch n {
	case 126:
		if _, err := io.ReadFull(b, h[2:4]); err != nil {
			return nil, err
		}
		n = uint64(binary.BigEndian.Uint16(h[2:]))
	case 127:
		if _, err := io.ReadFull(b, h[2:10]); err != nil {
			return nil, err
		}
		n = binary.BigEndian.Uint64(h[2:])
	}
	if n > 1<<20 {
		return nil, fmt.Errorf("a frame of %d bytes", n)
	}
	p := make([]byte, n)
	_, err := io.ReadFull(b, p)
	return p, err
}
