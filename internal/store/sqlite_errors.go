package store

import (
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"minichat"
)

// mapSQLite makes what a statement answered into what may be told.
func mapSQLite(err error) error {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return err
	}
	if e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY {
		public := minichat.Errorf(minichat.Conflict, "This is there already.")
		public.Err = err
		return public
	}
	var public *minichat.Error
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_FULL:
		public = minichat.Errorf(minichat.StorageFull, "The server's disk is full. Nothing was saved; an admin must free space.")
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		public = minichat.Errorf(minichat.StoreUnavailable, "The database is busy. Try again in a moment.")
		public.RetryMS = 1000
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		public = minichat.Errorf(minichat.StoreUnavailable, "The database cannot be used at the moment. An admin must look at the server's log.")
		public.RetryMS = 5000
	default:
		return err
	}
	public.Err = err
	return public
}

// mapSQLiteCommit does the same for a COMMIT.
func mapSQLiteCommit(err error) (error, bool) {
	unknown, fatal := true, false
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		unknown, fatal = commitOutcome(e.Code())
	}
	if !unknown {
		return fmt.Errorf("commit: %w", mapSQLite(err)), fatal
	}
	public := minichat.Errorf(minichat.StoreUnavailable, "It is not known whether this was saved. Ask again with the same key.")
	public.Unknown = true
	public.Err = fmt.Errorf("commit: %w", err)
	return public, fatal
}

// commitOutcome says of the code of a failed COMMIT whether the transaction may
// come back at the next start, and whether the file can no longer be trusted.
// The last frame of a transaction in the write-ahead log is what commits it: as
// long as writing has failed, it is not there. After a failed fsync it may be,
// and the system may have forgotten what it could not write.
func commitOutcome(code int) (unknown, fatal bool) {
	switch {
	case code&0xff == sqlite3.SQLITE_FULL, code&0xff == sqlite3.SQLITE_BUSY, code == sqlite3.SQLITE_IOERR_WRITE:
		return false, false
	case code&0xff == sqlite3.SQLITE_IOERR:
		return true, true
	}
	return true, false
}
