package store

import (
	"errors"
	"strings"
	"testing"

	"minichat"
)

func TestFindKey(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		addUser(t, s, "ana", "bo")
		addRoom(t, s, "r", "ana")
		ev := &minichat.Event{Room: "r", Kind: minichat.KindMessage, By: "ana", Key: "k", Body: minichat.MessageBody{Text: "x"}}
		write(t, s, func(tx *Tx) error { return tx.Append(t.Context(), ev, []byte("digest")) })
		row, err := s.FindKey(t.Context(), "ana", "k")
		if err != nil || row == nil {
			t.Fatalf("got %+v, %v", row, err)
		}
		if row.Room != "r" || row.Seq != ev.Seq || row.ID != ev.ID || row.At != ev.At || string(row.Digest) != "digest" || row.Rev != 1 {
			t.Errorf("got %+v, want the event %+v", row, ev)
		}
		for _, who := range [][2]string{{"bo", "k"}, {"ana", "l"}} {
			if row, err := s.FindKey(t.Context(), who[0], who[1]); row != nil || err != nil {
				t.Errorf("%v: got %+v, %v", who, row, err)
			}
		}
		id, err := s.GetEventID(t.Context(), "r", ev.Seq)
		if err != nil || id != ev.ID || len(id) != 16 {
			t.Errorf("event id %q, want %q (%v)", id, ev.ID, err)
		}
		if id, err := s.GetEventID(t.Context(), "r", 99); id != "" || err != nil {
			t.Errorf("event that is not there: %q, %v", id, err)
		}
	})
}

// The same key, in one batch or later, makes one event: two of one author are
// refused by the database itself, two authors may have the same.
func TestKeyIsUniquePerAuthor(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		addUser(t, s, "ana", "bo")
		addRoom(t, s, "r", "ana", "bo")
		by := func(who string) func(*Tx) error {
			return func(tx *Tx) error {
				return tx.Append(t.Context(), &minichat.Event{Room: "r", Kind: minichat.KindMessage, By: who, Key: "k", Body: minichat.MessageBody{}}, nil)
			}
		}
		errs := together(t, s, by("ana"), by("ana"), by("bo"))
		if errs[0] != nil || !errors.Is(errs[1], ErrKeyUsed) || errs[2] != nil {
			t.Errorf("got %v", errs)
		}
		if n := s.Stats().Reruns; n != 0 {
			t.Errorf("%d batches ran again for a key", n)
		}
		if err := s.Write(t.Context(), by("ana")); !errors.Is(err, ErrKeyUsed) {
			t.Errorf("later: got %v", err)
		}
		dense(t, s, "r", 2)
	})
}

func TestAppendJudgesTheLeast(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		addUser(t, s, "ana")
		addRoom(t, s, "r", "ana")
		root := post(t, s, "r", "ana", "root")
		reply := say(t, s, "r", "ana", minichat.KindMessage, minichat.MessageBody{Text: "reply", Thread: root}).Seq
		gone := post(t, s, "r", "ana", "gone")
		last := say(t, s, "r", "ana", minichat.KindDelete, minichat.TargetBody{Target: gone}).Seq
		tests := []struct {
			name, room, kind string
			body             any
			want             minichat.Code
		}{
			{"no such room", "q", minichat.KindMessage, minichat.MessageBody{}, minichat.NotFound},
			{"unknown kind", "r", "poll", minichat.MessageBody{}, minichat.Internal},
			{"body of another kind", "r", minichat.KindEdit, minichat.TargetBody{Target: 1}, minichat.Internal},
			{"target is not there", "r", minichat.KindEdit, minichat.EditBody{Target: 99}, minichat.NotFound},
			{"target is no message", "r", minichat.KindReact, minichat.ReactBody{Target: last, Emoji: "👍", On: true}, minichat.NotFound},
			{"target is deleted", "r", minichat.KindPin, minichat.PinBody{Target: gone, On: true}, minichat.Gone},
			{"thread in a thread", "r", minichat.KindMessage, minichat.MessageBody{Thread: reply}, minichat.NotFound},
			{"file is not there", "r", minichat.KindMessage, minichat.MessageBody{Files: []minichat.File{{ID: "f"}}}, minichat.Conflict},
		}
		for _, test := range tests {
			err := s.Write(t.Context(), func(tx *Tx) error {
				return tx.Append(t.Context(), &minichat.Event{Room: test.room, Kind: test.kind, By: "ana", Body: test.body}, nil)
			})
			if got := minichat.CodeOf(err); got != test.want {
				t.Errorf("%s: got %q (%v), want %q", test.name, got, err, test.want)
			}
		}
		dense(t, s, "r", int(last))
	})
}

func TestPages(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		addUser(t, s, "ana")
		addRoom(t, s, "r", "ana")
		for range 10 {
			post(t, s, "r", "ana", "x")
		}
		at := func(n int64) *int64 { return &n }
		tests := []struct {
			name          string
			after, before *int64
			limit         int
			from, to      int64
		}{
			{"from the beginning", at(0), nil, 4, 1, 4},
			{"after", at(4), nil, 4, 5, 8},
			{"up to the head", at(8), nil, 4, 9, 10},
			{"at the head", at(10), nil, 4, 0, 0},
			{"above the head", at(99), nil, 4, 0, 0},
			{"last", nil, nil, 4, 7, 10},
			{"before", nil, at(7), 4, 3, 6},
			{"before the first", nil, at(1), 4, 0, 0},
			{"few before", nil, at(3), 4, 1, 2},
		}
		for _, test := range tests {
			list, head, floor, err := s.ListEvents(t.Context(), "r", test.after, test.before, test.limit, 0)
			if err != nil || head != 10 || floor != 0 {
				t.Fatalf("%s: head %d, floor %d, %v", test.name, head, floor, err)
			}
			var from, to int64
			if len(list) > 0 {
				from, to = list[0].Seq, list[len(list)-1].Seq
			}
			if from != test.from || to != test.to || len(list) > 0 && int64(len(list)) != to-from+1 {
				t.Errorf("%s: got %d…%d (%d events), want %d…%d", test.name, from, to, len(list), test.from, test.to)
			}
			for _, ev := range list {
				if got := ev.Body.(minichat.MessageBody).UpTo; got != head {
					t.Errorf("%s: upto %d, want the head %d", test.name, got, head)
				}
			}
		}
		if _, _, _, err := s.ListEvents(t.Context(), "nowhere", nil, nil, 4, 0); minichat.CodeOf(err) != minichat.NotFound {
			t.Errorf("no such room: %v", err)
		}
		if _, _, err := s.ListThread(t.Context(), "nowhere", 1, 0, 4); minichat.CodeOf(err) != minichat.NotFound {
			t.Errorf("thread of no room: %v", err)
		}
		if list, head, err := s.ListPinned(t.Context(), "r", 0, 4); len(list) != 0 || head != 10 || err != nil {
			t.Errorf("nothing pinned: %v, %d, %v", list, head, err)
		}
	})
}

// A page ends at its bytes, keeps at least one event, and loses those that are
// farthest from where it was asked for.
func TestPagesEndAtTheirBytes(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		addUser(t, s, "ana")
		addRoom(t, s, "r", "ana")
		for range 10 {
			post(t, s, "r", "ana", strings.Repeat("x", 16<<10))
		}
		after := int64(2)
		list, _, _, err := s.ListEvents(t.Context(), "r", &after, nil, 200, 0)
		if err != nil || len(list) != 3 || list[0].Seq != 3 {
			t.Errorf("after 2: %d events from %v, want 3 from 3 (%v)", len(list), list, err)
		}
		list, _, _, err = s.ListEvents(t.Context(), "r", nil, nil, 200, 0)
		if err != nil || len(list) != 3 || list[2].Seq != 10 {
			t.Errorf("last: %d events, want 3 up to 10 (%v)", len(list), err)
		}
		list, _, _, err = s.ListEvents(t.Context(), "r", &after, nil, 200, 100)
		if err != nil || len(list) != 1 || list[0].Seq != 3 {
			t.Errorf("less than one event: %d events, want 1 (%v)", len(list), err)
		}
		dense(t, s, "r", 10)
	})
}

// A page is one moment: while people write, no page holds a message whose form
// is older than its upto.
func TestPagesAreOneMoment(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		addUser(t, s, "ana")
		addRoom(t, s, "r", "ana")
		seq := post(t, s, "r", "ana", "x")
		done := make(chan error, 1)
		const edits = 300
		go func() {
			for i := range int64(edits) {
				ev := &minichat.Event{Room: "r", Kind: minichat.KindEdit, By: "ana", Body: minichat.EditBody{Target: seq, Text: "y", Rev: i + 2}}
				if err := s.Write(t.Context(), func(tx *Tx) error { return tx.Append(t.Context(), ev, nil) }); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
		after := int64(0)
		for head := int64(0); head < edits+1; {
			list, h, _, err := s.ListEvents(t.Context(), "r", &after, nil, 1, 0)
			if err != nil {
				t.Fatal(err)
			}
			if b := list[0].Body.(minichat.MessageBody); b.UpTo != h || b.Rev != h { // each edit is one event and one rev
				t.Fatalf("head %d, upto %d, rev %d", h, b.UpTo, b.Rev)
			}
			head = h
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
