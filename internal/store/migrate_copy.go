package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// copyName is where the database is kept as it was before its schema changed.
// There is one file for each schema, and of all of them only the latest stays.
func copyName(path string, schema int64) string { return fmt.Sprintf("%s.schema-%d", path, schema) }

// copyError says that no copy could be made, so that nothing was changed.
type copyError struct {
	path string
	err  error
}

func (e *copyError) Error() string {
	return fmt.Sprintf("the schema is not changed, since a copy of the database as it was cannot be kept at %s (%v); make room for it", e.path, e.err)
}

func (e *copyError) Unwrap() error { return e.err }

// keepCopy keeps the database as it is, beside it, for whoever has to go back to
// the program before. It is whole or not there.
func keepCopy(ctx context.Context, db *sql.DB, path string, schema int64, log *slog.Logger) error {
	name := copyName(path, schema)
	if err := copyTo(ctx, db, name); err != nil {
		return &copyError{name, err}
	}
	log.Info("the database was copied before its schema changes; to go back, stop, put the copy in its place and start the program before", "copy", name)
	if err := removeCopies(path, name); err != nil {
		log.Warn("cannot remove older copies of the database", "err", err)
	}
	return nil
}

// removeCopies removes all copies of the database but keep.
func removeCopies(path, keep string) error {
	entries, err := os.ReadDir(filepath.Dir(path))
	for _, e := range entries {
		schema, ok := strings.CutPrefix(e.Name(), filepath.Base(path)+".schema-")
		if _, bad := strconv.ParseInt(schema, 10, 64); !ok || bad != nil || e.Name() == filepath.Base(keep) {
			continue
		}
		err = errors.Join(err, os.Remove(filepath.Join(filepath.Dir(path), e.Name())))
	}
	return err
}

func copyTo(ctx context.Context, db *sql.DB, name string) error {
	half := name + ".part"
	if err := os.Remove(half); err != nil && !errors.Is(err, fs.ErrNotExist) { // of a start that was cut off
		return err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	if err := errors.Join(copyDatabase(ctx, conn, half), conn.Close()); err != nil {
		return err
	}
	if err := os.Rename(half, name); err != nil {
		return errors.Join(err, os.Remove(half))
	}
	return nil
}
