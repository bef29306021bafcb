package e2e

import (
	"testing"
	"time"
)

// worlds are the ways to the server on which restarts must not hurt.
var worlds = append([]string{"direct"}, fronts...)

// TestRestarts stops and starts the server ten times while people talk, directly
// and through the proxies: no post needs more than one more attempt, nothing is
// lost, and each stop ends with 0.
func TestRestarts(t *testing.T) {
	t.Parallel()
	for _, name := range worlds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newCalmWorld(t, seed(t), proxyOf(name))
			for range 10 {
				w.talk()
				if code := w.srv.stop(); code != 0 {
					t.Errorf("a stop ends with %d", code)
				}
				w.rec.add(record{Op: opNote, Text: "stopped"})
				w.srv.start()
			}
			w.talk()
			w.attempts(w.judge())
		})
	}
}

// TestProxyReload has the proxies read their settings again while people talk:
// their old workers cut all connections, and nothing is lost.
func TestProxyReload(t *testing.T) {
	t.Parallel()
	for _, name := range fronts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var swaps []swap
			if name == "haproxy" {
				swaps = append(swaps, swap{"hard-stop-after 30s", "hard-stop-after 1s"})
			}
			w := newCalmWorld(t, seed(t), name, swaps...)
			for range 3 {
				w.talk()
				before := w.srv.metric("minichat_socket_opened_total")
				w.front.renew()
				w.wait("all to come back through the new workers", func() bool {
					return w.srv.metric("minichat_socket_opened_total") >= before+int64(len(w.clients))
				})
			}
			w.talk()
			w.attempts(w.judge())
		})
	}
}

// proxyOf is the proxy of one of worlds; "" for none.
func proxyOf(world string) string {
	if world == "direct" {
		return ""
	}
	return world
}

// talk waits until all are connected, has them talk for a moment, and waits for
// the answers to second attempts, so that none is cut a second time.
func (w *world) talk() {
	w.t.Helper()
	w.wait("all to be connected", func() bool { return w.srv.metric("minichat_sessions") >= int64(len(w.clients)) })
	time.Sleep(500 * time.Millisecond)
	w.wait("the answers to second attempts", func() bool {
		again := w.again.Load()
		for _, c := range w.clients {
			again = again || c.again.Load() > 0
		}
		return !again
	})
}

func (w *world) wait(what string, done func() bool) {
	w.t.Helper()
	for began := time.Now(); !done(); {
		if time.Since(began) > startWithin {
			w.t.Fatalf("waiting for %s", what)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// attempts wants no change sent more than twice, and every post acknowledged.
func (w *world) attempts(h history) {
	asked, acked := map[keyOf]int{}, map[keyOf]bool{}
	posts := map[keyOf]record{}
	again := 0
	for _, r := range h {
		k := keyOf{r.User, r.Key}
		switch {
		case r.Op == opAsk && r.Key != "":
			if r.Kind == "post" && r.Room != w.private { // where not all may
				posts[k] = r
			}
			if asked[k]++; asked[k] == 2 {
				again++
			}
			if asked[k] == 3 {
				w.t.Errorf("%s sent %s a third time", r.User, r.Key)
			}
		case r.Op == opOK:
			acked[k] = true
		}
	}
	for k, r := range posts {
		if !acked[k] {
			w.t.Errorf("%s never got an answer to %q", k.user, r.Text)
		}
	}
	w.t.Logf("%d changes, %d of them sent a second time, %d acknowledged", len(asked), again, len(acked))
	if len(acked) < 200 {
		w.t.Errorf("only %d changes were acknowledged; that proves little", len(acked))
	}
}
