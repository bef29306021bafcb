package store

import (
	"errors"
	"testing"

	sqlite3 "modernc.org/sqlite/lib"

	"minichat"
)

func TestSQLiteCommitOutcome(t *testing.T) {
	tests := []struct {
		name           string
		code           int
		unknown, fatal bool
	}{
		{"full", sqlite3.SQLITE_FULL, false, false},
		{"busy", sqlite3.SQLITE_BUSY, false, false},
		{"write", sqlite3.SQLITE_IOERR_WRITE, false, false},
		{"fsync", sqlite3.SQLITE_IOERR_FSYNC, true, true},
		{"fsync of the folder", sqlite3.SQLITE_IOERR_DIR_FSYNC, true, true},
		{"some I/O", sqlite3.SQLITE_IOERR, true, true},
		{"corrupt", sqlite3.SQLITE_CORRUPT, true, false},
	}
	for _, test := range tests {
		if unknown, fatal := commitOutcome(test.code); unknown != test.unknown || fatal != test.fatal {
			t.Errorf("%s: unknown %v, fatal %v, want %v, %v", test.name, unknown, fatal, test.unknown, test.fatal)
		}
	}
}

// failCommit makes the COMMIT of this transaction fail: a foreign key that is
// looked at only then.
func failCommit(t *testing.T) func(*Tx) error {
	return func(tx *Tx) error {
		if _, err := tx.exec(t.Context(), "PRAGMA defer_foreign_keys = ON"); err != nil {
			return err
		}
		return tx.InsertSession(t.Context(), Session{ID: "s", User: "nobody"}, []byte("h"))
	}
}

// Nobody of a batch whose commit failed is told that he was saved, or that it
// is certain that he was not.
func TestCommitOfUnknownOutcome(t *testing.T) {
	s := open(t, backends()[0].url(t))
	addUser(t, s, "ana")
	addRoom(t, s, "r", "ana")
	s.OnCommit(func(list []*minichat.Event) { t.Errorf("told of %d events", len(list)) })
	for i, err := range together(t, s, appendTo(t, "r", "a", "a"), failCommit(t), appendTo(t, "r", "b", "b")) {
		e, ok := errors.AsType[*minichat.Error](err)
		if !ok || e.Code != minichat.StoreUnavailable || !e.Unknown {
			t.Errorf("call %d: got %v, want store_unavailable with Unknown", i, err)
		}
	}
	s.OnCommit(nil)
	if err := s.Write(t.Context(), appendTo(t, "r", "a", "a")); err != nil {
		t.Errorf("the same key again: %v", err)
	}
	dense(t, s, "r", 1)
}

func TestFatalCommitEndsWriting(t *testing.T) {
	var fatal error
	s, err := Open(t.Context(), backends()[0].url(t), Options{Fatal: func(err error) { fatal = err }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	addUser(t, s, "ana")
	s.writer.d.mapCommit = func(err error) (error, bool) { // as after a failed fsync
		mapped, _ := mapSQLiteCommit(err)
		return mapped, true
	}
	if err := s.Write(t.Context(), failCommit(t)); err == nil || fatal == nil {
		t.Errorf("got %v, fatal %v", err, fatal)
	}
	if err := s.Ping(t.Context()); minichat.CodeOf(err) != minichat.StoreUnavailable {
		t.Errorf("a write afterwards: %v", err)
	}
	if u, err := s.GetUser(t.Context(), "ana"); u == nil || err != nil {
		t.Errorf("a read afterwards: %+v, %v", u, err)
	}
}
