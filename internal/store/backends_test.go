package store

import (
	"path/filepath"
	"sync/atomic"
	"testing"

	"minichat"
)

// backend is a database that the suite runs on.
type backend struct {
	name string
	url  func(testing.TB) string // of an empty database
}

func backends() []backend {
	return []backend{
		{"sqlite", func(tb testing.TB) string { return "sqlite:" + filepath.Join(tb.TempDir(), "minichat.db") }},
	}
}

// onEach runs test on each backend.
func onEach(t *testing.T, test func(*testing.T, *Store)) {
	for _, b := range backends() {
		t.Run(b.name, func(t *testing.T) { test(t, open(t, b.url(t))) })
	}
}

// open opens a store whose clock counts up from 1000, one a call.
func open(tb testing.TB, url string) *Store {
	tb.Helper()
	var clock atomic.Int64
	clock.Store(1000)
	s, err := Open(tb.Context(), url, Options{Now: func() int64 { return clock.Add(1) }})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

// write is Write that must succeed.
func write(tb testing.TB, s *Store, fn func(*Tx) error) {
	tb.Helper()
	if err := s.Write(tb.Context(), fn); err != nil {
		tb.Fatal(err)
	}
}

// addUser adds a person whose id is his handle.
func addUser(tb testing.TB, s *Store, ids ...string) {
	tb.Helper()
	write(tb, s, func(tx *Tx) error {
		for _, id := range ids {
			u := minichat.User{ID: id, Handle: id, Name: id, Color: minichat.ColorOf(id), Role: minichat.Member, CreatedAt: tx.Now()}
			if err := tx.InsertUser(tb.Context(), u, "", id); err != nil {
				return err
			}
		}
		return nil
	})
}

// addRoom makes a channel called id and puts people into it.
func addRoom(tb testing.TB, s *Store, id string, people ...string) {
	tb.Helper()
	write(tb, s, func(tx *Tx) error {
		if err := tx.InsertRoom(tb.Context(), minichat.Room{ID: id, Kind: minichat.Channel, Name: id}, people[0]); err != nil {
			return err
		}
		for _, p := range people {
			if err := tx.InsertMember(tb.Context(), id, p, "", tx.Now()); err != nil {
				return err
			}
		}
		return nil
	})
}

// say appends an event and returns it.
func say(tb testing.TB, s *Store, room, by, kind string, body any) *minichat.Event {
	tb.Helper()
	ev := &minichat.Event{Room: room, Kind: kind, By: by, Body: body}
	write(tb, s, func(tx *Tx) error { return tx.Append(tb.Context(), ev, nil) })
	return ev
}

// post appends a message and returns its seq.
func post(tb testing.TB, s *Store, room, by, text string) int64 {
	tb.Helper()
	return say(tb, s, room, by, minichat.KindMessage, minichat.MessageBody{Text: text}).Seq
}

// all returns the whole log of a room, in pages of size.
func all(tb testing.TB, s *Store, room string, size int) []*minichat.Event {
	tb.Helper()
	var list []*minichat.Event
	for after := int64(0); ; {
		page, head, _, err := s.ListEvents(tb.Context(), room, &after, nil, size, 0)
		if err != nil {
			tb.Fatal(err)
		}
		list = append(list, page...)
		if after == head {
			return list
		}
		if len(page) == 0 {
			tb.Fatalf("empty page after %d, head %d", after, head)
		}
		after = page[len(page)-1].Seq
	}
}

// dense fails when the log of a room has a hole or another head.
func dense(tb testing.TB, s *Store, room string, want int) {
	tb.Helper()
	list := all(tb, s, room, 200)
	if len(list) != want {
		tb.Errorf("events: got %d, want %d", len(list), want)
	}
	for i, ev := range list {
		if ev.Seq != int64(i+1) {
			tb.Fatalf("event %d has seq %d", i+1, ev.Seq)
		}
	}
}
