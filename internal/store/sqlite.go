package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// dialect is all in which one database differs from another.
type dialect struct {
	mapError    func(error) error                      // of a statement
	mapCommit   func(error) (mapped error, fatal bool) // of a COMMIT
	dataVersion string                                 // query for a number that other processes' commits change
	logLength   string                                 // query: busy, pages in the write-ahead log, those of them moved
	checkpoint  string                                 // the same, after moving what can be moved; "": not needed
	empty       string                                 // the same, after emptying it, which waits for readers as they all do
	hurry, wait string                                 // have statements wait for nobody, and again for a while
	shrink      string                                 // frees the pages that a connection holds
}

// handles are an open database: single has one connection, which writes.
type handles struct {
	dialect dialect
	single  *sql.DB
	pool    *sql.DB
}

const (
	// oldestSQLite has no bug that is known to lose what a WAL holds.
	oldestSQLite = "3.51.3"
	poolSize     = 4
	busyTimeout  = 5 * time.Second
)

// pragma is a setting of a connection that is read back after it was made.
type pragma struct{ name, value string }

// Every connection has these. Full means an fsync at each commit; secure_delete
// overwrites what was deleted.
func commonPragmas() []pragma {
	return []pragma{
		{"busy_timeout", strconv.FormatInt(busyTimeout.Milliseconds(), 10)},
		{"journal_mode", "wal"},
		{"synchronous", "2"},
		{"foreign_keys", "1"},
		{"secure_delete", "1"},
		{"mmap_size", "0"},
		{"trusted_schema", "0"},
	}
}

// No connection checkpoints by itself: the writer does it between batches.
func writerPragmas() []pragma {
	return append(commonPragmas(), pragma{"wal_autocheckpoint", "0"},
		pragma{"journal_size_limit", "67108864"}, pragma{"cache_size", "-32768"})
}

func readerPragmas() []pragma {
	return append(commonPragmas(), pragma{"wal_autocheckpoint", "0"},
		pragma{"query_only", "1"}, pragma{"cache_size", "-8192"})
}

func openSQLite(ctx context.Context, path string, log *slog.Logger) (h handles, err error) {
	if err := createFile(path); err != nil {
		return h, err
	}
	h.dialect = dialect{mapError: mapSQLite, mapCommit: mapSQLiteCommit, dataVersion: "PRAGMA data_version",
		logLength: "PRAGMA wal_checkpoint(NOOP)", checkpoint: "PRAGMA wal_checkpoint(PASSIVE)", empty: "PRAGMA wal_checkpoint(TRUNCATE)",
		hurry: "PRAGMA busy_timeout = 0", wait: fmt.Sprintf("PRAGMA busy_timeout = %d", busyTimeout.Milliseconds()),
		shrink: "PRAGMA shrink_memory"}
	h.single = sql.OpenDB(connector{path: path, pragmas: writerPragmas()})
	h.single.SetMaxOpenConns(1)
	defer func() {
		if err != nil {
			err = errors.Join(err, h.single.Close())
		}
	}()
	if err := checkVersion(ctx, h.single); err != nil {
		return h, err
	}
	if err := checkOurs(ctx, h.single, path); err != nil {
		return h, err
	}
	if err := migrate(ctx, h.single, path, log); err != nil {
		return h, err
	}
	h.pool = sql.OpenDB(connector{path: path, pragmas: readerPragmas()})
	h.pool.SetMaxOpenConns(poolSize)
	h.pool.SetMaxIdleConns(poolSize)
	return h, nil
}

// createFile makes the database for its owner alone. SQLite gives its side
// files the same mode. A file that is there is not opened: closing it again
// would drop the locks that SQLite holds on it.
func createFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make the database's folder: %w", err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("make the database: %w", err)
	}
	return f.Close()
}

// connector opens connections and lets none pass whose settings did not take.
type connector struct {
	path    string
	pragmas []pragma
}

func (c connector) Driver() driver.Driver { return &sqlite.Driver{} }

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	name, err := fileURL(c.path, "_dqs=0&_defensive=1")
	if err != nil {
		return nil, err
	}
	plain, err := sqlite.NewConnector(name)
	if err != nil {
		return nil, fmt.Errorf("name the database: %w", err)
	}
	made, err := plain.Connect(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	conn, err := newConn(made)
	if err != nil {
		return nil, errors.Join(err, made.Close())
	}
	for _, p := range c.pragmas {
		if err := setPragmaSoon(ctx, conn, p); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	return conn, nil
}

// setPragmaSoon waits while another process that opens a new database at the
// same time holds it: for the change to WAL, SQLite itself does not wait.
func setPragmaSoon(ctx context.Context, conn driver.Conn, p pragma) error {
	for end := time.Now().Add(busyTimeout); ; {
		err := setPragma(ctx, conn, p)
		e, ok := errors.AsType[*sqlite.Error](err)
		if !ok || e.Code()&0xff != sqlite3.SQLITE_BUSY || time.Now().After(end) {
			return err
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func setPragma(ctx context.Context, conn driver.Conn, p pragma) error {
	if _, err := queryText(ctx, conn, "PRAGMA "+p.name+" = "+p.value); err != nil {
		return fmt.Errorf("set %s: %w", p.name, err)
	}
	got, err := queryText(ctx, conn, "PRAGMA "+p.name)
	if err != nil {
		return fmt.Errorf("read %s back: %w", p.name, err)
	}
	if !strings.EqualFold(got, p.value) {
		return fmt.Errorf("the database does not take %s = %s: it says %q", p.name, p.value, got)
	}
	return nil
}

// queryText returns the first column of the first row, "" without rows.
func queryText(ctx context.Context, conn driver.Conn, query string) (text string, err error) {
	q, ok := conn.(driver.QueryerContext)
	if !ok {
		return "", errors.New("the database's driver has no QueryContext")
	}
	rows, err := q.QueryContext(ctx, query, nil)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if len(rows.Columns()) == 0 {
		return "", nil
	}
	row := make([]driver.Value, len(rows.Columns()))
	if err := rows.Next(row); errors.Is(err, io.EOF) {
		return "", nil
	} else if err != nil {
		return "", err
	}
	return fmt.Sprint(row[0]), nil
}

func checkVersion(ctx context.Context, db *sql.DB) error {
	var version string
	if err := db.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&version); err != nil {
		return fmt.Errorf("ask SQLite its version: %w", err)
	}
	if versionNumber(version) < versionNumber(oldestSQLite) {
		return fmt.Errorf("this program holds SQLite %s; it needs %s or newer", version, oldestSQLite)
	}
	return nil
}

// checkOurs refuses a database that something else made.
func checkOurs(ctx context.Context, db *sql.DB, path string) error {
	var tables, ours int
	err := db.QueryRowContext(ctx, `SELECT COUNT(*), COUNT(CASE WHEN name = 'goose_db_version' THEN 1 END)
		FROM sqlite_schema WHERE type = 'table'`).Scan(&tables, &ours)
	if err != nil {
		return fmt.Errorf("look into the database: %w", err)
	}
	if tables > 0 && ours == 0 {
		return fmt.Errorf("%s is a database, but not one of MiniChat; name another file", path)
	}
	return nil
}

// versionNumber makes 3.51.3 into 3051003.
func versionNumber(s string) (n int) {
	for _, part := range strings.SplitN(s, ".", 3) {
		v, _ := strconv.Atoi(part) // what is no number counts as 0: too old
		n = n*1000 + v
	}
	return n
}
