package main

import (
	"fmt"
	"os"
	"time"
)

type result struct {
	Label, Mode, Dialect string
	N, Rooms, Senders    int
	Rate                 float64
	Window, Size         int
	Seconds              float64
	Sent, Deliveries     uint64
	Expected             uint64
	Lost, Dups, Gaps     uint64
	SameOrder            string
	DelivPerSec          float64
	SrvUsPerDeliv        float64
	SrvUser, SrvSys      float64 // CPU seconds
	SrvCores             float64 // mean cores used by the server
	GenCores             float64
	GenUsPerDeliv        float64
	MachineBusy          float64 // of all cores, 0..1
	P50ms, P99ms, MaxMs  float64
	LateP99ms            float64
	DelivPerRead         float64
	BytesPerDeliv        float64
	DrainMs              float64
	ClosedByServer       int
	Verdict              string

	// idle
	ConnPerSec, RSSKBBase, RSSKBAfter, RSSPerConn float64
	SlabPerConn, TCPMemPerConn                    float64
	ConnCPUus                                     float64
	IdleCores, IdleUsPerPing                      float64
	Pings                                         uint64
	// storm
	AllUpMs, ServedMs, UsPerReconnect float64
	Missed, Retries                   int
	// acks, lone: P50ms and P99ms are of the answers
	AcksPerSec, SrvUsPerAck, AppendP50ms, AppendP99ms float64
}

type cpuMark struct {
	t      time.Time
	su, ss int64
	gu, gs int64
	m      machine
}

func mark(pids []int) cpuMark {
	gu, gs, _, _ := stat(os.Getpid())
	u, s := cpuOf(pids)
	return cpuMark{time.Now(), u, s, gu, gs, machineCPU()}
}

const tick = 0.01 // seconds; USER_HZ is 100

// cpu fills in what was spent between a and b, per delivery where there are any.
func (r *result) cpu(a, b cpuMark) {
	sec := b.t.Sub(a.t).Seconds()
	r.Seconds = sec
	r.SrvUser = float64(b.su-a.su) * tick
	r.SrvSys = float64(b.ss-a.ss) * tick
	r.SrvCores = (r.SrvUser + r.SrvSys) / sec
	r.GenCores = float64(b.gu-a.gu+b.gs-a.gs) * tick / sec
	busy := b.m.user + b.m.sys + b.m.irq - a.m.user - a.m.sys - a.m.irq
	if all := busy + b.m.idle - a.m.idle; all > 0 {
		r.MachineBusy = float64(busy) / float64(all)
	}
	if r.Deliveries > 0 {
		r.SrvUsPerDeliv = (r.SrvUser + r.SrvSys) * 1e6 / float64(r.Deliveries)
		r.GenUsPerDeliv = r.GenCores * sec * 1e6 / float64(r.Deliveries)
	}
}

func (r *result) latency(h *hist) {
	r.P50ms, r.P99ms, r.MaxMs = float64(h.q(.5))/1e6, float64(h.q(.99))/1e6, float64(h.max)/1e6
}

// judge says what the figures allow to claim.
func (r *result) judge(badRoom uint64, srvCores float64) {
	switch {
	case r.Lost > 0 || r.Dups > 0 || r.Gaps > 0 || badRoom > 0:
		r.Verdict = "FAULTY DELIVERY"
	case r.GenCores > 0.85:
		r.Verdict = "GENERATOR-BOUND: no claim on the server's limit (CPU per delivery stands)"
	case r.SrvCores > 0.92*srvCores:
		r.Verdict = "server-bound"
	case r.MachineBusy > 0.95:
		r.Verdict = "machine-bound"
	default:
		r.Verdict = "not saturated"
	}
}

func report(r *result) {
	switch r.Mode {
	case "fanout":
		fmt.Printf("%-16s n=%d rooms=%d S=%d %s: sent %d, %d deliveries of %.0f B (lost %d dup %d gap %d order %s), %.0f/s; server %.3f us/delivery (u %.2fs s %.2fs, %.2f cores); p50 %.2f p99 %.2f max %.1f ms; gen %.2f cores %.2f us/d, late p99 %.2f ms, %.2f d/read; machine %.0f%%; drain %.0f ms; %s\n",
			r.Label, r.N, r.Rooms, r.Senders, r.load(), r.Sent, r.Deliveries, r.BytesPerDeliv, r.Lost, r.Dups, r.Gaps, r.SameOrder, r.DelivPerSec, r.SrvUsPerDeliv, r.SrvUser, r.SrvSys, r.SrvCores,
			r.P50ms, r.P99ms, r.MaxMs, r.GenCores, r.GenUsPerDeliv, r.LateP99ms, r.DelivPerRead, r.MachineBusy*100, r.DrainMs, r.Verdict)
	case "idle":
		fmt.Printf("%-16s idle n=%d: %.0f conn/s (%.1f us server CPU each); server RSS %.1f -> %.1f MB = %.2f KB/conn; kernel both ends: slab %.2f KB/conn, tcp mem %.2f KB/conn; idle %.4f cores, %d pings answered, %.1f us server CPU each; gen %.3f cores; closed %d %s\n",
			r.Label, r.N, r.ConnPerSec, r.ConnCPUus, r.RSSKBBase/1024, r.RSSKBAfter/1024, r.RSSPerConn, r.SlabPerConn, r.TCPMemPerConn, r.IdleCores, r.Pings, r.IdleUsPerPing, r.GenCores, r.ClosedByServer, r.Verdict)
	case "storm":
		fmt.Printf("%-16s storm n=%d, %d missed: all up again %.0f ms, all served %.0f ms, %.1f us server CPU per reconnect (%.2f cores); gen %.2f cores; %d attempts failed; gap %d dup %d; %s\n",
			r.Label, r.N, r.Missed, r.AllUpMs, r.ServedMs, r.UsPerReconnect, r.SrvCores, r.GenCores, r.Retries, r.Gaps, r.Dups, r.Verdict)
	case "acks":
		fmt.Printf("%-16s n=%d window %d: %.0f acked/s, %.1f us server CPU each (%.2f cores); p50 %.2f p99 %.2f ms; gen %.2f cores; %s\n",
			r.Label, r.N, r.Window, r.AcksPerSec, r.SrvUsPerAck, r.SrvCores, r.P50ms, r.P99ms, r.GenCores, r.Verdict)
	case "lone":
		fmt.Printf("%-16s lone: ack p50 %.3f p99 %.3f max %.1f ms; bare append + fdatasync p50 %.3f p99 %.3f ms; %s\n",
			r.Label, r.P50ms, r.P99ms, r.MaxMs, r.AppendP50ms, r.AppendP99ms, r.Verdict)
	}
}

func (r *result) load() string {
	if r.Window > 0 {
		return fmt.Sprintf("window %d", r.Window)
	}
	return fmt.Sprintf("rate %.0f", r.Rate)
}
