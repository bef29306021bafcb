package hub

import (
	"slices"

	"minichat"
	"minichat/internal/protocol"
)

// tally counts a room's messages since it is known here, so that what each
// member has not read is a difference and a message costs nothing per member.
type tally struct {
	messages int64     // outside threads, or shown there, too
	all      int64     // that mention everybody
	recent   [16]int64 // seqs of the last messages, for those who come with a slightly older count
	mentions []mention // the last messages that mention somebody, for the same
	skips    []skip
}

// mention is a message that mentions somebody.
type mention struct {
	seq   int64
	names []string // nil: everybody
}

// mentionsKept is how many are remembered of a room.
const mentionsKept = 16

// skip is a member whose count, read from the database, is ahead of what was
// delivered here: messages up to seq are in it already.
type skip struct {
	m   *member
	seq int64
}

// countMessage notes a message for everybody's unread and mentions. mu is held.
func (r *room) countMessage(ev *minichat.Event, body minichat.MessageBody) {
	t := &r.tally
	var counts, all int64
	if body.Thread == 0 || body.InRoom {
		counts = 1
		t.recent[t.messages%int64(len(t.recent))] = ev.Seq
	}
	if slices.Contains(body.Mentions, "all") || slices.Contains(body.Mentions, "here") {
		all = 1
	}
	t.messages += counts
	t.all += all
	switch {
	case all > 0:
		t.remember(mention{seq: ev.Seq})
	case len(body.Mentions) > 0:
		t.remember(mention{ev.Seq, body.Mentions})
		for _, id := range body.Mentions {
			if m := r.members[id]; m != nil {
				m.named++
			}
		}
	}
	r.skipCounted(ev.Seq, counts, all, body.Mentions)
	if m := r.members[ev.By]; m != nil && counts > 0 {
		m.read, m.all, m.named = t.messages, t.all, 0
	}
}

// skipCounted undoes a count for those who have it already.
func (r *room) skipCounted(seq, counts, all int64, mentions []string) {
	if len(r.tally.skips) == 0 {
		return
	}
	r.tally.skips = slices.DeleteFunc(r.tally.skips, func(s skip) bool {
		if seq > s.seq {
			return true
		}
		s.m.read += counts
		s.m.all += all
		if all == 0 && slices.Contains(mentions, s.m.u.id) {
			s.m.named--
		}
		return false
	})
}

func (t *tally) remember(m mention) {
	if len(t.mentions) == mentionsKept {
		t.mentions = slices.Delete(t.mentions, 0, 1)
	}
	t.mentions = append(t.mentions, m)
}

// since counts the messages behind seq, as far as they are remembered.
func (t *tally) since(seq int64) (n int64) {
	for _, s := range t.recent {
		if s > seq {
			n++
		}
	}
	return n
}

// take sets a member's counts as they were when room.Head was the head. mu is held.
func (m *member) take(room *minichat.Room) {
	t := &m.r.tally
	m.read = t.messages - room.Unread - t.since(room.Head)
	m.all, m.named = t.all, room.Mentions
	for _, x := range t.mentions {
		switch {
		case x.seq <= room.Head:
		case x.names == nil:
			m.all--
		case slices.Contains(x.names, m.u.id):
			m.named++
		}
	}
	t.skips = slices.DeleteFunc(t.skips, func(s skip) bool { return s.m == m })
	if room.Head > m.r.head {
		t.skips = append(t.skips, skip{m, room.Head})
	}
}

// head is what a heads frame tells a member. The room's mu is held.
func (m *member) head() protocol.Head {
	t := &m.r.tally
	h := protocol.Head{Room: m.r.id, Head: m.r.head, Unread: max(0, t.messages-m.read)}
	if h.Mentions = t.all - m.all + m.named; m.r.direct {
		h.Mentions = h.Unread
	}
	return h
}
