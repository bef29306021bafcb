package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
)

// copyPages is how much of a database is copied before the caller is asked
// whether he still wants it: 4 MiB.
const copyPages = 1024

// Snapshot writes the database, as it is at one moment, into a new file, while
// others go on reading and writing. On an error there is no file.
func (s *Store) Snapshot(ctx context.Context, to string) error {
	conn, err := s.pool.Conn(ctx)
	if err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	err = copyDatabase(ctx, conn, to)
	return errors.Join(err, conn.Close())
}

// Size is how many bytes a Snapshot has now.
func (s *Store) Size(ctx context.Context) (int64, error) {
	var n int64
	if _, err := s.row(ctx, `SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()`, nil, &n); err != nil {
		return 0, fmt.Errorf("size of the database: %w", err)
	}
	return n, nil
}

// copyDatabase copies what conn sees into a file that must not be there. The
// transaction keeps the moment while pages are copied; writers do not wait for it.
func copyDatabase(ctx context.Context, conn *sql.Conn, to string) (err error) {
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("make the copy of the database: %w", err)
	}
	defer func() {
		err = errors.Join(err, f.Close())
		if err != nil {
			for _, side := range []string{"", "-journal", "-wal", "-shm"} {
				os.Remove(to + side) // most are not there
			}
		}
	}()
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("copy the database: %w", err)
	}
	defer tx.Rollback() // nothing was written
	var one int
	if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM sqlite_schema`).Scan(&one); err != nil { // the moment is now
		return fmt.Errorf("copy the database: %w", err)
	}
	if err := conn.Raw(func(raw any) error { return copyFrom(ctx, raw, to) }); err != nil {
		return fmt.Errorf("copy the database: %w", err)
	}
	return f.Sync()
}

func copyFrom(ctx context.Context, raw any, to string) error {
	source, ok := raw.(*conn).driverConn.(interface {
		NewBackup(string) (*sqlite.Backup, error)
	})
	if !ok {
		return errors.New("the database's driver makes no copies")
	}
	name, err := fileURL(to, "")
	if err != nil {
		return err
	}
	b, err := source.NewBackup(name)
	if err != nil {
		return err
	}
	for more := true; more && err == nil; {
		if err = ctx.Err(); err == nil {
			more, err = b.Step(copyPages)
		}
	}
	return errors.Join(err, b.Finish())
}

// fileURL is how SQLite is told of a file, whatever its name.
func fileURL(path, query string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("find the database: %w", err)
	}
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: query}
	return u.String(), nil
}

// still opens a database that nobody writes, without a file beside it.
type still struct{ path string }

func (s still) Driver() driver.Driver { return &sqlite.Driver{} }

func (s still) Connect(ctx context.Context) (driver.Conn, error) {
	name, err := fileURL(s.path, "immutable=1&mode=ro&_dqs=0&_defensive=1")
	if err != nil {
		return nil, err
	}
	c, err := sqlite.NewConnector(name)
	if err != nil {
		return nil, fmt.Errorf("name the database: %w", err)
	}
	return c.Connect(ctx)
}
