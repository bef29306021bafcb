package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
)

// Look is a database that is only read, also beside a running server: nothing is
// made, migrated or set.
type Look struct{ db *sql.DB }

// OpenLook opens the database at url ("sqlite:PATH") for looking. When there is
// none the error is an fs.ErrNotExist. Close ends it.
func OpenLook(url string) (*Look, error) {
	path, ok := strings.CutPrefix(url, "sqlite:")
	if !ok || path == "" {
		return nil, fmt.Errorf("database %q: the form is sqlite:PATH", url)
	}
	if _, err := os.Stat(path); err != nil { // SQLite itself would make it
		return nil, fmt.Errorf("look for the database: %w", err)
	}
	var pragmas []pragma
	for _, p := range readerPragmas() {
		if p.name != "journal_mode" { // to set it would change the file
			pragmas = append(pragmas, p)
		}
	}
	db := sql.OpenDB(connector{path: path, pragmas: pragmas})
	db.SetMaxOpenConns(1)
	return &Look{db: db}, nil
}

// Close ends the looking.
func (l *Look) Close() error { return l.db.Close() }

// Facts are what a database says of itself.
type Facts struct {
	SQLite      string // version of the library in this program
	OldSQLite   bool   // it has faults that can lose data
	Journal     string // "wal" once a server has opened it
	Synchronous string // of this program's connections: "2" is an fsync at each commit
	ID          string // "": not one of MiniChat, or empty
	Schema      int64
}

// Facts asks for them.
func (l *Look) Facts(ctx context.Context) (Facts, error) { return facts(ctx, l.db) }

// Facts are what the open database says of itself.
func (s *Store) Facts(ctx context.Context) (Facts, error) { return facts(ctx, s.pool) }

func facts(ctx context.Context, db *sql.DB) (f Facts, err error) {
	for _, q := range []struct {
		query string
		into  any
	}{
		{`SELECT sqlite_version()`, &f.SQLite}, {`PRAGMA journal_mode`, &f.Journal}, {`PRAGMA synchronous`, &f.Synchronous},
		{`SELECT MAX(version_id) FROM goose_db_version`, &f.Schema},
	} {
		if err := db.QueryRowContext(ctx, q.query).Scan(q.into); err != nil {
			return f, fmt.Errorf("look into the database: %w", err)
		}
	}
	f.OldSQLite = versionNumber(f.SQLite) < versionNumber(oldestSQLite)
	f.ID, err = setting(ctx, db, settingID)
	return f, err
}

// Secret is Store.Secret, nil when nobody has asked for it yet.
func (l *Look) Secret(ctx context.Context, name string) ([]byte, error) {
	value, err := setting(ctx, l.db, "secret "+name)
	if err != nil || value == "" {
		return nil, err
	}
	return hex.DecodeString(value)
}

func setting(ctx context.Context, db *sql.DB, name string) (value string, err error) {
	err = db.QueryRowContext(ctx, `SELECT value FROM settings WHERE name = $1`, name).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("look at setting %s: %w", name, err)
	}
	return value, nil
}

// QuickCheck reads the whole database and lists what is broken in its pages. It
// takes as long as the disk needs to read them.
func (l *Look) QuickCheck(ctx context.Context) (faults []string, err error) {
	rows, err := l.db.QueryContext(ctx, `PRAGMA quick_check(10)`)
	if err != nil {
		return nil, fmt.Errorf("check the database: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return nil, fmt.Errorf("check the database: %w", err)
		}
		if line != "ok" {
			faults = append(faults, line)
		}
	}
	return faults, rows.Err()
}
