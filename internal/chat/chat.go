// Package chat is what people do: post, edit, react, make rooms, join, read,
// attach. Each verb judges with minichat.Can inside the transaction that writes,
// and every event is announced on the bus after its commit, in commit order.
package chat

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"minichat"
	"minichat/internal/bus"
	"minichat/internal/files"
	"minichat/internal/protocol"
	"minichat/internal/store"
)

const (
	flushEvery = time.Second
	sweepEvery = 10 * time.Minute
)

// Options are what New needs beside the parts.
type Options struct {
	Now func() int64 // ms; nil: the clock
	Log *slog.Logger // nil: none
}

// Chat is safe for use by many goroutines. The users given to its methods are
// people who have proven who they are; what they may do is read anew where it
// matters.
type Chat struct {
	st     *store.Store
	fs     files.Store
	bus    bus.Bus
	limits minichat.Limits
	now    func() int64
	log    *slog.Logger

	posts *limiter
	reads *marks
	links signer // links that live for a minute
	lab   signer // links for the classroom's wire

	ctx   context.Context // ends with Close
	sweep chan struct{}   // asks for a sweep of files now
	stop  context.CancelFunc
	done  sync.WaitGroup
}

// New sets the store's OnCommit and starts the goroutines that write read
// positions and collect files; Close ends them.
func New(st *store.Store, fs files.Store, b bus.Bus, limits minichat.Limits, o Options) (*Chat, error) {
	if o.Now == nil {
		o.Now = func() int64 { return time.Now().UnixMilli() }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	ctx, stop := context.WithCancel(context.Background())
	c := &Chat{
		st: st, fs: fs, bus: b, limits: limits, now: o.Now, log: o.Log,
		posts: newLimiter(limits.PostsPerSecond, limits.PostBurst),
		reads: newMarks(),
		ctx:   ctx,
		sweep: make(chan struct{}, 1),
		stop:  stop,
	}
	var err error
	if c.links.secret, err = st.Secret(ctx, "file-links"); err == nil {
		c.lab.secret, err = st.Secret(ctx, "lab-links")
	}
	if err != nil {
		stop()
		return nil, fmt.Errorf("read the secrets for links: %w", err)
	}
	st.OnCommit(c.announce)
	c.done.Go(func() { c.keepReads(ctx) })
	c.done.Go(func() { c.keepFiles(ctx) })
	return c, nil
}

// Close writes the read positions that are left. Call it once, before the store
// is closed.
func (c *Chat) Close() error {
	c.stop()
	c.done.Wait()
	return c.flushReads(context.Background())
}

// announce runs on the store's writing goroutine after each commit: each event
// becomes bytes once, here, for everybody.
func (c *Chat) announce(events []*minichat.Event) {
	for _, ev := range events {
		c.bus.Publish(bus.Message{Kind: bus.Event, Room: ev.Room, By: ev.By, Event: ev,
			Data: protocol.AppendEvent(nil, ev)})
	}
}

// Result is the answer to a keyed request. Seq is 0 when nothing changed.
type Result struct {
	Seq int64  `json:"seq,omitempty"`
	ID  string `json:"id,omitempty"`
	At  int64  `json:"at,omitempty"`
	Dup bool   `json:"dup,omitempty"`
	Rev int64  `json:"rev,omitempty"`
}

// List is one page of a list; Next, when not "", is the after of the next one.
type List[T any] struct {
	List []T    `json:"list"`
	Next string `json:"next,omitempty"`
}

// pageOf cuts rows, of which one more than limit was asked for, into a page.
func pageOf[T any](rows []T, limit int, name func(T) string) List[T] {
	if len(rows) <= limit {
		if rows == nil {
			rows = []T{}
		}
		return List[T]{List: rows}
	}
	rows = rows[:limit]
	return List[T]{List: rows, Next: name(rows[limit-1])}
}

// pageLimit fills in the default for 0.
func pageLimit(limit int) (int, error) {
	if limit == 0 {
		return protocol.DefaultPull, nil
	}
	if limit < 1 || limit > protocol.MaxPull {
		return 0, minichat.FieldError(minichat.BadField, "limit", "Ask for 1 to %d at a time.", protocol.MaxPull)
	}
	return limit, nil
}

func isCode(err error, code minichat.Code) bool {
	e, ok := errors.AsType[*minichat.Error](err)
	return ok && e.Code == code
}
