// Package socket is a WebSocket server (RFC 6455) for text messages: the
// handshake before net/http or behind it, frames in and out, pings and closing.
// An idle connection holds no buffer and no timer; a write never waits for the
// peer.
package socket

import (
	"errors"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// ErrClosed is the answer to a Send on a connection that is over.
var ErrClosed = errors.New("socket: the connection is closed")

// PingEvery is how often a connection is pinged, unless Options say otherwise.
const PingEvery = 25 * time.Second

// Options of a Server. Zero values stand for those of docs/protocol.md.
type Options struct {
	Log       *slog.Logger
	PingEvery time.Duration // 25 s: no connection is without a byte from here for twice that
	Silence   time.Duration // 60 s without a byte from the peer: the connection is dropped
	Opening   time.Duration // 5 s for the head of the first request, behind a Front
	HalfFrame time.Duration // 10 s for a message from its first byte to its last
	Stall     time.Duration // 10 s without the peer taking a byte: close 4008
	Linger    time.Duration // 2 s for the peer to leave after a close frame
	Tick      time.Duration // 250 ms: how exactly the above are kept
	Buffer    int           // 64 KiB may wait for a slow peer
	Full      func() bool   // there is no room for more connections: 1013; nil: there always is
}

func (o Options) withDefaults() Options {
	for _, d := range []struct {
		at *time.Duration
		to time.Duration
	}{
		{&o.PingEvery, PingEvery}, {&o.Silence, 60 * time.Second}, {&o.Opening, 5 * time.Second}, {&o.HalfFrame, 10 * time.Second},
		{&o.Stall, 10 * time.Second}, {&o.Linger, 2 * time.Second}, {&o.Tick, 250 * time.Millisecond},
	} {
		if *d.at == 0 {
			*d.at = d.to
		}
	}
	if o.Buffer == 0 {
		o.Buffer = 64 << 10
	}
	if o.Full == nil {
		o.Full = func() bool { return false }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// maxPollers is enough: a poller only finds out whose turn it is.
const maxPollers = 4

// Server holds the connections that it upgraded.
type Server struct {
	o     Options
	start time.Time
	wg    sync.WaitGroup // every goroutine of the package
	stop  chan struct{}
	tick  atomic.Uint32
	wheel wheel

	pollers []*poller     // none: every connection has a goroutine
	rings   rings         // for Bursts
	firsts  sync.Pool     // *[]byte of firstRead
	buffers sync.Pool     // *[]byte of readSize
	readers sync.Pool     // *reader, idle
	always  chan struct{} // closed: what Drained and Done give when there is nothing to wait for

	openings atomic.Int64 // connections in the wheel whose first request was not upgraded

	opened, refused, slow, floods, broken atomic.Int64
}

// New starts a server; Close ends it.
func New(o Options) *Server {
	s := &Server{o: o.withDefaults(), start: time.Now(), stop: make(chan struct{}), always: make(chan struct{})}
	close(s.always)
	s.firsts.New = func() any { b := make([]byte, firstRead); return &b }
	s.buffers.New = func() any { b := make([]byte, readSize); return &b }
	s.readers.New = func() any { return new(reader) }
	s.rings.log = s.o.Log
	s.tick.Store(1)
	s.wheel.prepare(s.o)
	s.wg.Go(s.turn)
	for range min(runtime.GOMAXPROCS(0), maxPollers) {
		p, err := newPoller()
		if err != nil {
			s.o.Log.Info("connections take a goroutine each", "why", err)
			break
		}
		s.pollers = append(s.pollers, p)
		s.wg.Go(p.run)
	}
	return s
}

// Close drops every connection at once and waits until their handlers have
// heard of it. Whoever wants to part in peace closes the connections first.
func (s *Server) Close() error {
	conns, first := s.wheel.shut()
	if first {
		close(s.stop)
	}
	for _, c := range conns {
		c.drop()
	}
	for _, p := range s.pollers {
		p.close()
	}
	s.wg.Wait()
	s.rings.close()
	return nil
}

// Stats are counts since the start, but Connections, which is now.
type Stats struct {
	Connections int64
	Opened      int64
	Refused     int64 // closed with 1013
	Slow        int64 // closed with 4008
	Floods      int64 // closed with 4009 for too many control frames
	Broken      int64 // closed for what the peer sent: 1002 to 1009
}

// Stats returns the present counts.
func (s *Server) Stats() Stats {
	return Stats{
		Connections: s.wheel.size() - s.openings.Load(), Opened: s.opened.Load(), Refused: s.refused.Load(), Slow: s.slow.Load(),
		Floods: s.floods.Load(), Broken: s.broken.Load(),
	}
}

// now counts ticks since the start, from 1, so that 0 means never. It is read
// with every read of every connection and therefore no call of the clock.
func (s *Server) now() uint32 { return s.tick.Load() }

func (s *Server) ticks(d time.Duration) uint32 { return uint32((d + s.o.Tick - 1) / s.o.Tick) }
