package store

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"minichat"
)

// A deleted text is soon in none of the files, also when nothing else is written and
// somebody was reading as it was to be wiped.
func TestDeletedTextIsWiped(t *testing.T) {
	path := filepath.Join(t.TempDir(), "minichat.db")
	s := open(t, "sqlite:"+path)
	addUser(t, s, "ana")
	addRoom(t, s, "r", "ana")
	holds := func() (files []string) {
		for _, name := range []string{path, path + "-wal"} {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(b, []byte("canary")) {
				files = append(files, name)
			}
		}
		return files
	}
	add := func(kind string, body any) {
		write(t, s, func(tx *Tx) error {
			return tx.Append(t.Context(), &minichat.Event{Room: "r", Kind: kind, By: "ana", Body: body}, nil)
		})
	}
	add(minichat.KindMessage, minichat.MessageBody{Text: "canary"})
	if len(holds()) == 0 {
		t.Fatal("the text is in no file before it is deleted: this test sees nothing")
	}
	reader, err := s.pool.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if err := reader.QueryRow(`SELECT COUNT(*) FROM events`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	add(minichat.KindDelete, minichat.TargetBody{Target: 1})
	for tried := time.Now().Add(wipeAfter + 3*pollEvery); time.Now().Before(tried); {
		ctx, cancel := context.WithTimeout(t.Context(), busyTimeout-time.Second)
		if err := s.Write(ctx, appendTo(t, "r", minichat.NewID(16), "x")); err != nil {
			t.Fatalf("a write waits for the reader, too: %v", err)
		}
		cancel()
	}
	if err := reader.Rollback(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(pollEvery) {
		files := holds()
		if len(files) == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("30 s after the delete the text is in %v", files)
		}
	}
}
