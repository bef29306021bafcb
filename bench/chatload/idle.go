package main

import "time"

// idle opens connections that do nothing but ping, and looks at the memory.
func idle(e *engine, o *options, r *result, _ []int) {
	rss0, _ := rssOf(o.pids)
	k0 := kernelMem()
	a := mark(o.pids)
	must(e.connectAll(o.par, 180*time.Second))
	b := mark(o.pids)
	r.connected(a, b)
	e.settle(500*time.Millisecond, 3*time.Second)
	c0, pong0 := mark(o.pids), e.pongs
	e.pings(o.ping, o.dur)
	r.cpu(c0, mark(o.pids))
	r.IdleCores = r.SrvCores
	r.Pings = e.pongs - pong0
	if r.Pings > 0 {
		r.IdleUsPerPing = (r.SrvUser + r.SrvSys) * 1e6 / float64(r.Pings)
	}
	r.memory(o, rss0, k0)
}

func (r *result) connected(a, b cpuMark) {
	r.cpu(a, b)
	n := float64(r.N)
	r.ConnPerSec = n / b.t.Sub(a.t).Seconds()
	r.ConnCPUus = (r.SrvUser + r.SrvSys) * 1e6 / n
}

func (r *result) memory(o *options, rss0 int64, k0 kmem) {
	rss1, _ := rssOf(o.pids)
	k1, n := kernelMem(), float64(r.N)
	r.RSSKBBase, r.RSSKBAfter = float64(rss0), float64(rss1)
	r.RSSPerConn = float64(rss1-rss0) / n
	r.SlabPerConn = float64(k1.slab-k0.slab) / n
	r.TCPMemPerConn = float64(k1.tcpPages-k0.tcpPages) * 4 / n
}

// pings spreads one ping a connection and interval evenly over the time.
func (e *engine) pings(every, dur time.Duration) {
	total := 0
	if every > 0 {
		total = int(float64(len(e.conns)) * float64(dur) / float64(every))
	}
	start, i := e.now(), 0
	for e.now()-start < int64(dur) {
		due := int(float64(total) * float64(e.now()-start) / float64(dur))
		for ; i < due; i++ {
			c := &e.conns[i%len(e.conns)]
			if c.state == stUp {
				e.scratch = e.frame(e.scratch[:0], 9, []byte("p"))
				e.send(c, e.scratch)
			}
		}
		e.poll(5e6)
	}
}
