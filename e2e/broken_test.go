package e2e

import (
	"fmt"
	"slices"
	"testing"
)

// The people and the rooms of the histories below.
const (
	ana, ben, eve = "u-ana", "u-ben", "u-eve" // eve is in no private room
	hall, den     = "r-hall", "r-den"         // den is private; ben is taken out of it and comes back
)

// tale makes a history by hand.
type tale struct {
	h    history
	head map[string]int64
	log  history
}

func (t *tale) add(r record) int {
	t.h = append(t.h, r)
	return len(t.h) - 1
}

func eventID(room string, seq int64) string { return fmt.Sprintf("%s-e%d", room, seq) }

// commit puts an event into the log that account shows.
func (t *tale) commit(r record) record {
	t.head[r.Room]++
	r.Op, r.Seq = opFinal, t.head[r.Room]
	r.ID = eventID(r.Room, r.Seq)
	if r.Kind == "message" {
		r.Rev, r.Form = max(1, r.Rev), r.Text
	}
	t.log = append(t.log, r)
	return r
}

// change is asked for, committed, acknowledged, and comes to who watches.
func (t *tale) change(user, room, kind, key, text string, target int64, watchers ...string) record {
	t.add(record{Op: opAsk, User: user, Room: room, Kind: map[string]string{"message": "post"}[kind], Key: key, Text: text, Target: target, Rev: 1})
	if kind != "message" {
		t.h[len(t.h)-1].Kind = kind
	}
	ev := t.commit(record{Room: room, Kind: kind, By: user, Key: key, Text: text})
	t.add(record{Op: opOK, User: user, Room: room, Key: key, Seq: ev.Seq, ID: ev.ID})
	t.deliver(ev, true, watchers...)
	return ev
}

func (t *tale) deliver(ev record, live bool, watchers ...string) {
	for _, u := range watchers {
		r := ev
		r.Op, r.User, r.Conn, r.Live, r.Form = opEvent, u, u+"/1", live, ""
		t.add(r)
		t.add(record{Op: opApply, User: u, Room: ev.Room, Seq: ev.Seq})
	}
}

func (t *tale) open(user string, rooms ...string) {
	at := len(t.h)
	t.add(record{Op: opOpen, User: user, Conn: user + "/1", Text: "epoch", Asked: at})
	for _, room := range rooms {
		t.add(record{Op: opWatch, User: user, Conn: user + "/1", Room: room, Seq: 0})
		t.add(record{Op: opSynced, User: user, Conn: user + "/1", Room: room})
	}
}

// sound is a history in which nothing is wrong.
func sound() history {
	t := &tale{head: map[string]int64{}}
	t.add(record{Op: opOutsider, User: eve, Room: den})
	for _, u := range []string{ana, ben} {
		t.open(u, hall, den)
	}
	t.open(eve, hall)
	all := []string{ana, ben, eve}
	t.change(ana, hall, "message", "a1", "one", 0, all...)
	t.change(ben, hall, "message", "b1", "two", 0, all...)
	t.change(ana, hall, "message", "a2", "three", 0, all...)
	t.change(ana, hall, "edit", "a3", "ONE", 1, all...)
	t.log[0].Text, t.log[0].Form, t.log[0].Rev = "ONE", "ONE", 2
	at := len(t.h)
	t.add(record{Op: opHead, User: ana, Conn: ana + "/1", Room: hall, Kind: "pull", Head: 4, Asked: at})
	t.add(record{Op: opAsk, User: ben, Room: hall, Kind: "post", Key: "b2", Text: "refused"})
	t.add(record{Op: opFail, User: ben, Room: hall, Key: "b2", Code: "too_long", Definite: true})
	t.change(ana, den, "message", "d1", canary+" one", 0, ana, ben)
	out := t.commit(record{Room: den, Kind: "member", By: ana, Text: "removed", Subject: ben})
	t.add(record{Op: opRemoved, User: ben, Room: den})
	t.deliver(out, true, ana, ben)
	t.add(record{Op: opGone, User: ben, Conn: ben + "/1", Room: den})
	t.change(ana, den, "message", "d2", canary+" two", 0, ana)
	t.add(record{Op: opReadd, User: ben, Room: den})
	in := t.commit(record{Room: den, Kind: "member", By: ana, Text: "joined", Subject: ben})
	t.deliver(in, true, ana)
	t.add(record{Op: opForget, User: ben, Room: den})
	t.add(record{Op: opWatch, User: ben, Conn: ben + "/1", Room: den, Seq: 0})
	t.add(record{Op: opPage, User: ben, Conn: ben + "/1", Room: den, From: 1, To: 4, Head: 4})
	for _, ev := range t.log {
		if ev.Room == den {
			t.deliver(ev, false, ben)
		}
	}
	t.add(record{Op: opSynced, User: ben, Conn: ben + "/1", Room: den})
	t.add(record{Op: opHealed})
	t.change(ben, hall, "message", "b3", "after all", 0, all...)
	for _, u := range all {
		t.add(record{Op: opEnd, User: u, Room: hall, Seq: t.head[hall]})
		t.add(record{Op: opFold, User: u, Room: hall, Seq: 1, Form: "ONE"})
	}
	return append(t.h, t.log...)
}

// find is the place of the n-th record (from 0) that suits.
func find(t *testing.T, h history, n int, suits func(record) bool) int {
	t.Helper()
	for i, r := range h {
		if suits(r) {
			if n == 0 {
				return i
			}
			n--
		}
	}
	t.Fatal("there is no such record")
	return 0
}

func is(op, user, room string, seq int64) func(record) bool {
	return func(r record) bool {
		return r.Op == op && (user == "" || r.User == user) && (room == "" || r.Room == room) && (seq == 0 || r.Seq == seq)
	}
}

// without leaves out all records that suit.
func without(h history, suits func(record) bool) history { return slices.DeleteFunc(h, suits) }

// insert puts records before place i.
func insert(h history, i int, r ...record) history { return slices.Insert(h, i, r...) }

func TestSoundHistory(t *testing.T) {
	for _, b := range check(sound()) {
		t.Errorf("%s: %s", b.invariant, b.text)
	}
}

// Each fault of a server is caught by the invariant that forbids it.
func TestCheckerCatches(t *testing.T) {
	set := func(op, user, room string, seq int64, change func(*record)) func(*testing.T, history) history {
		return func(t *testing.T, h history) history {
			change(&h[find(t, h, 0, is(op, user, room, seq))])
			return h
		}
	}
	cases := []struct {
		invariant, fault string
		brk              func(*testing.T, history) history
	}{
		{"I1", "acknowledged before the commit, then killed", func(t *testing.T, h history) history {
			return without(h, func(r record) bool { return r.Room == hall && r.Seq == 5 && r.Op == opFinal })
		}},
		{"I1", "the text was changed on the way", set(opFinal, "", hall, 2, func(r *record) { r.Text = "too" })},
		{"I1", "another event at the acknowledged place", set(opFinal, "", hall, 2, func(r *record) { r.ID, r.Key = "other", "other" })},
		{"I1", "an acknowledged edit left no trace", set(opFinal, "", hall, 1, func(r *record) { r.Text, r.Rev = "one", 1 })},
		{"I2", "an event out of nowhere", set(opFinal, "", hall, 2, func(r *record) { r.Key = "never" })},
		{"I2", "another author", set(opFinal, "", hall, 2, func(r *record) { r.By = ana })},
		{"I2", "another room", set(opAsk, ben, hall, 0, func(r *record) { r.Room = den })},
		{"I2", "delivered before the commit, then rolled back", func(t *testing.T, h history) history {
			i := find(t, h, 0, is(opHealed, "", "", 0))
			return insert(h, i, record{Op: opEvent, User: ana, Conn: ana + "/1", Room: hall, Seq: 9, ID: "lost", Kind: "message", By: ben, Key: "b1", Text: "two", Live: true})
		}},
		{"I2", "a text that nobody wrote, live", set(opEvent, eve, hall, 2, func(r *record) { r.Text = "<script>" })},
		{"I2", "a deleted text that is still told", set(opFinal, "", hall, 2, func(r *record) { r.Deleted = true })},
		{"I3", "a retry posted again", func(t *testing.T, h history) history {
			return append(h, record{Op: opFinal, Room: hall, Seq: 6, ID: "again", Kind: "message", By: ben, Key: "b3", Text: "after all", Rev: 1})
		}},
		{"I3", "an event twice over one connection", func(t *testing.T, h history) history {
			i := find(t, h, 0, is(opEvent, eve, hall, 2))
			return insert(h, i, h[i])
		}},
		{"I3", "shown twice", func(t *testing.T, h history) history {
			i := find(t, h, 0, is(opApply, eve, hall, 2))
			return insert(h, i, h[i])
		}},
		{"I4", "another id for one client", set(opEvent, eve, hall, 2, func(r *record) { r.ID = "other" })},
		{"I4", "a seq was used again after a rollback", set(opOK, ben, hall, 2, func(r *record) { r.ID = "other" })},
		{"I4", "one event at two places", set(opEvent, eve, hall, 3, func(r *record) { r.ID = eventID(hall, 2) })},
		{"I5", "a lost broadcast", func(t *testing.T, h history) history {
			return without(h, func(r record) bool { return r.User == eve && r.Seq == 2 && (r.Op == opEvent || r.Op == opApply) })
		}},
		{"I5", "the lost last broadcast", func(t *testing.T, h history) history {
			return without(h, func(r record) bool { return r.User == eve && r.Seq == 5 && (r.Op == opEvent || r.Op == opApply) })
		}},
		{"I5", "a hole in the log", func(t *testing.T, h history) history {
			return without(h, is(opFinal, "", hall, 3))
		}},
		{"I5", "a page that begins too late", set(opPage, ben, den, 0, func(r *record) { r.From = 2 })},
		{"I5", "live before the replay", func(t *testing.T, h history) history {
			i := find(t, h, 0, is(opSynced, ana, hall, 0))
			return slices.Delete(h, i, i+1)
		}},
		{"I5", "events of a room that is not watched", func(t *testing.T, h history) history {
			i := find(t, h, 0, is(opWatch, eve, hall, 0))
			return slices.Delete(h, i, i+1)
		}},
		{"I6", "numbered against real time", func(t *testing.T, h history) history {
			// b1 was asked for only after a2 and a3 were acknowledged.
			i, j := find(t, h, 0, is(opAsk, ben, hall, 0)), find(t, h, 0, is(opHead, ana, hall, 0))
			ask := h[i]
			return insert(slices.Delete(h, i, i+1), j-1, ask)
		}},
		{"I7", "the own message is not there yet", set(opHead, ana, hall, 0, func(r *record) { r.Head = 3 })},
		{"I8", "a head that goes back", func(t *testing.T, h history) history {
			i := find(t, h, 0, is(opHead, ana, hall, 0))
			back := h[i]
			back.Head, back.Asked, back.Kind = 3, 0, "pong"
			first := back
			first.Head = 4
			return insert(h, i, first, back)
		}},
		{"I8", "a reader that is behind the others", func(t *testing.T, h history) history {
			i := find(t, h, 0, is(opHead, ana, hall, 0))
			h[i].User, h[i].Conn, h[i].Head = eve, eve+"/1", 2
			return h
		}},
		{"I8", "the epoch changed", set(opOpen, eve, "", 0, func(r *record) { r.Text = "another" })},
		{"I8", "history was lost: a reset", func(t *testing.T, h history) history {
			i := find(t, h, 0, is(opHealed, "", "", 0))
			return insert(h, i, record{Op: opReset, User: ana, Conn: ana + "/1", Room: den, Text: "cursor"})
		}},
		{"I9", "two messages of one sender in the wrong order", func(t *testing.T, h history) history {
			i, j := find(t, h, 0, is(opAsk, ana, hall, 0)), find(t, h, 1, is(opAsk, ana, hall, 0))
			h[i], h[j] = h[j], h[i]
			return h
		}},
		{"I10", "a private room reaches an outsider", func(t *testing.T, h history) history {
			i := find(t, h, 0, is(opHealed, "", "", 0))
			return insert(h, i, record{Op: opCanary, User: eve, Conn: eve + "/1", Room: den, Kind: "heads"})
		}},
		{"I10", "an event behind the removal", func(t *testing.T, h history) history {
			i := find(t, h, 0, is(opReadd, ben, den, 0))
			return insert(h, i, record{Op: opCanary, User: ben, Conn: ben + "/1", Room: den, Kind: "event", Seq: 3})
		}},
		{"I10", "an old event, but over a new connection", func(t *testing.T, h history) history {
			i := find(t, h, 0, is(opReadd, ben, den, 0))
			return insert(h, i, record{Op: opOpen, User: ben, Conn: ben + "/2", Text: "epoch", Asked: i},
				record{Op: opCanary, User: ben, Conn: ben + "/2", Room: den, Kind: "events", Seq: 1})
		}},
		{"I10", "something after gone", func(t *testing.T, h history) history {
			i := find(t, h, 0, is(opReadd, ben, den, 0))
			return insert(h, i, record{Op: opCanary, User: ben, Conn: ben + "/1", Room: den, Kind: "room"})
		}},
		{"I11", "refused for good, and done", func(t *testing.T, h history) history {
			return append(h, record{Op: opFinal, Room: hall, Seq: 6, ID: "x6", Kind: "message", By: ben, Key: "b2", Text: "refused", Rev: 1})
		}},
		{"I12", "a live event that says something else than the page", set(opFold, eve, hall, 1, func(r *record) { r.Form = "one" })},
		{"I13", "somebody is still behind", func(t *testing.T, h history) history {
			return append(h, record{Op: opLate, User: eve, Text: "has r-hall up to 2 of 5"})
		}},
		{"I13", "the last broadcast was lost, and a pong told it", func(t *testing.T, h history) history {
			return append(h, record{Op: opBehind, User: eve, Conn: eve + "/1", Room: hall, Seq: 4, Head: 5})
		}},
		{"I13", "nothing can be posted any more", func(t *testing.T, h history) history {
			return without(h, is(opOK, ben, hall, 5))
		}},
	}
	caught := map[string]bool{}
	for _, test := range cases {
		t.Run(test.invariant+" "+test.fault, func(t *testing.T) {
			breaches := check(test.brk(t, sound()))
			if !slices.ContainsFunc(breaches, func(b breach) bool { return b.invariant == test.invariant }) {
				t.Errorf("got %v, want a breach of %s", breaches, test.invariant)
			}
		})
		caught[test.invariant] = true
	}
	for _, inv := range invariants {
		if !caught[inv.name] {
			t.Errorf("nothing breaks %s", inv.name)
		}
	}
}
