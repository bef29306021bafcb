package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
)

// Inspection is what a database says about itself.
type Inspection struct {
	ID     string
	Epoch  string
	Schema int64
	Heads  map[string]int64 // of each room
	Files  []KeptFile       // whose bytes must be there
	Faults []string         // what is wrong with it, in words; none: it is whole
}

// KeptFile is a file that a row names: its id, and where and how many bytes.
type KeptFile struct {
	ID, Key string
	Size    int64
}

// mostFaults is how many faults of one kind are told.
const mostFaults = 20

// Inspect looks through a database that nobody has open, such as a Snapshot,
// without changing it: SQLite's own check, every reference, and that each room's
// log has no hole. A file that is no database of MiniChat's is an error; what a
// newer program wrote is a *NewerSchemaError.
func Inspect(ctx context.Context, path string) (*Inspection, error) {
	db := sql.OpenDB(still{path})
	defer db.Close() // nothing was written
	if err := checkOurs(ctx, db, filepath.Base(path)); err != nil {
		return nil, err
	}
	i := &Inspection{Heads: map[string]int64{}}
	if err := db.QueryRowContext(ctx, `SELECT MAX(version_id) FROM goose_db_version`).Scan(&i.Schema); err != nil {
		return nil, fmt.Errorf("read the schema's version: %w", err)
	}
	if known, err := knownSchema(); err != nil || i.Schema > known {
		return nil, errors.Join(err, &NewerSchemaError{there: i.Schema, known: known})
	}
	for _, look := range []func(context.Context, *sql.DB) error{i.integrity, i.settings, i.rooms, i.strays, i.files} {
		if err := look(ctx, db); err != nil {
			return nil, fmt.Errorf("inspect the database: %w", err)
		}
	}
	return i, nil
}

func (i *Inspection) fault(format string, args ...any) {
	i.Faults = append(i.Faults, fmt.Sprintf(format, args...))
}

// each calls take for every row of a query that gives what dest holds.
func each(ctx context.Context, db *sql.DB, query string, dest []any, take func()) error {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close() // its error is in rows.Err
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		take()
	}
	return rows.Err()
}

func (i *Inspection) integrity(ctx context.Context, db *sql.DB) error {
	var says string
	query := fmt.Sprintf("PRAGMA integrity_check(%d)", mostFaults)
	if err := each(ctx, db, query, []any{&says}, func() {
		if says != "ok" {
			i.fault("SQLite: %s", says)
		}
	}); err != nil {
		i.fault("SQLite cannot read all of the database: %v", err)
	}
	var table string
	var count int64
	query = `SELECT "table", COUNT(*) FROM pragma_foreign_key_check GROUP BY 1`
	return each(ctx, db, query, []any{&table, &count}, func() {
		i.fault("%d rows of the table %s refer to what is not there", count, table)
	})
}

func (i *Inspection) settings(ctx context.Context, db *sql.DB) error {
	var name, value string
	query := `SELECT name, value FROM settings WHERE name IN ('` + settingID + `', '` + settingEpoch + `')`
	err := each(ctx, db, query, []any{&name, &value}, func() {
		switch name {
		case settingID:
			i.ID = value
		case settingEpoch:
			i.Epoch = value
		}
	})
	if err == nil && (i.ID == "" || i.Epoch == "") {
		i.fault("the database does not say which one it is")
	}
	return err
}

// rooms holds each room's log against its head: seq is floor..head without a hole.
func (i *Inspection) rooms(ctx context.Context, db *sql.DB) error {
	var room string
	var head, floor, count, first, last int64
	bad := 0
	return each(ctx, db, `SELECT r.id, r.head, r.floor, COUNT(e.seq), COALESCE(MIN(e.seq), 0), COALESCE(MAX(e.seq), 0)
		FROM rooms r LEFT JOIN events e ON e.room = r.id GROUP BY r.id`, []any{&room, &head, &floor, &count, &first, &last}, func() {
		i.Heads[room] = head
		from := max(floor, 1)
		want := max(head-from+1, 0)
		if count == want && (want == 0 || first == from && last == head) {
			return
		}
		if bad++; bad <= mostFaults {
			i.fault("the log of the room %s has %d events from %d to %d; its head says %d from %d to %d", room, count, first, last, want, from, head)
		}
	})
}

func (i *Inspection) strays(ctx context.Context, db *sql.DB) error {
	var count int64
	return each(ctx, db, `SELECT COUNT(*) FROM events WHERE room NOT IN (SELECT id FROM rooms)`, []any{&count}, func() {
		if count > 0 {
			i.fault("%d events are of rooms that are not there", count)
		}
	})
}

func (i *Inspection) files(ctx context.Context, db *sql.DB) error {
	var f KeptFile
	return each(ctx, db, `SELECT id, key, size FROM files WHERE state = '`+FileReady+`' ORDER BY key`, []any{&f.ID, &f.Key, &f.Size}, func() {
		i.Files = append(i.Files, f)
	})
}
