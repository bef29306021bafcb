package e2e

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// loadFor is how long the faults go on, in whole rounds: E2E_ROUNDS of them, or
// one.
const loadFor = 22 * time.Second

func rounds(t testing.TB) int {
	n, err := strconv.Atoi(cmp.Or(os.Getenv("E2E_ROUNDS"), "1"))
	if err != nil {
		t.Fatalf("E2E_ROUNDS: %v", err)
	}
	return n
}

// suffer spreads the faults of the process over loadFor: kills, freezes, and
// all lines cut at once. It is for the test's goroutine.
func (w *world) suffer() {
	var faults []func()
	for range 5 {
		faults = append(faults, w.crash)
	}
	for range 2 {
		faults = append(faults, w.freeze, w.line.cutAll)
	}
	w.rnd.Shuffle(len(faults), func(i, j int) { faults[i], faults[j] = faults[j], faults[i] })
	end := time.Now().Add(loadFor)
	for i, fault := range faults {
		left := time.Until(end)
		wait := left / time.Duration(len(faults)-i+1)
		time.Sleep(time.Duration(float64(wait) * (0.5 + w.rnd.Float64())))
		fault()
	}
	time.Sleep(time.Until(end))
}

func (w *world) crash() {
	w.rec.add(record{Op: opNote, Text: "kill -9"})
	w.srv.kill()
	began := time.Now()
	w.srv.start()
	w.rec.add(record{Op: opNote, Text: fmt.Sprintf("up again after %v", time.Since(began))})
}

func (w *world) freeze() {
	w.rec.add(record{Op: opNote, Text: "stop"})
	w.srv.signal(syscall.SIGSTOP)
	time.Sleep(time.Duration(500+w.rnd.IntN(2000)) * time.Millisecond)
	w.srv.signal(syscall.SIGCONT)
	w.rec.add(record{Op: opNote, Text: "continue"})
}

// flap takes people out of the private room and puts them back until ctx ends;
// at its end all are in.
func (w *world) flap(ctx context.Context, rnd *rand.Rand) {
	for i := 0; ctx.Err() == nil; i++ {
		c := w.flaps[i%len(w.flaps)]
		path := "/rooms/" + w.private + "/members/" + c.user
		if w.insist("DELETE", path) {
			w.rec.add(record{Op: opRemoved, User: c.user, Room: w.private})
		}
		sleep(ctx, time.Duration(100+rnd.IntN(900))*time.Millisecond)
		w.rec.add(record{Op: opReadd, User: c.user, Room: w.private})
		w.insist("PUT", path)
		sleep(ctx, time.Duration(100+rnd.IntN(900))*time.Millisecond)
	}
}

// insist asks until it is done; that it was done before is as good.
func (w *world) insist(method, path string) bool {
	for w.clientCtx.Err() == nil {
		_, err := call(w.srv.addr, method, path, w.owner.token, nil, nil)
		e, answered := errors.AsType[*callError](err)
		switch {
		case err == nil, answered && e.Status == 404:
			return true
		case answered && e.Status < 500 && e.Status != 429:
			w.rec.add(record{Op: opLate, Text: fmt.Sprintf("%s %s: %v", method, path, err)})
			return false
		}
		sleep(w.clientCtx, 30*time.Millisecond)
	}
	return false
}

// comeAndGo adds people by the command line beside the server, lets them talk,
// and disables them in the same way.
func (w *world) comeAndGo(ctx context.Context, seed uint64) {
	for i := 0; ctx.Err() == nil; i++ {
		p, err := w.srv.bot(fmt.Sprintf("bot%d", i))
		if err != nil {
			w.rec.add(record{Op: opLate, Text: err.Error()})
			return
		}
		w.rec.add(record{Op: opNote, Text: "added " + p.name})
		var me struct{ User string }
		for ctx.Err() == nil && me.User == "" {
			if _, err := call(w.srv.addr, "GET", "/me", p.token, nil, &me); err != nil {
				sleep(ctx, 50*time.Millisecond)
			}
		}
		p.user = me.User
		if p.user == "" {
			return
		}
		c := newClient(p, w.at, w.rooms[:1], w.rec, seed+1000+uint64(i))
		c.pace, c.fleeting = 150*time.Millisecond, true
		c.busy.Store(true)
		done := make(chan struct{})
		w.running.Go(func() {
			defer close(done)
			c.run(w.clientCtx)
		})
		sleep(ctx, 2500*time.Millisecond)
		if _, err := w.srv.command("user", "disable", p.name); err != nil {
			w.rec.add(record{Op: opLate, Text: err.Error()})
			return
		}
		w.rec.add(record{Op: opNote, User: p.user, Text: "disabled " + p.name})
		select {
		case <-done: // 4003, or 4002 when it comes back
		case <-time.After(20 * time.Second):
			w.rec.add(record{Op: opLate, User: p.user, Text: "is disabled and still connected"})
		case <-w.clientCtx.Done():
		}
	}
}

// dawdle connects, asks for everything, and reads nothing of it.
func (w *world) dawdle(ctx context.Context) {
	for ctx.Err() == nil {
		l, err := dialLine(ctx, w.srv.addr, 4096)
		if err != nil {
			sleep(ctx, 100*time.Millisecond)
			continue
		}
		r := request{Type: "hello", N: 1, Token: w.owner.token}
		for _, room := range w.rooms {
			r.Cursors = append(r.Cursors, []any{room, 0, ""})
		}
		if l.say(ctx, r) == nil {
			sleep(ctx, 8*time.Second)
		}
		l.ws.CloseNow()
	}
}
