package chat

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"minichat"
	"minichat/internal/bus"
	"minichat/internal/protocol"
	"minichat/internal/store"
)

// signalsAFlush bounds the numbers that are looked up for one flush; those
// beyond it learn of them with the next heads or listing.
const signalsAFlush = 200

type mark struct {
	seq  int64
	back bool
}

// marks are read positions on their way to the database, merged by person and
// room.
type marks struct {
	flush sync.Mutex // held while marks are being written

	mu      sync.Mutex
	pending map[string]map[string]mark
	writing map[string]map[string]mark // taken out of pending, not yet written
}

func newMarks() *marks { return &marks{pending: map[string]map[string]mark{}} }

// set notes a read position: forward, or with back wherever it points.
func (m *marks) set(user, room string, seq int64, back bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	rooms := m.pending[user]
	if rooms == nil {
		rooms = map[string]mark{}
		m.pending[user] = rooms
	}
	old, known := rooms[room]
	switch {
	case back || !known:
		rooms[room] = mark{seq, back}
	case seq > old.seq:
		rooms[room] = mark{seq, old.back} // a step back, then forward: where it ended
	}
}

// take moves what is pending to writing.
func (m *marks) take() map[string]map[string]mark {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.writing, m.pending = m.pending, map[string]map[string]mark{}
	return m.writing
}

// done ends a take; after a failure what was taken is pending again, under what
// has come since.
func (m *marks) done(ok bool) {
	m.mu.Lock()
	taken := m.writing
	m.writing = nil
	newer := m.pending
	if !ok {
		m.pending = taken
	}
	m.mu.Unlock()
	if ok {
		return
	}
	for user, rooms := range newer {
		for room, k := range rooms {
			m.set(user, room, k.seq, k.back)
		}
	}
}

// has reports whether anything of user's is not in the database yet.
func (m *marks) has(user string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.pending[user])+len(m.writing[user]) > 0
}

// MarkRead moves u's read position in a room, forward unless r.Back. It is
// written within a second and promises no fsync.
func (c *Chat) MarkRead(ctx context.Context, u minichat.User, r protocol.Read) error {
	p, err := c.judge(ctx, u.ID, r.Room, minichat.ReadRoom)
	if err != nil {
		return err
	}
	if r.Seq < 0 || r.Seq > p.room.Head {
		return minichat.FieldError(minichat.BadField, "seq", "The room ends at %d.", p.room.Head)
	}
	c.reads.set(u.ID, r.Room, r.Seq, r.Back)
	return nil
}

func (c *Chat) keepReads(ctx context.Context) {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := c.flushReads(ctx); err != nil && ctx.Err() == nil {
				c.log.Warn("read positions not written, will be tried again", "error", err)
			}
		}
	}
}

// flushReads writes what is pending and tells each person's own sessions.
func (c *Chat) flushReads(ctx context.Context) error {
	c.reads.flush.Lock()
	defer c.reads.flush.Unlock()
	taken := c.reads.take()
	if len(taken) == 0 {
		c.reads.done(true)
		return nil
	}
	var list []store.ReadMark
	for user, rooms := range taken {
		for room, m := range rooms {
			list = append(list, store.ReadMark{User: user, Room: room, Seq: m.seq, Back: m.back})
		}
	}
	err := c.st.Write(ctx, func(tx *store.Tx) error { return tx.SetRead(ctx, list) })
	c.reads.done(err == nil)
	if err != nil {
		return fmt.Errorf("write read positions: %w", err)
	}
	c.signalReads(ctx, taken)
	return nil
}

func (c *Chat) signalReads(ctx context.Context, taken map[string]map[string]mark) {
	left := signalsAFlush
	for user, marked := range taken {
		if left -= len(marked); left < 0 {
			return
		}
		rooms := make([]string, 0, len(marked))
		for room := range marked {
			rooms = append(rooms, room)
		}
		if err := c.tellReads(ctx, user, rooms); err != nil {
			return // a signal may be lost
		}
	}
}

// tellReads tells a person's own sessions where he stands in these rooms.
func (c *Chat) tellReads(ctx context.Context, user string, rooms []string) error {
	list, err := c.st.ListUnread(ctx, user, rooms)
	for _, n := range list {
		c.bus.Publish(bus.Message{Kind: bus.Read, Room: n.Room, User: user,
			Seq: n.Read, Unread: n.Unread, Mentions: n.Mentions, Head: n.Head,
			Data: protocol.AppendSignalRead(nil, n.Room, n.Read, n.Unread, n.Mentions)})
	}
	return err
}

// tellMentions tells those whom a message mentions no more, or only now, how many
// mentions they have: an edit or a delete changed that behind what was counted as the
// message came. Of a large room that was mentioned as a whole, the others learn it
// with their next listing. It does not keep the one who asked waiting.
func (c *Chat) tellMentions(room string, before, now []string) {
	changed := slices.DeleteFunc(slices.Concat(before, now), func(id string) bool {
		return slices.Contains(before, id) && slices.Contains(now, id)
	})
	if len(changed) > 0 && c.ctx.Err() == nil {
		c.done.Go(func() { c.tellCounts(c.ctx, room, changed) })
	}
}

// tellCounts tells the people in changed, "all" and "here" included, where they stand.
func (c *Chat) tellCounts(ctx context.Context, room string, changed []string) {
	if slices.Contains(changed, "all") || slices.Contains(changed, "here") {
		rows, err := c.st.ListMembers(ctx, room, "", signalsAFlush)
		if err != nil {
			return // a signal may be lost
		}
		for _, m := range rows {
			changed = append(changed, m.User.ID)
		}
	}
	slices.Sort(changed)
	for _, user := range slices.Compact(changed) {
		c.settleReads(ctx, user)
		if err := c.tellReads(ctx, user, []string{room}); err != nil {
			return
		}
	}
}

// settleReads writes u's read positions, if any are on their way, so that what
// is read next agrees with what he has done. On a full disk they stay on their
// way, and reading goes on.
func (c *Chat) settleReads(ctx context.Context, user string) {
	if !c.reads.has(user) {
		return
	}
	if err := c.flushReads(ctx); err != nil && ctx.Err() == nil {
		c.log.Warn("read positions not written, will be tried again", "error", err)
	}
}
