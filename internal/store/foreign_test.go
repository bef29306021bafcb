package store

import (
	"testing"
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
