package main

import (
	"os"
	"syscall"
	"time"
)

const ring = 256 // more than any window

// acks keeps messages out on each connection and counts the answers. Nobody
// watches: it measures what the server promises to have kept.
func acks(e *engine, o *options, r *result, _ []int) {
	acker, ok := e.d.(Acker)
	if !ok || o.window < 1 || o.window > ring {
		fatal("acks: a dialect with answers and a -window of 1 to 256 are needed")
	}
	e.acker = acker
	must(e.connectAll(o.par, 60*time.Second))
	n, stop, out := uint64(0), false, 0
	say := func(c *conn) {
		out++
		e.publish(c)
		c.sentAt[c.m.ID%ring] = e.now()
	}
	e.onAck = func(c *conn, id int) {
		n++
		out--
		if e.counting {
			e.lat.add(e.now() - c.sentAt[id%ring])
		}
		if !stop {
			say(c)
		}
	}
	for i := range e.conns {
		e.conns[i].sentAt = make([]int64, ring)
		for range o.window {
			say(&e.conns[i])
		}
	}
	e.until(func() bool { return false }, o.warm)
	e.counting = true
	a, n0 := mark(o.pids), n
	e.until(func() bool { return e.refused != nil }, o.dur)
	b, n1 := mark(o.pids), n
	stop = true
	r.Verdict = "all answered"
	if !e.until(func() bool { return out == 0 }, 10*time.Second) {
		r.Verdict = "NOT ALL ANSWERED"
	}
	r.cpu(a, b)
	r.Sent = n1 - n0
	r.AcksPerSec = float64(n1-n0) / b.t.Sub(a.t).Seconds()
	r.SrvUsPerAck = (r.SrvUser + r.SrvSys) * 1e6 / float64(max(1, n1-n0))
	r.latency(&e.lat)
}

// lone says one message at a time and, turn by turn, appends the same number of
// bytes to a file of its own and waits for the disk.
func lone(e *engine, o *options, r *result, _ []int) {
	acker, ok := e.d.(Acker)
	if !ok || o.appendTo == "" {
		fatal("lone: a dialect with answers and -append FILE are needed")
	}
	e.acker = acker
	must(e.connectAll(o.par, 60*time.Second))
	f, err := os.OpenFile(o.appendTo, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	must(err)
	defer f.Close()
	acked := false
	e.onAck = func(*conn, int) { acked = true }
	var bare hist
	row := make([]byte, o.payload)
	c := &e.conns[0]
	for end := time.Now().Add(o.dur); time.Now().Before(end) && e.refused == nil; {
		acked = false
		t := e.now()
		e.publish(c)
		if !e.until(func() bool { return acked }, 5*time.Second) {
			break
		}
		e.lat.add(e.now() - t)
		t = e.now()
		_, err := f.Write(row)
		must(err)
		must(syscall.Fdatasync(int(f.Fd())))
		bare.add(e.now() - t)
	}
	r.latency(&e.lat)
	r.Sent = e.lat.n
	r.AppendP50ms, r.AppendP99ms = float64(bare.q(.5))/1e6, float64(bare.q(.99))/1e6
	r.Verdict = "answered"
	if !acked {
		r.Verdict = "NOT ANSWERED"
	}
}
