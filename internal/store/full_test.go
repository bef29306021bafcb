package store

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"minichat"
)

// limitPages makes SQLite answer "database or disk is full" beyond n pages more
// than there are.
func limitPages(t *testing.T, s *Store, n int) {
	t.Helper()
	write(t, s, func(tx *Tx) error {
		var pages int
		if _, err := tx.row(t.Context(), "PRAGMA page_count", nil, &pages); err != nil {
			return err
		}
		_, err := tx.row(t.Context(), fmt.Sprintf("PRAGMA max_page_count = %d", pages+n), nil, &pages)
		return err
	})
}

// postUntilFull posts from several people at once until each was told that the
// disk is full, and returns the keys that were acknowledged.
func postUntilFull(t *testing.T, s *Store, people int) []string {
	t.Helper()
	var mu sync.Mutex
	var acked []string
	var wg sync.WaitGroup
	for p := range people {
		wg.Go(func() {
			for i := 0; ; i++ {
				key := fmt.Sprintf("key-%d-%d", p, i)
				err := s.Write(t.Context(), appendTo(t, "r", key, strings.Repeat("x", 2000)))
				if e, ok := err.(*minichat.Error); err != nil && (minichat.CodeOf(err) != minichat.StorageFull || ok && e.Unknown) {
					t.Errorf("got %v, want a definite storage_full", err)
				}
				if err != nil {
					return
				}
				mu.Lock()
				acked = append(acked, key)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return acked
}

func TestSQLiteFullDisk(t *testing.T) {
	s := open(t, backends()[0].url(t))
	addUser(t, s, "ana")
	addRoom(t, s, "r", "ana")
	write(t, s, func(tx *Tx) error { return tx.SetSetting(t.Context(), "small", "a") })
	limitPages(t, s, 40)
	acked := postUntilFull(t, s, 8)
	if len(acked) == 0 {
		t.Fatal("nothing fitted")
	}
	for _, key := range acked {
		if row, err := s.FindKey(t.Context(), "ana", key); row == nil || err != nil {
			t.Errorf("acknowledged and not there: %s, %v", key, err)
		}
	}
	dense(t, s, "r", len(acked))
	// What needs no room goes on, also in one batch with what does not fit.
	errs := together(t, s, appendTo(t, "r", "big", strings.Repeat("x", 50_000)), func(tx *Tx) error {
		row, err := tx.FindKey(t.Context(), "ana", acked[0])
		if row == nil {
			t.Error("the writer does not find what it acknowledged")
		}
		return err
	}, func(tx *Tx) error { return tx.SetSetting(t.Context(), "small", "b") })
	if minichat.CodeOf(errs[0]) != minichat.StorageFull || errs[1] != nil || errs[2] != nil {
		t.Errorf("got %v, want storage_full for the first alone", errs)
	}
	limitPages(t, s, 1_000_000)
	more := appendTo(t, "r", "healed", strings.Repeat("x", 50_000))
	if err := s.Write(t.Context(), more); err != nil {
		t.Errorf("with room again: %v", err)
	}
	dense(t, s, "r", len(acked)+1)
	var verdict string
	if _, err := s.row(t.Context(), "PRAGMA integrity_check", nil, &verdict); err != nil || verdict != "ok" {
		t.Errorf("integrity: %s, %v", verdict, err)
	}
}
