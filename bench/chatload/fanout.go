package main

import (
	"fmt"
	"time"
)

// fan is a fan-out under way.
type fan struct {
	e              *engine
	o              *options
	snd            []int
	next           int
	size           []int // members by room
	sent, expected uint64
	stop           bool
}

// fanout says messages, at a rate or as many as the window lets, and checks
// that each member gets each, once and in one order.
func fanout(e *engine, o *options, r *result, snd []int) {
	must(e.connectAll(o.par, 60*time.Second))
	e.settle(300*time.Millisecond, 5*time.Second)
	f := &fan{e: e, o: o, snd: snd, size: e.roomSizes(o.rooms)}
	if o.window > 0 {
		e.onDeliver = func(c *conn, sender int, _ uint32) {
			if int(c.sender) == sender && !f.stop {
				f.say(c)
			}
		}
	}
	f.run(o.warm)
	if o.window == 0 {
		f.drain(10 * time.Second)
	}
	e.lat, e.lateness = hist{}, hist{}
	e.reads, e.bytesIn, e.counting = 0, 0, true
	d0, s0 := e.deliver, f.sent
	a := mark(o.pids)
	f.run(o.dur)
	b := mark(o.pids) // in a closed loop the drain only checks
	f.stop = true
	tEnd, inTime := e.now(), e.deliver-d0
	r.DelivPerSec = float64(inTime) / b.t.Sub(a.t).Seconds()
	reads, bytes, got := e.reads, e.bytesIn, inTime
	f.drain(60 * time.Second)
	if e.lastDel > tEnd {
		r.DrainMs = float64(e.lastDel-tEnd) / 1e6
	}
	if o.window == 0 {
		b = mark(o.pids)
		reads, bytes, got = e.reads, e.bytesIn, e.deliver-d0
	}
	r.Deliveries = got
	r.cpu(a, b)
	r.Sent = f.sent - s0
	r.Expected = f.expected
	r.Lost, r.Dups, r.Gaps = f.expected-e.deliver, e.dups, e.gaps
	if reads > 0 && got > 0 {
		r.DelivPerRead = float64(got) / float64(reads)
		r.BytesPerDeliv = float64(bytes) / float64(got)
	}
	r.latency(&e.lat)
	r.LateP99ms = float64(e.lateness.q(.99)) / 1e6
	r.SameOrder = e.order(o.rooms)
	r.judge(e.badRoom, o.cores)
}

func (e *engine) roomSizes(rooms int) []int {
	size := make([]int, rooms)
	for i := range e.conns {
		size[e.conns[i].m.Room]++
	}
	return size
}

// order tells whether all members of each room saw one order.
func (e *engine) order(rooms int) string {
	ref := make([]uint64, rooms)
	differ := 0
	for i := range e.conns {
		c := &e.conns[i]
		if ref[c.m.Room] == 0 {
			ref[c.m.Room] = c.hash
		} else if ref[c.m.Room] != c.hash {
			differ++
		}
	}
	if differ > 0 {
		return fmt.Sprintf("per-sender(%d conns differ)", differ)
	}
	return "total"
}

func (f *fan) say(c *conn) {
	if c.state != stUp {
		return
	}
	f.sent++
	f.expected += uint64(f.size[c.m.Room])
	f.e.publish(c)
}

func (f *fan) sayNext() {
	c := &f.e.conns[f.snd[f.next]]
	f.next = (f.next + 1) % len(f.snd)
	f.say(c)
}

func (f *fan) run(d time.Duration) {
	start := f.e.now()
	end := start + int64(d)
	if f.o.window > 0 {
		if f.sent == 0 {
			for range f.o.window * len(f.snd) {
				f.sayNext()
			}
		}
		for left := end - f.e.now(); left > 0; left = end - f.e.now() {
			f.e.poll(left)
		}
		return
	}
	step := 1e9 / f.o.rate
	for k := 0.0; ; {
		t := f.e.now()
		if t >= end {
			return
		}
		for due := start + int64(k*step); due <= t && due < end; due = start + int64(k*step) {
			f.e.lateness.add(t - due)
			f.sayNext()
			k++
		}
		f.e.poll(max(0, min(start+int64(k*step), end)-f.e.now()))
	}
}

// drain waits for what is expected, and gives up when nothing has come for 3 s.
func (f *fan) drain(limit time.Duration) {
	last, lastT := f.e.deliver, time.Now()
	end := time.Now().Add(limit)
	for f.e.deliver+f.e.gaps < f.expected && time.Now().Before(end) {
		f.e.poll(20e6)
		if f.e.deliver != last {
			last, lastT = f.e.deliver, time.Now()
		} else if time.Since(lastT) > 3*time.Second {
			return
		}
	}
}
