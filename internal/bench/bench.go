// Package bench measures a running server from outside, as its people's clients
// see it, so that somebody can tell what a machine will carry. It speaks only
// what docs/protocol.md promises.
package bench

import (
	"context"
	"fmt"
	"time"

	"minichat"
)

// Options say whom to measure and how long. All are needed.
type Options struct {
	Server      string        // base URL: http or https
	Token       string        // bearer token of the person who does all the talking
	Connections int           // how many watch the room
	Rate        float64       // messages a second for the latency of deliveries
	For         time.Duration // how long each of the four loads lasts
}

// Report is what came of it. A zero Latency was not measured; Notes say why.
type Report struct {
	Connections  int // that there really were
	Rate         float64
	Lone         Latency // one post at a time, until it is on disk
	PostsPerSec  float64 // with many outstanding
	Posts        Latency // until on disk, then
	Deliver      Latency // from a post to each watcher, at Rate
	DeliveredSec float64 // deliveries a second, with many posts outstanding
	IdleBytes    float64 // of the server's memory for a silent connection; 0: unknown
	Notes        []string
}

// Latency is the middle and the worst but one in a hundred.
type Latency struct{ Median, P99 time.Duration }

// session is what all parts of one run share.
type session struct {
	o      Options
	api    *api
	room   string
	limits minichat.Limits // what the server allows this person
	report Report
}

const (
	talkers     = 16 // connections that post when as much as possible is asked for
	outstanding = 8  // posts that each has out
)

// Run measures and cleans up after itself: the room that it made is archived
// and left. It ends by itself, after five times o.For and some seconds.
func Run(ctx context.Context, o Options) (_ *Report, err error) {
	ctx, cancel := context.WithTimeout(ctx, 5*o.For+2*time.Minute)
	defer cancel()
	s := &session{o: o, report: Report{Rate: o.Rate}}
	if s.api, err = newAPI(o.Server, o.Token); err != nil {
		return nil, err
	}
	if s.limits, err = s.look(ctx); err != nil {
		return nil, err
	}
	if s.room, err = s.api.makeRoom(ctx); err != nil {
		return nil, err
	}
	defer func() {
		// Also when the run was called off.
		after, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		if e := s.api.dropRoom(after, s.room); err == nil {
			err = e
		}
	}()
	for _, part := range []func(context.Context) error{s.idle, s.lone, s.posts, s.deliveries} {
		if err := part(ctx); err != nil {
			return nil, err
		}
	}
	return &s.report, nil
}

// look connects once, for what the server allows.
func (s *session) look(ctx context.Context) (minichat.Limits, error) {
	c, err := s.api.dial(ctx)
	if err != nil {
		return minichat.Limits{}, err
	}
	defer c.close()
	return c.limits, nil
}

func (s *session) note(format string, args ...any) {
	s.report.Notes = append(s.report.Notes, fmt.Sprintf(format, args...))
}

// allowed is how many connections this person may have, up to want.
func (s *session) allowed(want int) int {
	if l := int(s.limits.ConnectionsPerUser); l > 0 && want > l-1 {
		return max(1, l-1) // one is left to whoever the token is of
	}
	return want
}
