package store

import (
	"testing"

	"minichat"
)

// Another process, here a second Store on the same database, is noticed; what
// this one writes itself is not.
func TestForeignChangesAreNoticed(t *testing.T) {
	for _, b := range backends() {
		t.Run(b.name, func(t *testing.T) {
			url := b.url(t)
			s, other := open(t, url), open(t, url)
			noticed := make(chan struct{}, 100)
			s.OnForeignChange(func() { noticed <- struct{}{} })
			mine := make(chan struct{}, 100)
			other.OnForeignChange(func() { mine <- struct{}{} })
			if err := other.Ping(t.Context()); err != nil {
				t.Fatal(err)
			}
			<-noticed
			addUser(t, other, "ana")
			<-noticed
			if u, err := s.GetUser(t.Context(), "ana"); u == nil || err != nil {
				t.Errorf("what the other process made: %+v, %v", u, err)
			}
			epoch, err := other.NewEpoch(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			<-noticed
			if s.Epoch() != epoch {
				t.Errorf("epoch %q, after another process began %q", s.Epoch(), epoch)
			}
			if err := other.Close(); err != nil { // its notices have all been given now
				t.Fatal(err)
			}
			if len(mine) != 0 {
				t.Errorf("its own writes were taken for another's %d times", len(mine))
			}
		})
	}
}

// Whoever holds on to what he read of a person, a session or a token can tell
// when it may hold no longer, and is not told of anything else.
func TestPartings(t *testing.T) {
	for _, b := range backends() {
		t.Run(b.name, func(t *testing.T) {
			url := b.url(t)
			s, other := open(t, url), open(t, url)
			addUser(t, s, "ana")
			write := func(to *Store, fn func(tx *Tx) error) func() {
				return func() {
					if err := to.Write(t.Context(), fn); err != nil {
						t.Fatal(err)
					}
				}
			}
			delete := func(tx *Tx) error { _, err := tx.DeleteSession(t.Context(), "s"); return err }
			insert := func(tx *Tx) error {
				return tx.InsertSession(t.Context(), Session{ID: "s", User: "ana", ExpiresAt: 1}, []byte("hash"))
			}
			for _, c := range []struct {
				name  string
				do    func()
				moves bool
			}{
				{"a session begins", write(s, insert), false},
				{"it is used", write(s, func(tx *Tx) error { return tx.SetSessionSeen(t.Context(), "s", 2, 3) }), false},
				{"it ends", write(s, delete), true},
				{"it ends again", write(s, delete), false},
				{"a ping", func() { s.Ping(t.Context()) }, false},
				{"a token begins", write(s, func(tx *Tx) error { return tx.InsertToken(t.Context(), Token{ID: "t", User: "ana"}, []byte("t")) }), false},
				{"it ends", write(s, func(tx *Tx) error { _, err := tx.DeleteToken(t.Context(), "t"); return err }), true},
				{"somebody changes", write(s, func(tx *Tx) error { return tx.UpdateUser(t.Context(), minichat.User{ID: "ana", Disabled: true}, "") }), true},
				{"another process writes", func() {
					noticed := make(chan struct{}, 10)
					s.OnForeignChange(func() { noticed <- struct{}{} })
					write(other, insert)()
					<-noticed
				}, true},
			} {
				before := s.Partings()
				if c.do(); (s.Partings() != before) != c.moves {
					t.Errorf("%s: the number went from %d to %d", c.name, before, s.Partings())
				}
			}
		})
	}
}
