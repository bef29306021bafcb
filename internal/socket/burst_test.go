package socket

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
)

// withAndWithout runs a test with rings, where there can be any, and without.
func withAndWithout(t *testing.T, test func(t *testing.T, w way, ringless bool)) {
	overAll(t, func(t *testing.T, w way) {
		t.Run("ring", func(t *testing.T) { test(t, w, false) })
		t.Run("none", func(t *testing.T) { test(t, w, true) })
	})
}

func toAll(b *Burst, conns []*Conn, text string) {
	b.Begin(AppendText(nil, []byte(text)))
	for _, c := range conns {
		b.Write(c)
	}
	b.Send()
}

// Everybody gets every frame once and in order, however many there are, and
// those who are gone keep nobody.
func TestBurst(t *testing.T) { withAndWithout(t, testBurst) }

func testBurst(t *testing.T, w way, ringless bool) {
	const rounds = 5
	s, conns, peers := crowd(t, w, Options{}, 2*burst+3)
	s.rings.enough = ringless
	conns[7].Close(1000, "early")
	var b Burst
	b.Send() // of nothing
	for i := range rounds {
		toAll(&b, conns, fmt.Sprint("number ", i))
		peers[20+i].nc.Close()
	}
	for i, p := range peers {
		switch {
		case i == 7:
			p.want("close 1000 early")
		case i < 20 || i >= 20+rounds:
			for k := range rounds {
				p.want(fmt.Sprint("text number ", k))
			}
		}
	}
	r, err := newRing(0)
	if err == nil {
		r.close()
	}
	if want := err == nil && !ringless && (w == onTCP || w == fronted); (s.rings.made > 0) != want {
		t.Errorf("got %d rings, want some: %t", s.rings.made, want)
	}
}

// Peers that read late: what the kernel did not take waits, in order, and what
// there is no room for is refused.
func TestBurstToTheSlow(t *testing.T) { withAndWithout(t, testBurstToTheSlow) }

func testBurstToTheSlow(t *testing.T, w way, ringless bool) {
	s, conns, peers := crowd(t, w, Options{Buffer: 128 << 10}, 5)
	s.rings.enough = ringless
	var b Burst
	taken := make([]int, len(conns))
	full := 0
	for i := 0; full < len(conns); i++ {
		b.Begin(AppendText(nil, bytes.Repeat([]byte{byte('a' + i%26)}, 50_000+i)))
		full = 0
		for k, c := range conns {
			if taken[k] < i {
				full++ // it was refused before, and reads nothing
				continue
			}
			if b.Write(c) {
				taken[k]++
			}
		}
		b.Send()
	}
	for k, p := range peers {
		if taken[k] == 0 {
			t.Fatalf("peer %d: nothing was taken", k)
		}
		for i := range taken[k] {
			if m := p.next(); len(m) != len("text ")+50_000+i || strings.Trim(m[5:], string(rune('a'+i%26))) != "" {
				t.Fatalf("peer %d, frame %d: got %d bytes of %.20q", k, i, len(m)-5, m)
			}
		}
	}
	toAll(&b, conns, "after")
	for _, p := range peers {
		p.want("text after")
	}
}

// Bursts over the same connections in any order, with single writes and closing
// between, neither wait for each other for good nor mix frames.
func TestBurstsCross(t *testing.T) { withAndWithout(t, testBurstsCross) }

func testBurstsCross(t *testing.T, w way, ringless bool) {
	const writers, each = 6, 60
	s, conns, peers := crowd(t, w, Options{Buffer: 1 << 20}, 40)
	s.rings.enough = ringless
	var wg sync.WaitGroup
	for g := range writers {
		wg.Go(func() {
			var b Burst
			order := append([]*Conn(nil), conns...)
			for i := range each {
				rand.Shuffle(len(order), func(i, k int) { order[i], order[k] = order[k], order[i] })
				text := AppendText(nil, []byte(fmt.Sprint(g, " ", i)))
				if g == 0 {
					for _, c := range order {
						c.Write(text)
					}
					continue
				}
				b.Begin(text)
				for n, c := range order {
					b.Write(c)
					if n%7 == g {
						b.Write(c) // twice the same
					}
				}
				b.Send()
			}
		})
	}
	wg.Go(func() {
		for _, c := range conns[30:] {
			c.Close(1000, "bye")
		}
	})
	wg.Wait()
	for k, p := range peers[:30] {
		next := [writers]int{}
		for done := 0; done < writers; {
			var g, i int
			m := p.next()
			if _, err := fmt.Sscanf(m, "text %d %d", &g, &i); err != nil {
				t.Fatalf("peer %d: got %q", k, m)
			}
			switch {
			case i == next[g]:
				if next[g]++; next[g] == each {
					done++
				}
			case i != next[g]-1 || g == 0:
				t.Fatalf("peer %d, writer %d: got %d, want %d", k, g, i, next[g])
			}
		}
	}
	for _, p := range peers[30:] {
		p.wantClose(1000)
	}
}
