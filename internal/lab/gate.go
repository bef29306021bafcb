package lab

import (
	"context"
	"net"
	"net/http"
	"sync"

	"golang.org/x/time/rate"

	"minichat"
)

// gate counts by address, since behind one there may be a whole class. An
// address is forgotten when its last connection and upload has ended.
type gate struct {
	limits minichat.Limits

	mu    sync.Mutex
	addrs map[string]*address
}

type address struct {
	users int // connections and uploads
	conns int64
	posts *rate.Limiter // nil: no limit
}

func newGate(l minichat.Limits) *gate { return &gate{limits: l, addrs: map[string]*address{}} }

// bucket allows two seconds' worth at once: a class sends when the teacher says so.
func bucket(perSecond int64) *rate.Limiter {
	if perSecond == 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(perSecond), int(2*perSecond))
}

// enter counts a connection, or, when there are too many, says no.
func (g *gate) enter(addr string, conn bool) (*address, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	a := g.addrs[addr]
	if a == nil {
		a = &address{posts: bucket(g.limits.LabPostsPerSecondPerAddr)}
		g.addrs[addr] = a
	}
	if conn {
		if most := g.limits.LabConnectionsPerAddr; most > 0 && a.conns >= most {
			return nil, false
		}
		a.conns++
	}
	a.users++
	return a, true
}

func (g *gate) leave(addr string, conn bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	a := g.addrs[addr]
	if a == nil {
		return
	}
	if conn {
		a.conns--
	}
	if a.users--; a.users == 0 {
		delete(g.addrs, addr)
	}
}

// wait lets a message pass at the pace that is allowed. The wire has no way to
// say "try again", so what comes too fast waits and is not lost: the sender is
// read no further meanwhile.
func wait(ctx context.Context, limiters ...*rate.Limiter) error {
	for _, l := range limiters {
		if l == nil {
			continue
		}
		if err := l.Wait(ctx); err != nil {
			return err
		}
	}
	return nil
}

func peerAddr(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
