package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/pressly/goose/v3"
)

//go:embed migrations
var migrations embed.FS

func migrationFiles() (fs.FS, error) {
	files, err := fs.Sub(migrations, "migrations/sqlite")
	if err != nil {
		return nil, fmt.Errorf("find the migrations: %w", err)
	}
	return files, nil
}

// migrate brings the schema up to what this program knows, and refuses one that
// is newer. Two processes may start at the same time: whoever comes second finds
// the work done.
func migrate(ctx context.Context, db *sql.DB, path string, log *slog.Logger) error {
	files, err := migrationFiles()
	if err != nil {
		return err
	}
	return migrateBy(ctx, db, files, path, log)
}

func migrateBy(ctx context.Context, db *sql.DB, files fs.FS, path string, log *slog.Logger) error {
	p, err := provider(db, files)
	if err != nil {
		return err
	}
	const tries = 3
	for try := 1; ; try++ {
		err := migrateOnce(ctx, db, p, path, log)
		if err == nil || try == tries || errors.As(err, new(*NewerSchemaError)) || errors.As(err, new(*copyError)) {
			return err
		}
	}
}

func provider(db *sql.DB, files fs.FS) (*goose.Provider, error) {
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	return p, nil
}

// known is the schema that the migrations end with.
func known(p *goose.Provider) int64 {
	sources := p.ListSources()
	return sources[len(sources)-1].Version
}

// knownSchema is the schema that this program writes.
func knownSchema() (int64, error) {
	files, err := migrationFiles()
	if err != nil {
		return 0, err
	}
	db := sql.OpenDB(still{}) // is never connected to
	p, err := provider(db, files)
	if err != nil {
		return 0, errors.Join(err, db.Close())
	}
	return known(p), db.Close()
}

func migrateOnce(ctx context.Context, db *sql.DB, p *goose.Provider, path string, log *slog.Logger) error {
	known := known(p)
	var there int64
	// Fails on an empty database; what else is wrong, Up says.
	err := db.QueryRowContext(ctx, `SELECT MAX(version_id) FROM goose_db_version`).Scan(&there)
	if err == nil && there == known {
		return nil
	}
	if err == nil && there > known {
		return &NewerSchemaError{there: there, known: known}
	}
	if err == nil && there > 0 {
		if err := keepCopy(ctx, db, path, there, log); err != nil {
			return err
		}
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("bring the schema up to %d: %w", known, err)
	}
	return nil
}

// NewerSchemaError says that a newer program wrote the database, in a sentence for a person.
type NewerSchemaError struct{ there, known int64 }

func (e *NewerSchemaError) Error() string {
	return fmt.Sprintf("The database was written by a newer MiniChat (schema %d, this one knows %d). "+
		"Start the newer version, or restore a backup.", e.there, e.known)
}
