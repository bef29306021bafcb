package main

import "time"

// storm cuts everybody off at once. The first one back says what the others
// missed; all return, with resume where the dialect can; it ends when one more
// message has reached all, and with it whatever was missed.
func storm(e *engine, o *options, r *result, snd []int) {
	must(e.connectAll(256, 180*time.Second))
	e.settle(500*time.Millisecond, 5*time.Second)
	if d, ok := e.d.(Resumer); ok {
		e.resumer = d
		e.publish(&e.conns[snd[0]]) // everybody has a cursor
		e.until(func() bool { return e.reached(e.conns[snd[0]].sendNo) }, 20*time.Second)
	}
	first := &e.conns[snd[0]]
	a, t0 := mark(o.pids), e.now()
	for i := range e.conns {
		e.drop(&e.conns[i], true)
	}
	if o.missed > 0 {
		must(e.dial(first.m.Idx))
		e.until(func() bool { return first.state == stUp }, 60*time.Second)
		for range o.missed {
			e.publish(first)
		}
		e.until(func() bool { return first.last[0] == first.sendNo }, 20*time.Second)
	}
	e.retries = 3 * len(e.conns)
	must(e.connectAll(o.par, 120*time.Second))
	r.Retries = 3*len(e.conns) - e.retries
	r.AllUpMs = float64(e.now()-t0) / 1e6
	e.publish(first)
	r.ServedMs = -1
	if e.until(func() bool { return e.reached(first.sendNo) }, 60*time.Second) {
		r.ServedMs = float64(e.now()-t0) / 1e6
	}
	r.cpu(a, mark(o.pids))
	r.UsPerReconnect = (r.SrvUser + r.SrvSys) * 1e6 / float64(len(e.conns))
	r.Missed, r.Gaps, r.Dups = o.missed, e.gaps, e.dups
	r.Verdict = "all served"
	if r.ServedMs < 0 {
		r.Verdict = "NOT ALL SERVED"
	} else if e.resumer != nil && e.gaps+e.dups > 0 {
		r.Verdict = "FAULTY DELIVERY"
	}
}

// until polls until done, at most for limit, and reports whether it was.
func (e *engine) until(done func() bool, limit time.Duration) bool {
	for end := time.Now().Add(limit); !done(); {
		if time.Now().After(end) {
			return false
		}
		e.poll(5e6)
	}
	return true
}

// reached reports whether everybody has the first sender's message no.
func (e *engine) reached(no uint32) bool {
	for i := range e.conns {
		if e.conns[i].last[0] < no {
			return false
		}
	}
	return true
}
